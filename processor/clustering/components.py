"""Clusters of a snapshot: labels and counts, computed away from the stream.

The thread that does it shares the interpreter with the stream, so what numpy does while holding it (hashing,
lists, `ufunc.at`, `reduceat`) is done in pieces of a few milliseconds at most, or otherwise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.cells import Cells, joined, lower

FEW = 1024  # vectors compared all with all
# Vectors of several small places compared at once: fewer is many calls, more is many pairs for nothing.
TOGETHER = 256
LISTED = 1 << 14  # numbers made Python's at once: others wait for the interpreter meanwhile

Ints = NDArray[np.int64]
Found = tuple[Ints, NDArray[np.bool_], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The window of one engine at one moment: raw copies of its slots, worked out where they are used.

    Arrays only, safe for another thread. The properties are aligned: an entry for each live (scope, vector).
    """

    eps: float
    min_samples: int
    slot_row: NDArray[np.uint32]
    slot_place: NDArray[np.uint32]
    slot_events: NDArray[np.uint32]
    slot_newest: NDArray[np.uint32]
    part_low: int
    part_numbers: NDArray[np.int64]
    slot_first: NDArray[np.int64]
    place_scope: NDArray[np.uint32]
    scopes: tuple[str, ...]
    row_floats: tuple[NDArray[np.float64], ...]
    row_counts: tuple[NDArray[np.int64], ...]
    row_generation: NDArray[np.uint32]

    @cached_property
    def live(self) -> NDArray[np.int64]:
        """Slots with events in the window, place by place."""
        found = np.flatnonzero((self.slot_place > 0) & (self.slot_events > 0))
        return found[self.slot_place[found].argsort(kind="stable")]

    @cached_property
    def row(self) -> NDArray[np.int64]:
        """Rows, as the engine's `intern` gave them."""
        index = self.slot_row[self.live].astype(np.int64)
        return self.row_generation[index].astype(np.int64) << 32 | index

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """Numbers of places: only vectors with equal ones can be neighbours."""
        return self.slot_place[self.live].astype(np.int64)

    @cached_property
    def scope(self) -> NDArray[np.int64]:
        """Places in `scopes` of their scopes' names."""
        return self.place_scope[self.place].astype(np.int64)

    @cached_property
    def multiplicity(self) -> NDArray[np.int64]:
        """Events in the window."""
        return self.slot_events[self.live].astype(np.int64)

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """Serials of the first events since the vectors were last absent."""
        return self.slot_first[self.live]

    @cached_property
    def newest(self) -> NDArray[np.int64]:
        """The caller's numbers of the parts of the newest events."""
        return self.part_numbers[self.slot_newest[self.live].astype(np.int64) - self.part_low]

    @cached_property
    def vectors(self) -> NDArray[np.float64]:
        """Floats, shape (n, columns), contiguous by column."""
        return _chosen(self.row_floats, self.slot_row[self.live], np.float64)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Counts, shape (n, their number), contiguous by column."""
        return _chosen(self.row_counts, self.slot_row[self.live], np.int64)


def _chosen(columns: Sequence[NDArray[Any]], index: NDArray[np.uint32], kind: type) -> NDArray[Any]:
    """Some rows of columns, shape (rows, columns), contiguous by column."""
    found: NDArray[Any] = np.empty((len(columns), len(index)), kind)
    # One after the other: numpy.stack holds the interpreter while it copies all.
    for place, column in zip(found, columns, strict=True):
        place[:] = column[index]
    return found.T


@dataclass(frozen=True, slots=True)
class Labels:
    """DBSCAN of a snapshot, aligned with its arrays.

    cluster : int64, serial of the first event of the cluster's oldest core vector, -1 = noise
    is_core : bool
    is_alone : bool, no other event within eps
    """

    snapshot: Snapshot
    cluster: NDArray[np.int64]
    is_core: NDArray[np.bool_]
    is_alone: NDArray[np.bool_]

    def counts(self) -> "ClusterCounts":
        """Clusters, singletons and events in and out of clusters."""
        clustered = self.cluster >= 0
        # Sorted, because numpy.unique holds the interpreter while it hashes.
        named = np.sort(self.cluster[clustered])
        return ClusterCounts(
            # Serials are unique per event, so one serial names one cluster.
            clusters=int(np.count_nonzero(named[1:] != named[:-1])) + bool(len(named)),
            singletons=int(self.is_alone.sum()),
            clustered_events=int(self.snapshot.multiplicity[clustered].sum()),
            noise_events=int(self.snapshot.multiplicity[~clustered].sum()),
        )


@dataclass(frozen=True, slots=True)
class ClusterCounts:
    """What is exported as gauges. `singletons`: vectors with no other event within eps."""

    clusters: int
    singletons: int
    clustered_events: int
    noise_events: int


def count(snapshot: Snapshot) -> ClusterCounts:
    """Clusters, singletons and events in and out of clusters of a snapshot."""
    return label(snapshot).counts()


def label(snapshot: Snapshot) -> Labels:
    """Cluster and core flag of each live vector; borders go to the nearest core, ties to smaller counts."""
    n = len(snapshot.live)
    cluster, core, alone = np.full(n, -1), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    changes = np.flatnonzero(snapshot.place[1:] != snapshot.place[:-1]) + 1
    bounds = np.concatenate(([0], changes, [n][:n])).astype(np.int64)
    sizes = np.diff(bounds)
    # A vector that has its place for itself needs no neighbours to be looked for.
    single = bounds[:-1][sizes == 1]
    core[single] = snapshot.multiplicity[single] >= snapshot.min_samples
    alone[single] = snapshot.multiplicity[single] == 1
    cluster[single] = np.where(core[single], snapshot.first[single], -1)
    for begin, end in _batches(bounds[:-1][sizes > 1], sizes[sizes > 1]):
        found = (_few if end - begin <= FEW else _many)(snapshot, begin, end)
        cluster[begin:end], core[begin:end], alone[begin:end] = found
    return Labels(snapshot, cluster, core, alone)


def _batches(begins: Ints, sizes: Ints) -> Iterator[tuple[int, int]]:
    """(begin, end) of runs of neighbouring places that are few enough to be compared all with all."""
    begin = end = -1
    for some in range(0, len(begins), LISTED):
        part = slice(some, some + LISTED)
        for place, size in zip(begins[part].tolist(), sizes[part].tolist(), strict=True):
            if place != end or place + size - begin > min(TOGETHER, FEW):
                if end > begin:
                    yield begin, end
                begin = place
            end = place + size
    if end > begin:
        yield begin, end


def _few(snapshot: Snapshot, begin: int, end: int) -> Found:
    """Label a run of places from the matrix of all distances."""
    vectors, weight = snapshot.vectors[begin:end].T, snapshot.multiplicity[begin:end]
    place = snapshot.place[begin:end]
    acc = np.zeros((end - begin, end - begin))
    for column in vectors:
        difference = column[:, None] - column[None, :]
        difference *= difference
        acc += difference
    near = (acc <= snapshot.eps * snapshot.eps) & (place[:, None] == place[None, :])
    # Pairs, because each pass over the matrix may be one more wait for the interpreter.
    left, right = near.nonzero()
    total = np.bincount(left, weight[right])
    core = total >= snapshot.min_samples
    by_core = core[right]
    linked = by_core & core[left]
    component = joined(np.arange(end - begin), left[linked], right[linked])
    border = np.flatnonzero(np.bincount(left[by_core & ~core[left]], minlength=end - begin))
    nearest = border
    if len(border):
        candidates = np.where(near[border] & core, acc[border], np.inf)
        tied = candidates == candidates.min(axis=1)[:, None]
        nearest = np.where(tied, _order(snapshot.counts[begin:end]), end - begin).argmin(axis=1)
    cluster = _named(snapshot.first[begin:end], core, component, border, nearest)
    return cluster, core, total == 1


def _many(snapshot: Snapshot, begin: int, end: int) -> Found:
    """Label one place by cells."""
    vectors = np.ascontiguousarray(snapshot.vectors[begin:end].T)
    cells = Cells(vectors, snapshot.multiplicity[begin:end], snapshot.eps)
    core, alone = cells.core(snapshot.min_samples)
    component = cells.components(core)
    border, nearest = cells.nearest_cores(core, _order(snapshot.counts[begin:end]))
    return _named(snapshot.first[begin:end], core, component, border, nearest), core, alone


def _order(counts: Ints) -> Ints:
    """The place of each row among all, by counts."""
    rank = np.empty(len(counts), np.int64)
    rank[np.lexsort(counts.T[::-1])] = np.arange(len(counts))
    return rank


def _named(first: Ints, core: NDArray[np.bool_], component: Ints, border: Ints, nearest: Ints) -> Ints:
    """Clusters named after the first event of their oldest core."""
    oldest = np.full(len(first), np.iinfo(np.int64).max)
    lower(oldest, component[core], first[core])
    cluster = np.where(core, oldest[component], -1)
    cluster[border] = cluster[nearest]
    return cluster
