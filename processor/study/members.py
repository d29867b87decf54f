"""Which event is in which cluster when a stream ends: the tables of `replay --labels` and `--clusters`."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from processor.clustering.components import Labels, label
from processor.detection.detector import Detector
from processor.events.event import KINDS, Kind

NOISE = -1


@dataclass(frozen=True, slots=True)
class Member:
    """One event still in the window; `cluster` as components.label gives it, NOISE outside all clusters.

    number : its record's number; time : ms since 1970 UTC
    """

    kind: Kind
    number: int
    time: int
    cluster: int
    is_core: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster or a noise event; times in ms since 1970 UTC; `exemplar` is the earliest member's number."""

    kind: Kind
    id: int
    size: int
    first_time: int
    last_time: int
    exemplar: int


class _Events:
    """Of one kind: five numbers an event, in the order in which the events were learned."""

    def __init__(self) -> None:
        self.numbers = array("q")
        self.times = array("q")
        self.rows = array("q")
        self.scopes = array("q")
        self.parts = array("q")

    def columns(self) -> Iterable["array[int]"]:
        return (self.numbers, self.times, self.rows, self.scopes, self.parts)


class Members:
    """Remembers what a detector learned while it is in the window: 40 bytes an event, texts are not kept."""

    def __init__(self, detector: Detector) -> None:
        """Follow `detector`, which must not have learned anything yet."""
        self._detector = detector
        detector.followed = True
        self._events: dict[Kind, _Events] = {kind: _Events() for kind in KINDS}
        self._scopes: dict[str, int] = {}
        self._learned = 0

    def note(self, number: int, timestamp: int) -> None:
        """Take in what the detector learned from record `number`, if anything; call it after each record."""
        last = self._detector.last
        if last is None:
            return
        events = self._events[last.event.kind]
        events.numbers.append(number)
        events.times.append(timestamp if last.event.time is None else last.event.time)
        events.rows.append(last.row)
        events.scopes.append(self._scopes.setdefault(last.scope, len(self._scopes)))
        events.parts.append(last.part)
        self._learned += 1
        if self._learned % _COMPACT_EVERY == 0:
            self._compact()

    def table(self) -> Iterator[Member]:
        """Every event in the window with its label, kind by kind, in the order in which they were learned."""
        for kind, engine in self._detector.engines.items():
            if not engine.live_events:
                continue
            labels = label(engine.snapshot())
            found = self._places(labels)
            events = self._events[kind]
            for number, time, row, scope, part in zip(*events.columns(), strict=True):
                place = found.get((scope, row))
                # Beyond limits.max_vectors a scope loses vectors before the window does.
                if part >= self._detector.window.horizon and place is not None:
                    yield Member(kind, number, time, int(labels.cluster[place]), bool(labels.is_core[place]))

    def _places(self, labels: Labels) -> dict[tuple[int, int], int]:
        snapshot = labels.snapshot
        names = [self._scopes.get(name, -1) for name in snapshot.scopes]
        return {
            (names[scope], row): place
            for place, (scope, row) in enumerate(
                zip(snapshot.scope.tolist(), snapshot.row.tolist(), strict=True)
            )
        }

    def _compact(self) -> None:
        horizon = self._detector.window.horizon
        for events in self._events.values():
            dead = next(
                (place for place, part in enumerate(events.parts) if part >= horizon), len(events.parts)
            )
            for column in events.columns():
                del column[:dead]


_COMPACT_EVERY = 100_000


def clusters(members: Iterable[Member]) -> list[Cluster]:
    """One entry per cluster and per noise event, by kind, then by time of the earliest member."""
    earliest: dict[tuple[Kind, int, int], Member] = {}
    latest: dict[tuple[Kind, int, int], int] = {}
    size: dict[tuple[Kind, int, int], int] = {}
    for member in members:
        # Every noise event is an entry of its own.
        key = (member.kind, member.cluster, member.number if member.cluster == NOISE else 0)
        before = earliest.get(key)
        if before is None or _moment(member) < _moment(before):
            earliest[key] = member
        latest[key] = max(latest.get(key, member.time), member.time)
        size[key] = size.get(key, 0) + 1
    entries = [
        Cluster(first.kind, first.cluster, size[key], first.time, latest[key], first.number)
        for key, first in earliest.items()
    ]
    return sorted(entries, key=lambda entry: (entry.kind, entry.first_time, entry.exemplar))


def _moment(member: Member) -> tuple[int, int]:
    return member.time, member.number
