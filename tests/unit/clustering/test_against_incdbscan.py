"""A second oracle: incdbscan inserts and deletes the same events one by one.

On quarters, where every way of adding up squares gives the same. Not with min_pts 1: incdbscan 0.6.0 calls a
lone point noise then, scikit-learn a cluster.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from incdbscan import IncrementalDBSCAN

from processor.clustering import components
from processor.clustering.engine import Engine, Role
from processor.clustering.rows import Counts
from tests.unit.clustering.oracle import squared_distances
from tests.unit.clustering.shapes import Shape, scaled
from tests.unit.clustering.streams import small_limits

WINDOW = 40
REACH = {1: 12, 2: 4, 3: 2}  # 1 beyond


class Pair:
    """The engine and incdbscan, told of the same events."""

    def __init__(self, shape: Shape, min_samples: int) -> None:
        self.shape = shape
        self.engine = Engine(
            columns=shape.columns, eps=shape.eps, min_samples=min_samples, vector=shape.vector
        )
        self.other = IncrementalDBSCAN(eps=shape.eps, min_pts=min_samples)
        self.window: list[Counts] = []
        self.number = 0

    def learn(self, counts: Counts) -> None:
        """One event more; the oldest leaves a full window."""
        self.number += 1
        self.engine.expire(self.number - WINDOW + 1)
        self.engine.learn("", self.engine.intern((), counts), self.number, self.number, "")
        self.other.insert(np.array([self.shape.vector(counts)]))
        self.window.append(counts)
        if len(self.window) > WINDOW:
            self.other.delete(np.array([self.shape.vector(self.window.pop(0))]))

    def compare(self) -> Counter[Role]:
        """Roles, the partition, and sizes are the same; how many vectors have which role.

        A border beside two clusters belongs to either: to one of them by both, and it is left out of sizes.
        """
        labels = components.label(self.engine.snapshot())
        snapshot = labels.snapshot
        core, ours = labels.is_core, labels.cluster
        theirs = self.other.get_cluster_labels(snapshot.vectors).astype(int)
        objects = self.other._objects  # noqa: SLF001 - it tells nobody which points are cores
        assert core.tolist() == [objects.get_object(vector).is_core for vector in snapshot.vectors]
        rows = [self.engine.intern((), tuple(counts)) for counts in snapshot.counts.tolist()]
        roles = [self.engine.role("", row) for row in rows]
        assert roles == [
            Role.CORE if is_core else Role.NOISE if label < 0 else Role.BORDER
            for is_core, label in zip(core, theirs, strict=True)
        ]
        assert (ours < 0).tolist() == (theirs < 0).tolist()
        names = dict(zip(theirs[core].tolist(), ours[core].tolist(), strict=True))
        assert {(names[a], b) for a, b in zip(theirs[core], ours[core], strict=True)} == {
            (b, b) for b in ours[core].tolist()
        }
        assert len(names) == len(set(names.values()))
        near = squared_distances(snapshot.vectors) <= self.shape.eps**2
        sizes: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for i, weight in enumerate(snapshot.multiplicity.tolist()):
            beside = set(ours[near[i] & core].tolist())
            if beside:
                assert {int(ours[i]), names[int(theirs[i])]} <= beside
            if len(beside) == 1:
                sizes[int(ours[i])][0] += weight
                sizes[names[int(theirs[i])]][1] += weight
        assert all(mine == other for mine, other in sizes.values())
        assert Counter(self.window) == Counter(
            dict(zip(map(tuple, snapshot.counts.tolist()), snapshot.multiplicity.tolist(), strict=True))
        )
        return Counter(role for role in roles if role is not None)


@pytest.mark.parametrize("columns", range(1, 13))
def test_roles_partition_and_sizes_equal_incdbscans(
    columns: int, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Windows of 40 events over 96, after every fourth, min_samples 2 to 8, eps one step or two."""
    found: Counter[Role] = Counter()
    windows = 0
    for min_samples in range(2, 9):
        random = np.random.default_rng(columns * 10 + min_samples)
        small_limits(monkeypatch, random)
        shape = Shape(
            "quarters",
            partial(scaled, step=0.25),
            columns,
            REACH.get(columns, 1),
            0.25 * int(random.integers(1, 3)),
        )
        pair, recent = Pair(shape, min_samples), [shape.somewhere(random)]
        for number in range(96):
            chance = random.random()
            counts = recent[int(random.integers(len(recent)))]
            if chance > 0.4:
                counts = shape.beside(random, counts) if chance < 0.85 else shape.somewhere(random)
                recent = [*recent[-5:], counts]
            pair.learn(counts)
            if number % 4 == 3:
                found += pair.compare()
                windows += 1
    borders = found[Role.BORDER] / found.total()
    record_property("shown", f"{windows} windows compared, {found.total()} vectors, {borders:.1%} borders")

    assert borders >= 0.02
