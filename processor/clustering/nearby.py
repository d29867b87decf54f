"""Points by small number, and which of them are near: a hashed grid over flat arrays.

Cells of side eps (1 + 1e-6) on at most three columns; cells that share a bucket are told apart by key. Far
from the origin, where x / side is not exact enough, sides are the next power of two, which divides exactly.
"""

from math import ceil, frexp, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.neighbours import FAR, GRID_DIMENSIONS, KEYS
from processor.clustering.rows import LARGEST
from processor.clustering.tables import make_room, secret, zeros

KEY_BITS = 60  # of a cell's key: the sum of its numbers on the columns by secret strides
FIRST_ROOM = 64
BUCKETS = 2  # for each point there is room for
WORTH = 4  # times as many cells are worth laying the grid anew
KINDS = {"held": "B", "found": "I", "_key": "Q", "earlier": "I", "later": "I"}
SPREAD = 4  # cells that a column extends over for it to be one of the grid's


class Nearby:
    """Points within eps of a point.

    x : coordinates, `columns` for each number
    held : whether a number stands for a point
    found : the numbers that the last look found
    usual : points that looks around held ones find, a mean of the latest
    later, earlier : of each number its neighbours in a chain that holds all of its cell, by when they came
    """

    x: Any
    held: Any
    found: Any
    _q: Any
    _key: Any
    earlier: Any
    later: Any
    _heads: Any
    _offsets: Any
    _on: Any
    _strides: Any

    def __init__(self, columns: int, limit: float, side: float) -> None:
        """No points yet; `limit` is the square of eps."""
        self.columns = columns
        self.limit = limit
        self.size = 0
        self.room = 0
        self.usual = 0.0
        self._side = side
        self._arrays: dict[str, NDArray[Any]] = {}
        self._q = np.zeros(columns).data  # the point that is looked around
        self._on = np.zeros(0, np.int64).data  # columns of the grid
        strides = [secret(f"nearby {i}") & KEYS | 1 for i in range(GRID_DIMENSIONS)]
        self._strides = np.array(strides, np.uint64).data
        self._wide = 2.0 ** (frexp(side)[1])
        self._far = ceil(FAR * side / self._wide) * self._wide  # |x| of the first wide cell's begin
        # So much is added to the number of a wide cell, that neighbouring cells have neighbouring numbers.
        self._above = int(self._far // side) - int(self._far // self._wide)
        self._below = int(-self._far // side) - int(-self._far // self._wide) + 1
        self._offsets = np.zeros(1, np.uint64).data
        self._heads = np.zeros(BUCKETS * FIRST_ROOM, np.uint32).data
        self._shift = KEY_BITS + 1 - len(self._heads).bit_length()  # what is above it is the bucket's number
        self._left = FIRST_ROOM  # points to come until the grid is laid anew
        self.reserve(FIRST_ROOM)

    def reserve(self, room: int) -> None:
        """Make numbers below `room` usable."""
        if room <= self.room:
            return
        make_room(self, self._arrays, KINDS, room)
        make_room(self, self._arrays, {"x": "d"}, room * self.columns)
        self.room = room

    def widen(self, columns: int) -> None:
        """Points have more columns from now on, in which those that are held are 0."""
        used = int(np.flatnonzero(np.asarray(self.held)).max(initial=0)) + 1
        old = self._arrays["x"].reshape(-1, self.columns)[:used]
        values = self._arrays["x"] = zeros(self.room * columns, "d")
        values.reshape(-1, columns)[:used, : self.columns] = old
        self.x = values.data
        self._q = np.zeros(columns).data
        self.columns = columns

    def add(self, number: int, rows: Any, begin: int) -> None:
        """Hold a point that is not held: its coordinates are in `rows` from `begin` on; 0 is no number."""
        x, at = self.x, number * self.columns
        for i in range(self.columns):
            x[at + i] = rows[begin + i]
        self.held[number] = 1
        self.size += 1
        self._link(number)
        self._left -= 1
        if self._left < 0:
            self._lay()

    def remove(self, number: int) -> None:
        """Hold a point no more."""
        following, before = self.earlier[number], self.later[number]
        if following:
            self.later[following] = before
        if before:
            self.earlier[before] = following
        else:
            self._heads[self._key[number] >> self._shift] = following
        self.held[number] = 0
        self.size -= 1

    def around(self, number: int) -> int:
        """How many points are within eps of a held one, itself included; `found` has them."""
        q, x, at = self._q, self.x, number * self.columns
        for i in range(self.columns):
            q[i] = x[at + i]
        found = self._look(self._key[number], self.limit)
        self.usual += (found - self.usual) * 0.03125
        return found

    def beside(self, number: int) -> int:
        """How many points share a held one's cell or are in those next to it; `found` has them."""
        return self._look(self._key[number], inf)

    def by_cell(self, numbers: list[int]) -> list[list[int]]:
        """Held points in groups that share a cell."""
        cells: dict[int, list[int]] = {}
        for number in numbers:
            cells.setdefault(self._key[number], []).append(number)
        return list(cells.values())

    def around_point(self, point: list[float]) -> int:
        """How many points are within eps of any point; `found` has them."""
        q = self._q
        for i in range(self.columns):
            q[i] = point[i]
        return self._look(self._key_of(q, 0), self.limit)

    def along(self, number: int, at: int, chain: Any) -> int:
        """The next point after `at` in a chain that is within eps of a held one and in its cell, else 0."""
        keys, limit = self._key, self.limit
        wanted = keys[number]
        at = chain[at]
        while at:
            if keys[at] == wanted and self.squared(number, at) <= limit:
                return at
            at = chain[at]
        return 0

    def squared(self, a: int, b: int) -> float:
        """Squared distance of two held points, added up feature by feature (see neighbours.py)."""
        x, acc = self.x, 0.0
        a, b = a * self.columns, b * self.columns
        for i in range(self.columns):
            difference = x[a + i] - x[b + i]
            acc += difference * difference
        return acc

    def distance(self, number: int) -> float:
        """Squared distance of a held point to the one that was looked around last."""
        x, q, at, acc = self.x, self._q, number * self.columns, 0.0
        for i in range(self.columns):
            difference = x[at + i] - q[i]
            acc += difference * difference
        return acc

    def _look(self, key: int, limit: float) -> int:
        q, x, keys, following, heads = self._q, self.x, self._key, self.earlier, self._heads
        columns, found, number, first = self.columns, self.found, 0, q[0]
        offsets, shift, mask = self._offsets, self._shift, 0xFFFFFFFFFFFFFFF
        for cell in range(len(offsets)):
            wanted = key + offsets[cell] & mask
            at = heads[wanted >> shift]
            while at:
                if keys[at] == wanted:
                    begin = at * columns
                    difference = x[begin] - first
                    acc = difference * difference
                    for i in range(1, columns):
                        if not acc <= limit:
                            break
                        difference = x[begin + i] - q[i]
                        acc += difference * difference
                    if acc <= limit:
                        found[number] = at
                        number += 1
                at = following[at]
        return number

    def _key_of(self, x: Any, begin: int) -> int:
        """Key of the cell around a point; neighbouring cells' are `_offsets` beyond it."""
        key, mask = 0, 0xFFFFFFFFFFFFFFF
        for i in range(len(self._on)):
            value = x[begin + self._on[i]]
            if -self._far <= value < self._far:
                cell = int(value / self._side // 1.0)
            elif -LARGEST <= value <= LARGEST:
                cell = self._wide_cell(value)
            else:
                cell = 0  # nobody is near
            key += cell * self._strides[i]
        return key & mask

    def _wide_cell(self, value: float) -> int:
        """Number of the cell far from the origin that holds a coordinate."""
        cells = value / self._wide // 1.0
        # Where 60 bits are too few, points are farther apart than eps, or equal; none of their bits is lost.
        while not -1152921504606846976.0 < cells < 1152921504606846976.0:
            cells /= 128.0
        return int(cells) + (self._above if value > 0 else self._below)

    def _link(self, number: int) -> None:
        key = self._key_of(self.x, number * self.columns)
        bucket = key >> self._shift
        head = self._heads[bucket]
        self._key[number], self.earlier[number], self.later[number] = key, head, 0
        if head:
            self.later[head] = number
        self._heads[bucket] = number

    def _link_all(self, numbers: Any) -> None:
        for i in range(len(numbers)):
            self._link(numbers[i])

    def _lay(self) -> None:
        """Lay the grid on the columns that extend over most cells now, with buckets for twice the points.

        Once as many have come as are held now there may be twice as many, or all may be elsewhere. Where
        neither is so, it stays.
        """
        held = np.flatnonzero(np.asarray(self.held))
        points = np.asarray(self.x).reshape(-1, self.columns)[held]
        cells = np.minimum((points.max(axis=0) - points.min(axis=0)) / self._side, 2.0 * FAR)
        widest = cells.argsort(kind="stable")[::-1][:GRID_DIMENSIONS]
        chosen = widest[cells[widest] >= SPREAD].astype(np.int64)
        self._left = max(FIRST_ROOM, len(held))
        buckets = 1 << (BUCKETS * (len(held) + self._left) - 1).bit_length()
        gain = cells[chosen].prod() / np.maximum(cells[np.asarray(self._on)], 1.0).prod()
        if buckets <= len(self._heads) and not gain > WORTH:
            return
        self._on = chosen.data
        offsets = [0]
        for i in range(len(self._on)):
            offsets = [offset + step * int(self._strides[i]) for offset in offsets for step in (0, -1, 1)]
        self._offsets = np.array([offset & KEYS for offset in offsets], np.uint64).data
        self._heads = zeros(buckets, "I").data
        self._shift = KEY_BITS + 1 - buckets.bit_length()
        self._link_all(held.astype(np.uint32).data)
