"""The distance rule, and range queries over the vectors of one gate of one scope.

Up to a few hundred vectors are one leaf, scanned whole. A leaf that grows splits at the median of its widest
column; leaves carry bounding boxes. A box that fails the distance test has no neighbour in it: subtraction,
squares and sums round monotonously, so that is never wrong. Larger places are dealt to buckets of a grid.
"""

from collections.abc import Iterator, Sequence
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAF = 256  # vectors scanned at once
GRID_FROM = 512  # vectors from which a grid pays
GRID_DIMENSIONS = 3  # 27 buckets to look into; one more dimension would make them 81
SHARDS = 64  # dicts that share the buckets: one of them rehashes in under a millisecond
FAR = 1 << 31  # cells from the origin beyond which all is one cell: floor(x / side) must stay exact
STRIDES = (1, 1_000_003, 998_244_353)  # of a cell on each column, in a bucket's key

Slots = NDArray[np.uint32]


def squared_distance(a: Sequence[float], b: Sequence[float]) -> float:
    """Squared Euclidean distance, added up feature by feature in float64.

    The order of rounding decides what lies on the boundary: no sum(), math.dist, einsum, fused multiply-add.
    """
    acc = 0.0
    for x, y in zip(a, b, strict=True):
        acc += (x - y) * (x - y)
    return acc


def squared_distances(columns: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances of many points (columns, n) to one (columns, 1), each added up feature by feature."""
    squares = columns - point
    squares *= squares
    acc: NDArray[np.float64] = squares[0]
    for square in squares[1:]:
        acc += square
    return acc


class Leaf:
    """Vectors in contiguous columns. `cols` is (columns, capacity), of which `size` are used."""

    __slots__ = ("cols", "size", "slots")

    def __init__(self, columns: int, capacity: int = 16) -> None:
        self.cols = np.empty((columns, capacity))
        self.slots = np.empty(capacity, np.uint32)
        self.size = 0

    def add(self, slot: int, point: NDArray[np.float64]) -> None:
        """Add a vector, given as (columns, 1)."""
        n = self.size
        if n == len(self.slots):
            cols, slots = self.cols, self.slots
            room = n + max(8, n // 4)
            self.cols = np.empty((len(cols), room))
            self.cols[:, :n] = cols
            self.slots = np.empty(room, np.uint32)
            self.slots[:n] = slots
        self.cols[:, n] = point[:, 0]
        self.slots[n] = slot
        self.size = n + 1

    def remove(self, slot: int) -> bool:
        """Remove a vector; whether it was here."""
        n = self.size
        at = (self.slots[:n] == slot).nonzero()[0]
        if not len(at):
            return False
        n -= 1
        self.slots[at[0]] = self.slots[n]
        self.cols[:, at[0]] = self.cols[:, n]
        self.size = n
        return True

    def within(self, point: NDArray[np.float64], limit: float) -> Slots:
        """Slots whose squared distance is at most `limit`."""
        n = self.size
        return self.slots[:n][squared_distances(self.cols[:, :n], point) <= limit]

    def split(self) -> "Leaf":
        """Move the upper half along the widest column to a new leaf."""
        n = self.size
        cols, slots = self.cols[:, :n], self.slots[:n]
        widest = int((cols.max(axis=1) - cols.min(axis=1)).argmax())
        order = cols[widest].argpartition(n // 2)
        other = Leaf(len(cols))
        for leaf, chosen in ((self, order[: n // 2]), (other, order[n // 2 :])):
            part, names = cols[:, chosen], slots[chosen]
            leaf.cols, leaf.slots = np.ascontiguousarray(part), names
            leaf.size = len(chosen)
        return other


class Bucket:
    """Leaves with bounding boxes. `low` and `high` are (columns, leaves), None while there is one leaf."""

    __slots__ = ("high", "leaves", "low", "size")

    def __init__(self, columns: int) -> None:
        self.leaves = [Leaf(columns)]
        self.low: NDArray[np.float64] | None = None
        self.high: NDArray[np.float64] | None = None
        self.size = 0

    def add(self, slot: int, point: NDArray[np.float64]) -> None:
        """Add a vector to the leaf whose box is nearest."""
        self.size += 1
        if self.low is None or self.high is None:
            chosen = 0
        else:
            chosen = int(self._outside(point).argmin())
            column = point[:, 0]
            np.minimum(self.low[:, chosen], column, out=self.low[:, chosen])
            np.maximum(self.high[:, chosen], column, out=self.high[:, chosen])
        leaf = self.leaves[chosen]
        leaf.add(slot, point)
        if leaf.size >= LEAF:
            self._split(chosen)

    def remove(self, slot: int, point: NDArray[np.float64]) -> bool:
        """Remove a vector; whether it was here."""
        leaves = self.leaves
        if self.low is not None:
            leaves = [leaves[i] for i in (self._outside(point) == 0.0).nonzero()[0].tolist()]
        for leaf in leaves:
            if leaf.remove(slot):
                self.size -= 1
                if not leaf.size:
                    self.drop(leaf)
                return True
        return False

    def near(self, point: NDArray[np.float64], limit: float) -> Iterator[Leaf]:
        """Leaves that may hold vectors within the limit, the one around the point first."""
        if self.low is None:
            yield self.leaves[0]
            return
        outside = self._outside(point)
        near = (outside <= limit).nonzero()[0]
        # A copy: the caller may drop leaves as it goes.
        yield from [self.leaves[i] for i in near[outside[near].argsort(kind="stable")].tolist()]

    def drop(self, leaf: Leaf) -> None:
        """Take a leaf away with all that is in it."""
        self.size -= leaf.size
        if self.low is None or self.high is None:
            leaf.size = 0
            return
        i = self.leaves.index(leaf)
        last = len(self.leaves) - 1
        self.leaves[i] = self.leaves[last]
        self.leaves.pop()
        self.low[:, i], self.high[:, i] = self.low[:, last], self.high[:, last]
        self.low[:, last], self.high[:, last] = np.inf, -np.inf
        if not self.leaves:
            self.leaves.append(Leaf(len(self.low)))
            self.low = self.high = None

    def _outside(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Squared distance of a point to each box, 0 inside."""
        n = len(self.leaves)
        assert self.low is not None and self.high is not None  # noqa: S101, PT018 - callers have looked
        beyond = np.maximum(self.low[:, :n] - point, point - self.high[:, :n])
        np.maximum(beyond, 0.0, out=beyond)
        beyond *= beyond
        acc: NDArray[np.float64] = beyond[0]
        for square in beyond[1:]:
            acc += square
        return acc

    def _split(self, i: int) -> None:
        leaf = self.leaves[i]
        other = leaf.split()
        self.leaves.append(other)
        n = len(self.leaves)
        if self.low is None or self.high is None or n > self.low.shape[1]:
            self._widen(len(leaf.cols), max(8, 2 * n))
        assert self.low is not None and self.high is not None  # noqa: S101, PT018 - made just now
        for j, one in ((i, leaf), (n - 1, other)):
            cols = one.cols[:, : one.size]
            self.low[:, j] = cols.min(axis=1)
            self.high[:, j] = cols.max(axis=1)

    def _widen(self, columns: int, capacity: int) -> None:
        low, high = np.full((columns, capacity), np.inf), np.full((columns, capacity), -np.inf)
        if self.low is not None and self.high is not None:
            n = self.low.shape[1]
            low[:, :n], high[:, :n] = self.low, self.high
        self.low, self.high = low, high


class Grid:
    """Buckets of side eps * (1 + 1e-6) on the widest columns; an entry is a chain's head or a Bucket.

    A shard holds the buckets of every 64th cell of the first column.
    """

    __slots__ = ("_cell_of", "_point", "columns", "offsets", "shards", "side")

    def __init__(self, columns: Sequence[int], side: float) -> None:
        self.columns = tuple(zip(columns, STRIDES, strict=False))
        self.side = side
        self._point: Sequence[float] = ()
        self._cell_of = (0, 0)
        self.shards: list[dict[int, Any]] = [{} for _ in range(SHARDS)]
        offsets = [0]
        for _, stride in self.columns[1:]:
            offsets = [offset + step * stride for offset in offsets for step in (0, -1, 1)]
        self.offsets = offsets

    def find(self, point: Sequence[float]) -> tuple[dict[int, Any], int]:
        """Shard and key of the bucket around a point. Two buckets may share a key: then they are one."""
        first, key = self._cell(point)
        return self.shards[first & SHARDS - 1], key

    def around(self, point: Sequence[float]) -> Iterator[Any]:
        """Entries of the buckets that may hold neighbours of a point, its own bucket's first."""
        first, key = self._cell(point)
        offsets, shards = self.offsets, self.shards
        get = shards[first & SHARDS - 1].get
        entry = get(key)
        if entry is not None:
            yield entry
        # One dict after the other: whoever has found enough asks no further.
        yield from [entry for offset in offsets[1:] if (entry := get(key + offset)) is not None]
        for step in (-1, 1):
            get = shards[first + step & SHARDS - 1].get
            base = key + step
            yield from [entry for offset in offsets if (entry := get(base + offset)) is not None]

    def _cell(self, point: Sequence[float]) -> tuple[int, int]:
        """The cell on the first column, and the bucket's key."""
        if point is self._point:
            return self._cell_of
        first = key = 0
        for column, stride in self.columns:
            x = point[column] / self.side
            cell = floor(x) if -FAR < x < FAR else FAR if x > 0 else -FAR
            if stride == 1:
                first = cell
            key += cell * stride
        self._point, self._cell_of = point, (first, key)
        return first, key
