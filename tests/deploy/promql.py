"""What PromQL expressions name."""

import re
from typing import Final

import yaml
from prometheus_client import CollectorRegistry

from processor.metrics import Metrics
from tests.deploy.tools import CHECKOUT

RULES: Final = CHECKOUT / "deploy" / "prometheus"
_NAMES: Final = re.compile(r"(?<![\w:])(?:eventcluster|process)_\w+(?![\w:])")
_RECORDED: Final = re.compile(r"\b[a-z_]+:eventcluster_\w+:\w+")


def exported() -> set[str]:
    """Every sample name that the service exports, as Prometheus sees it."""
    registry = CollectorRegistry()
    Metrics(registry)
    names = {sample.name for family in registry.collect() for sample in family.samples}
    # Families whose series come with a partition or a topic have no sample yet.
    families = {family.name for family in registry.collect() if not family.samples}
    return names | families


def recorded() -> set[str]:
    """Every name that the recording rules make."""
    return {rule["record"] for rule in rules("recording.rules.yml")}


def rules(file: str) -> list[dict[str, str]]:
    """Every rule of a rule file."""
    return [rule for group in yaml.safe_load((RULES / file).read_text())["groups"] for rule in group["rules"]]


def unknown_names(expression: str) -> set[str]:
    """Names in a PromQL expression that neither the service exports nor a recording rule makes."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    return (set(_NAMES.findall(bare)) - exported()) | (set(_RECORDED.findall(bare)) - recorded())
