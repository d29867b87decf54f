"""What moves between brokers and the loop: small, frozen values."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec.structs import astuple

Delivery = Literal["exactly_once", "at_least_once"]
GroupProtocol = Literal["classic", "consumer"]
EXACTLY_ONCE: Final = "exactly_once"
AT_LEAST_ONCE: Final = "at_least_once"

Headers = list[tuple[str, bytes | None]]


class Partition(NamedTuple):
    """One partition of one topic: the unit of assignment, of a model and of order."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.number}]"


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record read. A Struct: a frozen dataclass costs five times as much to make, for every record.

    timestamp : the record's Kafka timestamp, ms since epoch
    """

    partition: Partition
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one partition, at least one, in offset order; column by column.

    Few are looked at one by one: a Record of each, and a loop over them, would take 0.3 us a record.
    """

    partition: Partition
    offsets: Sequence[int]
    timestamps: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    headers: Sequence[Headers | None]

    @classmethod
    def of(cls, records: Sequence[Record]) -> "Run":
        """A run of these."""
        _, offsets, timestamps, keys, values, headers = zip(*map(astuple, records), strict=True)
        return cls(records[0].partition, offsets, timestamps, keys, values, headers)

    def __len__(self) -> int:
        """How many records."""
        return len(self.offsets)

    def __getitem__(self, place: int) -> Record:
        """One of them."""
        return Record(
            self.partition,
            self.offsets[place],
            self.timestamps[place],
            self.keys[place],
            self.values[place],
            self.headers[place],
        )

    def __iter__(self) -> Iterator[Record]:
        """All of them."""
        return (self[place] for place in range(len(self)))

    def between(self, start: int, end: int | None = None) -> "Run | None":
        """Those with offsets in [start, end); None where there are none."""
        first = bisect_left(self.offsets, start)
        last = len(self) if end is None else bisect_left(self.offsets, end)
        if first >= last:
            return None
        if last - first == len(self):
            return self
        part = slice(first, last)
        return Run(
            self.partition,
            self.offsets[part],
            self.timestamps[part],
            self.keys[part],
            self.values[part],
            self.headers[part],
        )


@dataclass(frozen=True, slots=True)
class Output:
    """One record to write. The broker chooses the partition by the key, or `partition` says it.

    timestamp : ms since epoch, None = now
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    partition: int | None = None
    timestamp: int | None = None

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        headers = sum(len(name) + len(value or b"") for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers


@dataclass(frozen=True, slots=True)
class Committed:
    """A group's position in one partition: the next offset to process, and what we noted beside it."""

    next_offset: int
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    """What becomes visible together: outputs, and the offsets of the records that they come from."""

    outputs: Sequence[Output]
    offsets: Mapping[Partition, Committed]


@dataclass(frozen=True, slots=True)
class Watermarks:
    """Offsets of the first record kept and of the end up to which a read-committed reader can read."""

    low: int
    end: int


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """What a broker says of a topic; None, or "" for its id, where it does not tell."""

    partitions: int
    log_append_time: bool | None
    cleanup_policy: str | None = None
    max_message_bytes: int | None = None
    id: str = ""
