"""What the running service logs: changes of state, a bounded number of lines, nothing of the events."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.kafka.services import Given, Service, Topics
from tests.support.brokers import Cluster, Unavailable

# Stands for whatever an attacker or an administrator types.
TYPED: Final = "xyzzy-typed-text"
AWAY_S: Final = 15.0


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Cluster, Topics, Service]]:
    """A broker that the test may stop, and a service on it."""
    try:
        cluster = Cluster(nodes=1)
        cluster.start()
    except Unavailable as missing:
        pytest.skip(str(missing))
    topics = Topics(cluster.bootstrap, 1)
    service = Service(topics, tmp_path, sections={"warmup": {"span": "0s", "events": 0}})
    yield cluster, topics, service
    service.end()
    cluster.stop()


def record(number: int) -> Given:
    """A process creation with a command line of its own, and every tenth one broken."""
    data = {"NewProcessName": rf"C:\Users\{TYPED}\{number}.exe", "CommandLine": f"{TYPED} {number}"}
    event = {"event_id": 4688, "computer_name": f"host-{number % 7}", "event_data": data}
    value = {"@timestamp": "2026-01-01T00:00:00Z", "host": {"name": "h"}, "winlog": event}
    text = json.dumps(value)
    return Given((text[:-3] if number % 10 == 0 else text).encode(), 1_767_225_600_000, b"k")


@pytest.mark.timeout(200)
def test_the_log_is_short_and_says_nothing_of_the_events(own: tuple[Cluster, Topics, Service]) -> None:
    """5,000 events, 500 of them broken, thousands of anomalies: one JSON object for each change of state."""
    _, topics, service = own
    topics.write(0, (record(number) for number in range(5_000)))
    service.start()
    service.wait(topics.all_committed, "all is committed")

    service.stop()

    lines = [json.loads(line) for line in service.log.splitlines()]
    assert TYPED not in service.log
    assert len(lines) < 30, service.log
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)


@pytest.mark.timeout(200)
def test_a_broker_that_is_away_costs_few_lines(own: tuple[Cluster, Topics, Service]) -> None:
    """Each sort of complaint once in ten seconds, with the number of those held back."""
    cluster, topics, service = own
    topics.write(0, [record(1)])
    service.start()
    service.wait(topics.all_committed, "the first is committed")
    before = len(service.log.splitlines())

    cluster.stop_node(1, kill=True)
    _pass_time(service, AWAY_S)
    during = service.log.splitlines()[before:]

    assert 0 < len(during) <= 2 * AWAY_S, service.log
    assert any('"repeated"' in line for line in during)


def _pass_time(service: Service, seconds: float) -> None:
    """The broker is away for so long; the service must not end."""
    back: Callable[[], bool] = _after(seconds)
    service.wait(back, "time passes")


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end
