"""One partition's records to outcomes: bytes in; scored, late, ignored or rejected out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from processor.detection.detector import CLUSTERED, Detector, Judgement, Repeat
from processor.detection.settings import DetectorSettings
from processor.errors import InvalidEvent
from processor.events import mapping
from processor.events.event import Event, Kind
from processor.events.formats import FORMATS, Decoder
from processor.events.generations import Generations, Key
from processor.events.sketches import Sketches
from processor.events.skim import COMPILED, Skimmer
from processor.events.windows import Sketch
from processor.records.ecs import RecordSettings, RecordWriter, Source, anomaly_id

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What a pipeline is told: frozen, made by the config.

    formats : the formats read, None = all; events of others are ignored
    max_record_size : bytes; a longer record is rejected
    max_command_line : characters used for features
    mappings : own sources; they come before the formats
    """

    detector: DetectorSettings
    formats: frozenset[str] | None
    max_record_size: int
    max_command_line: int
    records: RecordSettings
    mappings: tuple[mapping.Source, ...] = ()

    def decoder(self) -> Decoder:
        """What reads records as events, for whoever judges them and for whoever only looks."""
        return Decoder(
            formats=self.formats,
            max_record_size=self.max_record_size,
            max_command_line=self.max_command_line,
            mappings=self.mappings,
        )


@dataclass(frozen=True, slots=True)
class Published:
    """An anomaly, ready to produce."""

    id: str
    kind: Kind
    reason: str
    score: int
    opens_episode: bool
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A process or logon event that was judged and learned; `late` events are judged only.

    Outcomes without anything to publish are shared instances. Outcomes equal themselves only, so that a
    batch of them is counted without reading their fields.
    fate : what became of an anomalous verdict, "" where the event is clustered
        published | folded | suppressed | warmup | below_min_score | history
    """

    kind: Kind
    format: str
    clock_skewed: bool = False
    fate: str = ""
    reason: str = ""
    published: Published | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Late(Scored):
    """Older than the window: judged as if learned, then withdrawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Ignored:
    """Neither a process creation nor a logon, or of a format or kind that is not read."""


@dataclass(frozen=True, slots=True, eq=False)
class Rejected:
    """What should be an event but is broken: a dead letter. `reason` is one of events.event.REASONS."""

    reason: str
    field: str
    message: str


Outcome = Scored | Late | Ignored | Rejected


@dataclass(frozen=True, slots=True)
class Gauges:
    """What one partition's model holds at the moment; span in ms, counters so far."""

    window_events: Mapping[Kind, int]
    window_vectors: Mapping[Kind, int]
    window_span: int
    window_truncated: int
    scopes_warmup: int
    scopes_live: int
    scopes_expired_in_warmup: int
    scopes_with_two_sources: int


class Pipeline:
    """The model of one partition: a pure function of the records processed so far and the settings."""

    def __init__(self, settings: PipelineSettings, topic: str, partition: int) -> None:
        self._topic = topic
        self._partition = partition
        self._decoder = settings.decoder()
        self._records = RecordWriter(settings.records, dict(settings.detector.kinds))
        self._identify = partial(_identify, topic, partition)
        self._clustered = {
            (kind, source): Scored(kind, source) for kind in settings.detector.kinds for source in FORMATS
        }
        self._plain: dict[tuple[str, str, bool, bool, str, str], Scored] = {}
        self.detector = Detector(settings.detector, self._identify)
        self._max_command_line = settings.max_command_line
        # Own sources come before the formats, and what a sketch leaves out must not decide.
        sketched = not settings.mappings and self.detector.sketched
        self._sketch = Sketches(settings.formats, settings.max_record_size).of if sketched else _no_sketch
        # As Python, skimming takes longer than a sketch.
        self._skimmer = Skimmer(settings.max_record_size) if sketched and COMPILED else None
        self._repeats: Generations[Repeat] = Generations()
        # Their young generation, at hand.
        self._young = self._repeats.young

    def process(
        self,
        value: bytes | None,
        offset: int,
        timestamp: int,
        headers: Headers | None = None,
        *,
        learn_only: bool = False,
    ) -> Outcome:
        """Judge and learn one record.

        timestamp : the record's Kafka timestamp, ms since epoch
        learn_only : history: the event is learned and counted for warm-up, but nothing is published
        """
        if value is None:
            return _IGNORED
        skimmer = self._skimmer
        skimmed = None if skimmer is None else skimmer.key(value)
        if skimmed is not None and skimmer is not None:
            outcome = self._again(skimmed, skimmer.time, timestamp)
            if outcome is not None:
                return outcome
        sketch = self._sketch(value)
        if sketch is None:
            return self._observe(value, None, offset, timestamp, headers, learn_only=learn_only)
        key: Key = sketch[0] if skimmed is None else skimmed
        if skimmed is None:
            outcome = self._again(key, sketch[1], timestamp)
            if outcome is not None:
                return outcome
        judged = self._observe(value, sketch, offset, timestamp, headers, learn_only=learn_only)
        if isinstance(judged, Scored) and not judged.fate:
            repeat = self.detector.repeat()
            if repeat is not None:
                repeat.outcome = self._clustered[repeat.kind, repeat.format]
                self._repeats.remember(key, repeat)
                self._young = self._repeats.young
        return judged

    def _again(self, key: Key, time: int | None, timestamp: int) -> Scored | None:
        """The outcome of a record that repeats another, learned; None where it has to be observed."""
        known = self._young.get(key)
        if known is None:
            known = self._repeats.recall(key)
            self._young = self._repeats.young
        if known is not None and self.detector.again(known, time, timestamp):
            outcome: Scored = known.outcome
            return outcome
        return None

    def _observe(
        self,
        value: bytes,
        sketch: Sketch | None,
        offset: int,
        timestamp: int,
        headers: Headers | None,
        *,
        learn_only: bool,
    ) -> Outcome:
        """What `process` says of a record that has to be read in full."""
        try:
            event = self._read(value, sketch)
        except InvalidEvent as error:
            return Rejected(error.reason, error.field, str(error))
        if event is None or not self.detector.reads(event.kind):
            return _IGNORED
        judgement = self.detector.observe(event, value, offset, timestamp, learn_only=learn_only)
        if judgement is CLUSTERED:
            return self._clustered[event.kind, event.format]
        anomaly = judgement.anomaly
        if anomaly is None:
            return self._without_record(event, judgement)
        source = Source(self._topic, self._partition, offset, timestamp)
        published = Published(
            id=anomaly.id,
            kind=event.kind,
            reason=anomaly.case.reason.value,
            score=anomaly.score,
            opens_episode=anomaly.episode.index == 0,
            key=self._records.key(anomaly),
            value=self._records.value(anomaly, source, value),
            headers=self._records.headers(anomaly, source, headers),
        )
        outcome = Late if judgement.late else Scored
        return outcome(
            event.kind, event.format, judgement.clock_skewed, judgement.fate, published.reason, published
        )

    def _read(self, value: bytes, sketch: Sketch | None) -> Event | None:
        """The event in a record, from its sketch where there is one. Raises InvalidEvent."""
        if sketch is not None:
            try:
                event = sketch[3](sketch[2], len(value), self._max_command_line)
            except InvalidEvent:
                event = None
            if event is not None:
                return event
        return self._decoder.decode(value)

    @property
    def stream_time(self) -> int | None:
        """Highest event time seen, ms; None before the first event."""
        return self.detector.window.stream_time

    @property
    def window_offset(self) -> int | None:
        """Offset that opened the oldest pane still in the window: where a replay of the model begins."""
        return self.detector.window.first_offset

    def gauges(self) -> Gauges:
        """Sizes of the model, cheap enough for every batch."""
        engines = self.detector.engines
        histories = self.detector.histories.values()
        return Gauges(
            window_events={kind: engine.live_events for kind, engine in engines.items()},
            window_vectors={kind: engine.live_vectors for kind, engine in engines.items()},
            window_span=self.detector.window.span,
            window_truncated=sum(engine.truncated for engine in engines.values()),
            scopes_warmup=sum(history.in_warmup for history in histories),
            scopes_live=sum(history.live for history in histories),
            scopes_expired_in_warmup=sum(history.expired_in_warmup for history in histories),
            scopes_with_two_sources=sum(history.two_sources for history in histories),
        )

    def scopes(self) -> set[str]:
        """Scopes that the window holds."""
        return {scope for history in self.detector.histories.values() for scope in history}

    def _without_record(self, event: Event, judgement: Judgement) -> Scored:
        """The shared outcome of events that publish nothing."""
        reason = "" if judgement.reason is None else judgement.reason.value
        key = (event.kind, event.format, judgement.late, judgement.clock_skewed, judgement.fate, reason)
        outcome = self._plain.get(key)
        if outcome is None:
            make = Late if judgement.late else Scored
            outcome = make(event.kind, event.format, judgement.clock_skewed, judgement.fate, reason)
            self._plain[key] = outcome
        return outcome


_IGNORED = Ignored()


def _no_sketch(_value: bytes) -> Sketch | None:
    return None


def _identify(topic: str, partition: int, value: bytes, offset: int) -> str:
    return anomaly_id(topic, partition, offset, value)
