"""Instances that come, go and collide: real processes in one group."""

import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.kafka.services import Given, Service, Topics, until
from tests.unit.stream.stories import story

MakeTopics = Callable[[int], Topics]
MakeService = Callable[..., Service]
START_MS = 1_700_000_000_000
NO_WARMUP = {"warmup": {"span": "0s", "events": 0}}


def given(seed: int, length: int) -> list[Given]:
    """A story as Kafka records."""
    return [Given(value, START_MS, b"web-1") for value in story(seed, length)]


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_partitions_move_between_instances_without_loss_or_repeat(
    make_topics: MakeTopics, make_service: MakeService, protocol: str
) -> None:
    """One joins while the other works, the first leaves: what is published is an undisturbed one's."""
    topics = make_topics(4)
    stories = [given(number, 300) for number in range(4)]
    # A static member does not say good-bye: its partitions move when its session ends.
    soon = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 300} if protocol == "classic" else {}
    options = {"kafka": {"group_protocol": protocol, "properties": soon}, "sections": NO_WARMUP}
    first = make_service(topics, instance="one", **options).start()
    first.wait(first.is_ready, "one ready")
    for number, records in enumerate(stories):
        topics.write(number, records[:100])

    second = make_service(topics, instance="two", **options).start()
    shares = ("eventcluster_partitions_assigned", 2.0)
    second.wait(lambda: (second.metric(shares[0]), first.metric(shares[0])) == (shares[1],) * 2, "two shares")
    for number, records in enumerate(stories):
        topics.write(number, records[100:200])
    code = first.stop()
    for number, records in enumerate(stories):
        topics.write(number, records[200:])
    second.wait(topics.all_committed, "everything committed")

    assert topics.expected(second.settings) == topics.published()
    assert 0 == code, first.log
    second.wait(lambda: second.metric(shares[0]) == 4, "all partitions are the second's")


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_process_that_was_stopped_for_longer_than_its_session_goes_on(
    make_topics: MakeTopics, make_service: MakeService, protocol: str
) -> None:
    """Another has had its partition meanwhile: what it still holds is not published a second time."""
    topics = make_topics(2)
    streams = [given(20 + number, 300) for number in range(2)]
    kafka: dict[str, Any] = {"group_protocol": protocol}
    if protocol == "classic":
        kafka["properties"] = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 300}
    one, two = [
        make_service(topics, instance=name, kafka=kafka, sections=NO_WARMUP).start()
        for name in ("one", "two")
    ]

    def shared() -> bool:
        return [1.0, 1.0] == [each.metric("eventcluster_partitions_assigned") for each in (one, two)]

    until(lambda: shared() and one.is_ready() and two.is_ready(), "a partition each")
    for number, records in enumerate(streams):
        topics.write(number, records[:100])
    until(lambda: sum(topics.committed().values()) > 60, "some of it is judged")
    assert one.process is not None

    one.process.send_signal(signal.SIGSTOP)
    for number, records in enumerate(streams):
        topics.write(number, records[100:200])
    two.wait(topics.all_committed, "everything committed by the other")
    one.process.send_signal(signal.SIGCONT)
    until(lambda: "partitions lost" in one.log and shared() and one.is_ready(), "a partition each again")
    for number, records in enumerate(streams):
        topics.write(number, records[200:])
    two.wait(topics.all_committed, "everything committed")

    assert topics.expected(one.settings) == topics.published()
    assert [0, 0] == [each.stop() for each in (one, two)], one.log


def test_two_processes_with_one_instance_name_fence_each_other(
    make_topics: MakeTopics, make_service: MakeService
) -> None:
    """The earlier one ends with an error that names kafka.instance; nothing is published twice."""
    topics = make_topics(1)
    first = make_service(topics, instance="same", sections=NO_WARMUP).start()
    first.wait(first.is_ready, "first ready")
    second = make_service(topics, instance="same", sections=NO_WARMUP).start()
    topics.write(0, given(1, 100))

    code = first.ended()
    second.wait(topics.all_committed, "everything committed")

    assert (1, True, False) == (code, "kafka.instance" in first.log, "Traceback" in first.log)
    assert topics.expected(second.settings) == topics.published()


def test_sigint_during_a_restore_ends_the_service(make_topics: MakeTopics, make_service: MakeService) -> None:
    """Stopped before it is ready: exit 0 within five seconds, nothing of the history judged."""
    topics = make_topics(1)
    topics.write(0, given(2, 500) * 40)
    service = make_service(topics, kafka={"start": "now"}, sections=NO_WARMUP).start()
    service.wait(lambda: '"restoring"' in service.log, "restoring")
    assert service.process is not None
    service.process.send_signal(signal.SIGINT)

    code = service.ended()

    assert (0, []) == (code, topics.published()[0]), service.log


def test_history_is_silent_and_what_follows_is_judged(
    make_topics: MakeTopics, make_service: MakeService
) -> None:
    """start: now learns what is retained; killed and restarted, the first live record stays the same."""
    topics = make_topics(1)
    records = given(3, 300)
    topics.write(0, records[:150])
    first = make_service(topics, kafka={"start": "now"}, sections=NO_WARMUP).start()
    first.wait(first.is_ready, "ready")
    topics.write(0, records[150:200])
    first.wait(topics.all_committed, "the first live records committed")
    first.kill()
    topics.write(0, records[200:])
    second = make_service(topics, kafka={"start": "now"}, sections=NO_WARMUP).start()
    second.wait(topics.all_committed, "everything committed")

    published = topics.published()
    assert topics.expected(second.settings, first_live=150) == published
    assert len(published[0]) > 0


def test_rejected_records_are_in_the_dead_letter_topic(
    make_topics: MakeTopics, make_service: MakeService
) -> None:
    """Byte for byte, with reason and origin, also when a kill came between."""
    topics = make_topics(1)
    broken = [Given(b'{"EventID": 4688, "n": %d' % n, START_MS + n, b"k%d" % n) for n in range(4)]
    topics.write(0, [*given(4, 20), *broken[:2]])
    first = make_service(topics, sections=NO_WARMUP).start()
    first.wait(lambda: bool(topics.committed()), "something committed")
    first.kill()
    topics.write(0, [*broken[2:], *given(4, 20)])
    second = make_service(topics, sections=NO_WARMUP).start()
    second.wait(topics.all_committed, "everything committed")

    letters = [m for m in topics.read(topics.dead_letters) if b'"n"' in (m.value() or b"")]
    headers = [dict(m.headers() or []) for m in letters]
    assert [(b.key, b.value) for b in broken] == [(m.key(), m.value()) for m in letters]
    assert [b"not_json"] * 4 == [each["dead-letter-reason"] for each in headers]
    assert [str(b.timestamp).encode() for b in broken] == [each["source-timestamp"] for each in headers]


def test_missing_topics_are_named_with_the_command_that_creates_them(
    make_topics: MakeTopics, make_service: MakeService
) -> None:
    """Exit 1, no traceback."""
    topics = make_topics(1)
    missing = {"input_topics": ["nowhere"], "anomalies_topic": "neither"}
    service = make_service(topics, kafka=missing).start()

    code = service.ended()

    command = f"kafka-topics.sh --bootstrap-server {topics.bootstrap} --create --topic"
    assert (1, False) == (code, "Traceback" in service.log)
    assert all(f"{command} {name}" in service.log for name in ("nowhere", "neither")), service.log


def test_missing_topics_are_created_where_that_is_allowed(
    make_topics: MakeTopics, make_service: MakeService
) -> None:
    """create_topics: true makes what is not there, the outputs with as many partitions as the input."""
    topics = make_topics(2)
    outputs = {"anomalies_topic": f"{topics.events}-out", "dead_letters_topic": f"{topics.events}-dead"}
    service = make_service(topics, kafka={**outputs, "create_topics": True}).start()

    service.wait(service.is_ready, "ready")
    service.wait(lambda: [topics.partitions(name) for name in outputs.values()] == [2, 2], "both created")


def test_state_topic_follows_an_input_that_is_given_more_partitions(
    make_topics: MakeTopics, make_service: MakeService
) -> None:
    """With create_topics: true at once and at a start; without, exit 1 with the command."""
    topics = make_topics(1)
    topics.write(0, given(8, 30))
    kafka = {"create_topics": True, "properties": {"topic.metadata.refresh.interval.ms": 500}}
    service = make_service(topics, kafka=kafka).start()
    service.wait(topics.all_committed, "everything committed")

    topics.extend(topics.events, 3)
    topics.write(2, given(9, 30))
    service.wait(topics.all_committed, "everything committed, the new partition's too")
    assert topics.expected(service.settings) == topics.published()
    service.wait(lambda: topics.partitions(topics.state) == 3, "extended at work")
    assert 0 == service.stop(), service.log
    topics.extend(topics.events, 4)
    service.start()
    service.wait(lambda: topics.partitions(topics.state) == 4, "extended at the start")
    service.stop()
    topics.extend(topics.events, 5)
    forbidden = make_service(topics).start()

    code = forbidden.ended()

    command = (
        f"kafka-topics.sh --bootstrap-server {topics.bootstrap} --alter --topic {topics.state} --partitions 5"
    )
    assert (1, True) == (code, command in forbidden.log), forbidden.log


def test_unreachable_broker_is_said_in_bounded_time(
    make_topics: MakeTopics, make_service: MakeService
) -> None:
    """Exit 1 with the address and what to check, no traceback."""
    topics = make_topics(1)
    service = make_service(topics, kafka={"bootstrap_servers": "127.0.0.1:1"}).start()

    code = service.ended()

    said = (
        "no answer from the brokers at 127.0.0.1:1" in service.log
        and "kafka.bootstrap_servers" in service.log
    )
    assert (1, True, False) == (code, said, "Traceback" in service.log), service.log
