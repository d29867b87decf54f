# `make` lists the targets; each does its own set-up.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILED := $(VENV)/.compiled
REQUIREMENTS := $(sort $(wildcard requirements/*.txt))

# Installs Debian packages where we may; elsewhere says what is missing.
define apt_install
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null; \
	else \
		echo "missing: install the packages $(1) and call make again" >&2; exit 1; \
	fi
endef

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "%-16s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(COMPILED) ## make .venv with everything pinned, compile the hot modules; redone when either changes

$(READY): pyproject.toml $(REQUIREMENTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) must be Python 3.11 or later: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(call apt_install,python3-venv); }
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes $(addprefix -r ,$(REQUIREMENTS))
	@EVENTCLUSTER_PLAIN=1 PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	@touch $(READY)

# Where no compiler can be had the same modules run as plain Python: right, and several times slower.
$(COMPILED): $(READY) setup.py $(shell find processor -name '*.py' -o -name '*.pxd')
	@include="$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("include"))')"; \
		{ command -v gcc && test -e "$$include/Python.h"; } >/dev/null \
		|| { $(call apt_install,gcc libc6-dev python3-dev); } \
		|| echo "no C compiler: the hot modules run as plain Python" >&2
	@echo "compiling the hot modules ..."
	@mkdir -p build
	@$(BIN)/python setup.py --quiet build_ext --inplace >build/compile.log 2>&1 \
		|| { cat build/compile.log >&2; exit 1; }
	@grep "plain Python" build/compile.log >&2 || true
	@touch $(COMPILED)

.PHONY: browser-setup
browser-setup:
	@{ command -v chromium && command -v chromedriver; } >/dev/null \
		|| { $(call apt_install,chromium chromium-driver fonts-dejavu-core); }

.PHONY: kafka-setup
kafka-setup:
	@{ command -v java && command -v mvn; } >/dev/null || { $(call apt_install,default-jre-headless maven); }

.PHONY: demo
demo: setup ## broker, simulated fleet under attack and the service in one process; Ctrl-C ends it
	@$(BIN)/eventcluster demo

.PHONY: check
check: setup audit ## ruff, mypy --strict, import-linter, known vulnerabilities
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What the compiled modules are tested by, once more as plain Python: the reference.
PURE_TESTS := $(addprefix tests/unit/,clustering detection events features pipeline records) tests/golden

.PHONY: test
test: setup kafka-setup ops-setup browser-setup ## all tests but the long ones, on Apache Kafka where they need a broker
	$(BIN)/pytest -q -n auto --dist loadgroup -m "not soak and not image"
	EVENTCLUSTER_PLAIN=1 $(BIN)/pytest -q -n auto --dist loadgroup $(PURE_TESTS)

.PHONY: test-soak
test-soak: setup kafka-setup ## the tests that run for minutes
	$(BIN)/pytest -q -m soak --timeout 7200

.PHONY: bench
bench: setup kafka-setup ## clusterer, pipeline and Kafka to Kafka against their peers; JSON and plots to .artefacts/
	@mkdir -p .artefacts
	$(BIN)/eventcluster bench clusterer --json .artefacts/bench-clusterer.json --plot .artefacts/bench-clusterer.html
	$(BIN)/eventcluster bench pipeline --json .artefacts/bench-pipeline.json --plot .artefacts/bench-pipeline.html
	@rm -f .artefacts/kafka.json
	@$(BIN)/python -m tests.support.kafka --nodes 1 --as-shipped --info .artefacts/kafka.json & trap "kill $$!" EXIT; \
		until [ -s .artefacts/kafka.json ]; do kill -0 $$! || exit 1; sleep 0.5; done; \
		$(BIN)/eventcluster bench kafka --json .artefacts/bench-kafka.json --plot .artefacts/bench-kafka.html \
			--bootstrap "$$($(BIN)/python -c 'import json; print(json.load(open(".artefacts/kafka.json"))["bootstrap"])')"

# The recorded streams are no part of the repository: STREAMS names their folder. The fleet is simulated: five hosts
# for three days, with reboots, .NET compilations, an update evening each, and attacks.
STREAMS ?= ../shared/data/events
RECORDED := mstic_win1 inject_otrf_in_mstic apt29_day1 otrf_atomic elastic_sshd mstic_linux_execve

.PHONY: evaluate
evaluate: setup ## detection on the labelled streams, rivals beside it: one table; JSON and plots to .artefacts/
	@mkdir -p .artefacts
	@$(BIN)/eventcluster simulate --out .artefacts/fleet.jsonl.gz --seed 1 --hosts 5 --rate 1000 --seconds 30
	@$(BIN)/eventcluster evaluate $(RECORDED:%=$(STREAMS)/%.jsonl.gz) .artefacts/fleet.jsonl.gz \
		--labels $(RECORDED:%=$(STREAMS)/%.labels.csv.gz) .artefacts/fleet.labels.csv \
		--skip mstic_win1=1000 --skip inject_otrf_in_mstic=1000 --skip fleet=10000 \
		--json .artefacts/evaluate.json --report .artefacts/evaluate.html

include deploy/deploy.mk
