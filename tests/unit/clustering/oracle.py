"""DBSCAN by the book: sequential squared distances and scikit-learn's precomputed metric."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import DBSCAN

from processor.clustering.engine import Role

Place = tuple[str, tuple[Hashable, ...]]


def squared_distances(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pairwise squared distances, added up feature by feature, shape (n, n)."""
    total = np.zeros((len(points), len(points)))
    for column in points.T:
        difference = column[:, None] - column[None, :]
        total += difference * difference
    return total


@dataclass
class Answer:
    """What DBSCAN says of one place: by distinct counts."""

    roles: dict[tuple[int, ...], Role]
    partition: frozenset[frozenset[tuple[int, ...]]]
    labels: dict[tuple[int, ...], frozenset[tuple[int, ...]]]
    sizes: dict[frozenset[tuple[int, ...]], int]
    alone: int


def dbscan(multiset: dict[tuple[int, ...], int], vectors: NDArray[np.float64], eps: float, k: int) -> Answer:
    """Roles, the partition of core vectors, each vector's cluster (border: nearest core, then smaller)."""
    points = list(multiset)
    weights = [multiset[p] for p in points]
    distances = squared_distances(vectors)
    model = DBSCAN(eps=eps * eps, min_samples=k, metric="precomputed").fit(distances, sample_weight=weights)
    core = set(model.core_sample_indices_.tolist())
    groups: dict[int, set[tuple[int, ...]]] = {}
    for i in core:
        groups.setdefault(int(model.labels_[i]), set()).add(points[i])
    of_core = {p: frozenset(group) for group in groups.values() for p in group}
    roles, labels = {}, {}
    sizes: dict[frozenset[tuple[int, ...]], int] = {}
    for i, point in enumerate(points):
        if i in core:
            roles[point] = Role.CORE
            labels[point] = of_core[point]
        elif model.labels_[i] >= 0:
            roles[point] = Role.BORDER
            nearest = min((distances[i, j], points[j]) for j in core)[1]
            labels[point] = of_core[nearest]
        else:
            roles[point] = Role.NOISE
            continue
        sizes[labels[point]] = sizes.get(labels[point], 0) + weights[i]
    alone = sum(np.array(weights) @ (distances <= eps * eps) == 1)
    return Answer(roles, frozenset(of_core.values()), labels, sizes, int(alone))


@dataclass
class Window:
    """The plain multiset that an engine stands for: every live event, by part and place."""

    events: deque[tuple[int, str, tuple[Hashable, ...], tuple[int, ...], int]] = field(default_factory=deque)

    def add(
        self, part: int, scope: str, gate: tuple[Hashable, ...], counts: tuple[int, ...], serial: int
    ) -> None:
        """Remember one event."""
        self.events.append((part, scope, gate, counts, serial))

    def expire(self, horizon: int) -> None:
        """Drop the events of parts below `horizon`."""
        while self.events and self.events[0][0] < horizon:
            self.events.popleft()

    def drop_scope(self, scope: str) -> None:
        """Forget a scope's events."""
        self.events = deque(event for event in self.events if event[1] != scope)

    def places(self) -> dict[Place, dict[tuple[int, ...], int]]:
        """Multisets by (scope, gate)."""
        found: dict[Place, dict[tuple[int, ...], int]] = {}
        for _, scope, gate, counts, _ in self.events:
            multiset = found.setdefault((scope, gate), {})
            multiset[counts] = multiset.get(counts, 0) + 1
        return found
