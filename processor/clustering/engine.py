"""Sliding-window DBSCAN on demand: the exact role of an event right after it was learned.

A vector's weight is capped at min_samples, so the stamps (part numbers) of its newest events decide it.
Expiry raises a horizon and touches no vector; core flags and unions are never stored. A verdict is the stamps
of the event's vector, else a range query that stops at min_samples, else the same for the neighbours found.
"""

import enum
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from processor.clustering.components import Snapshot, label
from processor.clustering.labels import CoreLabels
from processor.clustering.neighbours import squared_distance
from processor.clustering.parts import Log, Parts
from processor.clustering.places import Space, mixed
from processor.clustering.rows import Counts, Gate, Rows, Vector
from processor.clustering.transfer import Portion, Tables, Vectors, portion
from processor.clustering.walks import EVERYTHING, Guest, Walk

NEAREST = 64  # vectors of a gate among which an explanation looks for a core
SETTLE = 1 << 13  # log entries settled in one update, in numpy
REAP = 8  # log entries looked at for dead vectors at a time
REAP_MOST = 32  # the same, more of them, where many wait
KEEP_DEAD = 2  # so many halvings of the number of live vectors is how many log entries the dead are kept for
ADOPT_ROWS = 1 << 9  # rows adopted between two pauses
RECENT = 1 << 13  # entries of the look-aside dicts: small enough to be thrown away without a pause
LAST_PART = (1 << 32) - 2  # inner part numbers are 32 bits
SMALLEST_EPS, LARGEST_EPS = 1e-150, 1e150  # eps * eps must be a normal number


class Role(enum.IntEnum):
    """What DBSCAN calls a point."""

    NOISE = 0
    BORDER = 1
    CORE = 2


NOISE, BORDER, CORE = Role.NOISE, Role.BORDER, Role.CORE


@dataclass(frozen=True, slots=True)
class NearestCore:
    """The nearest live core of an event's gate.

    distance : in feature units
    size, at_least : events in its cluster; `at_least` when the count stopped at the limit
    """

    distance: float
    counts: Counts
    exemplar: str
    size: int
    at_least: bool


class _Scope:
    """One scope: what eviction left of it, and since when it has been there.

    horizon : parts below it were taken from this scope alone
    oldest : no event of the scope in the window is in an older part
    newest : part of its newest event
    size : slots
    place : the place its last new slot was put into
    """

    __slots__ = ("base", "horizon", "name", "newest", "number", "oldest", "place", "size")

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.base = number << 64
        self.horizon = self.oldest = self.newest = self.size = self.place = 0


class Spot:
    """Where repeats of a vector are learned by `Engine.again`, as long as it stays in the window."""

    __slots__ = ("first", "home", "slot")

    def __init__(self, slot: int, first: int, home: _Scope) -> None:
        self.slot = slot
        self.first = first
        self.home = home


class Engine:
    """Exact DBSCAN roles over the multiset of vectors in a sliding window, gate by gate, scope by scope.

    columns : length of a vector
    eps : neighbours are at most this far, inclusive
    min_samples : events within eps, the event itself included, that make a core
    vector : the floats of counts, a pure function of them, shape (columns,)
    rare_cluster_size : sizes up to it are decided by stamps
    max_vectors : live (scope, vector) pairs; at the limit the largest scope loses its oldest parts, to 63/64
    """

    def __init__(
        self,
        *,
        columns: int,
        eps: float,
        min_samples: int,
        vector: Callable[[Counts], Vector],
        rare_cluster_size: int = 0,
        max_vectors: int = 1_000_000,
    ) -> None:
        if not SMALLEST_EPS <= eps <= LARGEST_EPS:
            raise ValueError(f"eps must be from {SMALLEST_EPS:g} to {LARGEST_EPS:g}, got {eps}")
        if min_samples < 1 or columns < 1:
            raise ValueError(f"min_samples and columns must be >= 1, got {min_samples} and {columns}")
        self.columns = columns
        self.eps = eps
        self.min_samples = min_samples
        self.max_vectors = max_vectors
        self.truncated = 0
        self.live_vectors = 0
        self._ring = max(min_samples, rare_cluster_size + 1)
        self._blank = array("I", bytes(4 * self._ring))
        self._vector = vector
        self._rows = Rows(columns, vector)
        self._space = Space(self._rows, self._ring, eps, min_samples)
        self._slots = self._space.slots
        self._places = self._space.places
        self._parts = Parts()
        self._log = Log()
        self._open = -1  # the caller's number of the open part
        self._settled = 0  # log entries before it are off the slots' events
        self._tidy_at = 0  # the next look for dead slots is when more of the log has expired than this
        self._reaped = 0  # log entries before it have been looked at for dead slots
        self._dying: deque[NDArray[np.int64]] = deque()  # slots that eviction killed
        self._scopes: dict[str, _Scope] = {}
        self._numbered: list[_Scope | None] = [None]
        self._numbers: list[int] = []
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._exported = (1, 0)  # inner part and log position from which `export` begins
        self._withdrawn: dict[str, int] | None = None  # kept from the first `export` on

    def intern(self, gate: Gate, counts: Counts) -> int:
        """The row of a gate and counts; to be used before the next `intern`, or checked with `holds`.

        Raises ValueError for a vector that is not `columns` finite numbers, or counts beyond 64 bits.
        """
        row = self._rows.young.get((gate, counts))
        return self._rows.intern(gate, counts) if row is None else row

    def holds(self, row: int) -> bool:
        """Whether a row that was kept outside still stands for its gate and counts."""
        return self._rows.holds(row)

    def gate(self, row: int) -> Gate:
        """The gate of a row that is held."""
        return self._rows.gate_of(self._rows.gate[self._rows.index(row)])

    def learn(  # noqa: C901, PLR0912, PLR0915 - the hot path calls nothing that it can do in place
        self, scope: str, row: int, part: int, serial: int, exemplar: str
    ) -> Role:
        """Learn one event into `part`, and its vector's role right after.

        part : never below an earlier one
        serial, exemplar : kept where the vector was absent from the window
        """
        parts, slots, places = self._parts, self._slots, self._places
        if part != self._open:
            self._begin(part)
        now = parts.last
        home = self._scopes.get(scope)
        if home is None:
            home = self._arrive(scope)
        horizon = parts.horizon
        if home.horizon > horizon:  # noqa: PLR1730 - a call of max() costs more than the rest of this line
            horizon = home.horizon
        if home.newest < now:
            if home.newest < horizon:
                home.oldest = now
            home.newest = now
        slot = self._young.get(home.base + row)
        if slot is None:
            slot = self._slot(home, row)
        last = slots.newest[slot]
        if last != now:
            if last >= horizon:
                parts.leave(last)
            else:
                self._appear(slot, serial, exemplar)
            parts.arrivals += 1
            slots.newest[slot] = now
            slots.entry[slot] = self._log.append(slot)
        elif not self._log.again(slots.entry[slot], slot):
            slots.entry[slot] = self._log.append(slot)
        slots.events[slot] += 1
        ring = self._ring
        turn = slots.turn[slot]
        stamps = slots.stamps
        begin = slot * ring
        stamps[begin + turn] = now
        turn = turn + 1 if turn + 1 < ring else 0
        slots.turn[slot] = turn
        place = slots.place[slot]
        places.before[place] = places.newest[place]
        places.newest[place] = now
        parts.learned += 1
        if parts.expired > self._tidy_at or self._dying:
            self._tidy()
        if slots.core[slot] >= horizon:
            role = CORE
        else:
            # The oldest of the newest min_samples stamps: the ring may be longer, for rare clusters.
            turn -= self.min_samples
            full = stamps[begin + (turn if turn >= 0 else turn + ring)]
            role = CORE if full >= horizon else self._role(slot, place, horizon)
        if self.live_vectors >= self.max_vectors:
            self._evict()
        return role

    def spot(self, scope: str, row: int) -> Spot | None:
        """Where the row that was learned last can be learned again, None where nobody knows any more."""
        home = self._scopes.get(scope)
        if home is None:
            return None
        slot = self._young.get(home.base + row) or self._old.get(home.base + row)
        return Spot(slot, self._slots.first[slot], home) if slot else None

    def again(self, spot: Spot, part: int) -> bool:
        """Learn one more event of a vector that is core by itself, as `learn` does.

        False, and nothing learned, where `learn` has to decide: the vector has left, or is not core by its
        own events, or the part is not open.
        """
        parts, slots = self._parts, self._slots
        slot, home = spot.slot, spot.home
        horizon = parts.horizon
        if home.horizon > horizon:  # noqa: PLR1730 - as in learn
            horizon = home.horizon
        last = slots.newest[slot]
        # The first event's serial tells a slot that was recycled.
        if last < horizon or slots.first[slot] != spot.first or part != self._open:
            return False
        now = parts.last
        ring, stamps = self._ring, slots.stamps
        begin, turn = slot * ring, slots.turn[slot]
        following = turn + 1 if turn + 1 < ring else 0
        if slots.core[slot] < horizon and self.min_samples > 1:
            full = following - self.min_samples
            if stamps[begin + (full if full >= 0 else full + ring)] < horizon:
                return False
        if last != now:
            home.newest = slots.newest[slot] = now
            parts.leave(last)
            parts.arrivals += 1
            slots.entry[slot] = self._log.append(slot)
        elif not self._log.again(slots.entry[slot], slot):
            slots.entry[slot] = self._log.append(slot)
        slots.events[slot] += 1
        stamps[begin + turn] = now
        slots.turn[slot] = following
        place, places = slots.place[slot], self._places
        places.before[place] = places.newest[place]
        places.newest[place] = now
        parts.learned += 1
        if parts.expired > self._tidy_at or self._dying:
            self._tidy()
        if self.live_vectors >= self.max_vectors:
            self._evict()
        return True

    def judge(self, scope: str, row: int) -> Role:
        """Role of a late event: as if it had been learned; nothing is stored."""
        home = self._scopes.get(scope)
        index = self._rows.index(row)
        place = self._places.find(home.number, self._rows.gate[index]) if home else 0
        if not place or home is None:
            return CORE if self.min_samples == 1 else NOISE
        point = self._rows.vector_of(index)
        horizon = self._horizon(home)
        found: list[int] = []
        weight = 1 + self._space.weigh(place, point, horizon, self.min_samples - 1, found)
        if weight >= self.min_samples:
            return CORE
        near = any(self._space.is_core(other, horizon, self.min_samples - 1) for other in found)
        return BORDER if near else NOISE

    def role(self, scope: str, row: int) -> Role | None:
        """Role of a vector as it stands, None where it has no event in the window."""
        home = self._scopes.get(scope)
        slot = self._slots.find(home.number, self._rows.index(row), self._places) if home else 0
        if not slot or home is None or self._slots.newest[slot] < self._horizon(home):
            return None
        return self._role(slot, self._slots.place[slot], self._horizon(home))

    def expire(self, horizon: int) -> None:
        """Parts below `horizon` have left the window."""
        self.live_vectors -= self._parts.expire(horizon, self._log.end)

    def alone_in_gate(self, scope: str, row: int, *, learned: bool) -> bool:
        """Whether no other live event has this event's scope and gate."""
        home = self._scopes.get(scope)
        place = self._places.find(home.number, self._rows.gate[self._rows.index(row)]) if home else 0
        if not place or home is None:
            return True
        stamp = self._places.before[place] if learned else self._places.newest[place]
        return bool(stamp < self._horizon(home))

    def neighbours(self, scope: str, row: int, *, learned: bool) -> int:
        """Live events within eps, the event itself not counted."""
        here = self._here(scope, row)
        if here is None:
            return 0
        home, place, point = here
        found: list[int] = []
        self._space.weigh(place, point, self._horizon(home), EVERYTHING, found)
        self._settle_all()
        return int(sum(self._slots.events[slot] for slot in found)) - learned

    def cluster_size(self, scope: str, row: int, limit: int, *, learned: bool = True) -> tuple[int, bool]:
        """Events in the cluster of the event's nearest core: (size, whether counting stopped at `limit`).

        learned : False for a late event, which counts itself although it is not stored
        (1, False) where no core is within eps.
        """
        here = self._here(scope, row)
        if here is None:
            return 1, False
        home, place, point = here
        self._settle_all()
        guest = None if learned else Guest(point, self._rows.counts_of(self._rows.index(row)))
        walk = Walk(self._space, self.min_samples, place, self._horizon(home), guest)
        return walk.size_around(point, limit)

    def nearest_cluster(self, scope: str, row: int, limit: int = 1000) -> NearestCore | None:
        """The nearest core among the 64 nearest live vectors of the event's gate, None without one."""
        here = self._here(scope, row)
        if here is None:
            return None
        home, place, point = here
        horizon = self._horizon(home)
        for distance, counts, slot in self._nearest(place, point, horizon):
            if self._space.is_core(slot, horizon, self.min_samples):
                self._settle_all()
                walk = Walk(self._space, self.min_samples, place, horizon, None)
                size, at_least = walk.size_of(slot, limit)
                return NearestCore(sqrt(distance), counts, self._slots.exemplars[slot], size, at_least)
        return None

    def gate_events(self, scope: str, gate: Gate, limit: int) -> tuple[int, bool]:
        """Live events of a scope's gate: (number, whether counting stopped at `limit`)."""
        home = self._scopes.get(scope)
        number = self._rows.gate_number(gate)
        place = self._places.find(home.number, number) if home and number else 0
        if not place or home is None or self._places.newest[place] < self._horizon(home):
            return 0, False
        if limit <= 1:
            return limit, True
        self._settle_all()
        events = int(self._slots.arrays["events"][self._space.members(place)].sum())
        return (limit, True) if events >= limit else (events, False)

    def live_gates(self) -> list[tuple[str, Gate]]:
        """(scope, gate) of each place with an event in the window; one pass over all places."""
        places, n = self._places.arrays, self._places.size
        horizons = np.array([self._horizon(home) if home else 0 for home in self._numbered], np.uint32)
        scopes = places["scope"][:n]
        live = np.flatnonzero((scopes > 0) & (places["newest"][:n] >= horizons[scopes]))
        return [
            (home.name, self._rows.gate_of(number))
            for scope, number in zip(scopes[live].tolist(), places["gate"][live].tolist(), strict=True)
            if (home := self._numbered[scope]) is not None
        ]

    def nearest_core(self, scope: str, gate: Gate, counts: Counts, beyond: Vector = ()) -> int:
        """Slot of the core nearest to a vector and within eps, ties to the smaller counts; 0 = none.

        counts : need not have been interned, and are not
        beyond : coordinates on columns that the engine does not have yet: all that is stored is 0 there
        """
        home = self._scopes.get(scope)
        number = self._rows.gate_number(gate)
        place = self._places.find(home.number, number) if home and number else 0
        if not place or home is None:
            return 0
        horizon = self._horizon(home)
        index = self._rows.find(gate, counts)
        slot = self._slots.find(home.number, index, self._places) if index and not any(beyond) else 0
        if (
            slot
            and self._slots.newest[slot] >= horizon
            and self._space.is_core(slot, horizon, self.min_samples)
        ):
            return slot
        point = [x + 0.0 for x in self._vector(counts)]
        found: list[int] = []
        self._space.weigh(place, point, horizon, EVERYTHING, found)
        near = []
        for slot in found:
            distance = squared_distance(point, self._space.point(slot))
            for x in beyond:
                distance += x * x
            if distance <= self.eps * self.eps:
                near.append((distance, self._space.counts(slot), slot))
        for _, _, slot in sorted(near):
            if self._space.is_core(slot, horizon, self.min_samples):
                return slot
        return 0

    def core_labels(self, scope: str, gate: Gate) -> CoreLabels:
        """Cluster numbers of a place's cores, to be told of each event that is learned."""
        home = self._scopes[scope]
        place = self._places.find(home.number, self._rows.gate_number(gate))
        return CoreLabels(self._space, place, self._horizon(home), label(self.snapshot()))

    def slot(self, scope: str, row: int) -> int:
        """Slot of a row just learned: for the labels, and only until the next event."""
        return self._slot(self._scopes[scope], row)

    def horizon(self, scope: str) -> int:
        """Inner number of the oldest part in the scope's window."""
        return self._horizon(self._scopes[scope])

    def widen(self, columns: int) -> None:
        """Vectors have more columns from now on; those that are known, and their counts, are 0 there."""
        self.columns = columns
        self._rows.widen(columns)
        self._space.relist()

    def describe(self, scope: str, row: int, first: int) -> tuple[Gate, str] | None:
        """Gate and exemplar of a live vector, None where it is not (or no longer) that of event `first`."""
        home = self._scopes.get(scope)
        if home is None or not self._rows.holds(row):
            return None
        slot = self._slots.find(home.number, self._rows.index(row), self._places)
        if not slot or self._slots.newest[slot] < self._horizon(home) or self._slots.first[slot] != first:
            return None
        return self.gate(row), self._slots.exemplars[slot]

    def part_events(self) -> list[tuple[int, int]]:
        """The parts in the window that hold events: (the caller's number, live events)."""
        return self._parts.events()

    def scope_live(self, scope: str) -> bool:
        """Whether the scope has an event in the window."""
        home = self._scopes.get(scope)
        return home is not None and home.newest >= self._horizon(home)

    @property
    def live_events(self) -> int:
        """Events in the window."""
        return self._parts.learned - self._parts.left

    @property
    def scopes(self) -> Iterator[str]:
        """Names of the scopes with an event in the window."""
        return (name for name, home in self._scopes.items() if home.newest >= self._horizon(home))

    def drop_scope(self, scope: str) -> None:
        """Forget everything of a scope."""
        home = self._scopes.pop(scope, None)
        if home is not None:
            self._withdraw(home, self._parts.last + 1)

    def snapshot(self) -> Snapshot:
        """The window at this moment, for components.count and components.label in any thread.

        Copies 20 bytes a slot; the rest is worked out where the snapshot is used.
        """
        self._settle_all()
        slots, places, rows = self._slots, self._places, self._rows
        n, m = slots.size, places.size
        snapshot = Snapshot(
            eps=self.eps,
            min_samples=self.min_samples,
            slot_row=slots.arrays["row"][:n].copy(),
            slot_place=slots.arrays["place"][:n].copy(),
            slot_events=slots.arrays["events"][:n].copy(),
            slot_newest=slots.arrays["newest"][:n].copy(),
            part_low=self._parts.horizon,
            part_numbers=self._parts.outsides(),
            slot_first=slots.arrays["first"][:n].copy(),
            place_scope=places.arrays["scope"][:m].copy(),
            scopes=tuple(home.name if home else "" for home in self._numbered),
            row_floats=tuple(rows.float_arrays()),
            row_counts=tuple(rows.count_arrays()),
            row_generation=rows.arrays["generation"],
        )
        rows.pin(snapshot)
        return snapshot

    def export(self) -> Portion | None:
        """What was learned since the last `export` and is live; None where nothing was ever learned.

        Learning goes on in a new inner part, so that no event is exported twice or never.
        """
        withdrawn, self._withdrawn = self._withdrawn or {}, {}
        parts = self._parts
        if not parts.last:
            return None
        names = {home.number: home.name for home in self._scopes.values()}
        tables = Tables(parts, self._log, self._slots, self._places, self._rows, names)
        exported = portion(tables, *self._exported, withdrawn, self.truncated)
        if self._log.end > parts.start(parts.last, self._log.end):
            parts.open(self._open, self._log.end)
        self._exported = (parts.last, self._log.end)
        return exported

    def adopt(self, taken: Portion, oldest: int, own: Mapping[str, int]) -> Iterator[None]:
        """Learn a portion of another engine; to be called on an empty engine, portion by portion in order.

        oldest : the caller's number of the oldest part in the window
        own : scope -> inner part below which its events were taken out, from all portions
        Yields now and then. Raises ValueError where the portion does not continue the one before.
        """
        vectors = Vectors(taken, own)
        homes = [0] * len(vectors.scope)
        bounds = np.searchsorted(taken.part, np.arange(len(taken.numbers) + 1)).tolist()
        rows = list(zip(taken.vector.tolist(), taken.count.tolist(), strict=True))
        for index, (number, outside) in enumerate(
            zip(taken.numbers.tolist(), taken.outsides.tolist(), strict=True)
        ):
            if outside < oldest:
                continue
            self._continue(number, outside)
            for at in range(bounds[index], bounds[index + 1]):
                vector, count = rows[at]
                if number >= vectors.floor[vector]:
                    homes[vector] = homes[vector] or self._adopted_slot(vectors, vector)
                    self._add(homes[vector], count, vectors, vector)
                if not at % ADOPT_ROWS:
                    yield
        self.truncated = taken.truncated

    def adopted(self, number: int, outside: int, horizon: int) -> None:
        """All portions are in: go on in a part behind inner number `number` (`outside`, the caller's)."""
        if self._parts.last < number:
            if self._parts.last:
                raise ValueError(f"part {number} does not follow part {self._parts.last}")
            self._continue(number, outside)
        self._parts.open(outside, self._log.end)
        self._open = outside
        self._exported = (self._parts.last, self._log.end)
        self._withdrawn = {}
        self.expire(horizon)

    @property
    def nbytes(self) -> int:
        """Bytes of the flat arrays."""
        tables = (self._slots, self._places, self._rows)
        return sum(table.nbytes for table in tables) + self._parts.nbytes + self._log.nbytes

    # One event

    def _begin(self, part: int) -> None:
        parts = self._parts
        if part < self._open:
            raise ValueError(f"parts only grow: got {part} after {self._open}")
        if parts.last >= LAST_PART:
            self._renumber()
        parts.open(part, self._log.end)
        self._open = part

    def _renumber(self) -> None:
        """Inner part numbers are used up: begin again at 1 with the oldest part in the window."""
        less = self._parts.horizon - 1
        for table, name in (
            (self._slots, "stamps"),
            (self._slots, "newest"),
            (self._slots, "core"),
            (self._places, "newest"),
            (self._places, "before"),
        ):
            stamps = table.arrays[name]
            np.subtract(np.maximum(stamps, less), less, out=stamps, casting="unsafe")
        for home in self._numbered:
            if home is not None:
                home.horizon, home.oldest, home.newest = (
                    max(0, x - less) for x in (home.horizon, home.oldest, home.newest)
                )
        self._exported = (max(1, self._exported[0] - less), self._exported[1])
        self._parts.renumber(less)

    def _arrive(self, scope: str) -> _Scope:
        if self._numbers:
            home = _Scope(scope, self._numbers.pop())
            self._numbered[home.number] = home
        else:
            home = _Scope(scope, len(self._numbered))
            self._numbered.append(home)
        self._scopes[scope] = home
        return home

    def _slot(self, home: _Scope, row: int) -> int:
        """The slot of a scope's row, made where there is none; remembered for the next event."""
        key = home.base + row
        slot = self._old.get(key)
        if slot is None:
            index = self._rows.index(row)
            slot = self._slots.find(home.number, index, self._places) if self._rows.uses[index] else 0
            if not slot:
                slot = self._settle_in(home, index)
        self._young[key] = slot
        if len(self._young) > RECENT:
            self._old, self._young = self._young, {}
        return slot

    def _settle_in(self, home: _Scope, index: int) -> int:
        """A new slot for a scope's row, found by range queries from now on."""
        slots, places, rows = self._slots, self._places, self._rows
        gate = rows.gate[index]
        place = home.place
        if places.scope[place] != home.number or places.gate[place] != gate or not home.size:
            place = home.place = places.find(home.number, gate) or places.make(home.number, gate)
        slot = slots.new()
        slots.row[slot], slots.place[slot] = index, place
        slots.turn[slot] = slots.events[slot] = slots.newest[slot] = slots.core[slot] = 0
        ring = self._ring
        slots.stamps[slot * ring : slot * ring + ring] = self._blank
        slots.chain(mixed(index, home.number), slot)
        rows.uses[index] += 1
        home.size += 1
        places.size_of[place] += 1
        self._space.enlist(slot)
        return slot

    def _appear(self, slot: int, serial: int, exemplar: str) -> None:
        """A vector that was absent from the window comes (back) with this event."""
        slots = self._slots
        slots.first[slot] = serial
        slots.exemplars[slot] = exemplar
        self.live_vectors += 1
        if not slots.listed[slot]:
            self._space.enlist(slot)

    def _role(self, slot: int, place: int, horizon: int) -> Role:
        """The role of a slot whose own stamps do not make it core."""
        if self._places.before[place] < horizon and self.min_samples > 1:
            return NOISE  # alone in its place
        found: list[int] = []
        point = self._rows.vector_of(self._slots.row[slot])
        if self._space.weigh(place, point, horizon, self.min_samples, found) >= self.min_samples:
            self._space.witness(slot, found)
            return CORE
        near = any(other != slot and self._space.is_core(other, horizon, self.min_samples) for other in found)
        return BORDER if near else NOISE

    def _horizon(self, home: _Scope) -> int:
        return max(self._parts.horizon, home.horizon)

    def _here(self, scope: str, row: int) -> tuple[_Scope, int, list[float]] | None:
        """Scope, place and point of a row, None where the scope has nothing in its gate."""
        index = self._rows.index(row)
        home = self._scopes.get(scope)
        place = self._places.find(home.number, self._rows.gate[index]) if home else 0
        return (home, place, self._rows.vector_of(index)) if home and place else None

    def _nearest(self, place: int, point: list[float], horizon: int) -> list[tuple[float, Counts, int]]:
        """The nearest live slots of a place: (squared distance, counts, slot), nearest first."""
        slots = self._space.members(place)
        slots = slots[self._slots.arrays["newest"][slots] >= horizon]
        distances = self._space.distances(slots, point)
        if len(slots) > NEAREST:
            near = distances <= np.partition(distances, NEAREST - 1)[NEAREST - 1]
            slots, distances = slots[near], distances[near]
        rows = self._slots.arrays["row"][slots]
        keys = [column[rows] for column in reversed(self._rows.count_arrays())]
        order = np.lexsort((*keys, distances))[:NEAREST]
        return [
            (distance, self._rows.counts_of(row), slot)
            for distance, row, slot in zip(
                distances[order].tolist(), rows[order].tolist(), slots[order].tolist(), strict=True
            )
        ]

    # Taking over what another engine learned

    def _continue(self, number: int, outside: int) -> None:
        """Open the part of an inner number."""
        parts = self._parts
        if not parts.last:
            parts.continue_from(number)
        if number == parts.last and outside == self._open:
            return
        if number != parts.last + 1 or outside < self._open:
            raise ValueError(f"part {number} ({outside}) does not follow part {parts.last} ({self._open})")
        parts.open(outside, self._log.end)
        self._open = outside

    def _adopted_slot(self, vectors: Vectors, vector: int) -> int:
        """The slot of a portion's vector."""
        scope = vectors.scope[vector]
        home = self._scopes.get(scope)
        if home is None:
            home = self._arrive(scope)
            home.horizon = vectors.floor[vector]
            home.oldest = self._parts.last
        return self._slot(home, self.intern(vectors.gate[vector], vectors.counts[vector]))

    def _add(self, slot: int, count: int, vectors: Vectors, vector: int) -> None:
        """Learn `count` events of a vector into the open part."""
        parts, slots, places, ring = self._parts, self._slots, self._places, self._ring
        now = parts.last
        if slots.newest[slot]:
            parts.leave(slots.newest[slot])
        else:
            self._appear(slot, vectors.first[vector], vectors.exemplar[vector])
        parts.arrivals += 1
        slots.newest[slot] = now
        slots.entry[slot] = self._log.put(slot, count)
        slots.events[slot] += count
        turn = slots.turn[slot]
        for _ in range(min(count, ring)):
            slots.stamps[slot * ring + turn] = now
            turn = turn + 1 if turn + 1 < ring else 0
        slots.turn[slot] = turn
        place = slots.place[slot]
        places.before[place] = now if count > 1 else places.newest[place]
        places.newest[place] = now
        home = self._numbered[places.scope[place]]
        assert home is not None  # noqa: S101 - a scope with slots has its number
        home.newest = now
        parts.learned += count

    # What has left

    def _tidy(self) -> None:
        """Settle and reap a little of what has left the window."""
        expired = self._parts.expired
        if expired - self._settled > REAP_MOST:
            self._settle(min(expired, self._settled + SETTLE))
        # Some of the dead are kept a while: a vector that comes back soon costs little then.
        kept = self.live_vectors >> KEEP_DEAD
        backlog = expired - kept - self._reaped
        if backlog > 0:
            low = self._reaped
            events, place = self._slots.events, self._slots.place
            for slot, count in self._log.entries(
                low, low + min(backlog, REAP + min(REAP_MOST, backlog >> 10))
            ):
                if low == self._settled:
                    events[slot] -= count
                    self._settled = low + 1
                low += 1
                if not events[slot] and place[slot]:
                    self._reap(slot)
            self._reaped = low
            self._log.forget(low)
        self._tidy_at = self._reaped + kept + REAP
        if self._dying:
            dying = self._dying[0]
            for slot in dying[-REAP_MOST:].tolist():
                if not self._slots.events[slot] and self._slots.place[slot]:
                    self._reap(slot)
            if len(dying) > REAP_MOST:
                self._dying[0] = dying[:-REAP_MOST]
            else:
                self._dying.popleft()

    def _settle(self, end: int) -> None:
        """Take expired entries off the slots' events."""
        events = self._slots.arrays["events"]
        for _, slots, counts in self._log.blocks(self._settled, end):
            np.subtract.at(events, slots, counts.astype(np.uint32))
        self._settled = max(end, self._settled)

    def _settle_all(self) -> None:
        """Make the slots' events exact: what has expired is off them all."""
        self._settle(self._parts.expired)

    def _reap(self, slot: int) -> None:
        """Recycle a slot without events."""
        slots, places, rows = self._slots, self._places, self._rows
        place, index = slots.place[slot], slots.row[slot]
        self._space.delist(slot)
        home = self._numbered[places.scope[place]]
        assert home is not None  # noqa: S101 - a scope with slots has its number
        key = home.base + rows.handle(index)
        self._young.pop(key, None)
        self._old.pop(key, None)
        slots.unchain(slot)
        slots.place[slot] = 0
        slots.exemplars[slot] = None
        slots.release(slot)
        rows.unuse(index)
        places.size_of[place] -= 1
        if not places.size_of[place]:
            self._space.forget(place)
        home.size -= 1
        if not home.size:
            self._numbered[home.number] = None
            self._numbers.append(home.number)
            if home.name in self._scopes and self._scopes[home.name] is home:
                del self._scopes[home.name]

    # Eviction

    def _evict(self) -> None:
        """The scope with most live vectors loses its own oldest parts, until 63/64 of the limit are left."""
        target = self.max_vectors * 63 // 64
        while self.live_vectors > target:
            newest = self._slots.arrays["newest"][: self._slots.size]
            scopes = self._places.arrays["scope"][self._slots.arrays["place"][: self._slots.size]]
            horizons = np.zeros(len(self._numbered), np.uint32)
            for home in self._scopes.values():
                horizons[home.number] = self._horizon(home)
            live = (newest > 0) & (newest >= horizons[scopes]) & (horizons[scopes] > 0)
            sizes = np.bincount(scopes[live], minlength=len(horizons))
            most = sizes.max()
            largest = [name for name, home in self._scopes.items() if sizes[home.number] == most]
            home = self._scopes[min(largest)]
            stamps = np.sort(newest[live & (scopes == home.number)])
            gone = min(len(stamps), self.live_vectors - target)
            self._withdraw(home, self._parts.after(int(stamps[gone - 1])))
            self.truncated += 1

    def _withdraw(self, home: _Scope, horizon: int) -> None:
        """Take a scope's events in parts below `horizon` out of the window."""
        low = max(self._horizon(home), home.oldest)
        high = min(horizon, home.newest + 1)
        home.horizon = max(home.horizon, horizon)
        if self._withdrawn is not None:
            self._withdrawn[home.name] = home.horizon
        if horizon > self._parts.last:
            self._parts.open(self._open, self._log.end)  # events from now on are not withdrawn
        if low >= high:
            return
        touched = []
        slot_place, place_scope = self._slots.arrays["place"], self._places.arrays["scope"]
        starts = self._parts.starts(low, high)
        begin, end = int(starts[0]), self._parts.start(high, self._log.end)
        for position, slots, counts in self._log.blocks(begin, end):
            mine = (place_scope[slot_place[slots]] == home.number) & (slot_place[slots] > 0)
            if not mine.any():
                continue
            taken, events = slots[mine], counts[mine].astype(np.uint32)
            part = low - 1 + np.searchsorted(starts, position + mine.nonzero()[0], side="right")
            np.subtract.at(self._slots.arrays["events"], taken, events)
            counts[mine] = 0
            numbers, at = np.unique(part, return_inverse=True)
            for number, lost in zip(numbers.tolist(), np.bincount(at, weights=events).tolist(), strict=True):
                self._parts.withdraw(number, events=int(lost))
            touched.append(np.unique(taken))
        if touched:
            self._kill(np.unique(np.concatenate(touched)).astype(np.int64), low, high)

    def _kill(self, slots: NDArray[np.int64], low: int, high: int) -> None:
        """Of these slots, those whose newest event was withdrawn are no longer live."""
        newest = self._slots.arrays["newest"][slots]
        dead = (newest >= low) & (newest < high)
        numbers, lost = np.unique(newest[dead], return_counts=True)
        for number, vectors in zip(numbers.tolist(), lost.tolist(), strict=True):
            self._parts.withdraw(number, vectors=vectors)
        self.live_vectors -= int(dead.sum())
        self._dying.append(slots[dead])
