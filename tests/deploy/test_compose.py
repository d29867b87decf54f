"""The compose project: valid, linted, and made of the files that the other tests test."""

from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml

from processor.config import load
from tests.deploy.command_line import unknown_words
from tests.deploy.tools import CHECKOUT, run

COMPOSE: Final = CHECKOUT / "deploy" / "compose"
TESTED: Final = {
    "deploy/compose/eventcluster.yaml",
    "deploy/compose/prometheus.yml",
    "deploy/compose/alertmanager.yml",
    "deploy/prometheus/recording.rules.yml",
    "deploy/prometheus/alerts.rules.yml",
    "deploy/grafana/provisioning",
    "deploy/grafana/dashboards",
}
_PROVISIONED: Final[dict[str, Any]] = {
    "datasources": {
        "type": "object",
        "required": ["name", "type", "uid", "access", "url"],
        "properties": {"type": {"const": "prometheus"}, "access": {"const": "proxy"}},
    },
    "providers": {
        "type": "object",
        "required": ["name", "type", "options"],
        "properties": {"type": {"const": "file"}, "options": {"type": "object", "required": ["path"]}},
    },
}


def _project() -> dict[str, Any]:
    project: dict[str, Any] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    return project


def _mounts() -> dict[str, str]:
    """Bind mounts of all services: path in the checkout -> path in the container."""
    pairs = [
        volume.split(":")[:2]
        for service in _project()["services"].values()
        for volume in service.get("volumes", [])
        if volume.startswith(".")
    ]
    return {str((COMPOSE / ours).resolve().relative_to(CHECKOUT)): theirs for ours, theirs in pairs}


def test_the_project_follows_the_compose_specification() -> None:
    """check-jsonschema with the specification's own schema."""
    said = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE / "compose.yaml"))

    assert "ok" in said


def test_the_linter_has_no_serious_finding() -> None:
    """compose-lint at its threshold `high`; digests of images are for a registry of one's own."""
    said = run("compose-lint", str(COMPOSE / "compose.yaml"))

    assert "PASS" in said


def test_every_mounted_file_is_a_tested_one() -> None:
    """Nothing is mounted that no test has looked at."""
    assert set(_mounts()) == TESTED
    assert all((CHECKOUT / path).exists() for path in TESTED)


def test_the_config_is_good() -> None:
    """`eventcluster run` would start with it."""
    settings = load(COMPOSE / "eventcluster.yaml", {}, broker=True)

    assert ("events",) == tuple(settings.kafka.input_topics)


def test_our_containers_are_started_as_the_command_line_has_it() -> None:
    """Each command of our image names a command and options that exist; the token on top is the config's."""
    commands = [
        service["command"]
        for service in _project()["services"].values()
        if "eventcluster" in service["image"] and "command" in service
    ]
    token = load(COMPOSE / "eventcluster.yaml", {}).web.token

    assert commands
    assert [[]] * len(commands) == [unknown_words(command) for command in commands]
    assert f"(token: {token})" in (COMPOSE / "compose.yaml").read_text().partition("\nname:")[0]


def test_kafka_writes_to_its_volume() -> None:
    """Else its log would be gone with the container."""
    kafka = _project()["services"]["kafka"]

    assert [f"kafka:{kafka['environment']['KAFKA_LOG_DIRS']}"] == kafka["volumes"]


def test_alertmanager_accepts_its_config() -> None:
    """Amtool reads it."""
    said = run("amtool", "check-config", str(COMPOSE / "alertmanager.yml"))

    assert "SUCCESS" in said


def test_prometheus_finds_the_rules_where_they_are_mounted(tmp_path: Path) -> None:
    """Config and rule files, laid out as in the container, pass promtool together."""
    inside = {ours: theirs for ours, theirs in _mounts().items() if theirs.startswith("/etc/prometheus/")}
    for ours, theirs in inside.items():
        target = tmp_path / theirs.removeprefix("/etc/prometheus/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((CHECKOUT / ours).read_text())

    said = run("promtool", "check", "config", str(tmp_path / "prometheus.yml"))

    assert "2 rule files found" in said


def test_grafana_is_given_its_data_source_and_dashboards() -> None:
    """Provisioning names the Prometheus of the project and the folder that the dashboards are mounted at."""
    provisioning = CHECKOUT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/eventcluster.yml").read_text())["providers"]

    jsonschema.validate(source, _PROVISIONED["datasources"])
    jsonschema.validate(provider, _PROVISIONED["providers"])
    assert source["url"].removeprefix("http://").partition(":")[0] in _project()["services"]
    assert _mounts()["deploy/grafana/dashboards"] == provider["options"]["path"]


def test_the_scraped_job_is_the_one_that_alerts_ask_for() -> None:
    """Rules select job="eventcluster"."""
    (job,) = yaml.safe_load((COMPOSE / "prometheus.yml").read_text())["scrape_configs"]

    assert job["job_name"] == "eventcluster"
    assert [{"targets": ["eventcluster:8080"]}] == job["static_configs"]
