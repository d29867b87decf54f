"""What has been processed and is not yet committed, and its way out: one transaction at a time.

An aborted commit invalidates no model, since a model is a pure function of the log: the same buffer is sent
again.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from processor.errors import CommitFailed, OutputFailed
from processor.metrics import Metrics
from processor.pipeline import Published
from processor.stream.broker import Broker, CommitAborted, OutputRefused
from processor.stream.buffer import MAX_ABORTS, Buffer, CommitRule, Entry
from processor.stream.dead_letters import truncated
from processor.stream.records import Committed, Partition

log = logging.getLogger(__name__)

COMMIT_WITHIN_S: Final = 120.0


class Outbox:
    """The buffer of one loop, committed when the rule says so.

    position : what is committed of a partition's next offset
    done : called after each commit
    committed : anomalies that have been committed; whoever shows them takes them out
    """

    def __init__(
        self,
        broker: Broker,
        metrics: Metrics,
        clock: Callable[[], float],
        position: Callable[[Partition, int], Committed],
        done: Callable[[], None],
    ) -> None:
        self._broker = broker
        self._metrics = metrics
        self._clock = clock
        self._position = position
        self._done = done
        self._buffer = Buffer()
        self._rule = CommitRule()
        self.committed: list[Published] = []

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return self._buffer.empty

    def note(self, partition: Partition, first: int, next_offset: int, entries: Sequence[Entry]) -> None:
        """Records [first, next_offset) of a partition have been processed, giving these entries."""
        self._buffer.advance(partition, first, next_offset, entries)
        self._rule.noted(self._clock(), has_outputs=bool(entries))

    def drop(self, partitions: Iterable[Partition]) -> None:
        """Forget what belongs to partitions that are no longer ours."""
        self._buffer.drop(partitions)
        if self._buffer.empty:
            self._rule.reset()

    def patience(self, longest: float) -> float:
        """How long a poll may wait, s: `longest`, but not past the next commit."""
        due = self._rule.due_at(batch_was_full=False, behind=False)
        return longest if due is None else min(longest, max(0.0, due - self._clock()))

    def commit_if_due(self, *, batch_was_full: bool, behind: bool) -> None:
        """Commit where the rule says so, or the buffer must not grow any more."""
        due = self._rule.due_at(batch_was_full=batch_was_full, behind=behind)
        if due is None:
            return
        limit_reached = self._buffer.full and not self._rule.aborts
        if limit_reached or self._clock() >= due:
            self.commit()

    def commit(self, within_s: float = COMMIT_WITHIN_S) -> bool:
        """Commit the buffer; False where it was aborted and has to be sent again, after a poll.

        Raises CommitFailed at the third abort of one buffer, OutputFailed where a topic refuses an output.
        """
        began = self._clock()
        while True:
            try:
                self._broker.commit(self._buffer.commit(self._position), within_s)
            except OutputRefused as refused:
                self._shrink(refused)
            except CommitAborted as aborted:
                self._aborted(aborted)
                return False
            else:
                self._succeeded(began)
                return True

    def _succeeded(self, began: float) -> None:
        ended = self._clock()
        self._metrics.commit_seconds.observe(ended - began)
        self._metrics.transactions_total.labels("committed").inc()
        for entry in self._buffer.entries():
            self._tell(entry)
        self._done()
        self._rule.committed(began, ended)
        self._buffer.clear()

    def _tell(self, entry: Entry) -> None:
        published = entry.published
        if published is not None:
            self.committed.append(published)
            told = {"id": published.id, "kind": published.kind, "score": published.score}
            log.info("anomaly published", extra={**told, "reason": published.reason})
            if log.isEnabledFor(logging.DEBUG):
                log.debug("record published", extra={"record": published.value.decode()})
        elif entry.state:
            self._metrics.state_bytes_total.inc(entry.output.size)
        else:
            self._metrics.dead_letters_total.labels(entry.reason).inc()

    def _aborted(self, aborted: CommitAborted) -> None:
        self._metrics.transactions_total.labels("aborted").inc()
        self._rule.aborted(self._clock())
        told = {"aborts": self._rule.aborts, "buffer": self._buffer.described(), "error": str(aborted)}
        log.warning("commit aborted", extra={**told, "then": "the same buffer is sent again"})
        if self._rule.aborts >= MAX_ABORTS:
            raise CommitFailed(
                f"{self._rule.aborts} commits of {self._buffer.described()} were aborted: {aborted}. Nothing "
                "is lost: they are judged again at the next start"
            )

    def _shrink(self, refused: OutputRefused) -> None:
        """A dead letter is cut; an anomaly that does not fit stops the service, it is never dropped."""
        entry = list(self._buffer.entries())[refused.index]
        if entry.state:
            raise OutputFailed(
                f"topic {entry.output.topic} refuses a segment of {entry.output.size} bytes ({refused}): "
                "raise its max.message.bytes to 1048576"
            )
        if entry.published is None:
            told = {"size": entry.output.size, "then": "its beginning is sent, with a header that says so"}
            log.warning("dead letter cut", extra={"error": str(refused), **told})
            entry.output = truncated(entry.output)
            return
        raise OutputFailed(
            f"topic {entry.output.topic} refuses anomaly {entry.published.id} of {entry.output.size} bytes "
            f"({refused}): raise its max.message.bytes, or lower output.max_original"
        )
