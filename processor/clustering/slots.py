"""Slots and places: the flat state that the engine works on.

A slot is one (scope, row), a place one (scope, gate); only slots of one place can be neighbours.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.tables import Chained, Objects


class Slots(Chained):
    """(scope, row) -> slot.

    newest : part of its newest event
    core : it is core at least until this part leaves the window
    stamps : parts of its newest events, `ring` of them, a ring whose next entry to write is `turn`
    link : next slot of the chain it is in
    listed : whether a range query can find it
    counted : whether it is counted as live
    events : of those in the log that are counted by now; exact once all are
    first : serial of its first event since it was last absent
    """

    row: Any
    place: Any
    link: Any
    newest: Any
    core: Any
    stamps: Any
    turn: Any
    listed: Any
    counted: Any
    events: Any
    first: Any

    STATE = (*Chained.STATE, "ring", "exemplars")

    def __init__(self, ring: int) -> None:
        self.ring = ring
        self.exemplars = Objects()
        super().__init__(
            {
                "row": ("I", 1),
                "place": ("I", 1),
                "link": ("I", 1),
                "stamps": ("I", ring),
                "newest": ("I", 1),
                "core": ("I", 1),
                "turn": ("I", 1),
                "listed": ("B", 1),
                "counted": ("B", 1),
                "events": ("I", 1),
                "first": ("q", 1),
            }
        )

    def find(self, scope: int, index: int, places: "Places") -> int:
        """The slot of a scope's row, 0 = none."""
        key = self.hash_of(index, scope)
        at = self.first_of(key)
        while at:
            if self.row[at] == index and self.hash[at] == key and places.scope[self.place[at]] == scope:
                return at
            at = self.next[at]
        return 0

    def ringed(self) -> NDArray[np.uint32]:
        """All stamps, shape (slots, ring)."""
        return self.arrays["stamps"].reshape(-1, self.ring)

    def full_until(self, slot: int, number: int) -> int:
        """The oldest of a slot's `number` newest stamps, 0 where it has fewer; `number` is at most `ring`."""
        turn = self.turn[slot] - number
        stamp: int = self.stamps[slot * self.ring + (turn if turn >= 0 else turn + self.ring)]
        return stamp

    def live(self, slot: int, horizon: int) -> int:
        """How many of a slot's stamps are in the window."""
        stamps = self.stamps
        begin = slot * self.ring
        count = 0
        for at in range(begin, begin + self.ring):
            if stamps[at] >= horizon:
                count += 1
        return count


class Places(Chained):
    """(scope, gate) -> place.

    head : first slot of its chain, while it has one
    size : slots
    newest, before : parts of its newest two events
    """

    scope: Any
    gate: Any
    head: Any
    size_of: Any
    newest: Any
    before: Any

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(("scope", "gate", "head", "size_of", "newest", "before"), ("I", 1)))

    def find(self, scope: int, gate: int) -> int:
        """The place of a scope's gate, 0 = none."""
        key = self.hash_of(gate, scope)
        at = self.first_of(key)
        while at:
            if self.hash[at] == key and self.gate[at] == gate and self.scope[at] == scope:
                return at
            at = self.next[at]
        return 0

    def make(self, scope: int, gate: int) -> int:
        """A new place."""
        place = self.new()
        self.scope[place], self.gate[place] = scope, gate
        self.head[place] = self.size_of[place] = self.newest[place] = self.before[place] = 0
        self.chain(self.hash_of(gate, scope), place)
        return place
