"""The only broker dies while the service works, and comes back."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.kafka.services import Service, Topics, until
from tests.kafka.test_state import SECTIONS, stream
from tests.support.brokers import Cluster
from tests.support.fixtures import own_brokers

MakeService = Callable[..., Service]
# Long enough for librdkafka never to return from sending offsets again.
AWAY_S = 12.0


@pytest.fixture(scope="module")
def broker() -> Iterator[Cluster]:
    """One node of these tests alone: they kill it."""
    with own_brokers(1) as cluster:
        yield cluster


@pytest.mark.timeout(240)
@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_service_outlives_its_broker(broker: Cluster, make_service: MakeService, delivery: str) -> None:
    """Killed with records unread, away, back: byte for byte as if nothing was.

    The process goes on, or says why it cannot and goes on at its supervisor's next start: a broker that
    forgets its members in the midst of a commit leaves librdkafka with a fatal error. None waits for ever.
    """
    topics = Topics(broker.bootstrap, 1)
    records = stream(11, 600, 0)
    topics.write(0, records[:300])
    service = make_service(topics, sections=SECTIONS, kafka={"delivery": delivery}).start()
    service.wait(topics.all_committed, "everything committed")

    topics.write(0, records[300:450])
    broker.stop_node(1, kill=True)
    time.sleep(AWAY_S)
    broker.start_node(1)
    broker.wait_until_ready()
    topics.write(0, records[450:])

    def all_committed() -> bool:
        if service.has_ended():
            assert (1, True) == (service.ended(), "error: " in service.log)
            service.start()
        return topics.all_committed()

    until(all_committed, "everything committed after the broker came back", 120)

    published = topics.published()
    if delivery == "at_least_once":
        published = {number: list(dict.fromkeys(values)) for number, values in published.items()}
    assert topics.expected(service.settings) == published
    assert '"level": "warning"' in service.log
    topics.close()
