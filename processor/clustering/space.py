"""What is near: range queries over the slots of one place.

A place's slots are a chain while few, then leaves with boxes, then a grid of such buckets, filled leaf by
leaf.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.neighbours import (
    GRID_DIMENSIONS,
    GRID_FROM,
    Bucket,
    Grid,
    squared_distance,
    squared_distances,
)
from processor.clustering.rows import Counts, Rows
from processor.clustering.scans import Scans
from processor.clustering.slots import Places, Slots
from processor.clustering.stateful import Stateful

MANY = 64  # neighbours that are sorted to see until when a vector is core
FULL = 1 << 13  # cells whose frequent vector is remembered
WALKED = 50  # times as many slots are looked at together as one by one
CHAIN = 128  # coordinates that are walked one by one: a scan in numpy costs as much
ONE_BY_ONE = 128  # slots of a place that are, to put them in order or to count their events
COUNTED = 8  # slots of which one has its chain's length looked at
MARGIN = 1 + 1e-6  # of a grid's side over eps: more than division and floor can be wrong by


class _Index(Stateful):
    """A place's vectors beyond a chain: a bucket, then a grid that takes over leaf by leaf."""

    STATE = ("bucket", "grid", "retry")

    def __init__(self, bucket: Bucket) -> None:
        self.bucket: Bucket | None = bucket
        self.grid: Grid | None = None
        self.retry = GRID_FROM


class Space(Scans):
    """Which live vectors are within eps of a point, place by place."""

    STATE = (*Scans.STATE, "min_samples", "places", "side", "_indexes", "_full")

    def __init__(self, rows: Rows, ring: int, eps: float, min_samples: int) -> None:
        super().__init__(rows, Slots(ring), eps * eps)
        self.min_samples = min_samples
        self.places = Places()
        self.side = eps * MARGIN
        self._indexes: dict[int, _Index] = {}
        self._full: dict[tuple[int, int], int] = {}
        self._begin()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._begin()

    def _begin(self) -> None:
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
                bucket.add(at, self.point(at))
                at = slots.link[at]
            places.head[place] = 0

    def widen(self) -> None:
        """The rows have more columns, all 0: who is near whom stays. Buckets follow as used."""
        self._seen = 0

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
        return full if self.rows.squared(slots.row[slot], point) <= self.limit else 0

    def _cell(self, place: int, point: list[float]) -> int:
        """The cell of a grid, or all of a place without one."""
        index = self._indexes.get(place)
        if index is None or index.grid is None:
            return 0
        index.grid.find(point)
        return index.grid.key

    def weigh(self, place: int, point: list[float], horizon: int, need: int, found: list[int]) -> int:
        """Live events within eps of a point, each vector's at most `ring`; counting stops at `need`.

        found : gets the live slots that were counted
        """
        index = self._indexes.get(place)
        if index is None:
            return self.walk(self.places.head[place], point, horizon, need, found)
        weight, grid, bucket = 0, index.grid, index.bucket
        if grid is not None:
            shard = grid.find(point)
            entry = shard.get(grid.key)
            if entry is not None:
                weight = self.enter(entry, point, horizon, need, found)
            for step in (0, -1, 1):
                if weight >= need:
                    return weight
                # One dict after the other: whoever has found enough asks no further.
                for entry in grid.beside(point, step):
                    weight += self.enter(entry, point, horizon, need - weight, found)
                    if weight >= need:
                        return weight
        if bucket is not None and weight < need:
            weight += self.scan(bucket, point, horizon, need - weight, found)
        return weight

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
        held = slots.stamps
        for other in found[:need]:
            stamps += [held[at] for at in range(other * ring, other * ring + ring)]
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
        pieces = [] if index.bucket is None else [leaf.names()[: leaf.size] for leaf in index.bucket.leaves]
        for shard in [] if index.grid is None else index.grid.shards:
            for entry in shard.values():
                if type(entry) is int:
                    pieces.append(np.array(self._chain(entry), np.uint32))
                else:
                    pieces += [leaf.names()[: leaf.size] for leaf in entry.leaves]
        return np.concatenate(pieces).astype(np.int64) if pieces else np.zeros(0, np.int64)

    def around(self, place: int, point: list[float], horizon: int, number: int) -> list[tuple[float, int]]:
        """(Squared distance, slot) of the `number` nearest live slots of a place, or of more, in order."""
        slots, rows, each = self.slots, self.rows, self._each(place)
        if each is not None:
            found = []
            for at in each:
                if slots.newest[at] >= horizon:
                    found.append((rows.squared(slots.row[at], point), at))  # noqa: PERF401 - typed so
            return sorted(found)
        names = self.members(place)
        names = names[slots.arrays["newest"][names] >= horizon]
        distances = self.distances(names, point)
        if len(names) > number:
            close = distances <= np.partition(distances, number - 1)[number - 1]
            names, distances = names[close], distances[close]
        return sorted(zip(distances.tolist(), names.tolist(), strict=True))

    def events_in(self, place: int, limit: int) -> int:
        """Live events of a place, once all is settled; where they are more than `limit`, so many at least."""
        each = self._each(place)
        if each is None:
            return int(self.slots.arrays["events"][self.members(place)].sum())
        events = 0
        for at in each:
            events += self.slots.events[at]
            if events >= limit:
                break
        return events

    def _each(self, place: int) -> list[int] | None:
        """The slots of a place where they are few, None where they are better looked at together."""
        index = self._indexes.get(place)
        if index is None:
            return self._chain(self.places.head[place])
        if index.bucket is None or index.grid is not None or index.bucket.size > ONE_BY_ONE:
            return None
        found = []
        for leaf in index.bucket.leaves:
            names = leaf.slots
            for i in range(leaf.size):
                found.append(int(names[i]))  # noqa: PERF401 - typed so
        return found

    def _chain(self, at: int) -> list[int]:
        found = []
        while at:
            found.append(at)
            at = self.slots.link[at]
        return found

    def distances(self, slots: NDArray[np.int64], point: list[float]) -> NDArray[np.float64]:
        """Squared distances of slots to a point."""
        rows = self.slots.arrays["row"][slots]
        # Whole rows: of a column alone, which has gaps, numpy would copy all of it.
        points = self.rows.arrays["x"].reshape(-1, self.rows.columns)[rows]
        return squared_distances(points.T, np.array(point).reshape(-1, 1))

    def _add(self, index: _Index, slot: int) -> None:
        grid, bucket = index.grid, index.bucket
        if grid is not None:
            self._deal(grid, slot, self.point(slot))
            if bucket is not None:
                self._migrate(index, grid, bucket)
            return
        assert bucket is not None  # noqa: S101 - an index without a grid has its bucket
        bucket.add(slot, self.point(slot))
        if bucket.size >= index.retry:
            index.retry = 2 * bucket.size
            index.grid = self._grid_for(bucket)

    def _migrate(self, index: _Index, grid: Grid, bucket: Bucket) -> None:
        """Deal one leaf to the grid."""
        bucket.widen(self.rows.columns)
        leaf = bucket.leaves[-1]
        names, points = leaf.names()[: leaf.size].tolist(), leaf.points()[:, : leaf.size].T.tolist()
        bucket.drop(leaf)
        for slot, point in zip(names, points, strict=True):
            self._deal(grid, slot, point)
        if not bucket.size:
            index.bucket = None

    def _grid_for(self, bucket: Bucket) -> Grid | None:
        """A grid on the columns that spread over most cells, None where none does."""
        if not bucket.boxed:
            return None
        n = len(bucket.leaves)
        low, high = np.asarray(bucket.low)[:, :n], np.asarray(bucket.high)[:, :n]
        cells = (high.max(axis=1) - low.min(axis=1)) / self.side
        widest = cells.argsort(kind="stable")[::-1][:GRID_DIMENSIONS]
        chosen = [int(i) for i in widest if cells[i] >= 4]
        return Grid(chosen, self.side) if chosen else None

    def _deal(self, grid: Grid, slot: int, point: list[float]) -> None:
        """Put a slot into its bucket of the grid."""
        shard = grid.find(point)
        key = grid.key
        entry = shard.get(key)
        link = self.slots.link
        if entry is None:
            link[slot] = 0
            shard[key] = slot
        elif type(entry) is int:
            link[slot] = entry
            shard[key] = slot
            # Looked at now and then, nobody knows when: counting takes as long as walking.
            if self.slots.hash_of(slot, 0) % COUNTED or self._short(slot):
                return
            bucket = shard[key] = Bucket(self.rows.columns)
            at = slot
            while at:
                bucket.add(at, self.point(at))
                at = link[at]
        else:
            entry.add(slot, point)

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
            shard = index.grid.find(point)
            key = index.grid.key
            entry = shard.get(key)
            if type(entry) is int:
                head = self._unlink(entry, slot)
                if head:
                    shard[key] = head
                    return
                if head is not None:
                    del shard[key]
                    return
            elif entry is not None and entry.remove(slot, point):
                if not entry.size:
                    del shard[key]
                return
        if index.bucket is not None:
            index.bucket.remove(slot, point)

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
