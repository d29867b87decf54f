"""State on Apache Kafka: real processes killed with SIGKILL go on from it; the records stay the same."""

import random
from collections.abc import Callable

import pytest

from tests.kafka.services import Service, Topics
from tests.kafka.streams import SECTIONS, stream

MakeTopics = Callable[[int], Topics]
MakeService = Callable[..., Service]


@pytest.mark.parametrize("delivery", ["exactly_once", "at_least_once"])
def test_killed_at_random_moments_it_goes_on_from_state(
    make_topics: MakeTopics, make_service: MakeService, delivery: str
) -> None:
    """Five kills over three partitions: byte for byte what one undisturbed pipeline publishes."""
    seed = 20261122
    chance = random.Random(seed)  # noqa: S311 - where it is killed, no secret
    topics = make_topics(3)
    streams = [stream(seed + number, 3000, number) for number in range(3)]
    options = {"sections": SECTIONS, "kafka": {"delivery": delivery, "batch": {"max_records": 60}}}
    for number, records in enumerate(streams):
        topics.write(number, records[:500])
    from_state = 0.0
    for kill in range(5):
        service = make_service(topics, **options).start()
        service.wait(service.is_ready, "ready")
        for number, records in enumerate(streams):
            topics.write(number, records[500 + 500 * kill : 1000 + 500 * kill])
        share = chance.randrange(400)

        def reached(least: int = 500 + 500 * kill + share) -> bool:
            known = topics.committed()
            return all(known.get(number, 0) >= least for number in range(3))

        service.wait(reached, "a part of what was written committed")
        from_state += service.metric("eventcluster_restores_total", **{"from": "state"}) or 0.0
        service.kill()
    last = make_service(topics, **options).start()
    last.wait(topics.all_committed, "everything committed")

    published = topics.published()
    if delivery == "at_least_once":
        published = {number: list(dict.fromkeys(values)) for number, values in published.items()}
    expected = topics.expected(last.settings)
    assert expected == published, f"seed {seed}"
    assert sum(map(len, expected.values())) > 100
    assert from_state >= 6, from_state


def test_clean_stop_hands_everything_over(make_topics: MakeTopics, make_service: MakeService) -> None:
    """SIGTERM writes the last segments: the next start takes the window from state alone."""
    topics = make_topics(2)
    streams = [stream(number, 400, number) for number in range(2)]
    for number, records in enumerate(streams):
        topics.write(number, records[:300])
    first = make_service(topics, sections=SECTIONS).start()
    first.wait(topics.all_committed, "everything committed")
    first.stop()
    second = make_service(topics, sections=SECTIONS).start()
    second.wait(second.is_ready, "ready")
    for number, records in enumerate(streams):
        topics.write(number, records[300:])
    second.wait(topics.all_committed, "everything committed")

    assert topics.expected(second.settings) == topics.published()
    assert (2.0, '"replayed": 0') == (
        second.metric("eventcluster_restores_total", **{"from": "state"}),
        '"replayed": 0' if second.log.count('"replayed": 0') == 2 else second.log,
    )


def test_state_topic_that_is_not_compacted_is_refused(
    make_topics: MakeTopics, make_service: MakeService
) -> None:
    """Exit 1 with the command that mends it, no traceback."""
    topics = make_topics(1)
    service = make_service(topics, kafka={"state_topic": topics.dead_letters + "-x"}).start()
    service.wait(service.is_ready, "ready without state")
    assert "no state topic" in service.log
    service.stop()
    wrong = make_service(topics, kafka={"state_topic": topics.spare}).start()

    code = wrong.ended()

    assert (1, True, False) == (code, "kafka-configs.sh" in wrong.log, "Traceback" in wrong.log), wrong.log
