"""The distance rule, and range queries over the vectors of one gate of one scope.

Up to a few hundred vectors are one leaf, scanned whole. A leaf that grows splits at the median of its widest
column; leaves carry bounding boxes. A box that fails the distance test has no neighbour in it: subtraction,
squares and sums round monotonously, so that is never wrong. Larger places are dealt to buckets of a grid.
"""

from collections.abc import Sequence
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.stateful import Stateful
from processor.clustering.tables import secret

LEAF = 256  # vectors scanned at once
GRID_FROM = 512  # vectors from which a grid pays
GRID_DIMENSIONS = 3  # 27 buckets to look into; one more dimension would make them 81
SHARDS = 64  # dicts that share the buckets: one of them rehashes in under a millisecond
KEYS = (1 << 60) - 1  # a bucket's key has 60 bits, of which the uppermost six are the shard's
FAR = 1 << 31  # cells from the origin beyond which all is one cell: floor(x / side) must stay exact


def squared_distance(a: Sequence[float], b: Sequence[float]) -> float:
    """Squared Euclidean distance, added up feature by feature in float64.

    The order of rounding decides what lies on the boundary: no sum(), math.dist, einsum, fused multiply-add.
    """
    acc = 0.0
    for i in range(len(a)):
        difference = a[i] - b[i]
        acc += difference * difference
    return acc


# Where this module was compiled, loops over numbers beat numpy's calls.
LOOPS = not isinstance(squared_distance, FunctionType)


def squared_distances(columns: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distances of many points (columns, n) to one (columns, 1), each added up feature by feature."""
    squares = columns - point
    squares *= squares
    acc: NDArray[np.float64] = squares[0]
    for square in squares[1:]:
        acc += square
    return acc


class Leaf(Stateful):
    """Vectors in contiguous columns. `cols` is (columns, capacity), of which `size` are used."""

    cols: Any
    slots: Any

    def __init__(self, columns: int, capacity: int = 16) -> None:
        self.cols = np.empty((columns, capacity))
        self.slots = np.empty(capacity, np.uint32)
        self.size = 0

    def __getstate__(self) -> dict[str, Any]:
        return {
            "cols": self.points()[:, : self.size].copy(),
            "slots": self.names()[: self.size].copy(),
            "size": self.size,
        }

    def add(self, slot: int, point: list[float]) -> None:
        """Add a vector."""
        n = self.size
        if n == len(self.slots):
            cols, slots = self.points(), self.names()
            room = n + max(8, n // 4)
            self.cols = np.empty((len(cols), room))
            self.slots = np.empty(room, np.uint32)
            self.points()[:, :n] = cols
            self.names()[:n] = slots
        cols = self.cols
        for i in range(len(point)):
            cols[i, n] = point[i]
        self.slots[n] = slot
        self.size = n + 1

    def widen(self, columns: int) -> None:
        """Have more columns, in which all are 0."""
        cols = self.points()
        self.cols = np.zeros((columns, cols.shape[1]))
        self.points()[: len(cols)] = cols

    def points(self) -> NDArray[np.float64]:
        """All columns, beyond `size` too."""
        return np.asarray(self.cols)

    def names(self) -> NDArray[np.uint32]:
        """All slots, beyond `size` too."""
        return np.asarray(self.slots)

    def remove(self, slot: int) -> bool:
        """Remove a vector; whether it was here."""
        n = self.size
        at = self._at(slot)
        if at == n:
            return False
        n -= 1
        self.slots[at] = self.slots[n]
        cols = self.cols
        for i in range(len(cols)):
            cols[i, at] = cols[i, n]
        self.size = n
        return True

    def _at(self, slot: int) -> int:
        """Where a slot is, `size` where it is not."""
        if not LOOPS:
            found = (self.names()[: self.size] == slot).nonzero()[0]
            return int(found[0]) if len(found) else self.size
        slots = self.slots
        for at in range(self.size):
            if slots[at] == slot:
                return at
        return self.size

    def within(self, point: list[float], limit: float) -> NDArray[np.uint32]:
        """Slots whose squared distance is at most `limit`."""
        n = self.size
        close = squared_distances(self.points()[:, :n], np.array(point).reshape(-1, 1)) <= limit
        near: NDArray[np.uint32] = self.names()[:n][close]
        return near

    def split(self) -> "Leaf":
        """Move the upper half along the widest column to a new leaf."""
        n = self.size
        cols, slots = self.points()[:, :n], self.names()[:n]
        widest = int((cols.max(axis=1) - cols.min(axis=1)).argmax())
        order = cols[widest].argpartition(n // 2)
        other = Leaf(len(cols))
        for leaf, chosen in ((self, order[: n // 2]), (other, order[n // 2 :])):
            leaf.cols, leaf.slots = np.ascontiguousarray(cols[:, chosen]), slots[chosen]
            leaf.size = len(chosen)
        return other


class Bucket(Stateful):
    """Leaves with bounding boxes. `low` and `high` are (columns, leaves); they mean nothing for one leaf.

    A point of more columns than it has widens it: in those it was not told of, all that it holds is 0.
    """

    STATE = ("leaves", "size", "boxed", "columns")

    low: Any
    high: Any
    _gaps: Any

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.leaves = [Leaf(columns)]
        self.boxed = False
        self.low = self.high = np.zeros((columns, 0))
        self._gaps = np.zeros(0)
        self.size = 0

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "low": np.array(self.low), "high": np.array(self.high)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._gaps = np.empty(self.low.shape[1])

    def add(self, slot: int, point: list[float]) -> None:
        """Add a vector to the leaf whose box is nearest."""
        if len(point) > self.columns:
            self.widen(len(point))
        self.size += 1
        chosen = 0
        if self.boxed:
            chosen = self._nearest(point)
            low, high = self.low, self.high
            for i in range(self.columns):
                x = point[i]
                low[i, chosen] = min(low[i, chosen], x)
                high[i, chosen] = max(high[i, chosen], x)
        leaf: Leaf = self.leaves[chosen]
        leaf.add(slot, point)
        if leaf.size >= LEAF:
            self._split(chosen)

    def remove(self, slot: int, point: list[float]) -> bool:
        """Remove a vector; whether it was here."""
        if len(point) > self.columns:
            self.widen(len(point))
        leaves = self.leaves
        if self.boxed:
            n = self._measure(point)
            leaves = [leaves[i] for i in range(n) if self._gaps[i] == 0.0]
        for leaf in leaves:
            if leaf.remove(slot):
                self.size -= 1
                if not leaf.size:
                    self.drop(leaf)
                return True
        return False

    def near(self, point: list[float], limit: float) -> list[Leaf]:
        """Leaves that may hold vectors within the limit, those whose boxes are nearest to the point first."""
        if len(point) > self.columns:
            self.widen(len(point))
        leaves = self.leaves
        if not self.boxed:
            return leaves[:1]
        n = self._measure(point)
        gaps = self._gaps
        if not LOOPS:
            all_gaps = np.asarray(gaps)[:n]
            close = (all_gaps <= limit).nonzero()[0]
            return [leaves[i] for i in close[all_gaps[close].argsort(kind="stable")].tolist()]
        least = limit
        for i in range(n):
            least = min(least, gaps[i])
        first: list[Leaf] = []
        others: list[Leaf] = []
        # In order they would have to be sorted, which takes longer than to look into them.
        for i in range(n):
            if gaps[i] <= limit:
                (first if gaps[i] == least else others).append(leaves[i])
        return first + others

    def widen(self, columns: int) -> None:
        """Have so many columns at least."""
        if columns <= self.columns:
            return
        low, high = np.asarray(self.low), np.asarray(self.high)
        more = np.zeros((columns - self.columns, low.shape[1]))
        self.low, self.high = np.concatenate((low, more)), np.concatenate((high, more))
        self.columns = columns
        for leaf in self.leaves:
            leaf.widen(columns)

    def drop(self, leaf: Leaf) -> None:
        """Take a leaf away with all that is in it."""
        self.size -= leaf.size
        if not self.boxed:
            leaf.size = 0
            return
        i = self.leaves.index(leaf)
        last = len(self.leaves) - 1
        self.leaves[i] = self.leaves[last]
        self.leaves.pop()
        low, high = np.asarray(self.low), np.asarray(self.high)
        low[:, i], high[:, i] = low[:, last], high[:, last]
        low[:, last], high[:, last] = np.inf, -np.inf
        if not self.leaves:
            self.leaves.append(Leaf(self.columns))
            self.boxed = False

    def _nearest(self, point: list[float]) -> int:
        """The leaf whose box is nearest to a point."""
        n = self._measure(point)
        gaps = self._gaps
        if not LOOPS:
            return int(np.asarray(gaps)[:n].argmin())
        chosen = 0
        for i in range(1, n):
            if gaps[i] < gaps[chosen]:
                chosen = i
        return chosen

    def _measure(self, point: list[float]) -> int:
        """Note the squared distances of a point to all boxes, 0 inside; how many they are."""
        n = len(self.leaves)
        low, high, gaps = self.low, self.high, self._gaps
        if not LOOPS:
            x = np.array(point).reshape(-1, 1)
            beyond = np.maximum(np.asarray(low)[:, :n] - x, x - np.asarray(high)[:, :n])
            np.maximum(beyond, 0.0, out=beyond)
            np.asarray(gaps)[:n] = squared_distances(beyond, np.zeros_like(x))
            return n
        for i in range(n):
            gaps[i] = 0.0
        # Column by column: the boxes' sides lie so.
        for column in range(self.columns):
            at = point[column]
            for i in range(n):
                outside = max(low[column, i] - at, at - high[column, i])
                if outside > 0.0:
                    gaps[i] += outside * outside
        return n

    def _split(self, i: int) -> None:
        leaf = self.leaves[i]
        other = leaf.split()
        self.leaves.append(other)
        n = len(self.leaves)
        if not self.boxed or n > self.low.shape[1]:
            self._make_room(max(8, 2 * n))
        low, high = np.asarray(self.low), np.asarray(self.high)
        for j, one in ((i, leaf), (n - 1, other)):
            cols = one.points()[:, : one.size]
            low[:, j] = cols.min(axis=1)
            high[:, j] = cols.max(axis=1)

    def _make_room(self, capacity: int) -> None:
        low, high = np.full((self.columns, capacity), np.inf), np.full((self.columns, capacity), -np.inf)
        if self.boxed:
            n = self.low.shape[1]
            low[:, :n], high[:, :n] = np.asarray(self.low), np.asarray(self.high)
        self.low, self.high, self.boxed = low, high, True
        self._gaps = np.empty(capacity)


class Grid(Stateful):
    """Buckets of side eps * (1 + 1e-6) on the widest columns; an entry is a chain's head or a Bucket.

    A bucket's key is the sum of its cell's numbers by secret strides (see tables.py: whoever chooses vectors
    cannot choose what their cells share); its upper bits are the shard's.
    key : of the bucket around the point that was asked for last
    """

    STATE = ("columns", "side", "shards", "strides", "offsets")

    def __init__(self, columns: Sequence[int], side: float) -> None:
        self.columns = tuple(columns)
        self.side = side
        self.shards: list[dict[int, Any]] = [{} for _ in range(SHARDS)]
        self.strides = tuple([secret(f"grid {i}") & KEYS | 1 for i in range(len(self.columns))])
        offsets = [0]
        for stride in self.strides[1:]:
            offsets = [offset + step * stride for offset in offsets for step in (0, -1, 1)]
        self.offsets = [offset & KEYS for offset in offsets]
        self._forget()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._forget()

    def find(self, point: list[float]) -> dict[int, Any]:
        """Shard of the bucket around a point; its key is `key`. Two that share a key are one."""
        if point is not self._point:
            self._look(point)
        shard: dict[int, Any] = self.shards[self.key >> 54]
        return shard

    def beside(self, point: list[float], step: int) -> list[Any]:
        """Entries of the buckets that may hold neighbours of a point, `step` cells on along the first column.

        Without the point's own.
        """
        if point is not self._point:
            self._look(point)
        base, keys = self.key + step * self._stride, 0xFFFFFFFFFFFFFFF
        found = []
        for offset in self.offsets:
            if step or offset:
                key = base + offset & keys
                entry = self.shards[key >> 54].get(key)
                if entry is not None:
                    found.append(entry)
        return found

    def _forget(self) -> None:
        self._point: list[float] = []
        self._stride = self.strides[0]
        self.key = 0

    def _look(self, point: list[float]) -> None:
        """Find the key of the bucket around a point."""
        key, keys = 0, 0xFFFFFFFFFFFFFFF
        for i, column in enumerate(self.columns):
            x = point[column] / self.side
            cell = FAR if x > 0 else -FAR
            if -2147483648.0 < x < 2147483648.0:  # FAR; a global would be one of Python's integers
                cell = int(x // 1.0)
            stride = self.strides[i]
            key += cell * stride
        self._point, self.key = point, key & keys
