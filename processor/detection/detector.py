"""One partition's models: events in, verdicts out. Time comes from events only."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

from processor.clustering.engine import Engine, Role, Spot
from processor.clustering.limit import Limit
from processor.detection.assess import assess
from processor.detection.episodes import Episodes, FoldKey
from processor.detection.exemplars import exemplar
from processor.detection.explain import explain
from processor.detection.novelty import Gate, Known
from processor.detection.settings import DetectorSettings, KindSettings, ScopeSettings
from processor.detection.suppress import suppressing
from processor.detection.verdict import Anomaly, Assessment, Case, Reason, is_service, score
from processor.detection.warmup import Histories
from processor.detection.window import Window
from processor.events.event import ECS_FIELDS, PROCESS, Event, Kind, folder
from processor.events.generations import Generations
from processor.features.memo import Memo

Fate = Literal["", "published", "folded", "suppressed", "warmup", "below_min_score", "history"]

# The scopes that a sketch's key decides.
_SKETCHED_SCOPES = ("host.name", "none")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one event.

    reason : why it is anomalous, None where it belongs to a cluster
    fate : what happens to an anomalous verdict, "" where it belongs to a cluster
    anomaly : present only where the fate is "published"
    """

    late: bool
    clock_skewed: bool
    reason: Reason | None
    fate: Fate
    anomaly: Anomaly | None = None


class Learned(NamedTuple):
    """Where the event learned last is kept: what an offline study needs to find its label again."""

    event: Event
    scope: str
    row: int
    part: int


class Repeat:
    """How copies of an event that belongs to a cluster are learned, by `Detector.again`.

    kind, format : the event's
    outcome : what the caller says of each copy
    """

    __slots__ = ("engine", "format", "history", "kind", "model", "outcome", "scope", "spot")

    outcome: Any

    def __init__(self, event: Event, model: "_Model", scope: str, spot: Spot) -> None:
        self.kind, self.format = event.kind, event.format
        self.model = model
        self.engine = model.engine
        self.scope = scope
        self.spot = spot
        self.history = model.histories.of(scope)
        self.outcome = None


class _Model:
    """One kind's features, clusters and warm-up."""

    __slots__ = (
        "clusters_are_normal",
        "engine",
        "features",
        "histories",
        "known",
        "measure",
        "rare_cluster_size",
        "single_is_cluster",
    )

    def __init__(self, kind: KindSettings, settings: DetectorSettings, limit: Limit) -> None:
        self.features = kind.features
        self.measure = Memo(kind.features).measure
        self.rare_cluster_size = kind.rare_cluster_size
        self.single_is_cluster = kind.min_samples == 1
        # No member of a cluster is an anomaly: neither of a rare one nor of one with a single event.
        self.clusters_are_normal = not (self.single_is_cluster or kind.rare_cluster_size)
        self.engine = _engine(kind, limit)
        self.histories = Histories(settings.warmup, settings.max_scopes, settings.window.length)
        self.known = Known(kind.features.kind, kind.features.gate_parts)


def _engine(kind: KindSettings, limit: Limit) -> Engine:
    """An empty clusterer: ours, or a rival behind the same face."""
    make: Callable[..., Engine] = Engine
    if kind.engine != "sliding_dbscan":
        # Only where it is asked for: river costs a second.
        from processor.clustering.river_engines import FadingEngine  # noqa: PLC0415

        make = partial(FadingEngine, kind.engine)
    return make(
        columns=len(kind.features.columns),
        eps=kind.eps,
        min_samples=kind.min_samples,
        vector=kind.features.vector,
        rare_cluster_size=kind.rare_cluster_size,
        max_vectors=limit,
    )


class Detector:
    """The models of one partition, a pure function of the events observed so far and the settings.

    last : the event that `observe` learned last, None where the last one was late
    scope_of : an event -> the scope that it belongs to
    followed : somebody reads `last` after every event: none is learned by `again`
    """

    def __init__(self, settings: DetectorSettings, identify: Callable[[bytes, int], str]) -> None:
        """Start with an empty window.

        identify : record value and offset -> the anomaly's id; asked for only where one may be published
        """
        self._settings = settings
        self._identify = identify
        self.scope_of = _ScopeReader(settings.scope)
        limit = Limit(settings.max_vectors)
        self._models = {kind: _Model(own, settings, limit) for kind, own in settings.kinds.items()}
        self._episodes = Episodes(settings.episode)
        self.window = Window(settings.window, settings.max_segment_events)
        self.last: Learned | None = None
        self.followed = False
        self._max_skew = settings.window.max_future_skew

    @property
    def sketched(self) -> bool:
        """Whether events of equal sketches have one scope, gate and vector (events/sketches.py)."""
        return self._settings.scope.by in _SKETCHED_SCOPES and all(
            model.features.sketched for model in self._models.values()
        )

    @property
    def engines(self) -> dict[Kind, Engine]:
        """The clusterer of each kind."""
        return {kind: model.engine for kind, model in self._models.items()}

    @property
    def histories(self) -> dict[Kind, Histories]:
        """The scopes of each kind and their warm-up."""
        return {kind: model.histories for kind, model in self._models.items()}

    @property
    def episodes(self) -> Episodes:
        """The open episodes."""
        return self._episodes

    def rebuild_known(self) -> None:
        """Read from the engines which programs and accounts the window knows: after a restore filled them."""
        for model in self._models.values():
            model.known.rebuild(model.engine)

    def reads(self, kind: Kind) -> bool:
        """Whether events of this kind are judged at all."""
        return kind in self._models

    def observe(
        self, event: Event, value: bytes, offset: int, timestamp: int, *, learn_only: bool = False
    ) -> Judgement:
        """Judge and learn one event.

        value, offset, timestamp : of its record; the timestamp (ms) is the time of an event that has none
            or one too far ahead
        learn_only : history: nothing is published and no episode opens
        """
        model = self._models[event.kind]
        engine, window = model.engine, self.window
        time, clock_skewed = self._time(event, timestamp)
        scope = self.scope_of(event)
        gate, counts = model.measure(event)
        row = engine.intern(gate, counts)
        late = time < window.late_before
        if late:
            self.last = None
            role = engine.judge(scope, row)
            live = model.histories.is_live(scope, window.horizon)
        else:
            if window.advance(time, offset):
                self._expire()
            role = engine.learn(scope, row, window.part, offset, exemplar(event, scope))
            live = self._count(model, event.format, scope)
            self.last = Learned(event, scope, row, window.part)
        if role is not Role.NOISE and model.clusters_are_normal:
            return CLUSTERED if not (late or clock_skewed) else _CLUSTERED[late, clock_skewed]
        reason = self._reason(model, role, scope, row, learned=not late)
        if reason is None:
            return _CLUSTERED[late, clock_skewed]
        if reason is Reason.NEW_SINGLETON_CLUSTER and not late:
            model.known.saw(scope, gate, model.engine)
        withheld = "history" if learn_only else self._withheld(event, time, live=live)
        if withheld is not None:
            return Judgement(late, clock_skewed, reason, withheld)
        case = Case(
            event, value, offset, time, scope, gate, counts, row, reason, late, clock_skewed, warmup=not live
        )
        return self._publish(model, case)

    def _withheld(self, event: Event, time: int, *, live: bool) -> Fate | None:
        """Why an anomaly is not published by its scope or by a rule; None = it is."""
        if not live and not self._settings.warmup.publish:
            return "warmup"
        rules = self._settings.suppress
        if rules and suppressing(rules, event, self.window.stream_time or time) is not None:
            return "suppressed"
        return None

    def score_of_last(self) -> int:
        """The score of the event learned last, an anomaly or not: what a study ranks by. `followed` is set.

        Raises LookupError where that event was late.
        """
        if self.last is None:
            raise LookupError("a late event is not in the window")
        event, scope, row, _ = self.last
        gate = self._models[event.kind].engine.gate(row)
        return score(self._assess(event, scope, row, gate, self.window.stream_time or 0, learned=True))

    def repeat(self) -> Repeat | None:
        """How copies of the event that was observed last are learned, None where each has to be observed."""
        if self.last is None or self.followed:
            return None
        event, scope, row, _ = self.last
        model = self._models[event.kind]
        spot = model.engine.spot(scope, row) if model.clusters_are_normal else None
        return None if spot is None else Repeat(event, model, scope, spot)

    def again(self, repeat: Repeat, time: int | None, timestamp: int) -> bool:
        """Learn a copy of an earlier event: `observe` would say CLUSTERED.

        False, and nothing done, where `observe` has to be asked.

        time : the event's own, ms, None where it has none
        timestamp : of its record, ms
        """
        window = self.window
        at = timestamp if time is None else time
        if at > timestamp + self._max_skew:
            return False
        part = window.part
        if not window.late_before <= at < window.pane_end or not window.room or self.followed:
            return False
        if not repeat.engine.again(repeat.spot, part):
            return False
        # What window.advance does where no part opens.
        window.room -= 1
        if window.stream_time is None or at > window.stream_time:
            window.stream_time = at
        history = repeat.history
        if history.live and history.last_part == part and history.format == repeat.format:
            history.count += 1
            return True
        histories = repeat.model.histories
        if not histories.again(history, window.stream_time, part, repeat.format):
            self._count(repeat.model, repeat.format, repeat.scope)
            repeat.history = histories.of(repeat.scope)
        return True

    def _time(self, event: Event, timestamp: int) -> tuple[int, bool]:
        """The time an event is taken at, ms, and whether its own was too far ahead to be believed."""
        if event.time is None:
            return timestamp, False
        if event.time > timestamp + self._max_skew:
            return timestamp, True
        return event.time, False

    def _expire(self) -> None:
        for model in self._models.values():
            model.engine.expire(self.window.horizon)

    def _count(self, model: _Model, source: str, scope: str) -> bool:
        """Count an event of a format in its scope's history; whether the scope is live."""
        window = self.window
        live, forgotten = model.histories.saw(
            scope, window.stream_time or 0, window.part, window.horizon, source
        )
        if forgotten is not None:
            model.engine.drop_scope(forgotten)
        return live

    @staticmethod
    def _reason(model: _Model, role: Role, scope: str, row: int, *, learned: bool) -> Reason | None:
        engine = model.engine
        if role is Role.NOISE:
            if engine.alone_in_gate(scope, row, learned=learned):
                return Reason.NEW_SINGLETON_CLUSTER
            return Reason.OUTSIDE_CLUSTERS
        if model.single_is_cluster and engine.neighbours(scope, row, learned=learned) == 0:
            return Reason.NEW_SINGLETON_CLUSTER
        limit = model.rare_cluster_size
        if limit and engine.cluster_size(scope, row, limit + 1, learned=learned)[0] <= limit:
            return Reason.RARE_CLUSTER
        return None

    def _publish(self, model: _Model, case: Case) -> Judgement:
        settings, event = self._settings, case.event
        now = case.time if self.window.stream_time is None else self.window.stream_time
        seen = self._assess(event, case.scope, case.row, case.gate, now, learned=not case.late)
        points = score(seen)
        if points < settings.min_score:
            return Judgement(case.late, case.clock_skewed, case.reason, "below_min_score")
        anomaly_id = self._identify(case.value, case.offset)
        program = event.executable if event.kind == PROCESS else ""
        key = self.fold_key(event)
        place = self._episodes.place(case.scope, anomaly_id, now, points, key, program=program)
        if place is None:
            return Judgement(case.late, case.clock_skewed, case.reason, "folded")
        length = settings.window.length
        explanation = explain(case, seen, model.features, model.engine, model.known, window=length)
        anomaly = Anomaly(
            anomaly_id, case, points, seen, explanation, place, model.engine.live_events, self.window.span
        )
        return Judgement(case.late, case.clock_skewed, case.reason, "published", anomaly)

    def _assess(
        self, event: Event, scope: str, row: int, gate: Gate, now: int, *, learned: bool
    ) -> Assessment:
        """Measure an event; its row is in the window but for a late one."""
        model = self._models[event.kind]
        suspect = event.kind == PROCESS and self._episodes.suspects(scope, now, event.parent_executable)
        return assess(
            event, scope, row, model.engine, model.known, gate=gate, learned=learned, suspect=suspect
        )

    def fold_key(self, event: Event) -> FoldKey:
        """What anomalies of one episode that are alike have in common."""
        return (event.kind, *(_FOLD_PARTS[part](event) for part in self._settings.episode.fold[event.kind]))


class _ScopeReader:
    """An event's scope: the value of one ECS field, rewritten; remembered, for hosts repeat."""

    def __init__(self, settings: ScopeSettings) -> None:
        self._attribute = None if settings.by == "none" else ECS_FIELDS[settings.by]
        self._rewrite = settings.rewrite
        # By the value as it is, a number or a text: an attacker may name a new host in every event.
        self._known: Generations[str] = Generations()

    def __call__(self, event: Event) -> str:
        if self._attribute is None:
            return ""
        value = getattr(event, self._attribute)
        key = (value,)
        scope = self._known.young.get(key)
        if scope is None:
            scope = self._known.recall(key)
        if scope is None:
            text = "" if value is None else str(value)
            scope = text
            for pattern, replacement in self._rewrite:
                scope = pattern.sub(replacement, scope)
            self._known.remember(key, scope)
        return scope


_CLUSTERED = {
    (late, skewed): Judgement(late, skewed, None, "") for late in (False, True) for skewed in (False, True)
}
# The judgement of nearly every event.
CLUSTERED = _CLUSTERED[False, False]

# What episode.fold may name: parts of the key by which anomalies of one episode are alike. `family` is the
# folder for the operating system's own sessions, whose updates run a folder's programs in a row, and
# the program for a person's; `source_address` is the account where a logon has no address.
_FOLD_PARTS: dict[str, Callable[[Event], str | bool]] = {
    "family": lambda event: (folder(event.executable) if is_service(event) else event.executable).lower(),
    "folder": lambda event: folder(event.executable).lower(),
    "executable": lambda event: event.executable.lower(),
    "parent": lambda event: event.parent_executable.lower(),
    "system_session": lambda event: event.system_session,
    "account": lambda event: (event.account or event.user_name).lower(),
    "source_address": lambda event: event.source_ip or (event.account or event.user_name).lower(),
}
FOLD_PARTS = frozenset(_FOLD_PARTS)
