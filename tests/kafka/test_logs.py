"""What the running service logs: changes of state, a bounded number of lines, nothing of the events."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from processor import logs
from tests.kafka.services import Given, Service, Topics
from tests.support.brokers import Cluster
from tests.support.fixtures import own_brokers

# Stands for whatever an attacker or an administrator types.
TYPED: Final = "xyzzy-typed-text"
AWAY_S: Final = 15.0
PUBLISHED: Final = {"warmup": {"span": "0s", "events": 0}, "episode": {"fold": {"keep": 0}}}


@pytest.fixture
def own() -> Iterator[tuple[Cluster, Topics]]:
    """A broker that the test may stop."""
    with own_brokers(1) as cluster:
        yield cluster, Topics(cluster.bootstrap, 1)


def record(number: int) -> Given:
    """A process creation of a program of its own name, digits apart, and every tenth one broken."""
    name = f"{number:04}".translate(str.maketrans("0123456789", "bcdfghjklm"))
    data = {"NewProcessName": rf"C:\Users\{TYPED}\{name}.exe", "CommandLine": f"{TYPED} {number}"}
    event = {"event_id": 4688, "computer_name": f"host-{number % 7}", "event_data": data}
    value = {"@timestamp": "2026-01-01T00:00:00Z", "host": {"name": "h"}, "winlog": event}
    text = json.dumps(value)
    return Given((text[:-3] if number % 10 == 0 else text).encode(), 1_767_225_600_000, b"k")


@pytest.mark.timeout(400)
def test_the_log_is_short_and_says_nothing_of_the_events(
    own: tuple[Cluster, Topics], make_service: Callable[..., Service]
) -> None:
    """5,000 events, 500 of them broken, thousands of anomalies: few JSON objects, no event's text."""
    _, topics = own
    topics.write(0, (record(number) for number in range(5_000)))
    began = time.monotonic()
    service = make_service(topics, sections=PUBLISHED).start()
    service.wait(topics.all_committed, "all is committed")

    service.stop()

    periods = 1 + (time.monotonic() - began) // logs.REPEAT_AFTER_S
    lines = [json.loads(line) for line in service.log.splitlines()]
    told = [line for line in lines if line["message"] == "anomaly published"]
    assert len(topics.read(topics.anomalies)) > 2_000
    assert 0 < len(told) <= logs.MOST_OF_A_MESSAGE * periods
    assert len(lines) - len(told) < 30 * periods, service.log
    assert TYPED not in service.log
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)


@pytest.mark.timeout(400)
def test_debug_shows_the_records_that_are_published(
    own: tuple[Cluster, Topics], make_service: Callable[..., Service]
) -> None:
    """Only who asks for it sees text of events."""
    _, topics = own
    topics.write(0, [record(1)])
    service = make_service(topics, sections=PUBLISHED | {"logging": {"level": "debug"}}).start()
    service.wait(topics.all_committed, "all is committed")

    service.stop()

    shown = [json.loads(line).get("record", "") for line in service.log.splitlines()]
    assert any(TYPED in record for record in shown)


@pytest.mark.timeout(400)
def test_a_broker_that_is_away_costs_few_lines(
    own: tuple[Cluster, Topics], make_service: Callable[..., Service]
) -> None:
    """Each sort of complaint once in ten seconds, with the number of those held back."""
    cluster, topics = own
    topics.write(0, [record(1)])
    service = make_service(topics, sections=PUBLISHED).start()
    service.wait(topics.all_committed, "the first is committed")
    before = len(service.log)
    gone = time.monotonic()

    def away() -> float:
        return time.monotonic() - gone

    cluster.stop_node(1, kill=True)
    service.wait(lambda: '"repeated"' in service.log[before:] and away() > AWAY_S, "a line for many")
    during = service.log[before:].splitlines()

    assert len(during) <= 2 * away(), service.log
