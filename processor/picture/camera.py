"""Pictures of running pipelines: taken now and then, worked out beside the stream, named in small steps."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Final, NamedTuple, cast

import numpy as np

from processor.clustering.components import ClusterCounts, Snapshot, label
from processor.clustering.room import Room
from processor.clustering.rows import Gate
from processor.detection import exemplars
from processor.detection.exemplars import Exemplar
from processor.events.event import LOGON, Kind, program_name
from processor.features.sets import FeatureSet
from processor.picture.draft import Description, Draft, Exposure, Vector
from processor.picture.picture import Picture
from processor.pipeline import Pipeline, PipelineSettings

# A partition: its topic and number.
Source = tuple[str, int]

_Rooms = Mapping[tuple[Source, Kind], Room]

# Vectors whose names are asked for in one turn of the loop: 2 ms.
_NAMED_A_TURN: Final = 500
# Characters of an exemplar that are shown: a picture holds ten thousand.
_TEXT: Final = 1_000
# Rest after a picture, as a multiple of the time that it took: pictures of a million vectors, seconds each,
# then cost the stream a tenth of a core at most.
_REST: Final = 9
# Slots of an engine from which room for its shot is made beforehand: copying fewer takes a millisecond.
_ROOMY: Final = 1 << 16
# Seconds that an end waits for a picture in the works.
_PATIENCE_S: Final = 1.5


@dataclass(frozen=True, slots=True)
class _Shot:
    """One kind of one partition, as the loop left it: arrays and small lists, safe for another thread."""

    source: Source
    kind: Kind
    features: FeatureSet
    snapshot: Snapshot
    parts: list[tuple[int, int, int]]
    part_events: list[tuple[int, int]]

    def exposure(self) -> Exposure:
        """Labelled, with the times of each vector's first and newest event: the starts of their panes."""
        serials, starts, offsets = (np.array(column, np.int64) for column in zip(*self.parts, strict=True))
        first = np.searchsorted(offsets, self.snapshot.first, "right") - 1
        newest = np.searchsorted(serials, self.snapshot.newest)
        start_of = {serial: start for serial, start, _ in self.parts}
        bars: dict[int, int] = {}
        for part, events in self.part_events:
            if part in start_of:
                bars[start_of[part]] = bars.get(start_of[part], 0) + events
        return Exposure(
            partition=f"{self.source[0]}/{self.source[1]}",
            kind=self.kind,
            features=self.features,
            labels=label(self.snapshot),
            # What has been seen for longer than the window began before its first pane.
            first_time=starts[np.maximum(first, 0)],
            last_time=starts[np.minimum(newest, len(starts) - 1)],
            bar_starts=tuple(bars),
            bar_events=tuple(bars.values()),
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """Clusters of all partitions by kind, and when they were so (monotonic, s)."""

    clusters: Mapping[Kind, ClusterCounts]
    taken_at: float


class Camera:
    """Takes a picture of all pipelines every `every_s` seconds, and counts their clusters; one at a time.

    The loop calls `tick` after each turn. In its thread a shot is copied and some names are looked up;
    labels, counts, plots and texts are worked out in a daemon thread.
    """

    def __init__(self, settings: PipelineSettings, every_s: float) -> None:
        """Take none yet; settings : what the pipelines were made by."""
        self._kinds = settings.detector.kinds
        self._pane = settings.detector.window.pane
        self._redact = settings.records.redactor.texts
        self._every_s = every_s
        self._next = float("-inf")
        self._begun = 0.0
        self._work: _Work | None = None
        self._counted: Counted | None = None
        self._draft: Draft | None = None
        self._wanted: Iterator[Vector] = iter(())
        self._found: dict[Vector, tuple[Gate, str]] = {}
        self._named: dict[Vector, Description] = {}

    def tick(self, pipelines: Mapping[Source, Pipeline], now: float) -> Picture | None:
        """Do the next small step; a picture when one has just been finished.

        now : monotonic, s. Raises what working a picture out has raised.
        """
        if self._work is not None:
            return self._take_result(pipelines, now)
        if self._draft is not None:
            self._look_up(self._draft, pipelines, now)
        elif now >= self._next:
            self._next = now + self._every_s
            self._make_room(pipelines, now)
        return None

    def take_count(self) -> Counted | None:
        """Clusters as counted since last asked: known before the picture is named."""
        counted, self._counted = self._counted, None
        return counted

    def close(self, within_s: float = _PATIENCE_S) -> bool:
        """Wait at most so long for what is in the works; whether nothing is any more.

        An interpreter that ends under a thread in compiled code may abort the process.
        """
        return self._work is None or self._work.ended(within_s)

    def _make_room(self, pipelines: Mapping[Source, Pipeline], now: float) -> None:
        sizes = {
            (source, kind): engine.slots.size
            for source, pipeline in pipelines.items()
            for kind, engine in pipeline.detector.engines.items()
            if engine.slots.size >= _ROOMY
        }
        if not sizes:
            self._expose(pipelines, now, {})
            return
        self._begun = now
        self._work = _Work(lambda: {key: Room(size) for key, size in sizes.items()})

    def _expose(self, pipelines: Mapping[Source, Pipeline], now: float, rooms: _Rooms) -> None:
        times = [each.stream_time for each in pipelines.values() if each.stream_time is not None]
        shots = [
            _Shot(
                source,
                kind,
                self._kinds[kind].features,
                engine.snapshot(rooms.get((source, kind))),
                pipeline.detector.window.parts(),
                engine.part_events(),
            )
            for source, pipeline in pipelines.items()
            for kind, engine in pipeline.detector.engines.items()
            if engine.live_events
        ]
        self._begun = now
        self._work = _Work(lambda: self._develop(shots, max(times, default=None), now))

    def _develop(self, shots: list[_Shot], stream_time: int | None, taken_at: float) -> "_Developed":
        exposures = [shot.exposure() for shot in shots]
        return _Developed(Draft(exposures, stream_time, self._pane), Counted(_added_up(exposures), taken_at))

    def _take_result(self, pipelines: Mapping[Source, Pipeline], now: float) -> Picture | None:
        if self._work is None or self._work.busy:
            return None
        self._next = max(self._next, now + _REST * (now - self._begun))
        result = self._work.result()
        self._work = None
        if isinstance(result, Mapping):
            self._expose(pipelines, now, result)
            return None
        if isinstance(result, _Developed):
            self._draft, self._counted = result
            self._found = {}
            self._wanted = (vector for vector in self._draft.wanted if vector not in self._named)
            return None
        self._draft = None
        return result

    def _look_up(self, draft: Draft, pipelines: Mapping[Source, Pipeline], now: float) -> None:
        """Ask the engines for some names; when all are known, finish the picture elsewhere."""
        by_name = {f"{topic}/{number}": pipeline for (topic, number), pipeline in pipelines.items()}
        vectors = list(islice(self._wanted, _NAMED_A_TURN))
        for vector in vectors:
            pipeline = by_name.get(vector.partition)
            said = None
            if pipeline is not None:
                said = pipeline.detector.engines[vector.kind].describe(vector.scope, vector.row, vector.first)
            if said is not None:
                self._found[vector] = said
        if len(vectors) < _NAMED_A_TURN:
            found = self._found
            self._begun = now
            self._work = _Work(lambda: self._finish(draft, found))

    def _finish(self, draft: Draft, found: Mapping[Vector, tuple[Gate, str]]) -> Picture:
        named = {vector: self._named[vector] for vector in draft.wanted if vector in self._named}
        kept = [exemplars.read(exemplar) for _, exemplar in found.values()]
        texts = self._redact([each.text for each in kept])
        for (vector, (gate, _)), each, text in zip(found.items(), kept, texts, strict=True):
            parts = self._kinds[vector.kind].features.gate_parts
            named[vector] = describe(vector.kind, parts, gate, each._replace(text=text[:_TEXT]))
        self._named = named
        return draft.finish(named)


class _Developed(NamedTuple):
    """What is known of a shot before its vectors are named."""

    draft: Draft
    counted: Counted


def _added_up(exposures: Iterable[Exposure]) -> Mapping[Kind, ClusterCounts]:
    """Counts of each kind over partitions: no cluster reaches across two."""
    totals: dict[Kind, Counter[str]] = {}
    for exposure in exposures:
        totals.setdefault(exposure.kind, Counter()).update(asdict(exposure.labels.counts()))
    return {kind: ClusterCounts(**total) for kind, total in totals.items()}


_Result = _Rooms | _Developed | Picture


class _Work:
    """One task in a daemon thread: it does not keep the process from ending."""

    def __init__(self, task: Callable[[], _Result]) -> None:
        self._task = task
        self._result: _Result | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="picture", daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    def ended(self, within_s: float) -> bool:
        """Whether it is done, waited for that long."""
        self._thread.join(within_s)
        return not self.busy

    def result(self) -> _Result:
        """What the task returned; raises what it raised."""
        if self._failure is not None:
            raise self._failure
        return cast("_Result", self._result)

    def _run(self) -> None:
        try:
            self._result = self._task()
        except BaseException as failure:  # noqa: BLE001 - the loop raises it
            self._failure = failure


def describe(kind: Kind, gate_parts: tuple[str, ...], gate: Gate, exemplar: Exemplar) -> Description:
    """Program and account of a vector: its exemplar's, else from its gate, else from the text."""
    parts = dict(zip(gate_parts, gate, strict=True))
    text, program, account, host = exemplar
    if kind == LOGON:
        name = account or str(parts.get("account", "")) or text.rpartition(" from ")[0]
        return Description("", name, text, host)
    path = str(parts.get("executable_masked", "")) or _first_word(text)
    return Description(program or program_name(path), account, text, host)


def _first_word(command_line: str) -> str:
    line = command_line.lstrip()
    if line.startswith('"'):
        return line[1:].partition('"')[0]
    # A path with blanks that nobody quoted still ends in .exe.
    head, found, _ = line.partition(".exe")
    return head + found if found and " " in head and "\\" in head else line.partition(" ")[0]
