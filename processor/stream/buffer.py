"""What has been processed but not committed, and the rule that says when it is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from processor.pipeline import Published
from processor.stream.records import Commit, Committed, Output, Partition

WITH_OUTPUTS_S: Final = 0.1
WITHOUT_OUTPUTS_S: Final = 1.0
MAX_RECORDS: Final = 100_000
MAX_BYTES: Final = 8 * 1024 * 1024
# While catching up commits take at most a fifth of the time.
GAP: Final = 4.0
# A client that keeps up waits for a part of what the last commit took: whoever comes just too late for one
# waits for its end, this, and the next one.
REST: Final = 0.25
# Brokers write a transaction's markers after they have answered. Whoever begins the next one sooner is sent
# away, and librdkafka comes again after 20 ms: seen of 6 % begun within 3 ms, of 1 % begun within 5.
MIN_REST_S: Final = 0.006
# One slow commit would hold up the anomalies of seconds.
MAX_REST_S: Final = 0.02
AFTER_ABORT_S: Final = (0.2, 1.0)
MAX_ABORTS: Final = 3


@dataclass(slots=True)
class Entry:
    """One output and what it is: an anomaly, the dead letter of a record rejected for `reason`, or state."""

    output: Output
    published: Published | None = None
    reason: str = ""
    state: bool = False


@dataclass(slots=True)
class _Share:
    """What one partition has in the buffer."""

    first_offset: int
    next_offset: int
    entries: list[Entry] = field(default_factory=list)
    size: int = 0


class Buffer:
    """Outputs and offsets by partition, in order, until a commit has made them visible."""

    def __init__(self) -> None:
        self._shares: dict[Partition, _Share] = {}

    def advance(self, partition: Partition, first: int, next_offset: int, entries: Iterable[Entry]) -> None:
        """Records [first, next_offset) of a partition have been processed, giving these entries."""
        share = self._shares.get(partition)
        if share is None:
            share = self._shares[partition] = _Share(first, next_offset)
        share.next_offset = next_offset
        for entry in entries:
            share.entries.append(entry)
            share.size += entry.output.size

    def drop(self, partitions: Iterable[Partition]) -> None:
        """Forget what belongs to partitions that are no longer ours."""
        for partition in partitions:
            self._shares.pop(partition, None)

    def commit(self, position: Callable[[Partition, int], Committed]) -> Commit:
        """All of it; `position` makes what is committed of a partition's next offset."""
        offsets = {each: position(each, share.next_offset) for each, share in self._shares.items()}
        return Commit([entry.output for entry in self.entries()], offsets)

    def entries(self) -> Iterator[Entry]:
        """Every entry, in the order of `commit`'s outputs."""
        for share in self._shares.values():
            yield from share.entries

    def clear(self) -> None:
        """It has been committed."""
        self._shares.clear()

    def described(self) -> str:
        """Which offsets it holds, for an error's text."""
        return ", ".join(
            f"{partition} offsets {share.first_offset} to {share.next_offset - 1}"
            for partition, share in self._shares.items()
        )

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not self._shares

    @property
    def has_outputs(self) -> bool:
        """Whether somebody waits for what is in it."""
        return any(share.entries for share in self._shares.values())

    @property
    def full(self) -> bool:
        """Whether it must not grow any more."""
        shares = self._shares.values()
        records = sum(share.next_offset - share.first_offset for share in shares)
        return records >= MAX_RECORDS or sum(share.size for share in shares) >= MAX_BYTES


class CommitRule:
    """When to commit; times in seconds of one monotonic clock.

    At once when outputs are pending and the batch was not full, else 100 ms after the first pending
    output and 1 s after the first record without outputs; never within MIN_REST_S after the last commit, nor
    within REST of its duration (at most MAX_REST_S), GAP of it while much is waiting; save at the buffer's
    limits, on revoke and at shutdown, which do not ask. After an abort the same again, a little later each
    time, so that the group has time to settle.
    """

    def __init__(self) -> None:
        self._pending_since: float | None = None
        self._outputs_since: float | None = None
        self._not_before = self._ended = self._took = 0.0
        self.aborts = 0

    def noted(self, now: float, *, has_outputs: bool) -> None:
        """The buffer holds something now."""
        if self._pending_since is None:
            self._pending_since = now
        if has_outputs and self._outputs_since is None:
            self._outputs_since = now

    def due_at(self, *, batch_was_full: bool, behind: bool) -> float | None:
        """When the next commit is due, None where nothing is pending.

        behind : the batch was so large that the loop may not keep up
        """
        if self._pending_since is None:
            return None
        if self.aborts:
            return self._not_before
        if self._outputs_since is None:
            due = self._pending_since + WITHOUT_OUTPUTS_S
        else:
            due = self._outputs_since + (WITH_OUTPUTS_S if batch_was_full else 0.0)
        rest = GAP * self._took if behind or batch_was_full else min(REST * self._took, MAX_REST_S)
        return max(due, self._ended + max(MIN_REST_S, rest))

    def committed(self, began: float, ended: float) -> None:
        """A commit succeeded."""
        self.reset()
        self._ended, self._took = ended, ended - began

    def aborted(self, now: float) -> None:
        """A commit was aborted."""
        self._not_before = now + AFTER_ABORT_S[min(self.aborts, len(AFTER_ABORT_S) - 1)]
        self.aborts += 1

    def reset(self) -> None:
        """Nothing is pending any more."""
        self._pending_since = self._outputs_since = None
        self.aborts = 0
