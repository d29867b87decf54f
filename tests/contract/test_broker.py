"""What every broker keeps: in memory, librdkafka's mock cluster, Apache Kafka."""

import uuid
from collections.abc import Iterator

import pytest

from processor.errors import Fenced
from processor.stream.broker import OutputRefused
from processor.stream.records import Committed, Output, Partition
from tests.contract.worlds import (
    EmbeddedWorld,
    KafkaWorld,
    Member,
    MemoryWorld,
    World,
    answer,
    commit,
    read_all,
    until,
)

_KAFKA = (pytest.mark.kafka, pytest.mark.xdist_group("kafka"))


@pytest.fixture(
    params=[
        "memory",
        "embedded",
        pytest.param("classic exactly_once", marks=_KAFKA),
        pytest.param("consumer exactly_once", marks=_KAFKA),
        pytest.param("classic at_least_once", marks=_KAFKA),
    ]
)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Each kind of broker in turn."""
    made: World
    if request.param == "memory":
        made = MemoryWorld()
    elif request.param == "embedded":
        made = EmbeddedWorld()
    else:
        protocol, delivery = request.param.split()
        made = KafkaWorld(request.getfixturevalue("kafka"), protocol, delivery)
    yield made
    made.close()


@pytest.fixture
def group() -> str:
    """A group that nobody else is in."""
    return uuid.uuid4().hex


def test_assigned_partition_is_silent_until_it_is_resumed(world: World, group: str) -> None:
    """Between assignment and resume nothing is delivered: there the restore takes place."""
    partition = Partition(world.topic(1), 0)
    world.write(partition, [b"a", b"b"])
    member = Member(world.open(group, "one"), [partition.topic], takes=False)
    until(lambda: partition in member.owned, member)

    for _ in range(5):
        member.poll()
    before = member.values(partition)
    member.broker.resume(partition, 1)
    until(lambda: bool(member.records), member)

    assert ([], [b"b"]) == (before, member.values(partition))


def test_partition_resumed_right_after_its_assignment_is_delivered(world: World, group: str) -> None:
    """Nothing of the broker's own positioning gets in the way of the first resume."""
    topic = world.topic(4)
    partitions = [Partition(topic, number) for number in range(4)]
    for partition in partitions:
        world.write(partition, [b"a", b"b"])
    member = Member(world.open(group, "one"), [topic], patience_s=0.0)

    until(lambda: len(member.records) == 8, member)

    assert [[b"a", b"b"]] * 4 == [member.values(partition) for partition in partitions]


def test_records_come_whole_and_in_offset_order(world: World, group: str) -> None:
    """Offset, timestamp, key, value (also none) and headers are what was written."""
    partition = Partition(world.topic(1), 0)
    world.write(partition, [b"a", None, b"c"], first_timestamp=5000)
    member = Member(world.open(group, "one"), [partition.topic])

    until(lambda: len(member.records) == 3, member)

    seen = [(r.partition, r.offset, r.timestamp, r.key, r.value, r.headers) for r in member.records]
    headers = [("h", b"v")]
    assert [
        (partition, 0, 5000, b"k", b"a", headers),
        (partition, 1, 5001, b"k", None, headers),
        (partition, 2, 5002, b"k", b"c", headers),
    ] == seen


def test_paused_partition_is_silent_and_others_are_not(world: World, group: str) -> None:
    """Pause holds one partition back; resume can go back to an earlier offset."""
    topic = world.topic(2)
    still, moving = Partition(topic, 0), Partition(topic, 1)
    member = Member(world.open(group, "one"), [topic])
    until(lambda: {still, moving} <= member.owned, member)
    world.write(still, [b"s0"])
    until(lambda: len(member.records) == 1, member)

    member.broker.pause(still)
    world.write(still, [b"s1"])
    world.write(moving, [b"m0"])
    until(lambda: bool(member.values(moving)), member)
    while_paused = member.values(still)
    member.broker.resume(still, 0)
    until(lambda: len(member.values(still)) == 3, member)

    assert ([b"s0"], [b"s0", b"s0", b"s1"]) == (while_paused, member.values(still))


def test_commit_shows_outputs_and_position(world: World, group: str) -> None:
    """After a commit readers see the outputs, and the group its offset with our metadata."""
    partition, out = Partition(world.topic(1), 0), world.topic(1)
    world.write(partition, [b"a"])
    member = Member(world.open(group, "one"), [partition.topic])
    until(lambda: bool(member.records), member)
    before = answer(lambda: member.broker.committed(partition, 1.0), member)

    output = Output(out, b"key", b"value", [("name", b"x"), ("none", None)], partition=0)
    commit(member.broker, [output], {partition: Committed(1, '{"v":1}')})
    after = answer(lambda: member.broker.committed(partition, 1.0), member)

    written = [(r.key, r.value, r.headers) for r in read_all(member.broker, out, 1)]
    assert (None, Committed(1, '{"v":1}')) == (before, after)
    assert [(b"key", b"value", [("name", b"x"), ("none", None)])] == written


def test_refused_output_is_named_and_the_rest_can_be_committed(world: World, group: str) -> None:
    """An output above the size limit is named by its place; without it the same commit succeeds."""
    partition, out = Partition(world.topic(1), 0), world.topic(1)
    world.write(partition, [b"a"])
    member = Member(world.open(group, "one"), [partition.topic])
    until(lambda: bool(member.records), member)
    good = Output(out, b"key", b"good", partition=0)
    large = Output(out, b"key", b"x" * 2_000_000, partition=0)

    with pytest.raises(OutputRefused) as refused:
        commit(member.broker, [good, large], {partition: Committed(1)})
    position = answer(lambda: member.broker.committed(partition, 1.0), member)
    commit(member.broker, [good], {partition: Committed(1)})

    seen = [each.value for each in read_all(member.broker, out, 1)]
    assert (1, None) == (refused.value.index, position)
    assert ([b"good"] if world.atomic else [b"good", b"good"]) == seen


@pytest.mark.parametrize("at_once", [2, 100])
def test_reader_reads_exactly_its_range(world: World, group: str, at_once: int) -> None:
    """A reader gives the offsets [start, end), outside the group, and knows when it is done."""
    partition = Partition(world.topic(1), 0)
    world.write(partition, [b"%d" % n for n in range(10)])
    broker = world.open(group, "one")

    reader = broker.reader(partition, 3, 7)
    seen: list[bytes | None] = []
    while not reader.done:
        seen += [each.value for each in reader.read(at_once, 0.1)]
    position = reader.position
    reader.close()

    assert ([b"3", b"4", b"5", b"6"], 7) == (seen, position)


def test_reader_ends_where_the_log_ends(world: World, group: str) -> None:
    """A range that reaches past the log's end, as after a topic was recreated, is done at its end."""
    partition = Partition(world.topic(1), 0)
    world.write(partition, [b"a"])
    broker = world.open(group, "one")

    reader = broker.reader(partition, 0, 100)
    seen: list[bytes | None] = []
    while not reader.done:
        seen += [each.value for each in reader.read(10, 0.1)]
    reader.close()

    assert [b"a"] == seen


def test_watermarks_are_those_of_now(world: World, group: str) -> None:
    """Asked from the broker, also for a partition that we never read."""
    partition = Partition(world.topic(1), 0)
    broker = world.open(group, "one")
    world.write(partition, [b"a", b"b"])

    marks = answer(lambda: broker.watermarks(partition, 1.0))

    assert (0, 2) == (marks.low, marks.end)


def test_offset_is_found_by_time(world: World, group: str) -> None:
    """The first record at or after a time; none after the last."""
    if not world.remembers:
        pytest.skip("the mock cluster does not look up times")
    partition = Partition(world.topic(1), 0)
    world.write(partition, [b"a", b"b", b"c"], first_timestamp=1000)
    broker = world.open(group, "one")

    found = [answer(lambda t=t: broker.offset_at(partition, t, 1.0)) for t in (0, 1001, 2000)]  # type: ignore[misc]

    assert [0, 1, None] == found


def test_describe_knows_what_exists(world: World, group: str) -> None:
    """Partition counts of existing topics; missing ones are not in the answer, and can be created."""
    if not world.remembers:
        pytest.skip("the mock cluster creates what it is asked about")
    topic, missing = world.topic(3), uuid.uuid4().hex
    broker = world.open(group, "one")

    before = broker.describe([topic, missing])
    broker.create(missing, 2, {})
    after = broker.describe([missing])

    assert {topic: 3} == {name: facts.partitions for name, facts in before.items()}
    assert {missing: 2} == {name: facts.partitions for name, facts in after.items()}


def test_topic_is_given_more_partitions(world: World, group: str) -> None:
    """So many in all; the records that are there stay where they are."""
    if isinstance(world, EmbeddedWorld):
        pytest.skip("the mock cluster has four partitions, always")
    partition = Partition(world.topic(1), 0)
    world.write(partition, [b"a"])
    broker = world.open(group, "one")

    broker.extend(partition.topic, 3)

    assert 3 == broker.describe([partition.topic])[partition.topic].partitions
    assert [b"a"] == [record.value for record in read_all(broker, partition.topic, 1)]


def test_members_share_partitions(world: World, group: str) -> None:
    """A second member gets a part of the partitions, and the first gives back no more than that."""
    topic = world.topic(4)
    everything = {Partition(topic, number) for number in range(4)}
    first = Member(world.open(group, "one"), [topic])
    until(lambda: first.owned == everything, first)

    second = Member(world.open(group, "two"), [topic])
    until(lambda: len(first.owned) == 2 and len(second.owned) == 2, first, second)
    shared = first.owned | second.owned

    assert (everything, 2) == (shared, len(first.given_back))


def test_deleted_offset_is_reported_and_can_be_passed(world: World, group: str) -> None:
    """Retention overtook us: `out_of_range` tells, nothing jumps in silence, resume goes on.

    A fetch that was under way may tell once more and stop the partition again: who resumes each time, as the
    loop does, goes on.
    """
    if not world.remembers:
        pytest.skip("the mock cluster deletes nothing")
    partition = Partition(world.topic(1), 0)
    world.write(partition, [b"a", b"b", b"c"])
    world.trim(partition, 2)
    member = Member(world.open(group, "one"), [partition.topic], low=2)

    until(lambda: bool(member.out_of_range_at), member)
    before = member.values(partition)
    until(lambda: bool(member.records), member)

    assert ([], [b"c"]) == (before, member.values(partition))
    assert {partition} == set(member.out_of_range_at)


def test_second_holder_of_an_instance_name_fences_the_first(world: World, group: str) -> None:
    """Two processes with one kafka.instance: the earlier one stops, told which setting to mend."""
    if not world.atomic:
        pytest.skip("without transactions, only static membership fences")
    partition = Partition(world.topic(1), 0)
    world.write(partition, [b"a"])
    first = Member(world.open(group, "same"), [partition.topic])
    until(lambda: bool(first.records), first)

    Member(world.open(group, "same"), [partition.topic])

    with pytest.raises(Fenced, match=r"kafka\.instance"):
        commit(first.broker, [], {partition: Committed(1)})
