import pytest

from processor.errors import TopicMissing
from processor.pipeline import Rejected
from processor.stream.dead_letters import dead_letter
from processor.stream.letterbox import show
from processor.stream.memory import MemoryBroker, MemoryCluster
from processor.stream.records import Commit, Partition, Record

TOPIC = "dead"


def rejected(broker: MemoryBroker, *values: bytes) -> None:
    """Dead letters of records from events[3], offsets counted from 0."""
    for offset, value in enumerate(values):
        record = Record(Partition("events", 3), offset, 0, None, value)
        letter = dead_letter(TOPIC, record, Rejected("bad_time", "UtcTime", "UtcTime: no time"))
        broker.commit(Commit([letter], {}), 1.0)


@pytest.fixture
def broker() -> MemoryBroker:
    """A broker with an empty dead-letter topic of two partitions."""
    cluster = MemoryCluster()
    cluster.create(TOPIC, 2)
    return MemoryBroker(cluster)


def shown(broker: MemoryBroker, limit: int) -> list[str]:
    """The lines that the command prints."""
    return list(show(broker, TOPIC, limit, "kafka:9092"))


def test_a_letter_is_shown_with_reason_origin_and_head(broker: MemoryBroker) -> None:
    """Reason, message and where it came from on one line; how the record begins on the next."""
    rejected(broker, b'{"a": 1}')

    first, second = shown(broker, 10)

    assert first.endswith("  events[3] offset 0  bad_time: UtcTime: no time")
    assert second == '  {"a": 1}'


def test_only_the_newest_are_shown(broker: MemoryBroker) -> None:
    """`--limit` counts letters, over all partitions."""
    rejected(broker, *(b"%d" % number for number in range(50)))

    assert len(shown(broker, 7)) == 14


def test_an_empty_topic_shows_nothing(broker: MemoryBroker) -> None:
    """No letter is good news, not an error."""
    assert shown(broker, 10) == []


def test_bytes_of_a_letter_do_not_reach_the_terminal(broker: MemoryBroker) -> None:
    """Escapes, line breaks and bytes that are no text are shown, not carried out."""
    rejected(broker, b"\x1b[2J\n\xff" + b"x" * 10_000)

    head = shown(broker, 1)[1]

    assert head.isprintable()
    assert head.startswith("  \\x1b[2J\\n")
    assert len(head) < 300


def test_a_topic_that_is_not_there_is_told() -> None:
    """The error names the topic and the command that creates it."""
    with pytest.raises(TopicMissing, match="dead"):
        shown(MemoryBroker(MemoryCluster()), 10)
