"""Three instances restarted one after the other, as an upgrade does it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.kafka.services import Service, Topics, until
from tests.kafka.streams import SECTIONS, stream

MakeTopics = Callable[[int], Topics]
MakeService = Callable[..., Service]
PARTITIONS, PIECE = 12, 60


def moves(service: Service) -> Iterator[tuple[str, set[int], dict[str, Any]]]:
    """(starting | assigned | revoked | lost | restored, partitions, the line's fields), in order."""
    for line in service.log.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        verb = told["message"].removeprefix("partitions ")
        if verb in ("starting", "restored"):
            yield verb, {told["partition"]} if "partition" in told else set(), told
        elif verb in ("assigned", "revoked", "lost"):
            yield verb, {int(number) for number in re.findall(r"\[(\d+)\]", told["partitions"])}, told


def restored_from_state(service: Service, since: int) -> int:
    """How many partitions were restored from the `since`th move on, each from state and nothing replayed.

    None is restored that is not owned, and none given that is.
    """
    restored, owned = 0, set[int]()
    for place, (verb, partitions, told) in enumerate(moves(service)):
        if verb == "restored":
            assert partitions <= owned
            if place >= since:
                restored += 1
                assert ("state", 0) == (told["from"], told["replayed"]), told
        elif verb == "assigned":
            assert not partitions & owned, "what an instance has is not given to it again"
            owned |= partitions
        elif verb == "starting":
            owned.clear()
        else:
            owned -= partitions
    return restored


@pytest.mark.timeout(900)
@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_rolling_restart_repeats_nothing_and_touches_only_what_moves(
    make_topics: MakeTopics, make_service: MakeService, protocol: str
) -> None:
    """Static members keep their partitions, dynamic ones hand them over: from the last segment, no replay."""
    topics = make_topics(PARTITIONS)
    streams = [stream(number, 600, number) for number in range(PARTITIONS)]
    # A static member has to be back before its session ends, also on a busy machine.
    patient = {"session.timeout.ms": 60_000} if protocol == "classic" else {}
    options = {"sections": SECTIONS, "kafka": {"group_protocol": protocol, "properties": patient}}
    services = [make_service(topics, instance=f"i{n}", **options).start() for n in range(3)]

    def shared_out() -> bool:
        shares = [service.metric("eventcluster_partitions_assigned") for service in services]
        return shares == [4.0, 4.0, 4.0] and all(service.is_ready() for service in services)

    def write(piece: int) -> None:
        for number, records in enumerate(streams):
            topics.write(number, records[piece * PIECE : (piece + 1) * PIECE])

    until(shared_out, "four partitions each")
    write(0)
    services[0].wait(topics.all_committed, "everything committed")
    begun = [len(list(moves(service))) for service in services]
    for number, service in enumerate(services):
        write(1 + 2 * number)
        assert 0 == service.stop(), service.log
        write(2 + 2 * number)
        service.start()
        until(shared_out, "shared out again")
    services[0].wait(topics.all_committed, "everything committed")

    assert topics.expected(services[0].settings) == topics.published()
    restored = sum(
        restored_from_state(service, since) for service, since in zip(services, begun, strict=True)
    )
    assert restored >= PARTITIONS
    if protocol == "classic":
        assert restored == PARTITIONS, "a static member's partitions stay its own over its restart"
