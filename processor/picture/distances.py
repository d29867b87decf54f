"""Distance of vectors to their k-th nearest other event: the curve by which eps is chosen."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processor.clustering.components import Snapshot
from processor.events.event import Kind
from processor.picture.picture import MAX_DISTANCES, KDistance

# Distances computed for one picture at most: 0.3 s of one core.
_BUDGET: Final = 20_000_000


def k_distances(kind: Kind, snapshots: Sequence[Snapshot]) -> KDistance:
    """The falling curve of at most MAX_DISTANCES vectors, evenly chosen; k = min_samples - 1, at least 1.

    Ester et al., KDD 1996, section 4.2: "sorted k-dist graph", gate by gate.
    """
    k = max(1, snapshots[0].min_samples - 1)
    total = sum(len(snapshot.row) for snapshot in snapshots)
    stride = max(1, -(-total // MAX_DISTANCES))
    found: list[float] = []
    without = 0
    budget = _BUDGET
    for snapshot in snapshots:
        order = np.argsort(snapshot.place, kind="stable")
        places = snapshot.place[order]
        for index in range(0, len(order), stride):
            members = order[np.searchsorted(places, places[index]) : _end(places, index)]
            budget -= len(members)
            if budget < 0:
                break
            distance = _to_kth(snapshot, int(order[index]), members, k)
            if distance is None:
                without += 1
            else:
                found.append(distance)
    return KDistance(
        kind=kind,
        k=k,
        eps=snapshots[0].eps,
        distances=tuple(sorted(found, reverse=True)),
        without=without,
        total=total,
    )


def _end(places: NDArray[np.int64], index: int) -> int:
    return int(np.searchsorted(places, places[index], "right"))


def _to_kth(snapshot: Snapshot, own: int, members: NDArray[np.int64], k: int) -> float | None:
    """Distance from vector `own` to the k-th nearest other event of its gate; None where there are fewer."""
    squares = np.zeros(len(members))
    for column in range(snapshot.vectors.shape[1]):
        difference = snapshot.vectors[members, column] - snapshot.vectors[own, column]
        squares += difference * difference
    events = snapshot.multiplicity[members] - (members == own)
    nearest = np.argsort(squares, kind="stable")
    reached = np.cumsum(events[nearest])
    if reached[-1] < k:
        return None
    return float(np.sqrt(squares[nearest[np.searchsorted(reached, k)]]))
