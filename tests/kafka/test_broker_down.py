"""The only broker dies while the service works, and comes back."""

import re
import time
from collections.abc import Callable, Iterator

import pytest

from tests.kafka.services import Service, Topics, until
from tests.kafka.streams import SECTIONS, stream
from tests.support.brokers import Cluster
from tests.support.fixtures import own_brokers

MakeService = Callable[..., Service]
# Long enough for librdkafka never to return from sending offsets again.
AWAY_S = 12.0
# What librdkafka calls it when a client or its transaction can do nothing more.
FATAL = re.compile(
    r"\b(_FATAL|_FENCED|_STATE|FENCED_INSTANCE_ID|INVALID_PRODUCER_EPOCH|INVALID_PRODUCER_ID_MAPPING|"
    r"INVALID_TXN_STATE|PRODUCER_FENCED|UNKNOWN_PRODUCER_ID)\b"
)


@pytest.fixture(scope="module")
def broker() -> Iterator[Cluster]:
    """One node of these tests alone: they kill it."""
    with own_brokers(1) as cluster:
        yield cluster


@pytest.mark.timeout(600)
@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_service_outlives_its_broker(broker: Cluster, make_service: MakeService, delivery: str) -> None:
    """Killed with records unread, away, back: byte for byte as if nothing was.

    The process goes on, or names the fatal error that it cannot go on from and does so at its supervisor's
    next start: a broker that forgets its members in the midst of a commit leaves librdkafka with one. None
    waits for ever.
    """
    topics = Topics(broker.bootstrap, 1)
    records = stream(11, 600, 0)
    topics.write(0, records[:300])
    service = make_service(topics, sections=SECTIONS, kafka={"delivery": delivery}).start()
    service.wait(topics.all_committed, "everything committed")

    topics.write(0, records[300:450])
    broker.stop_node(1, kill=True)
    time.sleep(AWAY_S)
    until(lambda: '"level": "warning"' in service.log, "a warning")
    broker.start_node(1)
    broker.wait_until_ready()
    topics.write(0, records[450:])

    def all_committed() -> bool:
        if service.has_ended():
            last = service.log.splitlines()[-1]
            assert (1, True, True) == (service.ended(), "error: " in last, bool(FATAL.search(last))), (
                service.log
            )
            service.start()
        return topics.all_committed()

    until(all_committed, "everything committed after the broker came back")

    published = topics.published()
    if delivery == "at_least_once":
        published = {number: list(dict.fromkeys(values)) for number, values in published.items()}
    assert topics.expected(service.settings) == published
    topics.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_nothing_ends_where_the_broker_goes_between_two_commits(
    broker: Cluster, make_service: MakeService, delivery: str
) -> None:
    """No error is fatal then: the same process goes on, and says that it waits."""
    topics = Topics(broker.bootstrap, 1)
    records = stream(12, 400, 0)
    topics.write(0, records[:300])
    service = make_service(topics, sections=SECTIONS, kafka={"delivery": delivery}).start()
    service.wait(topics.all_committed, "everything committed")

    broker.stop_node(1, kill=True)
    time.sleep(AWAY_S)
    service.wait(lambda: '"level": "warning"' in service.log and service.is_alive(), "a warning, and life")
    broker.start_node(1)
    broker.wait_until_ready()
    topics.write(0, records[300:])
    service.wait(topics.all_committed, "everything committed after the broker came back")

    assert topics.expected(service.settings) == topics.published()
    assert 0 == service.stop(), service.log
    topics.close()
