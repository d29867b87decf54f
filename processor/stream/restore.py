"""The one way into processing: a partition's model is learned again from the log, then it goes live.

The records that the window at the committed offset is made of are run through the whole pipeline, output
discarded, in slices between polls; the group's own position stays paused at the committed offset meanwhile.
"""

import logging
import time
from dataclasses import dataclass
from typing import Final, Literal

from processor.pipeline import Pipeline
from processor.stream.bookmark import Bookmark
from processor.stream.broker import Broker, Pending, Reader
from processor.stream.records import Committed, Partition, Watermarks

log = logging.getLogger(__name__)

Origin = Literal["state", "log", "none"]
_ASK_S: Final = 0.2
_SLICE_RECORDS: Final = 500
_WAIT_S: Final = 0.01
_NO_BOOKMARK: Final = "nothing of ours is noted beside the offset: all that is retained is learned"


@dataclass(frozen=True, slots=True)
class RestoreSettings:
    """Where a first start begins, and the window, ms."""

    start: Literal["now", "earliest"]
    length: int
    pane: int
    max_future_skew: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Learn [begin, live_at), be live from live_at on; what is before first_live is history.

    begin : None = to be asked from the broker: the first record at or after `since` (ms)
    moved : `live_at` is not what was committed: it has to be committed
    surprise : what the operator should know, "" where all is as expected
    """

    begin: int | None
    live_at: int
    first_live: int
    since: int = 0
    moved: bool = False
    surprise: str = ""


def plan(committed: Committed | None, marks: Watermarks, settings: RestoreSettings) -> Plan:
    """What to learn and where to go live, from the group's position and what the log still holds."""
    if committed is None:
        live_at = marks.end if settings.start == "now" else marks.low
        return Plan(marks.low, live_at, live_at, moved=True)
    at = committed.next_offset
    if at > marks.end:
        surprise = f"committed offset {at} is beyond the log's end {marks.end}: live from there"
        return Plan(marks.low, marks.end, marks.end, moved=True, surprise=surprise)
    if at < marks.low:
        surprise = f"records {at} to {marks.low - 1} were deleted before they were read"
        return Plan(marks.low, marks.low, marks.low, moved=True, surprise=surprise)
    bookmark = Bookmark.decode(committed.metadata)
    if bookmark is None:
        return Plan(
            marks.low, at, 0, surprise="no bookmark beside the offset: all that is retained is learned"
        )
    if (bookmark.length, bookmark.pane) == (settings.length, settings.pane) or bookmark.stream_time is None:
        begin = at if bookmark.window_offset is None else bookmark.window_offset
        return Plan(min(at, max(marks.low, begin)), at, bookmark.first_live)
    since = bookmark.stream_time - settings.length - settings.pane - settings.max_future_skew
    surprise = f"the window changed: learning from about {since} ms on, approximately"
    return Plan(None, at, bookmark.first_live, since=since, surprise=surprise)


class Restore:
    """The restore of one partition, a slice at a time."""

    def __init__(
        self, broker: Broker, partition: Partition, pipeline: Pipeline, settings: RestoreSettings
    ) -> None:
        self._broker = broker
        self._partition = partition
        self._pipeline = pipeline
        self._settings = settings
        self._reader: Reader | None = None
        self._began = time.monotonic()
        self._begin = 0
        self._replayed = 0
        self.plan: Plan | None = None
        self.done = False

    @property
    def progress(self) -> float:
        """Share of the records to learn that has been learned, in [0, 1]."""
        if self.done:
            return 1.0
        if self.plan is None or self._reader is None:
            return 0.0
        return min(1.0, (self._reader.position - self._begin) / max(1, self.plan.live_at - self._begin))

    @property
    def origin(self) -> Origin:
        """Where the model came from."""
        return "log" if self._replayed else "none"

    @property
    def seconds(self) -> float:
        """Since the partition was assigned."""
        return time.monotonic() - self._began

    def step(self, budget_s: float) -> None:
        """Work for about budget_s; a question that is not answered yet is asked again next time."""
        try:
            if self.plan is None:
                self.plan = self._make_plan()
            elif self._reader is None:
                self._open(self.plan)
            elif not self._reader.done:
                self._learn(self.plan, self._reader, time.monotonic() + budget_s)
            else:
                self._end()
        except Pending:
            return

    def close(self) -> None:
        """Let go of the connection."""
        if self._reader is not None:
            self._reader.close()

    def bookmark(self) -> Bookmark:
        """What to note at the offset where the partition goes live, before anything has been learned."""
        if self.plan is None:
            raise RuntimeError("no plan yet")
        settings = self._settings
        return Bookmark(self.plan.first_live, self.plan.begin, None, settings.length, settings.pane)

    def _make_plan(self) -> Plan:
        committed = self._broker.committed(self._partition, _ASK_S)
        made = plan(committed, self._broker.watermarks(self._partition, _ASK_S), self._settings)
        if made.surprise:
            log.warning(made.surprise, extra=self._where())
        return made

    def _open(self, plan: Plan) -> None:
        begin = plan.begin
        if begin is None:
            found = self._broker.offset_at(self._partition, plan.since, _ASK_S)
            begin = plan.live_at if found is None else min(found, plan.live_at)
        self._begin = begin
        if begin >= plan.live_at:
            self._end()
            return
        log.info("restoring", extra={**self._where(), "from": begin, "to": plan.live_at})
        self._reader = self._broker.reader(self._partition, begin, plan.live_at)

    def _learn(self, plan: Plan, reader: Reader, until: float) -> None:
        while not reader.done and time.monotonic() < until:
            for record in reader.read(_SLICE_RECORDS, _WAIT_S):
                self._pipeline.process(
                    record.value,
                    record.offset,
                    record.timestamp,
                    record.headers,
                    learn_only=record.offset < plan.first_live,
                )
                self._replayed += 1

    def _end(self) -> None:
        self.close()
        self.done = True
        told = {"from": self.origin, "replayed": self._replayed, "seconds": round(self.seconds, 3)}
        log.info("restored", extra={**self._where(), **told})

    def _where(self) -> dict[str, object]:
        return {"topic": self._partition.topic, "partition": self._partition.number}
