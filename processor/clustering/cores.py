"""Which vectors of a window are core, followed event by event for those who ask after every event."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.nearby import Nearby
from processor.clustering.space import Space
from processor.clustering.tables import make_room

KINDS = {"core": "B", "first": "q", "_lacks": "q", "_events": "q"} | dict.fromkeys(
    ("_until", "_full", "_anchor"), "I"
)


class Cores:
    """The live vectors of a space, and which of them are core.

    Events only come until the horizon rises: a core is looked at again no sooner than at the part until which
    it is core for sure, and a vector that is none when as many events came near it as it lacked at least.

    near : the vectors, by slot
    core : 1 where a slot is core
    first : serial of the vector's first event; another one in that slot is another vector
    horizon : the last one heard of
    """

    core: Any
    first: Any
    _until: Any
    _full: Any
    _anchor: Any
    _lacks: Any
    _events: Any
    _newest: Any

    def __init__(self, space: Space, horizon: int) -> None:
        self.horizon = horizon
        self.near = Nearby(space.rows.columns, space.limit, space.side)
        self._space = space
        self._slots = space.slots
        self._need = space.min_samples
        self._last = horizon  # part of the newest event
        self._room = 0
        self._touched: list[int] = []
        self._due: dict[int, list[int]] = {}  # by the part until which nothing changes by itself
        self._dead: list[int] = []
        self._newest = np.zeros(self._need, np.uint32).data
        self._arrays: dict[str, NDArray[Any]] = {}
        self._reserve()

    def begin(self, slots: list[int], is_core: list[bool]) -> None:
        """Hold live vectors whose roles are known, those seen longest ago first."""
        for slot in slots:
            self._hold(slot)
            self._last = max(self._last, self._slots.newest[slot])
        for slot, core in zip(slots, is_core, strict=True):
            self._full[slot] = self._slots.full_until(slot, self._need)
            self.core[slot] = core
            if core:
                # Now, because all of them would be looked at when the horizon rises.
                self._note(slot, min(self._core_until(slot), self._slots.newest[slot]))

    def touch(self, slot: int) -> None:
        """An event of a slot was learned."""
        if slot >= self._room:
            self._reserve()
        self._last = max(self._last, self._slots.newest[slot])
        if not self._events[slot]:
            self._touched.append(slot)
        self._events[slot] += 1

    def waiting(self) -> int:
        """How many vectors have events that were not yet followed."""
        return len(self._touched)

    def due(self, horizon: int) -> int:
        """How many vectors are to be looked at when the window begins at `horizon`, about."""
        number = 0
        for part in range(self.horizon, horizon):
            due = self._due.get(part)
            if due is not None:
                number += len(due)
        return number

    def fall(self, horizon: int) -> list[int]:
        """Slots that are core no more, now that the window begins at `horizon`.

        Their points are held until `bury`.
        """
        fallen: list[int] = []
        begin, self.horizon = self.horizon, horizon
        for slot in self._touched:
            # So that who lost a neighbour and got another is not taken for a core no more.
            if not self.near.held[slot] and self._slots.newest[slot] >= horizon:
                self._hold(slot)
        for part in range(begin, horizon):
            due = self._due.pop(part, None)
            if due is not None:
                for slot in due:
                    if self._until[slot] == part:  # else it is due elsewhere by now
                        self._review(slot, fallen)
        return fallen

    def bury(self) -> None:
        """Let go of the vectors that have left the window."""
        for slot in self._dead:
            self.near.remove(slot)
        self._dead.clear()

    def rise(self) -> list[int]:
        """Slots that the events learned since have made cores.

        Vectors whose slot holds one that left wait until it is buried.
        """
        risen: list[int] = []
        later: list[int] = []
        slots, horizon = self._slots, self.horizon
        for slot in self._touched:
            if slots.newest[slot] < horizon:
                self._events[slot] = 0
                continue
            if not self.near.held[slot]:
                self._hold(slot)
            elif slots.first[slot] != self.first[slot]:
                later.append(slot)
                continue
            events = self._events[slot]
            self._events[slot] = 0
            before = self._full[slot]
            self._full[slot] = slots.full_until(slot, self._need)
            # With min_samples events of its own before these it counts as much as ever for its neighbours.
            if before < horizon:
                self._stir(slot, events, risen)
        self._touched = later
        return risen

    def alive(self, slot: int) -> bool:
        """Whether the vector that is held in a slot is in the window."""
        slots = self._slots
        return bool(slots.newest[slot] >= self.horizon and slots.first[slot] == self.first[slot])

    def _review(self, slot: int, fallen: list[int]) -> None:
        """See whether a slot has left the window, or is core no more."""
        if not self.alive(slot):
            self._until[slot] = 0
            self._dead.append(slot)
            if self.core[slot]:
                self.core[slot] = 0
                fallen.append(slot)
            return
        newest = self._slots.newest[slot]
        if not self.core[slot]:
            self._note(slot, newest)
            return
        until = self._core_until(slot)
        if not until:
            self.core[slot] = 0
            fallen.append(slot)
        self._note(slot, min(until, newest) if until else newest)

    def _core_until(self, slot: int) -> int:
        """Until when a core is one for sure, 0 where it is one no more."""
        slots, horizon = self._slots, self.horizon
        own = slots.full_until(slot, self._need)
        if own >= horizon:
            return own
        anchor = self._anchor[slot]
        if self.near.held[anchor] and self.alive(anchor):
            full = slots.full_until(anchor, self._need)
            if full >= horizon and self.near.squared(slot, anchor) <= self.near.limit:
                return full
        return self._weigh(slot)

    def _weigh(self, slot: int) -> int:
        """Look at its neighbours: until when a slot is core for sure, 0 where it is not core."""
        return self._leaned(slot) or self._weighed(slot)

    def _leaned(self, slot: int) -> int:
        """Until when a slot is core at least, by young events in its own cell; 0 where they do not suffice.

        Young is what stays as long as the slot itself, or is of the younger half of the window: who leans on
        the latter is looked at once more in its life. However the vectors of a cell came, few find too little
        there: any `min_samples` that are neighbours of each other suffice for all that are as old.
        """
        near, slots, need = self.near, self._slots, self._need
        young = min(slots.newest[slot], (self.horizon + self._last) // 2)
        until: int = slots.newest[slot]
        chain, other, weight, turned = near.later, slot, 0, False
        while other:
            if slots.newest[other] >= young and self.alive(other):
                begin = other * slots.ring
                for at in range(begin, begin + slots.ring):
                    stamp = slots.stamps[at]
                    if stamp >= young:
                        weight += 1
                        until = min(until, stamp)
                if weight >= need:
                    return until
            other = near.along(slot, other, chain)
            if not other and not turned:
                turned, chain = True, near.earlier
                other = near.along(slot, slot, chain)
        return 0

    def _weighed(self, slot: int) -> int:
        """Look at all neighbours: until when a slot is core for sure, 0 where it is not core."""
        slots, need, horizon = self._slots, self._need, self.horizon
        number, found = self.near.around(slot), self.near.found
        weight = best = 0
        for i in range(number):
            other = found[i]
            if not self.alive(other):
                continue
            full = slots.full_until(other, need)
            if full < horizon:
                weight += slots.live(other, horizon)
                continue
            weight += need
            if full > best:
                best = full
                self._anchor[slot] = other
        self._lacks[slot] = need - weight
        if best or weight < need:
            return best
        return self._nth_newest(number)

    def _nth_newest(self, number: int) -> int:
        """Part of the min_samples-th newest event of the vectors found just now."""
        slots, found, newest, last = self._slots, self.near.found, self._newest, self._need - 1
        for i in range(last + 1):
            newest[i] = 0
        for i in range(number):
            if not self.alive(found[i]):
                continue
            begin = found[i] * slots.ring
            for at in range(begin, begin + slots.ring):
                stamp = slots.stamps[at]
                if stamp > newest[last]:
                    place = last
                    while place and newest[place - 1] < stamp:
                        newest[place] = newest[place - 1]
                        place -= 1
                    newest[place] = stamp
        until: int = newest[last]
        return until

    def _stir(self, slot: int, events: int, risen: list[int]) -> None:
        """So many events came at a slot: those near it may have become cores."""
        found, ripe = self.near.found, []
        for i in range(self.near.around(slot)):
            other = found[i]
            if not self.core[other] and self.alive(other):
                self._lacks[other] -= events
                if self._lacks[other] <= 0:
                    ripe.append(other)
        for other in ripe:
            until = self._weigh(other)
            if until:
                self.core[other] = 1
                self._note(other, min(until, self._slots.newest[other]))
                risen.append(other)

    def _hold(self, slot: int) -> None:
        """Begin to hold the vector of a slot."""
        rows = self._space.rows
        self.near.add(slot, rows.x, self._slots.row[slot] * rows.columns)
        self.first[slot] = self._slots.first[slot]
        self.core[slot] = self._full[slot] = self._anchor[slot] = 0
        self._lacks[slot] = 1
        self._note(slot, self._slots.newest[slot])

    def _note(self, slot: int, until: int) -> None:
        """A slot need not be looked at before the horizon is beyond part `until`."""
        self._until[slot] = until
        due = self._due.get(until)
        if due is None:
            self._due[until] = [slot]
        else:
            due.append(slot)

    def _reserve(self) -> None:
        """Make room for every slot there is."""
        self._room = 2 * self._slots.size
        self.near.reserve(self._room)
        make_room(self, self._arrays, KINDS, self._room)
