"""`dead-letters show`: the newest records that were rejected, readable."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from processor.errors import BrokerUnreachable
from processor.stream import topics
from processor.stream.broker import Broker, Pending
from processor.stream.dead_letters import MESSAGE, REASON, TRUNCATED
from processor.stream.records import Partition, Record

_ANSWER_WITHIN_S: Final = 10.0
_READ_RECORDS: Final = 1_000
_READ_WITHIN_S: Final = 1.0
# Of a record's beginning, in characters.
_HEAD: Final = 200


def show(broker: Broker, topic: str, limit: int, bootstrap_servers: str) -> Iterator[str]:
    """Two lines for each of the newest `limit` dead letters, the oldest of them first.

    Raises TopicMissing, BrokerUnreachable.
    """
    facts = topics.ensure(broker, [], [topic], create=False, bootstrap_servers=bootstrap_servers)
    letters: list[Record] = []
    for number in range(facts[topic].partitions):
        letters += _newest(broker, Partition(topic, number), limit)
    letters.sort(key=lambda letter: (letter.timestamp, letter.partition, letter.offset))
    for letter in letters[-limit:]:
        yield from _lines(letter)


def _newest(broker: Broker, partition: Partition, limit: int) -> list[Record]:
    """The newest records of one partition; transaction markers take offsets too: it may take more looks."""
    try:
        marks = broker.watermarks(partition, _ANSWER_WITHIN_S)
    except Pending as error:
        raise BrokerUnreachable(f"no answer about {partition} within {_ANSWER_WITHIN_S:g} s") from error
    span = 2 * limit
    while True:
        start = max(marks.low, marks.end - span)
        found = _read(broker, partition, start, marks.end)
        if len(found) >= limit or start == marks.low:
            return found[-limit:]
        span *= 4


def _read(broker: Broker, partition: Partition, start: int, end: int) -> list[Record]:
    reader = broker.reader(partition, start, end)
    try:
        found: list[Record] = []
        while not reader.done:
            found += reader.read(_READ_RECORDS, _READ_WITHIN_S)
        return found
    finally:
        reader.close()


def _lines(letter: Record) -> Iterator[str]:
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in letter.headers or ()}
    moment = datetime.fromtimestamp(letter.timestamp / 1000, UTC).isoformat(timespec="milliseconds")
    source = f"{headers.get('source-topic', '?')}[{headers.get('source-partition', '?')}]"
    cut = f", cut from {headers[TRUNCATED]} bytes" if TRUNCATED in headers else ""
    said = (
        f"{moment}  {source} offset {headers.get('source-offset', '?')}  {headers.get(REASON, '?')}: "
        f"{headers.get(MESSAGE, '')}{cut}"
    )
    yield _printable(said)
    yield f"  {_printable((letter.value or b'')[: 4 * _HEAD].decode('utf-8', 'replace')[:_HEAD])}"


def _printable(text: str) -> str:
    """What was rejected may hold line breaks and terminal escapes; neither reaches the terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
