"""What moves between brokers and the loop: small, frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import msgspec

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
