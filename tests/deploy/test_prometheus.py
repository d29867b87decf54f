import re
from pathlib import Path

import pytest
import yaml

from deploy.grafana.__main__ import FILES
from deploy.prometheus import prometheus_rule
from tests.deploy.promql import RULES, rules, unknown_names
from tests.deploy.tools import CHECKOUT, run

ALERTS = rules("alerts.rules.yml")
NAMES = [alert["alert"] for alert in ALERTS]
CASES = sorted((RULES / "tests").glob("*.test.yml"))


def _cases(alert: str) -> list[list[object]]:
    """What each promtool case of an alert expects."""
    return [
        check["exp_alerts"]
        for file in CASES
        for test in yaml.safe_load(file.read_text())["tests"]
        for check in test["alert_rule_test"]
        if check["alertname"] == alert
    ]


def test_the_rule_files_are_valid() -> None:
    """Promtool accepts both."""
    said = run("promtool", "check", "rules", *(str(path) for path in sorted(RULES.glob("*.rules.yml"))))

    assert "SUCCESS" in said


@pytest.mark.parametrize("cases", CASES, ids=lambda path: path.name.partition(".")[0])
def test_the_alerts_fire_and_keep_quiet_as_promtool_is_told(cases: Path) -> None:
    """Promtool plays every case of the file against both rule files."""
    said = run("promtool", "test", "rules", str(cases))

    assert "SUCCESS" in said


@pytest.mark.parametrize("alert", NAMES)
def test_an_alert_has_a_firing_and_a_quiet_case(alert: str) -> None:
    """One promtool case at least expects it and one at least does not."""
    expectations = _cases(alert)

    assert any(expectations)
    assert not all(expectations)


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_says_how_urgent_it_is_and_what_to_do(alert: dict[str, dict[str, str]]) -> None:
    """Severity, summary, description, and a runbook section that exists."""
    runbooks = (CHECKOUT / "docs" / "runbooks.md").read_text()
    anchors = {heading.strip().lower() for heading in re.findall(r"^##+ (.+)$", runbooks, re.MULTILINE)}
    file, _, anchor = alert["annotations"]["runbook_url"].partition("#")

    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert {"summary", "description", "runbook_url"} == set(alert["annotations"])
    assert file == "docs/runbooks.md"
    assert anchor in anchors


@pytest.mark.parametrize(
    "rule", [*ALERTS, *rules("recording.rules.yml")], ids=lambda rule: rule.get("alert") or rule.get("record")
)
def test_a_rule_asks_only_for_what_the_service_exports(rule: dict[str, str]) -> None:
    """No expression names a metric that does not exist."""
    assert set() == unknown_names(rule["expr"])


def test_every_recording_rule_is_asked_for() -> None:
    """By a dashboard, an alert or another rule: what nobody asks for is not computed."""
    panels = [panel for board in FILES.values() for panel in board.panels]
    asked = [query.expr for panel in panels for query in panel.queries]
    asked += [rule["expr"] for rule in (*ALERTS, *rules("recording.rules.yml"))]

    for rule in rules("recording.rules.yml"):
        assert any(rule["record"] in expression for expression in asked), rule["record"]


def test_the_kubernetes_rule_is_current() -> None:
    """The PrometheusRule carries exactly the two rule files."""
    assert prometheus_rule.render() == prometheus_rule.TARGET.read_text()


def test_the_prometheus_of_compose_has_a_valid_config() -> None:
    """Promtool accepts the config that compose mounts, with the rule files where that config finds them."""
    run("promtool", "check", "config", "--syntax-only", "deploy/compose/prometheus.yml")
