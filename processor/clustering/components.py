"""Clusters of a snapshot: labels and counts, computed away from the stream."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

BLOCK = 1 << 22  # distances held at once


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
        index = self.slot_row[self.live]
        return np.stack([column[index] for column in self.row_floats]).T

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Counts, shape (n, their number), contiguous by column."""
        index = self.slot_row[self.live]
        none = np.zeros((0, len(index)), np.int64)
        return np.concatenate([none, *(column[index][None] for column in self.row_counts)]).T


@dataclass(frozen=True, slots=True)
class Labels:
    """DBSCAN of a snapshot, aligned with its arrays.

    cluster : int64, serial of the first event of the cluster's oldest core vector, -1 = noise
    is_core : bool
    """

    snapshot: Snapshot
    cluster: NDArray[np.int64]
    is_core: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ClusterCounts:
    """What is exported as gauges. `singletons`: vectors with no other event within eps."""

    clusters: int
    singletons: int
    clustered_events: int
    noise_events: int


def count(snapshot: Snapshot) -> ClusterCounts:
    """Clusters, singletons and events in and out of clusters of a snapshot."""
    labels, alone = _label(snapshot)
    clustered = labels.cluster >= 0
    # Serials are unique per event, so one serial names one cluster.
    return ClusterCounts(
        clusters=len(np.unique(labels.cluster[clustered])),
        singletons=int(alone.sum()),
        clustered_events=int(snapshot.multiplicity[clustered].sum()),
        noise_events=int(snapshot.multiplicity[~clustered].sum()),
    )


def label(snapshot: Snapshot) -> Labels:
    """Cluster and core flag of each live vector; borders go to the nearest core, ties to smaller counts."""
    return _label(snapshot)[0]


def _label(snapshot: Snapshot) -> tuple[Labels, NDArray[np.bool_]]:
    n = len(snapshot.row)
    # Places one after another, the smaller counts first: the first of equal distances is the right one.
    keys = tuple(snapshot.counts.T[::-1])
    order = np.lexsort((*keys, snapshot.place))
    left, right, distance = _pairs(snapshot, order)
    weight = np.bincount(left, weights=snapshot.multiplicity[order][right], minlength=n) if n else np.zeros(0)
    core = weight >= snapshot.min_samples
    alone = weight == 1
    links = core[left] & core[right]
    matrix = coo_matrix((np.ones(int(links.sum()), np.int8), (left[links], right[links])), shape=(n, n))
    component = connected_components(matrix, directed=False)[1] if n else np.zeros(0, np.int32)
    oldest = np.full(n, np.iinfo(np.int64).max)
    first = snapshot.first[order]
    np.minimum.at(oldest, component[core], first[core])
    cluster = np.where(core, oldest[component], -1)
    reach = ~core[left] & core[right]
    borders, cores, reached = left[reach], right[reach], distance[reach]
    nearest = np.lexsort((cores, reached, borders))
    points, at = np.unique(borders[nearest], return_index=True)
    cluster[points] = cluster[cores[nearest][at]]
    back = np.empty(n, np.int64)
    back[order] = np.arange(n)
    return Labels(snapshot, cluster[back], core[back]), alone[back]


def _pairs(
    snapshot: Snapshot, order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Ordered pairs within eps, each with itself too, as positions in `order`, with squared distances."""
    place = snapshot.place[order]
    vectors = snapshot.vectors.T[:, order]
    changes = np.flatnonzero(place[1:] != place[:-1]) + 1
    bounds = np.concatenate(([0], changes, [len(place)][: len(place)]))
    limit = snapshot.eps * snapshot.eps
    lefts, rights, distances = [], [], []
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = max(1, BLOCK // (end - begin))
        for low in range(begin, end, rows):
            high = min(end, low + rows)
            acc = np.zeros((high - low, end - begin))
            for column in range(len(vectors)):
                difference = vectors[column, low:high, None] - vectors[column, None, begin:end]
                acc += difference * difference
            i, j = np.nonzero(acc <= limit)
            lefts.append(i + low)
            rights.append(j + begin)
            distances.append(acc[i, j])
    if not lefts:
        empty = np.zeros(0, np.int64)
        return empty, empty, np.zeros(0)
    return np.concatenate(lefts), np.concatenate(rights), np.concatenate(distances)
