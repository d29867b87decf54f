"""What a range query looks at: chains of slots, and buckets of leaves."""

from typing import Any

from processor.clustering.neighbours import LOOPS, Bucket, Leaf
from processor.clustering.rows import Rows
from processor.clustering.slots import Slots
from processor.clustering.stateful import Stateful

FEW = 24  # hits looked at one by one


class Scans(Stateful):
    """Live slots within eps of a point, in one chain or bucket.

    The arguments and what they answer are those of `Space.weigh`.
    """

    STATE: tuple[str, ...] = ("rows", "slots", "limit")

    def __init__(self, rows: Rows, slots: Slots, limit: float) -> None:
        """Look at the rows of slots; `limit` is the square of eps."""
        self.rows = rows
        self.slots = slots
        self.limit = limit
        self._dead = 0  # vectors near the point in the leaf looked at last, if all of them are dead

    def enter(self, entry: Any, point: list[float], horizon: int, need: int, found: list[int]) -> int:
        """An entry of a grid: a chain's head or a bucket."""
        if type(entry) is int:
            return self.walk(entry, point, horizon, need, found)
        return self.scan(entry, point, horizon, need, found)

    def walk(self, at: int, point: list[float], horizon: int, need: int, found: list[int]) -> int:
        """A chain from its slot `at` on."""
        slots, rows, limit = self.slots, self.rows, self.limit
        link, row, newest = slots.link, slots.row, slots.newest
        stamps, ring = slots.stamps, slots.ring
        second = 1 if ring > 1 else 0
        x, columns, x0 = rows.x, rows.columns, point[0]
        weight = 0
        while at:
            r = row[at]
            difference = x[r * columns] - x0
            if difference * difference <= limit and newest[at] >= horizon and rows.squared(r, point) <= limit:
                found.append(at)
                # The ring is blank where the vector came only once.
                weight += slots.live(at, horizon) if stamps[at * ring + second] else 1
                if weight >= need:
                    return weight
            at = link[at]
        return weight

    def scan(self, bucket: Bucket, point: list[float], horizon: int, need: int, found: list[int]) -> int:
        """A bucket, leaf by leaf."""
        weight = 0
        for leaf in bucket.near(point, self.limit):
            scan = self._loop if LOOPS else self._sweep
            weight += scan(leaf, point, horizon, need - weight, found)
            if weight >= need:
                return weight
            if self._dead > FEW:
                self._purge(bucket, leaf, horizon)
        return weight

    def _loop(self, leaf: Leaf, point: list[float], horizon: int, need: int, found: list[int]) -> int:
        """A leaf, vector by vector."""
        slots, limit, x0 = self.slots, self.limit, point[0]
        names, cols, columns = leaf.slots, leaf.cols, len(point)
        ring, weight, dead = slots.ring, 0, 0
        second = 1 if ring > 1 else 0
        self._dead = 0
        for at in range(leaf.size):
            difference = cols[0, at] - x0
            acc = difference * difference
            if acc > limit:
                continue
            for i in range(1, columns):
                difference = cols[i, at] - point[i]
                acc += difference * difference
            if acc > limit:
                continue
            slot = names[at]
            if slots.newest[slot] < horizon:
                dead += 1
                continue
            found.append(slot)
            weight += slots.live(slot, horizon) if slots.stamps[slot * ring + second] else 1
            if weight >= need:
                return weight
        self._dead = 0 if weight else dead
        return weight

    def _sweep(self, leaf: Leaf, point: list[float], horizon: int, need: int, found: list[int]) -> int:
        """A leaf, all vectors at once."""
        slots, weight = self.slots, 0
        near = leaf.within(point, self.limit)
        self._dead = 0
        if len(near) > FEW:
            alive = (slots.ringed()[near] >= horizon).sum(axis=1)
            found.extend(near[alive > 0].tolist())
            weight = int(alive.sum())
            self._dead = 0 if weight else len(near)
            return weight
        newest, stamps, ring = slots.newest, slots.stamps, slots.ring
        second = 1 if ring > 1 else 0
        for slot in near.tolist():
            if newest[slot] >= horizon:
                found.append(slot)
                weight += slots.live(slot, horizon) if stamps[slot * ring + second] else 1
                if weight >= need:
                    return weight
        return weight

    def _purge(self, bucket: Bucket, leaf: Leaf, horizon: int) -> None:
        """Drop a leaf in which all are dead, so that nobody looks at them again."""
        names = leaf.names()[: leaf.size]
        if not (self.slots.arrays["newest"][names] >= horizon).any():
            self.slots.arrays["listed"][names] = 0
            bucket.drop(leaf)
