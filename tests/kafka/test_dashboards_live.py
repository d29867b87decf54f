"""The dashboards over the real service on Apache Kafka, scraped by a real Prometheus."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from deploy.grafana.__main__ import FILES
from deploy.grafana.board import Panel
from tests.deploy.tools import without_ours
from tests.kafka.services import Given, Service, Topics, until
from tests.support.prometheus import Prometheus, Series

RECORDS_A_SECOND: Final = 400
SECONDS: Final = 25
PARTITIONS: Final = 2

# Reviewed: (panel, legend) of queries whose every sample is 0 in this healthy run, and why.
ZEROS: Final = {
    ("Commits aborted", ""): "healthy brokers",
    ("Window truncated", "{{instance}}"): "far from limits.max_vectors",
}
# Reviewed: queries that answer nothing in this run, and why. The panel has other queries that answer.
EMPTY: Final = {
    ("Memory", "{{instance}} limit"): "this process has no container's limit",
}


# One of the fleet, expected in the config: what it does is suppressed.
EXPECTED_HOST: Final = "srv-001.*"


def _sysmon(time_text: str) -> bytes:
    data = {"Image": r"C:\Windows\notepad.exe", "CommandLine": "notepad.exe", "UtcTime": time_text}
    record = {"EventID": 1, "Hostname": "odd", "Channel": "Microsoft-Windows-Sysmon/Operational", **data}
    return json.dumps(record | {"@timestamp": time_text.replace(" ", "T") + "Z"}).encode()


def _odd(now_ms: int) -> list[Given]:
    """Broken records, one that is no event, an old and a future event, one process from two sources.

    Written to two partitions they are a split host as well.
    """
    event = {"event_id": 4688, "computer_name": "odd", "event_data": {"NewProcessName": r"C:\a.exe"}}
    second_source = {"@timestamp": "2026-01-05T00:00:00Z", "winlog": event}
    values = [
        _sysmon("2026-01-05 00:00:00.000"),
        json.dumps(second_source).encode(),
        b"not json",
        b"[]",
        b'{"some": "record"}',
        _sysmon("2020-01-01 00:00:00.000"),
        _sysmon("2099-01-01 00:00:00.000"),
    ]
    return [Given(value, now_ms, b"odd") for value in values]


@pytest.fixture(scope="module")
def topics(kafka: str) -> Topics:
    """Two partitions, stamped by the broker, as docs/deploy.md advises."""
    made = Topics(kafka, PARTITIONS)
    admin = AdminClient({"bootstrap.servers": kafka, "log_level": 0})
    stamped = ConfigEntry(
        "message.timestamp.type", "LogAppendTime", incremental_operation=AlterConfigOpType.SET
    )
    topic = ConfigResource(ResourceType.TOPIC, made.events, incremental_configs=[stamped])
    admin.incremental_alter_configs([topic])[topic].result(timeout=30)
    return made


@pytest.mark.timeout(900)
def test_every_panel_shows_what_the_running_service_does(
    topics: Topics,
    make_service: Callable[..., Service],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Each query of each panel answers, and with other than 0 where no reviewed reason says otherwise.

    A second instance comes and goes meanwhile, so that partitions move and are restored.
    """
    sections = {
        "warmup": {"span": "30m", "events": 5},
        "episode": {"gap": "5m"},
        "suppress": [{"reason": "expected", "host.name": EXPECTED_HOST}],
    }
    service = make_service(topics, sections=sections).start()
    service.wait(service.is_ready, "ready")
    prometheus = Prometheus(tmp_path, f"127.0.0.1:{service.settings.web.port}")
    try:
        _play(topics, service, make_service(topics, sections=sections, instance="two"))
        _wait_for_scrapes(prometheus)
        _fall_behind(topics, prometheus)
        service.wait(lambda: bool(prometheus.alerts()), "an alert fires")

        answers = {
            (panel.title, query.legend): prometheus.ask(_filled_in(query.expr), 240)
            for panel in _panels()
            for query in panel.queries
        }
        alerts = prometheus.alerts()
    finally:
        prometheus.stop()

    record_property("shown", _listed(answers))
    # Broken records are told at once; nothing else of this run is worth an alert.
    assert {"EventclusterDeadLetters"} == alerts
    assert [] == [key for key, series in answers.items() if not _answers(series) and key not in EMPTY]
    assert [] == [
        key for key, series in answers.items() if _answers(series) and not _moves(series) and key not in ZEROS
    ]


def test_the_reviewed_queries_exist() -> None:
    """A panel that is renamed or removed takes its line in the reviewed lists with it."""
    queries = {(panel.title, query.legend) for panel in _panels() for query in panel.queries}

    assert ZEROS.keys() | EMPTY.keys() <= queries


def _play(topics: Topics, service: Service, second: Service) -> None:
    """A fleet at work, odd records before and after, and a second instance in between."""
    for number in range(PARTITIONS):
        topics.write(number, _odd(int(time.time() * 1000))[:5])
    fleet = ["--hosts", "12", "--rate", str(RECORDS_A_SECOND), "--seconds", str(SECONDS)]
    command = [sys.executable, "-m", "processor", "simulate", "--config", str(service.config), *fleet]
    # Under the service's own instance name it would fence the service.
    environment = without_ours() | {"EVENTCLUSTER_KAFKA__INSTANCE": "fleet"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as running:
        second.start()
        second.wait(second.is_ready, "the second instance is ready")
        second.stop()
        assert running.wait(120) == 0
    service.wait(service.is_ready, "everything is restored")
    for number in range(PARTITIONS):
        topics.write(number, _odd(int(time.time() * 1000)))
    service.wait(lambda: bool(service.metric("eventcluster_clock_skewed_total")), "the odd ones read")


def _fall_behind(topics: Topics, prometheus: Prometheus) -> None:
    """Write more than the service can read until a scrape has seen that it lags.

    At a fleet's pace it is never behind for as long as a scrape takes to come.
    """
    block = [Given(_sysmon("2026-01-05 00:00:00.000"), int(time.time() * 1000), b"odd")] * 20_000

    def seen() -> bool:
        topics.write(0, block)
        return _has_moved(prometheus, "eventcluster_lag_seconds")

    until(seen, "Prometheus has seen a lag")


def _panels() -> list[Panel]:
    return [panel for board in FILES.values() for panel in board.panels]


def _filled_in(expression: str) -> str:
    """As Grafana does, for a scrape a second."""
    return expression.replace("$__rate_interval", "10s").replace("$instance", ".+")


def _wait_for_scrapes(prometheus: Prometheus) -> None:
    """Until a scrape that has seen the last records is in."""
    for counted in ("clock_skewed", "scopes_expired_in_warmup"):
        name = f"eventcluster_{counted}_total"
        until(partial(_has_moved, prometheus, name), f"Prometheus has seen {name}", 30)


def _has_moved(prometheus: Prometheus, name: str) -> bool:
    return _moves(prometheus.ask(name, 5))


def _answers(series: list[Series]) -> bool:
    return any(each.values for each in series)


def _moves(series: list[Series]) -> bool:
    return any(value != 0 for each in series for value in each.values)


def _listed(answers: dict[tuple[str, str], list[Series]]) -> str:
    """The list of panels with their largest values: what the run shows."""
    lines = []
    for (title, legend), series in answers.items():
        values = [f"{max(each.values):.4g}" for each in series if each.values]
        note = ZEROS.get((title, legend)) or EMPTY.get((title, legend)) or ""
        shown = ", ".join(values[:6]) or "no data"
        lines.append(f"{title:32} {legend:28} {shown:40} {f'({note})' if note else ''}".rstrip())
    return "\n".join(lines)
