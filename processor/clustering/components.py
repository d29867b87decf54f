"""Clusters of a snapshot: labels and counts, computed away from the stream."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

BLOCK = 1 << 22  # distances held at once


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Live (scope, vector) pairs of one engine at one moment; arrays only, safe for another thread.

    scopes : names; `scope` holds indices into it
    scope, row, place : int64, shape (n,); only equal places can be neighbours
    counts : int64, shape (n, columns)
    vectors : float64, shape (n, columns)
    multiplicity : int64, shape (n,), events in the window
    first : int64, shape (n,), serial of the first event since the vector was last absent
    """

    eps: float
    min_samples: int
    scopes: tuple[str, ...]
    scope: NDArray[np.int64]
    row: NDArray[np.int64]
    place: NDArray[np.int64]
    counts: NDArray[np.int64]
    vectors: NDArray[np.float64]
    multiplicity: NDArray[np.int64]
    first: NDArray[np.int64]


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
    """Cluster and core flag of every live vector; a border goes to the nearest core, ties to smaller counts."""
    return _label(snapshot)[0]


def _label(snapshot: Snapshot) -> tuple[Labels, NDArray[np.bool_]]:
    n = len(snapshot.row)
    # Places one after another, the smaller counts first: the first of equal distances is the right one.
    keys = tuple(snapshot.counts[:, i] for i in reversed(range(snapshot.counts.shape[1])))
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
    vectors = snapshot.vectors[order]
    bounds = (
        np.flatnonzero(np.r_[True, place[1:] != place[:-1], True]) if len(place) else np.zeros(1, np.int64)
    )
    limit = snapshot.eps * snapshot.eps
    lefts, rights, distances = [], [], []
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        rows = max(1, BLOCK // (end - begin))
        for low in range(begin, end, rows):
            high = min(end, low + rows)
            acc = np.zeros((high - low, end - begin))
            for column in range(vectors.shape[1]):
                difference = vectors[low:high, column, None] - vectors[None, begin:end, column]
                acc += difference * difference
            i, j = np.nonzero(acc <= limit)
            lefts.append(i + low)
            rights.append(j + begin)
            distances.append(acc[i, j])
    if not lefts:
        empty = np.zeros(0, np.int64)
        return empty, empty, np.zeros(0)
    return np.concatenate(lefts), np.concatenate(rights), np.concatenate(distances)
