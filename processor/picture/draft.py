"""From labelled vectors to a picture, in two steps: what is shown, then what it is called."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from processor.clustering.components import Labels
from processor.events.event import LOGON, Kind
from processor.features.sets import FeatureSet, build
from processor.picture.distances import k_distances
from processor.picture.picture import (
    MAX_BARS,
    MAX_LOGON_CELLS,
    MAX_POINTS,
    MAX_ROWS,
    NOISE,
    Bars,
    LogonCell,
    Picture,
    Points,
    Row,
)
from processor.records.ecs import LOGON_TYPES

Integers = NDArray[np.int64]

# Columns that hold Windows' logon type, by whichever set they come.
_LOGON_TYPE_COLUMNS: Final = ("logon_type", "LogonType")


class Vector(NamedTuple):
    """What names one live vector: asked for its description."""

    partition: str
    kind: Kind
    scope: str
    row: int
    first: int


@dataclass(frozen=True, slots=True)
class Description:
    """What a vector's first event was, in words; "" where unknown. host : None where it is the scope."""

    program: str
    account: str
    text: str
    host: str | None = None


_NAMELESS: Final = Description("", "", "")


@dataclass(frozen=True, slots=True)
class Exposure:
    """One kind of one partition at one moment.

    first_time, last_time : ms, shape (vectors,), of the events that each vector stands for; None = unknown
    bar_starts, bar_events : events over time
    """

    partition: str
    kind: Kind
    features: FeatureSet
    labels: Labels
    first_time: Integers | None = None
    last_time: Integers | None = None
    bar_starts: Sequence[int] = ()
    bar_events: Sequence[int] = ()


class _Entry(NamedTuple):
    """A row of the cluster table before it is named."""

    exposure: Exposure
    at: int
    cluster: int
    size: int
    vectors: int
    first: int | None
    last: int | None


class Draft:
    """A picture that lacks names: `wanted` are the vectors whose description it needs.

    rows : whether the cluster table is made of the labels; a replay knows the exact one
    """

    def __init__(
        self, exposures: Sequence[Exposure], stream_time: int | None, bar_width: int, *, rows: bool = True
    ) -> None:
        self._exposures = [each for each in exposures if len(each.labels.cluster)]
        self._stream_time = stream_time
        self._bar_width = bar_width
        self._entries = _entries(self._exposures) if rows else []
        self._chosen = {kind: _chosen(of) for kind, of in self._by_kind().items()}
        self._distances = tuple(
            k_distances(kind, [each.labels.snapshot for each in of]) for kind, of in self._by_kind().items()
        )
        self.wanted = dict.fromkeys(
            [_vector(entry.exposure, entry.at) for entry in self._entries]
            + [_vector(exposure, at) for chosen in self._chosen.values() for exposure, at in chosen]
        ).keys()

    def finish(self, descriptions: Mapping[Vector, Description]) -> Picture:
        """The picture, with what is known of the names."""
        labels = [each.labels for each in self._exposures]
        return Picture(
            stream_time=self._stream_time,
            rows=tuple(_row(entry, descriptions) for entry in self._entries),
            clusters=sum(len(np.unique(each.cluster[each.cluster != NOISE])) for each in labels),
            noise=sum(int((each.cluster == NOISE).sum()) for each in labels),
            points=tuple(
                self._points(kind, chosen, descriptions) for kind, chosen in self._chosen.items() if chosen
            ),
            distances=self._distances,
            bars=tuple(self._bars(kind, of) for kind, of in self._by_kind().items()),
            logons=self._logons(descriptions),
        )

    def _by_kind(self) -> dict[Kind, list[Exposure]]:
        kinds: dict[Kind, list[Exposure]] = {}
        for exposure in self._exposures:
            kinds.setdefault(exposure.kind, []).append(exposure)
        return kinds

    def _points(
        self, kind: Kind, chosen: list[tuple[Exposure, int]], descriptions: Mapping[Vector, Description]
    ) -> Points:
        programs: dict[str, int] = {}
        named = [descriptions.get(_vector(*each), _NAMELESS).program for each in chosen]
        columns = chosen[0][0].features.columns
        raw = build(kind, columns, "none", ()).vector
        vectors = [raw(tuple(each.labels.snapshot.counts[at].tolist())) for each, at in chosen]
        return Points(
            kind=kind,
            columns=columns,
            values=tuple(zip(*vectors, strict=True)),
            cluster=tuple(int(each.labels.cluster[at]) for each, at in chosen),
            size=tuple(int(each.labels.snapshot.multiplicity[at]) for each, at in chosen),
            program=tuple(programs.setdefault(name, len(programs)) for name in named),
            programs=tuple(programs),
            total=sum(len(each.labels.cluster) for each in self._by_kind()[kind]),
        )

    def _bars(self, kind: Kind, exposures: list[Exposure]) -> Bars:
        events: Counter[int] = Counter()
        for exposure in exposures:
            for start, count in zip(exposure.bar_starts, exposure.bar_events, strict=True):
                events[start] += count
        return bars(kind, self._bar_width, events)

    def _logons(self, descriptions: Mapping[Vector, Description]) -> tuple[LogonCell, ...]:
        cells: Counter[tuple[str, str]] = Counter()
        for exposure, at in self._chosen.get(LOGON, ()):
            columns = exposure.features.columns
            column = next((name for name in _LOGON_TYPE_COLUMNS if name in columns), None)
            raw = build(LOGON, columns, "none", ()).vector
            snapshot = exposure.labels.snapshot
            number = (
                None if column is None else raw(tuple(snapshot.counts[at].tolist()))[columns.index(column)]
            )
            account = descriptions.get(_vector(exposure, at), _NAMELESS).account
            cells[account, logon_type_name(number)] += int(snapshot.multiplicity[at])
        return logon_cells(cells)


def bars(kind: Kind, width: int, events: Mapping[int, int], most: int = MAX_BARS) -> Bars:
    """At most `most` bars: neighbours are added together where there are more.

    events : start (ms, a multiple of width) -> events
    """
    if events:
        span = max(events) - min(events) + width
        width *= max(1, -(-span // (most * width)))
    wider: Counter[int] = Counter()
    for start, count in events.items():
        wider[start - start % width] += count
    starts = sorted(wider)
    return Bars(kind, width, tuple(starts), tuple(wider[start] for start in starts))


def logon_cells(cells: Mapping[tuple[str, str], int]) -> tuple[LogonCell, ...]:
    """The MAX_LOGON_CELLS most frequent of (account, type) -> events."""
    ordered = sorted(cells.items(), key=lambda cell: (-cell[1], cell[0]))[:MAX_LOGON_CELLS]
    return tuple(LogonCell(account, kind, events) for (account, kind), events in ordered)


def logon_type_name(number: float | None) -> str:
    """The type in words, with its number: `Network (3)`."""
    if number is None:
        return "not known"
    return f"{LOGON_TYPES.get(int(number), 'Unknown')} ({int(number)})"


def _vector(exposure: Exposure, at: int) -> Vector:
    snapshot = exposure.labels.snapshot
    return Vector(
        exposure.partition,
        exposure.kind,
        snapshot.scopes[snapshot.scope[at]],
        int(snapshot.row[at]),
        int(snapshot.first[at]),
    )


def _chosen(exposures: list[Exposure]) -> list[tuple[Exposure, int]]:
    """At most MAX_POINTS vectors: noise first, the newest of it, then those of most events."""
    share = max(1, MAX_POINTS // len(exposures))
    chosen = []
    for exposure in exposures:
        noise = np.flatnonzero(exposure.labels.cluster == NOISE)
        noise = noise[np.argsort(-exposure.labels.snapshot.first[noise], kind="stable")]
        members = np.flatnonzero(exposure.labels.cluster != NOISE)
        members = members[np.argsort(-exposure.labels.snapshot.multiplicity[members], kind="stable")]
        quiet = noise[: max(share // 2, share - len(members))]
        picked = np.concatenate((quiet, members[: share - len(quiet)]))
        chosen += [(exposure, int(at)) for at in picked]
    return chosen


def _entries(exposures: list[Exposure]) -> list[_Entry]:
    """At most MAX_ROWS clusters and noise vectors: the largest clusters first, then the newest noise."""
    clusters = [entry for exposure in exposures for entry in _cluster_entries(exposure)]
    clusters.sort(key=lambda entry: -entry.size)
    noise = [entry for exposure in exposures for entry in _noise_entries(exposure)]
    return (clusters + noise)[:MAX_ROWS]


def _cluster_entries(exposure: Exposure) -> list[_Entry]:
    labels, snapshot = exposure.labels, exposure.labels.snapshot
    inside = np.flatnonzero(labels.cluster != NOISE)
    ids, where = np.unique(labels.cluster[inside], return_inverse=True)
    size = np.bincount(where, weights=snapshot.multiplicity[inside], minlength=len(ids)).astype(np.int64)
    vectors = np.bincount(where, minlength=len(ids))
    # A cluster is named after the first event of its oldest core vector: that vector is its exemplar.
    own = inside[snapshot.first[inside] == labels.cluster[inside]]
    exemplar = own[np.argsort(labels.cluster[own], kind="stable")]
    first = _extreme(np.minimum, exposure.first_time, inside, where, len(ids))
    last = _extreme(np.maximum, exposure.last_time, inside, where, len(ids))
    largest = np.argsort(-size, kind="stable")[:MAX_ROWS].tolist()
    return [
        _Entry(
            exposure,
            int(exemplar[i]),
            int(ids[i]),
            int(size[i]),
            int(vectors[i]),
            _at(first, i),
            _at(last, i),
        )
        for i in largest
    ]


def _noise_entries(exposure: Exposure) -> list[_Entry]:
    labels, snapshot = exposure.labels, exposure.labels.snapshot
    noise = np.flatnonzero(labels.cluster == NOISE)
    newest = noise[np.argsort(-snapshot.first[noise], kind="stable")][:MAX_ROWS].tolist()
    return [
        _Entry(
            exposure,
            i,
            NOISE,
            int(snapshot.multiplicity[i]),
            1,
            _at(exposure.first_time, i),
            _at(exposure.last_time, i),
        )
        for i in newest
    ]


def _extreme(
    of: np.ufunc, times: Integers | None, inside: Integers, where: Integers, n: int
) -> Integers | None:
    if times is None:
        return None
    bound = np.iinfo(np.int64)
    found = np.full(n, bound.max if of is np.minimum else bound.min)
    of.at(found, where, times[inside])
    return found


def _at(times: Integers | None, index: int) -> int | None:
    return None if times is None else int(times[index])


def _row(entry: _Entry, descriptions: Mapping[Vector, Description]) -> Row:
    vector = _vector(entry.exposure, entry.at)
    said = descriptions.get(vector, _NAMELESS)
    name = "noise" if entry.cluster == NOISE else "cluster"
    return Row(
        key=f"{vector.kind}-{name}-{vector.partition}-{vector.first}",
        kind=vector.kind,
        scope=vector.scope,
        host=vector.scope if said.host is None else said.host,
        cluster=entry.cluster,
        size=entry.size,
        vectors=entry.vectors,
        program=said.program,
        account=said.account,
        text=said.text,
        first=entry.first,
        last=entry.last,
    )
