"""Sliding-window DBSCAN on demand: the exact role of an event right after it was learned.

A vector's weight is capped at min_samples, so the stamps (part numbers) of its newest events decide it.
Expiry raises a horizon and touches no vector; core flags and unions are never stored. A verdict is the stamps
of the event's vector, else a range query that stops at min_samples, else the same for the neighbours found.
"""

import enum
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from math import sqrt
from operator import itemgetter

import numpy as np

from processor.clustering.components import Snapshot
from processor.clustering.homes import Home
from processor.clustering.room import Room
from processor.clustering.rows import Counts, Gate
from processor.clustering.stateful import Stateful
from processor.clustering.transfer import Transferable
from processor.clustering.walks import EVERYTHING, Guest, NearestCore, Walk

NEAREST = 64  # vectors of a gate among which an explanation looks for a core


class Role(enum.IntEnum):
    """What DBSCAN calls a point."""

    NOISE = 0
    BORDER = 1
    CORE = 2


NOISE, BORDER, CORE = Role.NOISE, Role.BORDER, Role.CORE


class Spot(Stateful):
    """Where repeats of a vector are learned by `Engine.again`, as long as it stays in the window."""

    STATE = ("first", "home", "slot")

    def __init__(self, slot: int, first: int, home: Home) -> None:
        self.slot = slot
        self.first = first
        self.home = home


class Engine(Transferable):
    """Exact DBSCAN roles over the multiset of vectors in a sliding window, gate by gate, scope by scope."""

    def learn(self, scope: str, row: int, part: int, serial: int, exemplar: str) -> Role:
        """Learn one event into `part`, and its vector's role right after.

        part : never below an earlier one
        serial, exemplar : kept where the vector was absent from the window
        """
        home = self.home(scope)
        slot = self.take(home, row, part, serial, exemplar)
        slots, horizon = self.slots, self.horizon_of(home)
        if slots.core[slot] >= horizon:
            role = CORE
        else:
            full, place = slots.full_until(slot, self.min_samples), slots.place[slot]
            if full >= horizon:
                role = CORE
                slots.core[slot] = full
                self.space.note_full(slot, place)
            else:
                role = self._role(slot, place, horizon)
        if self._busy:
            self.tidy()
        return role

    def home(self, scope: str) -> Home:
        """A scope, known from now on."""
        home = self.homes.named.get(scope)
        return self.homes.arrive(scope) if home is None else home

    def take(self, home: Home, row: int, part: int, serial: int, exemplar: str) -> int:
        """Learn as `learn` does, but for the role and for `tidy`, which is to be called; the event's slot."""
        if part != self.open_part:
            self.begin(part)
        parts, slots = self.parts, self.slots
        now, horizon = parts.last, parts.horizon
        if home.horizon > horizon:  # noqa: PLR1730 - a call of max() costs more than the rest of this line
            horizon = home.horizon
        if home.newest != now:
            if home.newest < horizon:
                home.oldest = now
            home.newest = now
        slot = self.slot_of(home, row)
        if slots.newest[slot] < horizon:
            self.appear(home, slot, serial, exemplar)
        self.stamp(slot)
        return slot

    def spot(self, scope: str, row: int) -> Spot | None:
        """Where the row that was learned last can be learned again, None where nobody knows any more."""
        home = self.homes.named.get(scope)
        if home is None:
            return None
        slot = self.slots.find(home.number, self.rows.index(row), self.places)
        return Spot(slot, self.slots.first[slot], home) if slot else None

    def again(self, spot: Spot, part: int) -> bool:
        """Learn one more event of a vector that is core by itself, as `learn` does.

        False, and nothing learned, where `learn` has to decide: the vector has left, or it takes a look at
        its neighbours to tell whether it is core.
        """
        parts, slots = self.parts, self.slots
        slot, home = spot.slot, spot.home
        horizon = parts.horizon
        if home.horizon > horizon:  # noqa: PLR1730 - as in learn
            horizon = home.horizon
        # The first event's serial tells a slot that was recycled.
        if slots.newest[slot] < horizon or slots.first[slot] != spot.first:
            return False
        if slots.core[slot] < horizon and self.min_samples > 1:
            full = slots.full_until(slot, self.min_samples - 1)
            if full < horizon:
                return False
            slots.core[slot] = full
        if part != self.open_part:
            self.begin(part)
        home.newest = parts.last
        self.stamp(slot)
        if self._busy:
            self.tidy()
        return True

    def judge(self, scope: str, row: int) -> Role:
        """Role of a late event: as if it had been learned; nothing is stored."""
        home = self.homes.named.get(scope)
        index = self.rows.index(row)
        place = self.places.find(home.number, self.rows.gate[index]) if home else 0
        if not place or home is None:
            return CORE if self.min_samples == 1 else NOISE
        point = self.rows.vector_of(index)
        horizon = self.horizon_of(home)
        found: list[int] = []
        weight = 1 + self.space.weigh(place, point, horizon, self.min_samples - 1, found)
        if weight >= self.min_samples:
            return CORE
        near = any(self.space.is_core(other, horizon, self.min_samples - 1) for other in found)
        return BORDER if near else NOISE

    def role(self, scope: str, row: int) -> Role | None:
        """Role of a vector as it stands, None where it has no event in the window."""
        home = self.homes.named.get(scope)
        slot = self.slots.find(home.number, self.rows.index(row), self.places) if home else 0
        if not slot or home is None or self.slots.newest[slot] < self.horizon_of(home):
            return None
        return self._role(slot, self.slots.place[slot], self.horizon_of(home))

    def alone_in_gate(self, scope: str, row: int, *, learned: bool) -> bool:
        """Whether no other live event has this event's scope and gate."""
        home = self.homes.named.get(scope)
        place = self.places.find(home.number, self.rows.gate[self.rows.index(row)]) if home else 0
        if not place or home is None:
            return True
        stamp = self.places.before[place] if learned else self.places.newest[place]
        return bool(stamp < self.horizon_of(home))

    def neighbours(self, scope: str, row: int, *, learned: bool) -> int:
        """Live events within eps, the event itself not counted."""
        here = self._here(scope, row)
        if here is None:
            return 0
        home, place, point = here
        if learned and self.places.before[place] < self.horizon_of(home):
            return 0  # alone in its place
        found: list[int] = []
        self.space.weigh(place, point, self.horizon_of(home), EVERYTHING, found)
        self.settle_all()
        return int(sum(self.slots.events[slot] for slot in found)) - learned

    def cluster_size(self, scope: str, row: int, limit: int, *, learned: bool = True) -> tuple[int, bool]:
        """Events in the cluster of the event's nearest core: (size, whether counting stopped at `limit`).

        learned : False for a late event, which counts itself although it is not stored
        (1, False) where no core is within eps.
        """
        here = self._here(scope, row)
        if here is None:
            return 1, False
        home, place, point = here
        self.settle_all()
        guest = None if learned else Guest(point, self.rows.counts_of(self.rows.index(row)))
        walk = Walk(self.space, self.min_samples, place, self.horizon_of(home), guest)
        return walk.size_around(point, limit)

    def nearest_cluster(
        self, scope: str, row: int, limit: int = 1000, *, apart: bool = False
    ) -> NearestCore | None:
        """The nearest core among the 64 nearest live vectors of the event's gate, None without one.

        apart : leave out the cores within eps: what a member of a cluster is nearest to beside its own kind
        """
        here = self._here(scope, row)
        if here is None:
            return None
        home, place, point = here
        horizon = self.horizon_of(home)
        if self.places.before[place] < horizon and self.min_samples > 1:
            return None  # one event at most is there
        for distance, counts, slot in self._nearest(place, point, horizon):
            near = apart and distance <= self.eps * self.eps
            if not near and self.space.is_core(slot, horizon, self.min_samples):
                text = self.slots.exemplars[slot]
                core = NearestCore(sqrt(distance), counts, text, size=1, at_least=True, slot=slot)
                return core if limit <= 1 else self.counted(scope, row, core, limit)
        return None

    def counted(self, scope: str, row: int, core: NearestCore, limit: int) -> NearestCore:
        """What `nearest_cluster` said of an event that is still the last, its cluster counted to `limit`."""
        here = self._here(scope, row)
        if here is None:
            return core
        home, place, _ = here
        self.settle_all()
        walk = Walk(self.space, self.min_samples, place, self.horizon_of(home), None)
        size, at_least = walk.size_of(core.slot, limit)
        return replace(core, size=size, at_least=at_least)

    def gate_events(self, scope: str, gate: Gate, limit: int) -> tuple[int, bool]:
        """Live events of a scope's gate: (number, whether counting stopped at `limit`)."""
        home = self.homes.named.get(scope)
        number = self.rows.gate_number(gate)
        place = self.places.find(home.number, number) if home and number else 0
        if not place or home is None or self.places.newest[place] < self.horizon_of(home):
            return 0, False
        if limit <= 1:
            return limit, True
        self.settle_all()
        events = self.space.events_in(place, limit)
        return (limit, True) if events >= limit else (events, False)

    def gate_exemplar(self, scope: str, gate: Gate) -> str:
        """The exemplar of a gate's oldest vector in a scope's window; "" where it has none."""
        home = self.homes.named.get(scope)
        number = self.rows.gate_number(gate)
        place = self.places.find(home.number, number) if home and number else 0
        if not place or home is None:
            return ""
        self.settle_all()
        slots = self.space.members(place)
        slots = slots[self.slots.arrays["newest"][slots] >= self.horizon_of(home)]
        if not len(slots):
            return ""
        oldest = int(np.argmin(self.slots.arrays["first"][slots]))
        kept: str = self.slots.exemplars[int(slots[oldest])]
        return kept

    def live_gates(self) -> list[tuple[str, Gate]]:
        """(scope, gate) of each place with an event in the window; one pass over all places."""
        places, n = self.places.arrays, self.places.size
        horizons = self.homes.horizons(self.parts.horizon)
        scopes = places["scope"][:n]
        live = np.flatnonzero((scopes > 0) & (places["newest"][:n] >= horizons[scopes]))
        return [
            (home.name, self.rows.gate_of(number))
            for scope, number in zip(scopes[live].tolist(), places["gate"][live].tolist(), strict=True)
            if (home := self.homes.numbered[scope]) is not None
        ]

    def slot(self, scope: str, row: int) -> int:
        """The slot of a scope's row, 0 where it has none; until the next event."""
        home = self.homes.named.get(scope)
        return 0 if home is None else self.slots.find(home.number, self.rows.index(row), self.places)

    def describe(self, scope: str, row: int, first: int) -> tuple[Gate, str] | None:
        """Gate and exemplar of a live vector, None where it is not (or no longer) that of event `first`."""
        home = self.homes.named.get(scope)
        if home is None or not self.rows.holds(row):
            return None
        slot = self.slots.find(home.number, self.rows.index(row), self.places)
        if not slot or self.slots.newest[slot] < self.horizon_of(home) or self.slots.first[slot] != first:
            return None
        return self.gate(row), self.slots.exemplars[slot]

    def snapshot(self, room: Room | None = None) -> Snapshot:
        """The window at this moment, for components.count and components.label in any thread.

        Copies 24 bytes a slot; the rest is worked out where the snapshot is used.
        room : where to, made for `slots.size`: copying is then all that it takes, 3 ns a slot
        """
        self.settle_all()
        room = room or Room(0)
        slots, places, rows = self.slots, self.places, self.rows
        n, m = slots.size, places.size
        snapshot = Snapshot(
            eps=self.eps,
            min_samples=self.min_samples,
            slot_row=room.copy("row", slots.arrays["row"][:n]),
            slot_place=room.copy("place", slots.arrays["place"][:n]),
            slot_events=room.copy("events", slots.arrays["events"][:n]),
            slot_newest=room.copy("newest", slots.arrays["newest"][:n]),
            part_low=self.parts.horizon,
            part_numbers=self.parts.outsides(),
            slot_first=room.copy("first", slots.arrays["first"][:n]),
            place_scope=places.arrays["scope"][:m].copy(),
            scopes=tuple(home.name if home else "" for home in self.homes.numbered),
            row_floats=tuple(rows.float_arrays()),
            row_counts=tuple(rows.count_arrays()),
            row_generation=rows.arrays["generation"],
        )
        rows.pin(snapshot)
        return snapshot

    def _role(self, slot: int, place: int, horizon: int) -> Role:
        """The role of a slot whose own stamps do not make it core."""
        if self.places.before[place] < horizon and self.min_samples > 1:
            return NOISE  # alone in its place
        point = self.space.point(slot)
        full = self.space.full_near(place, point, horizon)
        if full:
            self.slots.core[slot] = full
            return CORE
        found: list[int] = []
        if self.space.weigh(place, point, horizon, self.min_samples, found) >= self.min_samples:
            self.space.witness(slot, found)
            if self.slots.live(found[-1], horizon) >= self.min_samples:
                self.space.note_full(found[-1], place, point)
            return CORE
        for other in found:
            if other != slot and self.space.is_core(other, horizon, self.min_samples):
                return BORDER
        return NOISE

    def _here(self, scope: str, row: int) -> tuple[Home, int, list[float]] | None:
        """Scope, place and point of a row, None where the scope has nothing in its gate."""
        index = self.rows.index(row)
        home = self.homes.named.get(scope)
        place = self.places.find(home.number, self.rows.gate[index]) if home else 0
        return (home, place, self.rows.vector_of(index)) if home and place else None

    def _nearest(self, place: int, point: list[float], horizon: int) -> Iterator[tuple[float, Counts, int]]:
        """The nearest live slots of a place: (squared distance, counts, slot), nearest first."""
        order = self.space.around(place, point, horizon, NEAREST)
        left = NEAREST
        # Mostly the first is asked for, and no more.
        for distance, alike in groupby(order, itemgetter(0)):
            for counts, slot in sorted([(self.space.counts(slot), slot) for _, slot in alike])[:left]:
                left -= 1
                yield distance, counts, slot
            if not left:
                return
