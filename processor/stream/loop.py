"""Poll, judge, commit: the service's one thread of work.

Outputs and offsets wait in the outbox; a transaction is open only while they are being committed.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from processor.errors import BrokerUnreachable
from processor.metrics import Metrics
from processor.pipeline import Outcome, Pipeline, Published, Rejected, Scored
from processor.stream.bookmark import Bookmark
from processor.stream.broker import Broker, Pending
from processor.stream.buffer import Entry
from processor.stream.dead_letters import DeadLetterLimits, RejectionWatch, dead_letter
from processor.stream.outbox import Outbox
from processor.stream.records import Committed, Output, Partition, Record, Run, Watermarks
from processor.stream.restore import Restore, RestoreSettings
from processor.stream.state_topic import StateSettings
from processor.stream.tally import Tally
from processor.stream.task import Task

log = logging.getLogger(__name__)

RESTORE_SLICE_S: Final = 0.05
# Of segments of state worked out in a turn, some milliseconds: an anomaly may come meanwhile.
STATE_PIECES: Final = 4
# Records taken from the client at once: objects of more leave the processor's cache and wake the collector,
# so that a record costs three times as much.
PER_POLL: Final = 500
# Of the five seconds that a stop may take.
STOP_WITHIN_S: Final = 3.0
_ASK_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """What the loop is told; max_wait_s is how long a poll waits for the first record."""

    topics: Sequence[str]
    anomalies_topic: str
    dead_letters_topic: str
    max_records: int
    max_wait_s: float
    restore: RestoreSettings
    dead_letters: DeadLetterLimits


class Loop:
    """One instance at work. It is its broker's Membership.

    make_pipeline : a partition's empty model
    observe : called after every turn with the loop itself: metrics, status, counts
    settled : called whenever the last partition assigned has become live
    clock : seconds, monotonic
    """

    def __init__(
        self,
        broker: Broker,
        make_pipeline: Callable[[Partition], Pipeline],
        settings: LoopSettings,
        metrics: Metrics,
        observe: Callable[["Loop"], None],
        *,
        settled: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._make_pipeline = make_pipeline
        self._settings = settings
        self._metrics = metrics
        self._observe = observe
        self._settled = settled
        self._clock = clock
        self._outbox = Outbox(broker, metrics, clock, self._position, self._committed)
        self._watch = RejectionWatch(settings.dead_letters)
        self._stop = threading.Event()
        self._stop_at: float | None = None
        self._ended = False
        self._out_of_range: set[Partition] = set()
        self._records_read = 0
        self.tally = Tally(metrics)
        self.tasks: dict[Partition, Task] = {}
        self.joined = False
        # Set before `run` where the models' state is to be kept.
        self.state: StateSettings | None = None

    @property
    def committed(self) -> list[Published]:
        """Anomalies that have been committed; whoever shows them takes them out."""
        return self._outbox.committed

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop_at is not None

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then commit what is done and leave the group."""
        self._stop = stop
        self._broker.subscribe(self._settings.topics, self)
        while not stop.is_set():
            self.turn()
        self.finish()

    def turn(self) -> None:
        """Poll and judge one batch, restore one slice, commit when due."""
        restoring = next((task for task in self.tasks.values() if task.restore is not None), None)
        at_work = restoring is not None or any(task.making for task in self.tasks.values())
        wait = 0.0 if at_work else self._outbox.patience(self._settings.max_wait_s)
        # A restore does not wait for a whole batch of other partitions.
        most = self._settings.max_records if restoring is None else min(PER_POLL, self._settings.max_records)
        read = self._judge_batch(most, wait)
        if restoring is not None and restoring.partition in self.tasks:
            self._restore(restoring)
        self._take_up_again()
        self._keep_state(at_once=read >= min(PER_POLL, most))
        self._outbox.commit_if_due(batch_was_full=read >= most, behind=read >= PER_POLL)
        self._observe(self)

    def finish(self) -> None:
        """Commit what has been judged, then leave the group, within STOP_WITHIN_S.

        Raises BrokerUnreachable or CommitFailed where that fails: nothing is lost then either.
        """
        self._stop_at = self._clock()
        self._observe(self)
        self._cut(self.tasks.values())
        while not self._outbox.empty and not self._outbox.commit(self._time_to_stop()):
            self._broker.poll(1, 0.1)
        self.close()

    def close(self) -> None:
        """Leave the group without a commit."""
        self._ended = True
        for task in self.tasks.values():
            if task.restore is not None:
                task.restore.close()
        self._broker.close()

    # -- membership

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """Begin to restore them; partitions that we have already are not touched."""
        self.joined = True
        self._metrics.rebalances_total.inc()
        log.info("partitions assigned", extra={"partitions": _names(partitions)})
        for partition in partitions:
            self._begin(partition)

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Commit, then forget them: what cannot be committed is judged again by their next owner."""
        self._metrics.rebalances_total.inc()
        log.info("partitions revoked", extra={"partitions": _names(partitions)})
        if not self._ended:
            self._cut(self.tasks[each] for each in partitions if each in self.tasks)
        if not self._ended and not self._outbox.empty and not self._outbox.commit():
            # An abort may be the echo of an earlier error: the next one counts.
            self._outbox.commit()
        self._forget(partitions)

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Forget them: others work on them already."""
        self._metrics.rebalances_total.inc()
        told = {"then": "nothing of them is committed; who has them goes on from what was"}
        log.warning("partitions lost", extra={"partitions": _names(partitions), **told})
        self._forget(partitions)

    def out_of_range(self, partition: Partition) -> None:
        """Looked into between two polls."""
        self._out_of_range.add(partition)

    def waiting(self) -> None:
        """Show that the loop is alive; end a wait that outlasts a stop."""
        self._observe(self)
        if self._stop.is_set():
            self._stop_at = self._stop_at or self._clock()
            if self._time_to_stop() <= 0:
                raise BrokerUnreachable(
                    "stopped while the brokers did not answer: what was not committed is judged again at "
                    "the next start"
                )

    def _begin(self, partition: Partition) -> None:
        restore = Restore(
            self._broker,
            partition,
            self._make_pipeline,
            self._settings.restore,
            self.state,
            clock=self._clock,
        )
        self.tasks[partition] = Task(partition, restore)
        self._metrics.add_partition(*partition)
        self._metrics.partitions_assigned.set(len(self.tasks))

    def _forget(self, partitions: Iterable[Partition]) -> None:
        for partition in partitions:
            task = self.tasks.pop(partition, None)
            self._out_of_range.discard(partition)
            if task is not None:
                self._metrics.drop_partition(*partition)
                if task.restore is not None:
                    task.restore.close()
        self._outbox.drop(partitions)
        self._metrics.partitions_assigned.set(len(self.tasks))

    # -- restoring

    def _restore(self, task: Task) -> None:
        restore = task.restore
        if restore is None:
            return
        known = restore.plan is not None
        restore.step(RESTORE_SLICE_S)
        task.pipeline = restore.pipeline
        if restore.plan is None:
            return
        if not known:
            task.next_offset, task.first_live = restore.plan.live_at, restore.plan.first_live
            if restore.plan.moved:
                # Before anything is learned: a restart now must find the same beginning.
                self._note(task, task.next_offset, [])
        self._note_state(task, restore.outputs)
        restore.outputs = []
        if restore.done:
            self._go_live(task, restore)

    def _go_live(self, task: Task, restore: Restore) -> None:
        self._broker.resume(task.partition, task.next_offset)
        self._metrics.restore_seconds.observe(restore.seconds)
        self._metrics.restores_total.labels(restore.origin).inc()
        task.restore = None
        task.keeper = restore.keeper
        if all(each.live for each in self.tasks.values()):
            self._settled()

    def _take_up_again(self) -> None:
        """Partitions whose next offset the log does not have: go on behind a gap, or begin anew."""
        for partition in sorted(self._out_of_range):
            task = self.tasks.get(partition)
            try:
                marks = self._broker.watermarks(partition, _ASK_S)
            except Pending:
                continue
            self._out_of_range.discard(partition)
            if task is None or not task.live:
                continue
            self._continue(task, marks)

    def _continue(self, task: Task, marks: Watermarks) -> None:
        partition, at = task.partition, task.next_offset
        told = {"topic": partition.topic, "partition": partition.number, "next": at}
        if at > marks.end:
            log.error("offset is beyond the log's end: restoring anew", extra={**told, "end": marks.end})
            self._broker.pause(partition)
            self._outbox.commit()
            self._outbox.drop([partition])
            self._begin(partition)
            return
        if at < marks.low:
            log.error("records deleted before they were read", extra={**told, "continued_at": marks.low})
            task.next_offset = marks.low
        self._broker.resume(partition, task.next_offset)

    # -- judging

    def _judge_batch(self, most: int, wait: float) -> int:
        """Poll and judge one batch of at most `most` records, a poll at a time; how many were read."""
        runs = self._broker.poll(min(PER_POLL, most), wait)
        if not runs:
            return 0
        began, read, judged = self._clock(), 0, 0
        while runs:
            taken = sum(map(len, runs))
            read += taken
            judged += self._judge(runs)
            # Let go of before the next are taken: those get memory that is still in the processor's cache.
            runs = []
            if taken == PER_POLL and read < most and not self._stop.is_set():
                runs = self._broker.poll(min(PER_POLL, most - read), 0.0)
        self._metrics.batch_records.observe(judged)
        self._metrics.batch_seconds.observe(self._clock() - began)
        return read

    def _judge(self, runs: Iterable[Run]) -> int:
        """How many records were judged: those of live partitions, from their next offset on."""
        judged = 0
        for run in runs:
            task = self.tasks.get(run.partition)
            if task is not None and task.live:
                new = run.between(task.next_offset)
                if new is not None:
                    self._judge_run(task, new)
                    judged += len(new)
        return judged

    def _judge_run(self, task: Task, run: Run) -> None:
        process = task.pipeline.process
        outcomes: list[Outcome] = list(map(process, run.values, run.offsets, run.timestamps, run.headers))
        entries = [
            self._entry(self._records_read + place, run[place], outcomes[place])
            for place in self.tally.add(outcomes)
        ]
        self._records_read += len(run)
        first = task.next_offset
        task.observed(run, self._clock())
        self._note(task, first, entries)

    def _keep_state(self, *, at_once: bool) -> None:
        """Begin the segments that are due, and go on with those begun.

        at_once : to their ends: where much is waiting, a segment must not last for many batches
        """
        for task in self.tasks.values():
            task.begin_state(self._clock())
        making = [task for task in self.tasks.values() if task.making]
        for task in making:
            self._note_state(task, task.make_state(None if at_once else max(1, STATE_PIECES // len(making))))

    def _cut(self, tasks: Iterable[Task]) -> None:
        """Close the segments of live partitions, at once."""
        for task in tasks:
            if task.behind:
                self._note_state(task, task.cut_state(self._clock()))

    def _note_state(self, task: Task, outputs: Sequence[Output]) -> None:
        if outputs:
            self._note(task, task.next_offset, [Entry(each, state=True) for each in outputs])

    def _entry(self, number: int, record: Record, outcome: Outcome) -> Entry:
        if isinstance(outcome, Rejected):
            self._watch.rejected(number, f"{outcome.reason}: {outcome.message}")
            output = dead_letter(self._settings.dead_letters_topic, record, outcome)
            return Entry(output, reason=outcome.reason)
        if not isinstance(outcome, Scored) or outcome.published is None:
            raise TypeError(f"nothing to write in {outcome!r}")
        published = outcome.published
        output = Output(
            self._settings.anomalies_topic, published.key, published.value, tuple(published.headers)
        )
        return Entry(output, published)

    def _note(self, task: Task, first: int, entries: Sequence[Entry]) -> None:
        self._outbox.note(task.partition, first, task.next_offset, entries)

    # -- committing

    def _position(self, partition: Partition, next_offset: int) -> Committed:
        task = self.tasks[partition]
        if task.restore is not None:
            return Committed(next_offset, task.restore.bookmark().encode())
        window = self._settings.restore
        bookmark = Bookmark(
            first_live=task.first_live,
            window_offset=task.pipeline.window_offset,
            stream_time=task.pipeline.stream_time,
            length=window.length,
            pane=window.pane,
            topic_id=self.state.origin(partition).topic_id if self.state else "",
        )
        return Committed(next_offset, bookmark.encode())

    def _committed(self) -> None:
        for task in self.tasks.values():
            keeper = task.keeper if task.restore is None else task.restore.keeper
            if keeper is not None:
                keeper.committed()

    def _time_to_stop(self) -> float:
        return STOP_WITHIN_S - (self._clock() - (self._stop_at or self._clock()))


def _names(partitions: Iterable[Partition]) -> str:
    return " ".join(str(partition) for partition in partitions)
