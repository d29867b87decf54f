"""What the loop needs of a broker: membership in a group, reading, one atomic commit, a side reader.

tests/contract says in runnable form what every implementation has to keep.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from processor.stream.records import Commit, Committed, Partition, Record, Run, TopicFacts, Watermarks


class CommitAborted(Exception):
    """Nothing of the commit was made visible: send the same again, after a poll."""


class OutputRefused(Exception):
    """The broker does not take one output for its size; nothing of the commit was made visible.

    index : its place in `Commit.outputs`
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index


class Pending(Exception):
    """The answer is not to be had within the time given: poll, then ask again."""


class Membership(Protocol):
    """Called from inside `poll`, `commit` and `close`: what the group gives and takes."""

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """These are ours from now on; they are paused until `resume`."""
        ...

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """These are ours until this call returns: the last chance to commit them."""
        ...

    def lost(self, partitions: Sequence[Partition]) -> None:
        """These belong to somebody else already: nothing of them may be committed."""
        ...

    def out_of_range(self, partition: Partition) -> None:
        """The log no longer has, or never had, the offset that we want to read next."""
        ...

    def waiting(self) -> None:
        """A commit takes long: called every second or so; what it raises ends the commit."""
        ...


class Reader(Protocol):
    """Reads a range of one partition outside the group, committed records only."""

    def read(self, max_records: int, timeout_s: float) -> list[Record]:
        """The next records of the range, [] when none came in time; raises BrokerUnreachable."""
        ...

    @property
    def position(self) -> int:
        """Offset of the next record to be read; `end` when the range has been read."""
        ...

    @property
    def done(self) -> bool:
        """Whether all of the range that the log holds has been read."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Broker(Protocol):
    """One instance's connection. Not thread-safe: the loop's thread owns it."""

    def describe(self, topics: Sequence[str]) -> Mapping[str, TopicFacts]:
        """Facts of those of `topics` that exist; raises BrokerUnreachable within a bounded time."""
        ...

    def create(self, topic: str, partitions: int | None, config: Mapping[str, str]) -> None:
        """Create a topic; None = the broker's default count. Raises OutputFailed with the broker's reason."""
        ...

    def extend(self, topic: str, partitions: int) -> None:
        """Give a topic more partitions, so many in all. Raises OutputFailed with the broker's reason."""
        ...

    def subscribe(self, topics: Sequence[str], membership: Membership) -> None:
        """Join the group; partitions arrive through `membership` during later polls."""
        ...

    def poll(self, max_records: int, timeout_s: float) -> list[Run]:
        """Records of resumed partitions as soon as there is one, in offset order within a partition.

        Waits at most timeout_s for the first, not at all for the others. Raises Fenced, RunError.
        """
        ...

    def resume(self, partition: Partition, offset: int) -> None:
        """Deliver an assigned partition's records from `offset` on."""
        ...

    def pause(self, partition: Partition) -> None:
        """Deliver nothing of an assigned partition until `resume`."""
        ...

    def committed(self, partition: Partition, timeout_s: float) -> Committed | None:
        """The group's position, None where it never committed; raises Pending."""
        ...

    def watermarks(self, partition: Partition, timeout_s: float) -> Watermarks:
        """Asked from the broker now; raises Pending."""
        ...

    def offset_at(self, partition: Partition, timestamp: int, timeout_s: float) -> int | None:
        """First offset whose Kafka timestamp is >= `timestamp` (ms), None where none is; raises Pending."""
        ...

    def lag(self, partition: Partition) -> int | None:
        """Records between what was handed out and the end, from what is known already; None = unknown."""
        ...

    def reader(self, partition: Partition, start: int, end: int) -> Reader:
        """A reader of the offsets [start, end)."""
        ...

    def commit(self, commit: Commit, timeout_s: float) -> None:
        """Make outputs and offsets visible: together if exactly once, else outputs first.

        Raises CommitAborted, OutputRefused, Fenced, BrokerUnreachable (no end within timeout_s), RunError.
        """
        ...

    def close(self) -> None:
        """Leave the group, commit nothing, let go of every connection."""
        ...
