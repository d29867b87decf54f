"""The coordinators of group and transactions move from broker to broker while the service works."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.kafka.services import Service, Topics, until
from tests.kafka.streams import SECTIONS, stream
from tests.support.brokers import Cluster
from tests.support.fixtures import own_brokers

MakeService = Callable[..., Service]
PIECE = 150


@pytest.fixture
def brokers() -> Iterator[Cluster]:
    """Three nodes of this test alone: it stops each in turn."""
    with own_brokers(3) as cluster:
        yield cluster


@pytest.mark.timeout(900)
@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_brokers_that_are_restarted_one_by_one_change_nothing(
    brokers: Cluster, make_service: MakeService, protocol: str
) -> None:
    """As in an upgrade: a coordinator moves from whichever broker it is on; the same process goes on."""
    topics = Topics(brokers.bootstrap, 2, replicas=3)
    streams = [stream(13 + number, 4 * PIECE, number) for number in range(2)]
    service = make_service(topics, sections=SECTIONS, kafka={"group_protocol": protocol}).start()
    for number, records in enumerate(streams):
        topics.write(number, records[:PIECE])
    service.wait(topics.all_committed, "everything committed")

    def has_left(node: int) -> bool:
        return node not in topics.coordinators(service.instance).values()

    moved: set[str] = set()
    for node in (1, 2, 3):
        for number, records in enumerate(streams):
            topics.write(number, records[node * PIECE : (node + 1) * PIECE])
        before = topics.coordinators(service.instance)
        brokers.stop_node(node)
        service.wait(topics.all_committed, f"everything committed without node {node}")
        service.wait(partial(has_left, node), f"others coordinate instead of node {node}")
        moved |= {what for what, where in before.items() if where == node}
        brokers.start_node(node)
        until(topics.is_in_sync, f"node {node} has caught up")

    assert {"group", "transactions"} == moved
    assert topics.expected(service.settings) == topics.published()
    assert 0 == service.stop(), service.log
    topics.close()
