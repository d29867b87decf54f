"""What is near: range queries over the slots of one place.

A place's slots are a chain while few, then leaves with boxes, then a grid of such buckets, filled leaf by
leaf.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.neighbours import (
    GRID_DIMENSIONS,
    GRID_FROM,
    Bucket,
    Grid,
    Leaf,
    squared_distance,
    squared_distances,
)
from processor.clustering.rows import Counts, Rows
from processor.clustering.slots import Places, Slots

MANY = 64  # neighbours that are sorted to see until when a vector is core
FULL = 1 << 13  # cells whose frequent vector is remembered
WALKED = 50  # times as many slots are looked at together as one by one
FEW = 24  # hits looked at one by one
CHAIN = 128  # coordinates that are walked one by one: a scan in numpy costs as much
COUNTED = 8  # slots of which one has its chain's length looked at
MARGIN = 1 + 1e-6  # of a grid's side over eps: more than division and floor can be wrong by


class _Index:
    """A place's vectors beyond a chain: a bucket, then a grid that takes over leaf by leaf."""

    __slots__ = ("bucket", "grid", "retry")

    def __init__(self, bucket: Bucket) -> None:
        self.bucket: Bucket | None = bucket
        self.grid: Grid | None = None
        self.retry = GRID_FROM


class Space:
    """Which live vectors are within eps of a point, place by place."""

    def __init__(self, rows: Rows, ring: int, eps: float, min_samples: int) -> None:
        self.rows = rows
        self.min_samples = min_samples
        self.slots = Slots(ring)
        self.places = Places()
        self.limit = eps * eps
        self._side = eps * MARGIN
        self._indexes: dict[int, _Index] = {}
        self._full: dict[tuple[int, int], int] = {}
        self._seen = 0  # the slot that `point` was asked for last
        self._seen_point: list[float] = []

    def enlist(self, slot: int) -> None:
        """Let range queries find a slot."""
        slots, places = self.slots, self.places
        place = slots.place[slot]
        slots.listed[slot] = 1
        self._seen = 0
        index = self._indexes.get(place)
        if index is not None:
            self._add(index, slot)
            return
        slots.link[slot] = places.head[place]
        places.head[place] = slot
        if places.size_of[place] > CHAIN // self.rows.columns:
            bucket = Bucket(self.rows.columns)
            self._indexes[place] = _Index(bucket)
            at = slot
            while at:
                bucket.add(at, self._point(at))
                at = slots.link[at]
            places.head[place] = 0

    def relist(self) -> None:
        """Build what range queries walk anew: the vectors have other columns."""
        self._indexes.clear()
        slots, places = self.slots, self.places
        places.arrays["head"][:] = 0
        sizes = places.arrays["size_of"].copy()
        places.arrays["size_of"][:] = 0
        for slot in range(1, slots.size):
            if slots.place[slot] and slots.listed[slot]:
                places.size_of[slots.place[slot]] += 1
                self.enlist(slot)
        places.arrays["size_of"][:] = sizes

    def delist(self, slot: int) -> None:
        """Let range queries find a slot no more."""
        slots = self.slots
        if not slots.listed[slot]:
            return
        slots.listed[slot] = 0
        place = slots.place[slot]
        index = self._indexes.get(place)
        if index is None:
            self.places.head[place] = self._unlink(self.places.head[place], slot) or 0
        else:
            self._take(index, slot)
        self._seen = 0

    def forget(self, place: int) -> None:
        """The last slot of a place is gone."""
        self._indexes.pop(place, None)
        self.places.unchain(place)
        self.places.scope[place] = self.places.newest[place] = 0
        self.places.release(place)

    def note_full(self, slot: int, place: int, point: list[float] | None = None) -> None:
        """Remember a slot that is core by its own events, around a point or around itself."""
        if len(self._full) >= FULL:
            self._full.clear()
        self._full[place, self._cell(place, point or self.point(slot))] = slot

    def full_near(self, place: int, point: list[float], horizon: int) -> int:
        """Until when a remembered slot within eps is core by its own events, 0 where none is.

        Most points near frequent ones need no other neighbours to be looked for.
        """
        slots = self.slots
        slot = self._full.get((place, self._cell(place, point)), 0)
        # The slot may have been recycled since: place, stamps and distance are looked at as they are.
        if not slot or slots.place[slot] != place:
            return 0
        full = slots.full_until(slot, self.min_samples)
        if full < horizon:
            return 0
        r, acc = slots.row[slot], 0.0
        for column, x in zip(self.rows.x, point, strict=True):
            difference = column[r] - x
            acc += difference * difference
        return full if acc <= self.limit else 0

    def _cell(self, place: int, point: list[float]) -> int:
        """The cell of a grid, or all of a place without one."""
        index = self._indexes.get(place)
        return 0 if index is None or index.grid is None else index.grid.find(point)[1]

    def weigh(self, place: int, point: list[float], horizon: int, need: int, found: list[int]) -> int:
        """Live events within eps of a point, each vector's at most `ring`; counting stops at `need`.

        found : gets the live slots that were counted
        """
        slots, limit, columns = self.slots, self.limit, self.rows.x
        link, row, newest = slots.link, slots.row, slots.newest
        stamps, ring = slots.stamps, slots.ring
        second = 1 if ring > 1 else 0
        column, x = columns[0], point[0]
        others = [*zip(columns[1:], point[1:], strict=True)]
        weight = 0
        for entry in self._around(place, point):
            if type(entry) is not int:
                weight += self._scan(entry, point, horizon, need - weight, found)
                if weight >= need:
                    return weight
                continue
            at = entry
            while at:
                r = row[at]
                difference = column[r] - x
                acc = difference * difference
                if acc <= limit and newest[at] >= horizon:
                    for other, y in others:
                        difference = other[r] - y
                        acc += difference * difference
                    if acc <= limit:
                        found.append(at)
                        # The ring is blank where the vector came only once.
                        weight += slots.live(at, horizon) if stamps[at * ring + second] else 1
                        if weight >= need:
                            return weight
                at = link[at]
        return weight

    def _around(self, place: int, point: list[float]) -> Iterable[Any]:
        """Chains (their heads) and buckets that may hold neighbours of a point."""
        index = self._indexes.get(place)
        if index is None:
            return [self.places.head[place]]
        grid, bucket = index.grid, index.bucket
        if grid is None:
            return [bucket]
        return grid.around(point) if bucket is None else [*grid.around(point), bucket]

    def is_core(self, slot: int, horizon: int, need: int) -> bool:
        """Whether a slot has `need` live events within eps."""
        slots = self.slots
        if slots.core[slot] >= horizon or slots.live(slot, horizon) >= need:
            return True
        found: list[int] = []
        if self.weigh(slots.place[slot], self.point(slot), horizon, need, found) < need:
            return False
        self.witness(slot, found)
        return True

    def witness(self, slot: int, found: list[int]) -> None:
        """Remember until when a slot is core for sure: events only come, until the horizon takes these.

        found : slots within eps with min_samples live events or more
        """
        slots, ring, need = self.slots, self.slots.ring, self.min_samples
        if MANY >= len(found) >= need:
            newest = slots.newest
            slots.core[slot] = sorted([newest[other] for other in found])[-need]
            return
        stamps: list[int] = []
        for other in found[:need]:
            stamps += slots.stamps[other * ring : other * ring + ring]
        if len(stamps) >= need:
            stamps.sort(reverse=True)
            slots.core[slot] = stamps[need - 1]

    def point(self, slot: int) -> list[float]:
        """The floats of a slot; not to be changed."""
        if slot != self._seen:
            self._seen_point = self.rows.vector_of(self.slots.row[slot])
            self._seen = slot
        return self._seen_point

    def counts(self, slot: int) -> Counts:
        """The counts of a slot."""
        return self.rows.counts_of(self.slots.row[slot])

    def close(self, a: list[float], b: list[float]) -> bool:
        """Whether two points are within eps."""
        return squared_distance(a, b) <= self.limit

    def members(self, place: int) -> NDArray[np.int64]:
        """Every slot of a place that range queries can find, dead ones too."""
        index = self._indexes.get(place)
        if index is None:
            return np.array(self._chain(self.places.head[place]), np.int64)
        if self.places.size_of[place] * WALKED > self.slots.size:
            return np.flatnonzero(self.slots.arrays["place"][: self.slots.size] == place)
        pieces = [] if index.bucket is None else [leaf.slots[: leaf.size] for leaf in index.bucket.leaves]
        for shard in [] if index.grid is None else index.grid.shards:
            for entry in shard.values():
                if type(entry) is int:
                    pieces.append(np.array(self._chain(entry), np.uint32))
                else:
                    pieces += [leaf.slots[: leaf.size] for leaf in entry.leaves]
        return np.concatenate(pieces).astype(np.int64) if pieces else np.zeros(0, np.int64)

    def _chain(self, at: int) -> list[int]:
        found = []
        while at:
            found.append(at)
            at = self.slots.link[at]
        return found

    def distances(self, slots: NDArray[np.int64], point: list[float]) -> NDArray[np.float64]:
        """Squared distances of slots to a point."""
        rows = self.slots.arrays["row"][slots]
        columns = np.stack([column.take(rows) for column in self.rows.float_arrays()])
        return squared_distances(columns, np.array(point).reshape(-1, 1))

    def _point(self, slot: int) -> NDArray[np.float64]:
        return np.array(self.point(slot)).reshape(-1, 1)

    def _add(self, index: _Index, slot: int) -> None:
        grid, bucket = index.grid, index.bucket
        if grid is not None:
            self._deal(grid, slot, self.point(slot))
            if bucket is not None:
                self._migrate(index, grid, bucket)
            return
        assert bucket is not None  # noqa: S101 - an index without a grid has its bucket
        bucket.add(slot, self._point(slot))
        if bucket.size >= index.retry:
            index.retry = 2 * bucket.size
            index.grid = self._grid_for(bucket)

    def _migrate(self, index: _Index, grid: Grid, bucket: Bucket) -> None:
        """Deal one leaf to the grid."""
        leaf = bucket.leaves[-1]
        names, points = leaf.slots[: leaf.size].tolist(), leaf.cols[:, : leaf.size].T.tolist()
        bucket.drop(leaf)
        for slot, point in zip(names, points, strict=True):
            self._deal(grid, slot, point)
        if not bucket.size:
            index.bucket = None

    def _grid_for(self, bucket: Bucket) -> Grid | None:
        """A grid on the columns that spread over most cells, None where none does."""
        if bucket.low is None or bucket.high is None:
            return None
        n = len(bucket.leaves)
        cells = (bucket.high[:, :n].max(axis=1) - bucket.low[:, :n].min(axis=1)) / self._side
        widest = cells.argsort(kind="stable")[::-1][:GRID_DIMENSIONS]
        chosen = [int(i) for i in widest if cells[i] >= 4]
        return Grid(chosen, self._side) if chosen else None

    def _deal(self, grid: Grid, slot: int, point: list[float]) -> None:
        """Put a slot into its bucket of the grid."""
        shard, key = grid.find(point)
        entry = shard.get(key)
        link = self.slots.link
        if entry is None:
            link[slot] = 0
            shard[key] = slot
        elif type(entry) is int:
            link[slot] = entry
            shard[key] = slot
            # Looked at now and then: counting takes as long as walking.
            if slot % COUNTED or self._short(slot):
                return
            bucket = shard[key] = Bucket(self.rows.columns)
            at = slot
            while at:
                bucket.add(at, self._point(at))
                at = link[at]
        else:
            entry.add(slot, np.array(point).reshape(-1, 1))

    def _short(self, at: int) -> bool:
        """Whether a chain is still faster to walk than to scan."""
        left = CHAIN // self.rows.columns
        link = self.slots.link
        while at and left >= 0:
            left -= 1
            at = link[at]
        return left >= 0

    def _take(self, index: _Index, slot: int) -> None:
        """Take a slot out of where it is."""
        point = self.point(slot)
        if index.grid is not None:
            shard, key = index.grid.find(point)
            entry = shard.get(key)
            if type(entry) is int:
                head = self._unlink(entry, slot)
                if head:
                    shard[key] = head
                    return
                if head is not None:
                    del shard[key]
                    return
            elif entry is not None and entry.remove(slot, np.array(point).reshape(-1, 1)):
                if not entry.size:
                    del shard[key]
                return
        if index.bucket is not None:
            index.bucket.remove(slot, np.array(point).reshape(-1, 1))

    def _unlink(self, head: int, slot: int) -> int | None:
        """The head of a chain without `slot`, 0 = nothing is left; None where it is not in the chain."""
        link = self.slots.link
        following: int
        if head == slot:
            following = link[slot]
            return following
        at = head
        while at:
            following = link[at]
            if following == slot:
                link[at] = link[slot]
                return head
            at = following
        return None

    def _scan(self, bucket: Bucket, point: list[float], horizon: int, need: int, found: list[int]) -> int:
        """A bucket, leaf by leaf."""
        slots = self.slots
        newest, stamps, ring = slots.newest, slots.stamps, slots.ring
        second = 1 if ring > 1 else 0
        column = np.array(point).reshape(-1, 1)
        weight = 0
        for leaf in bucket.near(column, self.limit):
            near = leaf.within(column, self.limit)
            if len(near) <= FEW:
                for slot in near.tolist():
                    if newest[slot] >= horizon:
                        found.append(slot)
                        weight += slots.live(slot, horizon) if stamps[slot * ring + second] else 1
                        if weight >= need:
                            return weight
            elif len(near):
                alive = (slots.ringed()[near] >= horizon).sum(axis=1)
                total = int(alive.sum())
                if total:
                    weight += total
                    found.extend(near[alive > 0].tolist())
                else:
                    self._purge(bucket, leaf, horizon)
            if weight >= need:
                return weight
        return weight

    def _purge(self, bucket: Bucket, leaf: Leaf, horizon: int) -> None:
        """Drop a leaf in which all are dead, so that nobody looks at them again."""
        names = leaf.slots[: leaf.size]
        if not (self.slots.arrays["newest"][names] >= horizon).any():
            self.slots.arrays["listed"][names] = 0
            bucket.drop(leaf)
