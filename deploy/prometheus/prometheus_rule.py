"""`python -m deploy.prometheus.prometheus_rule` makes the PrometheusRule of both rule files."""

import sys
from pathlib import Path
from typing import Final

import yaml

FOLDER: Final = Path(__file__).parent
TARGET: Final = FOLDER / "prometheusrule.yaml"
HEAD: Final = "# Made from *.rules.yml by `make generate-deploy`: change those.\n"


def render() -> str:
    """The custom resource as YAML, both files' groups in it."""
    groups = [
        group
        for name in ("recording.rules.yml", "alerts.rules.yml")
        for group in yaml.safe_load((FOLDER / name).read_text())["groups"]
    ]
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "eventcluster"},
        "spec": {"groups": groups},
    }
    return HEAD + yaml.safe_dump(resource, sort_keys=False, width=110)


def main() -> int:
    """Write the file."""
    TARGET.write_text(render())
    return 0


if __name__ == "__main__":
    sys.exit(main())
