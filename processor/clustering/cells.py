"""DBSCAN of one large set of vectors: cells whose members are mutual neighbours, and pairs of near cells.

A cell's side is eps / sqrt(columns); a cell is one only where its bounding box passes the distance test, so
that floating point never makes two of its members strangers. Vectors are compared across cells alone, in
blocks, and not where the boxes decide.
"""

from collections.abc import Iterator
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

BLOCK = 1 << 21  # pairs looked at together
HELD = 1 << 16  # numbers that are worked on while the interpreter is held: a millisecond or two

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def squares(difference: Floats) -> Floats:
    """Squares of differences, shape (columns, n), added up column by column."""
    acc: Floats = difference[0] * difference[0]
    for column in difference[1:]:
        acc += column * column
    return acc


def lower(values: Ints, places: Ints, to: Ints) -> None:
    """Lower each value to the smallest that is given for its place."""
    for low in range(0, len(places), HELD):
        np.minimum.at(values, places[low : low + HELD], to[low : low + HELD])


def reduced(ufunc: np.ufunc, rows: NDArray[Any], begins: Ints) -> NDArray[Any]:
    """`ufunc.reduceat` along the last axis."""
    ends = np.append(begins[HELD::HELD], rows.shape[-1])
    pieces = [
        ufunc.reduceat(rows[..., some[0] : end], some - some[0], axis=-1)
        for some, end in zip(
            (begins[low : low + HELD] for low in range(0, len(begins), HELD)), ends, strict=True
        )
    ]
    return np.concatenate(pieces, axis=-1)


class Groups:
    """Members of numbered groups: those of group g are `members[start[g]:start[g + 1]]`."""

    def __init__(self, group: Ints, number: int) -> None:
        self.members: Ints = group.argsort(kind="stable")
        self.start: Ints = np.zeros(number + 1, np.int64)
        np.cumsum(np.bincount(group, minlength=number), out=self.start[1:])
        self.size: Ints = np.diff(self.start)

    def among(self, chosen: NDArray[np.bool_]) -> "Groups":
        """The groups with the chosen members only."""
        other = Groups.__new__(Groups)
        keep = chosen[self.members]
        other.members = self.members[keep]
        other.start = np.concatenate(([0], np.cumsum(keep)))[self.start]
        other.size = np.diff(other.start)
        return other

    def pairs(self, left: Ints, right: Ints, other: "Groups") -> Iterator[tuple[Ints, Ints, Ints]]:
        """All (member of left[i], member of other's right[i], i), in blocks."""
        area = self.size[left] * other.size[right]
        used = area.nonzero()[0]
        ends = area[used].cumsum()
        low = 0
        while low < len(used):
            base = ends[low - 1] if low else 0
            high = max(low + 1, int(np.searchsorted(ends, base + BLOCK, side="right")))
            some = used[low:high]
            number = np.repeat(some, area[some])
            within = np.arange(len(number)) - np.repeat(area[some].cumsum() - area[some], area[some])
            width = other.size[right[number]]
            yield (
                self.members[self.start[left[number]] + within // width],
                other.members[other.start[right[number]] + within % width],
                number,
            )
            low = high


class Cells:
    """Vectors, shape (columns, n), in cells of mutual neighbours."""

    def __init__(self, vectors: Floats, weight: Ints, eps: float) -> None:
        self.vectors = vectors
        self.weight = weight
        self.limit = eps * eps
        cell = self._cells(eps)
        number = int(cell.max()) + 1
        self.cell = cell
        self.groups = Groups(cell, number)
        begins = self.groups.start[:-1]
        sorted_vectors = vectors[:, self.groups.members]
        self.low: Floats = reduced(np.minimum, sorted_vectors, begins)
        self.high: Floats = reduced(np.maximum, sorted_vectors, begins)
        self.heft: Ints = reduced(np.add, weight[self.groups.members], begins)
        self._tree = cKDTree(((self.low + self.high) / 2).T)
        diagonal = float(np.sqrt(squares(self.high - self.low).max()))
        self._reach = (eps + diagonal) * (1 + 1e-9)

    def core(self, min_samples: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(is core, is alone: no other event within eps)."""
        light = self.heft < min_samples
        total = self.heft[self.cell].copy()
        for left, right in self.near(light.nonzero()[0]):
            inside = self._farthest(left, right) <= self.limit
            for a, b, _ in self.groups.pairs(left[~inside], right[~inside], self.groups):
                close = self.distance(a, b) <= self.limit
                total += np.bincount(a[close], self.weight[b[close]], len(total)).astype(np.int64)
            gained = np.bincount(left[inside], self.heft[right[inside]], len(light)).astype(np.int64)
            total += gained[self.cell]
        alone = (total == 1) if min_samples > 1 else self._alone()
        return total >= min_samples, alone

    def components(self, core: NDArray[np.bool_]) -> Ints:
        """A component's number for each core vector; what it is for others means nothing."""
        groups = self.groups.among(core)
        number = len(self.heft)
        parent: Ints = np.arange(number)
        any_core = np.append(groups.members, 0)[groups.start[:-1]]
        for near, other in self.near((groups.size > 0).nonzero()[0]):
            once = (near < other) & (groups.size[other] > 0) & (parent[near] != parent[other])
            left, right = near[once], other[once]
            linked = self._farthest(left, right) <= self.limit
            # Mostly the first of each are near enough, too.
            linked |= self.distance(any_core[left], any_core[right]) <= self.limit
            parent = joined(parent, left[linked], right[linked])
            apart = ~linked & (parent[left] != parent[right])
            left, right = left[apart], right[apart]
            for a, b, i in groups.pairs(left, right, groups):
                close = self.distance(a, b) <= self.limit
                parent = joined(parent, left[i[close]], right[i[close]])
        return parent[self.cell]

    def nearest_cores(self, core: NDArray[np.bool_], order: Ints) -> tuple[Ints, Ints]:
        """(border vectors, the core nearest to each); ties go to the smaller `order`."""
        cores, others = self.groups.among(core), self.groups.among(~core)
        best = np.full(len(core), np.inf)
        chosen = np.full(len(core), -1)
        for left, right in self.near((others.size > 0).nonzero()[0], own=True):
            for a, b, _ in others.pairs(left, right, cores):
                distance = self.distance(a, b)
                sort = np.lexsort((order[b], distance, a))
                sort = sort[distance[sort] <= self.limit]
                points, at = np.unique(a[sort], return_index=True)
                found, nearest = distance[sort][at], b[sort][at]
                held = chosen[points]
                tie = (found == best[points]) & (order[nearest] < order[held])
                better = (found < best[points]) | tie
                best[points[better]], chosen[points[better]] = found[better], nearest[better]
        borders = (chosen >= 0).nonzero()[0]
        return borders, chosen[borders]

    def near(self, cells: Ints, *, own: bool = False) -> Iterator[tuple[Ints, Ints]]:
        """(cell, another cell that may hold neighbours), in blocks, for the cells given.

        own : each with itself, too
        """
        centres = self._tree.data[cells]
        if not len(cells):
            return
        ends = self._tree.query_ball_point(centres, self._reach, return_length=True).cumsum()
        low = 0
        while low < len(cells):
            base = ends[low - 1] if low else 0
            high = max(low + 1, int(np.searchsorted(ends, base + BLOCK, side="right")))
            # query_ball_point would make lists of it, and hold the interpreter meanwhile.
            found = cKDTree(centres[low:high]).sparse_distance_matrix(
                self._tree, self._reach, output_type="ndarray"
            )
            left, right = cells[low:high][found["i"]], found["j"].astype(np.int64)
            gap = np.maximum(self.low[:, left] - self.high[:, right], self.low[:, right] - self.high[:, left])
            keep = (squares(np.maximum(gap, 0.0)) <= self.limit) & (own | (left != right))
            yield left[keep], right[keep]
            low = high

    def distance(self, a: Ints, b: Ints) -> Floats:
        """Squared distances of pairs."""
        difference = self.vectors[0][a] - self.vectors[0][b]
        acc: Floats = difference * difference
        for column in self.vectors[1:]:
            difference = column[a] - column[b]
            acc += difference * difference
        return acc

    def _alone(self) -> NDArray[np.bool_]:
        total = self.heft[self.cell].copy()
        for left, right in self.near((self.heft == 1).nonzero()[0]):
            for a, b, _ in self.groups.pairs(left, right, self.groups):
                close = self.distance(a, b) <= self.limit
                total += np.bincount(a[close], self.weight[b[close]], len(total)).astype(np.int64)
        alone: NDArray[np.bool_] = total == 1
        return alone

    def _farthest(self, left: Ints, right: Ints) -> Floats:
        """Squared distance of the farthest corners of two boxes: no pair of members is farther."""
        return squares(
            np.maximum(self.high[:, left] - self.low[:, right], self.high[:, right] - self.low[:, left])
        )

    def _cells(self, eps: float) -> Ints:
        columns, n = self.vectors.shape
        keys = np.floor(self.vectors / (eps / sqrt(columns)))
        order = np.lexsort(keys)
        step = (keys[:, order[1:]] != keys[:, order[:-1]]).any(axis=0)
        cell = np.empty(n, np.int64)
        cell[order] = np.concatenate(([0], step.cumsum()))
        begins = np.concatenate(([0], step.nonzero()[0] + 1))
        vectors = self.vectors[:, order]
        box = reduced(np.maximum, vectors, begins) - reduced(np.minimum, vectors, begins)
        torn = (squares(box) > self.limit)[cell]
        cell[torn] = len(begins) + np.arange(int(torn.sum()))
        return np.unique(cell, return_inverse=True)[1].astype(np.int64)


def joined(parent: Ints, left: Ints, right: Ints) -> Ints:
    """`parent` once more links are known: the smallest number of each one's component.

    Each smallest number that has a smaller neighbour takes it, and all numbers take those of theirs, until
    linked ones are equal. Of the components that are not done, half at least are gone after two rounds.
    scipy's connected_components holds the interpreter, a quarter of a second for a million.
    """
    while True:
        a, b = parent[left], parent[right]
        apart = a != b
        if not apart.any():
            return parent
        left, right = left[apart], right[apart]
        a, b = a[apart], b[apart]
        parent = parent.copy()
        lower(parent, np.maximum(a, b), np.minimum(a, b))
        while True:
            further = parent[parent]
            if (further == parent).all():
                break
            parent = further
