"""The one way into processing: a partition's model is taken from its state and the log, then it goes live.

The newest whole chain of segments that ends at the committed offset or before is taken over; the records from
there on (without state, all that the window is made of) are run through the whole pipeline, output discarded.
All in slices between polls; the group's own position stays paused at the committed offset meanwhile.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from processor.detection import state
from processor.detection.segments import DamagedState, Segment
from processor.events.event import Kind
from processor.pipeline import Pipeline
from processor.stream.bookmark import Bookmark
from processor.stream.broker import Broker, Pending, Reader
from processor.stream.records import Committed, Output, Partition, Watermarks
from processor.stream.relearning import Relearning
from processor.stream.state_topic import Held, Keeper, StateSettings

log = logging.getLogger(__name__)

Origin = Literal["state", "log", "none"]
_ASK_S: Final = 0.2
_SLICE_RECORDS: Final = 500
_WAIT_S: Final = 0.01
# A restore that takes longer says how far it is.
TELL_EVERY_S: Final = 10.0
_NO_BOOKMARK: Final = "no bookmark beside the offset: all that is retained is learned"


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
    missing : offsets of the window that the log no longer has: without state they are not learned
    moved : `live_at` is not what was committed: it has to be committed
    surprise : what the operator should know, "" where all is as expected
    """

    begin: int | None
    live_at: int
    first_live: int
    since: int = 0
    moved: bool = False
    surprise: str = ""
    missing: int = 0

    @property
    def first_start(self) -> bool:
        """Whether nothing was ever committed."""
        return self.moved and not self.surprise


def plan(
    committed: Committed | None, marks: Watermarks, settings: RestoreSettings, topic_id: str = ""
) -> Plan:
    """What to learn and where to go live, from the group's position and what the log still holds.

    topic_id : of the topic as it is now, "" where nobody tells
    """
    if committed is None:
        live_at = marks.end if settings.start == "now" else marks.low
        return Plan(marks.low, live_at, live_at, moved=True)
    at = committed.next_offset
    bookmark = Bookmark.decode(committed.metadata)
    elsewhere = _elsewhere(at, bookmark, marks, topic_id)
    if elsewhere is not None:
        return elsewhere
    if bookmark is None:
        return Plan(marks.low, at, 0, surprise=_NO_BOOKMARK)
    if (bookmark.length, bookmark.pane) == (settings.length, settings.pane) or bookmark.stream_time is None:
        begin = at if bookmark.window_offset is None else bookmark.window_offset
        return Plan(
            min(at, max(marks.low, begin)), at, bookmark.first_live, missing=max(0, marks.low - begin)
        )
    since = bookmark.stream_time - settings.length - settings.pane - settings.max_future_skew
    surprise = f"the window changed: learning from about {since} ms on, approximately"
    return Plan(None, at, bookmark.first_live, since=since, surprise=surprise)


def _elsewhere(at: int, bookmark: Bookmark | None, marks: Watermarks, topic_id: str) -> Plan | None:
    """Where to go on if the log does not have the committed offset, or is another topic's."""
    if bookmark is not None and topic_id and bookmark.topic_id not in ("", topic_id):
        surprise = f"committed offset {at} is of a topic that was deleted: this one is judged from its start"
        return Plan(marks.low, marks.low, marks.low, moved=True, surprise=surprise)
    if at > marks.end:
        surprise = f"committed offset {at} is beyond the log's end {marks.end}: live from there"
        return Plan(marks.low, marks.end, marks.end, moved=True, surprise=surprise)
    if at < marks.low:
        surprise = (
            f"records {at} to {marks.low - 1} were deleted before they were read: live from {marks.low}"
        )
        return Plan(marks.low, marks.low, marks.low, moved=True, surprise=surprise)
    return None


class Restore:
    """The restore of one partition, a slice at a time."""

    def __init__(
        self,
        broker: Broker,
        partition: Partition,
        make_pipeline: Callable[[Partition], Pipeline],
        settings: RestoreSettings,
        kept: StateSettings | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._partition = partition
        self._make_pipeline = make_pipeline
        self._settings = settings
        self._kept = kept
        self._clock = clock
        self._reader: Reader | None = None
        self._began = time.monotonic()
        self._tell_at = self._began + TELL_EVERY_S
        self._begin = 0
        self._replayed = 0
        self._draft: Plan | None = None
        self._log = Watermarks(0, 0)
        self._held: Held | None = None
        self._links: list[Segment] = []
        # Kinds that the links bring back, each from which of them on.
        self._kinds: Mapping[Kind, int] = {}
        self._relearning: Relearning | None = None
        self._adopting: Iterator[float] | None = None
        self._adopted = 0.0
        self.pipeline = make_pipeline(partition)
        self.keeper: Keeper | None = None
        self.outputs: list[Output] = []
        self.plan: Plan | None = None
        self.done = False

    @property
    def progress(self) -> float:
        """Share of the records to take over or to learn that is done, in [0, 1]."""
        if self.done:
            return 1.0
        if self.plan is None:
            return 0.0
        kept = self._links[-1].end - self._links[0].start if self._links else 0
        begin = self._links[-1].end if self._links else 0
        learned = 0
        if self._reader is not None:
            begin, learned = self._begin, self._reader.position - self._begin
        total = kept + self.plan.live_at - begin
        return min(1.0, (self._adopted * kept + learned) / max(1, total))

    @property
    def origin(self) -> Origin:
        """Where the model came from; state with a gap counts as the log that stood in for it."""
        if self._links:
            return "log" if self._held is not None and self._held.broken else "state"
        return "log" if self._replayed else "none"

    @property
    def seconds(self) -> float:
        """Since the partition was assigned."""
        return time.monotonic() - self._began

    def step(self, budget_s: float) -> None:
        """Work for about budget_s; a question that is not answered yet is asked again next time."""
        try:
            until = time.monotonic() + budget_s
            if self._draft is None:
                self._draft = self._make_plan()
            elif self.plan is None:
                self._read_state(self._draft, until)
            elif self._adopting is not None:
                self._adopt(self._adopting, until)
            elif self._reader is None:
                self._open(self.plan)
            elif not self._reader.done:
                self._learn(self.plan, self._reader, until)
            else:
                self._end()
        except Pending:
            pass
        if not self.done and time.monotonic() >= self._tell_at:
            self._tell_at = time.monotonic() + TELL_EVERY_S
            log.info("still restoring", extra={**self._where(), "done": round(self.progress, 3)})

    def close(self) -> None:
        """Let go of the connection."""
        if self._reader is not None:
            self._reader.close()

    def bookmark(self) -> Bookmark:
        """What to note at the offset where the partition goes live, before anything has been learned."""
        if self.plan is None:
            raise RuntimeError("no plan yet")
        settings = self._settings
        begin = self.plan.begin
        if begin is None:
            begin = self._links[-1].floor if self._links else self._begin
        live = self.plan.first_live
        return Bookmark(live, begin, None, settings.length, settings.pane, self._topic_id)

    @property
    def _topic_id(self) -> str:
        return self._kept.origin(self._partition).topic_id if self._kept is not None else ""

    def _make_plan(self) -> Plan:
        committed = self._broker.committed(self._partition, _ASK_S)
        marks = self._broker.watermarks(self._partition, _ASK_S)
        self._log = marks
        made = plan(committed, marks, self._settings, self._topic_id)
        if made.surprise:
            log.warning(made.surprise, extra=self._where())
        return made

    def _read_state(self, draft: Plan, until: float) -> None:
        """Read what the state topic holds of the partition, then decide what to begin with."""
        if self._kept is None:
            self.plan = draft
            return
        if self._held is None:
            self._kept.make_room(self._broker, self._partition)
            where = Partition(self._kept.topic, self._partition.number)
            marks = self._broker.watermarks(where, _ASK_S)
            self._held = Held(self._kept, self._partition)
            self._reader = self._broker.reader(where, marks.low, marks.end)
        while self._reader is not None and not self._reader.done:
            if time.monotonic() >= until:
                return
            self._held.take(self._reader.read(_SLICE_RECORDS, _WAIT_S))
        self.close()
        self._reader = None
        self._links = self._held.chain(self._log.end if draft.first_start else draft.live_at)
        self._kinds = state.usable(self._links, self._kept.detector)
        if draft.begin is None and len(self._kinds) < len(self._kept.detector.kinds):
            # The second model would cut its window otherwise than the links did.
            self._links = []
        if self._links:
            self._adopting = state.restore(self.pipeline.detector, self._links, self._kinds)
            end = self._links[-1].end
            log.info("restoring from state", extra={**self._where(), "to": end, "segments": len(self._links)})
            if draft.first_start:
                draft = replace(draft, begin=self._links[-1].floor, live_at=end, first_live=end)
        self.plan = draft

    def _adopt(self, adopting: Iterator[float], until: float) -> None:
        """Take over a piece of the state; the log is learned where it turns out to be of no use."""
        try:
            for share in adopting:
                self._adopted = share
                if time.monotonic() >= until:
                    return
        except DamagedState as damage:
            self._give_up_state(damage)
        self._adopting, self._adopted = None, 1.0

    def _give_up_state(self, damage: DamagedState) -> None:
        told = {"why": str(damage), "then": "the window is learned from the log"}
        log.warning("state is not used", extra={**told, **self._where()})
        self._links, self._kinds, self._relearning = [], {}, None
        self.pipeline = self._make_pipeline(self._partition)

    def _keep(self, begin: int, whole: Collection[Kind] = ()) -> None:
        """From now on the model's segments can be cut."""
        if self._kept is not None and self._held is not None:
            self.keeper = Keeper(
                self._kept,
                self._partition,
                self.pipeline.detector,
                begin,
                links=self._links,
                whole=whole,
                held=self._held.keys,
                now=self._clock(),
            )

    def _open(self, plan: Plan) -> None:
        begin = plan.begin
        if self._links:
            self._tell_hole(self._links[-1].end, min(self._log.low, plan.live_at))
            begin = min(self._relearn(self._links[-1]), plan.live_at)
        elif begin is None:
            found = self._broker.offset_at(self._partition, plan.since, _ASK_S)
            begin = plan.live_at if found is None else min(found, plan.live_at)
        elif plan.missing:
            told = {"missing": plan.missing, "then": "what is retained is learned"}
            log.warning("the log no longer holds the whole window", extra={**told, **self._where()})
        self._begin = begin
        if self._relearning is None:
            self._keep(begin)
        if begin >= plan.live_at:
            self._end()
            return
        log.info("restoring", extra={**self._where(), "from": begin, "to": plan.live_at})
        self._reader = self._broker.reader(self._partition, begin, plan.live_at)

    def _tell_hole(self, kept: int, low: int) -> None:
        """State ends at `kept`, the log begins at `low`."""
        if kept < low:
            told = {"missing": low - kept, "from": kept, "to": low, "then": "what is retained is learned"}
            log.warning("the log no longer holds what is missing in the state", extra=told | self._where())

    def _relearn(self, last: Segment) -> int:
        """Where to begin behind a chain: before its end where some kind is not in it."""
        if self._kept is None or len(self._kinds) == len(self._kept.detector.kinds):
            return last.end
        kinds = sorted(self._kept.detector.kinds.keys() - self._kinds.keys())
        self._relearning = Relearning(
            self.pipeline,
            self._make_pipeline(self._partition),
            self._kept.detector,
            last=last,
            kinds=kinds,
            low=self._log.low,
        )
        told: dict[str, object] = {"kinds": " ".join(kinds), "from": self._relearning.begin, "to": last.end}
        if self._relearning.missing:
            told["then"] = "the log no longer holds the whole window: what is retained is learned"
        log.warning("learned again from the log", extra={**told, **self._where()})
        return self._relearning.begin

    def _relearned(self, relearning: Relearning) -> None:
        """Its records have all been read: the model is whole."""
        try:
            relearning.finish()
        except DamagedState as damage:
            self._give_up_state(damage)
            self.close()
            self._reader = None
            return
        self._relearning = None
        self._keep(relearning.end, relearning.kinds)

    def _learn(self, plan: Plan, reader: Reader, until: float) -> None:
        while not reader.done and time.monotonic() < until:
            records = reader.read(_SLICE_RECORDS, _WAIT_S)
            if (relearning := self._relearning) is not None:
                earlier = [record for record in records if record.offset < relearning.end]
                relearning.learn(earlier)
                self._replayed += len(earlier)
                records = records[len(earlier) :]
                if records or reader.done:
                    self._relearned(relearning)
                    if self._reader is None:
                        return
            for record in records:
                self.pipeline.process(
                    record.value,
                    record.offset,
                    record.timestamp,
                    record.headers,
                    learn_only=record.offset < plan.first_live,
                )
            self._replayed += len(records)
            if self.keeper is not None and records:
                self.keeper.observed(len(records), self._clock())
                if self.keeper.due(self._clock()):
                    self.outputs += self.keeper.cut(records[-1].offset + 1, self._clock())

    def _end(self) -> None:
        if self._relearning is not None:
            self._relearned(self._relearning)
            if self.keeper is None:
                return
        self.close()
        self.done = True
        told = {"from": self.origin, "replayed": self._replayed, "seconds": round(self.seconds, 3)}
        log.info("restored", extra={**self._where(), **told})

    def _where(self) -> dict[str, object]:
        return {"topic": self._partition.topic, "partition": self._partition.number}
