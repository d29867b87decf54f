# Targets for what surrounds the service: image, bill of materials, audit, rules and dashboards. Included by the Makefile.

.PHONY: ops-setup
ops-setup:
	@{ command -v promtool && command -v amtool && command -v openssl && command -v kcat && command -v jq && command -v curl; } >/dev/null \
		|| { $(call apt_install,prometheus prometheus-alertmanager openssl kcat jq curl); }

.PHONY: image-setup
image-setup:
	@docker info >/dev/null 2>&1 || { command -v buildah && command -v podman && command -v runc && command -v debootstrap; } >/dev/null \
		|| { $(call apt_install,buildah podman runc debootstrap); }

.PHONY: image
image: image-setup ## the container image, as localhost/eventcluster:dev
	deploy/image/build.sh

.PHONY: image-test
image-test: setup image-setup kafka-setup ## build the image and run it, locked down, against Apache Kafka; what is missing fails
	CI=true $(BIN)/pytest -m image --timeout 1800 -s tests/image

.PHONY: generate-deploy
generate-deploy: setup ## dashboards' JSON and the PrometheusRule, from their sources
	$(BIN)/python -m deploy.grafana
	$(BIN)/python -m deploy.prometheus.prometheus_rule

.PHONY: sbom
sbom: setup ## CycloneDX bill of materials of what the image installs, in .artefacts/
	@mkdir -p .artefacts
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file .artefacts/eventcluster.cdx.json requirements/runtime.txt
	@echo "wrote .artefacts/eventcluster.cdx.json"

# A mirror of OSV's query address, where the public advisory services cannot be reached.
OSV_URL ?=

.PHONY: audit
audit: setup ## known vulnerabilities of what the image installs, where an advisory service can be reached
	$(BIN)/python -m deploy.image.audit $(if $(OSV_URL),--osv-url $(OSV_URL))
