"""What is in the window: vectors come, are settled once they have left, and are reaped a few per update.

Expiry raises a horizon and touches no vector. Which vectors died of it is found out later, in blocks of the
log and in numpy; the dead are kept a while, because many come back.
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.homes import Home, Homes
from processor.clustering.limit import Limit
from processor.clustering.parts import Log, Parts
from processor.clustering.rows import Counts, Gate, Rows, Vector
from processor.clustering.space import Space
from processor.clustering.stateful import Stateful
from processor.clustering.withdrawal import Withdrawal

SETTLE_FROM = 1 << 8  # expired events that are worth settling
SETTLE = 1 << 13  # events settled, or counted, in one update
COUNT_FROM = 1 << 13  # new events that are worth counting
REAP = 8  # dead slots reaped at a time
REAP_MOST = 32  # the same, where many wait
KEEP_DEAD = 2  # so many halvings of the number of live vectors is how many of the dead are kept
LAST_PART = (1 << 32) - 2  # inner part numbers are 32 bits
SMALLEST_EPS, LARGEST_EPS = 1e-150, 1e150  # eps * eps must be a normal number


class Window(Stateful):
    """The vectors of a sliding window, scope by scope, gate by gate.

    columns : length of a vector
    eps : neighbours are at most this far, inclusive
    min_samples : events within eps, the event itself included, that make a core
    vector : the floats of counts, a pure function of them, shape (columns,)
    rare_cluster_size : sizes up to it are decided by stamps
    max_vectors : live (scope, vector) pairs, or a Limit that the engines of one partition share; at the
        limit the largest scope loses its oldest parts, to 63/64
    """

    STATE: tuple[str, ...] = (
        "columns",
        "eps",
        "min_samples",
        "limit",
        "truncated",
        "ring",
        "vector",
        "rows",
        "space",
        "parts",
        "log",
        "homes",
        "open_part",
        "withdrawn",
        "_exported",
        "_settled",
        "_counted",
        "_held",
        "_dead",
        "_dead_number",
        "_busy",
    )

    def __init__(
        self,
        *,
        columns: int,
        eps: float,
        min_samples: int,
        vector: Callable[[Counts], Vector],
        rare_cluster_size: int = 0,
        max_vectors: int | Limit = 1_000_000,
    ) -> None:
        if not SMALLEST_EPS <= eps <= LARGEST_EPS:
            raise ValueError(f"eps must be from {SMALLEST_EPS:g} to {LARGEST_EPS:g}, got {eps}")
        if min_samples < 1 or columns < 1:
            raise ValueError(f"min_samples and columns must be >= 1, got {min_samples} and {columns}")
        self.columns = columns
        self.eps = eps
        self.min_samples = min_samples
        self.limit = max_vectors if isinstance(max_vectors, Limit) else Limit(max_vectors)
        self.limit.join(self)
        self.truncated = 0
        self.ring = max(min_samples, rare_cluster_size + 1)
        self.vector = vector
        self.rows = Rows(columns, vector)
        self.space = Space(self.rows, self.ring, eps, min_samples)
        self.slots = self.space.slots
        self.places = self.space.places
        self.parts = Parts()
        self.log = Log()
        self.homes = Homes()
        self.open_part = 1 - (1 << 63)  # the caller's number of the open part
        self.withdrawn: dict[str, int] | None = None  # kept from the first `export` on
        self._exported = (1, 0)  # inner part and log position from which `export` begins
        self._settled = 0  # events before it are off the slots' `events`, and the dead among them are known
        self._counted = 0  # events before it were added to the slots' `events`
        self._held = 0  # slots that are counted as live
        self._dead: deque[Any] = deque()  # arrays of dead slots, in the order of dying
        self._dead_number = 0
        self._busy = False  # there is something to settle or to reap

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.slots, self.places = self.space.slots, self.space.places

    def intern(self, gate: Gate, counts: Counts) -> int:
        """The row of a gate and counts; to be used before the next `intern`, or checked with `holds`.

        Raises ValueError for a vector that is not `columns` finite numbers, or counts beyond 64 bits.
        """
        return self.rows.intern(gate, counts)

    def holds(self, row: int) -> bool:
        """Whether a row that was kept outside still stands for its gate and counts."""
        return self.rows.holds(row)

    def gate(self, row: int) -> Gate:
        """The gate of a row that is held."""
        return self.rows.gate_of(self.rows.gate[self.rows.index(row)])

    def expire(self, horizon: int) -> None:
        """Parts below `horizon` have left the window."""
        parts = self.parts
        parts.expire(horizon, self.log.end)
        if parts.expired - self._settled >= SETTLE_FROM:
            self._busy = True

    def widen(self, columns: int) -> None:
        """Vectors have more columns from now on; those that are known, and their counts, are 0 there."""
        self.columns = columns
        self.rows.widen(columns)
        self.space.widen()

    def part_events(self) -> list[tuple[int, int]]:
        """The parts in the window that hold events: (the caller's number, live events)."""
        return self.parts.events(self.log.end)

    def scope_live(self, scope: str) -> bool:
        """Whether the scope has an event in the window."""
        home = self.homes.named.get(scope)
        return home is not None and home.newest >= self.horizon_of(home)

    @property
    def live_events(self) -> int:
        """Events in the window."""
        return self.log.end - self.parts.expired - self.parts.lost

    @property
    def live_vectors(self) -> int:
        """(scope, vector) pairs with an event in the window."""
        self.settle()
        return self._held

    @property
    def scopes(self) -> Iterator[str]:
        """Names of the scopes with an event in the window."""
        return (name for name, home in self.homes.named.items() if home.newest >= self.horizon_of(home))

    @property
    def nbytes(self) -> int:
        """Bytes of the flat arrays."""
        tables = (self.slots, self.places, self.rows)
        return sum(table.nbytes for table in tables) + self.parts.nbytes + self.log.nbytes

    def drop_scope(self, scope: str) -> None:
        """Forget everything of a scope."""
        home = self.homes.named.pop(scope, None)
        if home is not None:
            self.withdraw([(home, self.parts.last + 1)])

    def horizon_of(self, home: Home) -> int:
        """The oldest part in a scope's window."""
        return max(self.parts.horizon, home.horizon)

    def withdraw(self, horizons: Sequence[tuple[Home, int]]) -> None:
        """Take the events of scopes, each in parts below its horizon, out of the window."""
        self.settle_all()
        low = min(max(self.horizon_of(home), home.oldest) for home, _ in horizons)
        until = np.zeros(len(self.homes.numbered), np.uint32)
        for home, horizon in horizons:
            until[home.number] = horizon
            home.horizon = max(home.horizon, horizon)
            if self.withdrawn is not None:
                self.withdrawn[home.name] = home.horizon
        if until.max() > self.parts.last:
            self.parts.open(self.open_part, self.log.end)  # events from now on are not withdrawn
        slots, n = self.slots.arrays, self.slots.size
        leave = until.take(self.places.arrays["scope"]).take(slots["place"][:n])
        for horizon in sorted({horizon for _, horizon in horizons}):
            high = min(horizon, 1 + max(home.newest for home, other in horizons if other >= horizon))
            if low < high:
                self._take_out(leave >= horizon, low, high)
                low = high
        self._bury(np.flatnonzero((slots["newest"][:n] < leave) & slots["counted"][:n].view(np.bool_)))

    def settle(self) -> None:
        """Find out which vectors have died of what has expired."""
        if self._settled < self.parts.expired:
            self._settle(self.parts.expired)

    def settle_all(self) -> None:
        """Make the slots' `events` exact."""
        self.settle()
        self._count(self.log.end)

    def begin(self, part: int) -> None:
        """Open a part of the caller's."""
        if part < self.open_part:
            raise ValueError(f"parts only grow: got {part} after {self.open_part}")
        if self.parts.last >= LAST_PART:
            self._renumber()
        self.open(part)

    def open(self, part: int) -> None:
        """Go on in a new inner part of the caller's part."""
        end = self.log.end
        self.parts.open(part, end)
        self.open_part = part

    def slot_of(self, home: Home, row: int) -> int:
        """The slot of a scope's row, made where there is none."""
        slots, rows = self.slots, self.rows
        index = rows.index(row)
        slot: int = rows.hint[index]
        if slots.row[slot] != index or self.places.scope[slots.place[slot]] != home.number:
            slot = slots.find(home.number, index, self.places) if rows.uses[index] else 0
            if not slot:
                slot = self._settle_in(home, index)
            rows.hint[index] = slot
        return slot

    def appear(self, home: Home, slot: int, serial: int, exemplar: str) -> None:
        """A vector that was absent from the window comes (back) with this event."""
        slots = self.slots
        slots.first[slot] = serial
        slots.exemplars[slot] = exemplar
        stamps, begin = slots.stamps, slot * self.ring
        for at in range(begin, begin + self.ring):
            stamps[at] = 0
        slots.turn[slot] = 0
        if not slots.counted[slot]:
            slots.counted[slot] = 1
            self._held += 1
            self.homes.live[home.number] += 1
            self.limit.left -= 1
            if self.limit.left <= 0:
                self._busy = True
        if not slots.listed[slot]:
            self.space.enlist(slot)

    def stamp(self, slot: int) -> None:
        """One more event of a slot, in the part that is open."""
        slots, places, now = self.slots, self.places, self.parts.last
        turn, place = slots.turn[slot], slots.place[slot]
        slots.newest[slot] = now
        slots.stamps[slot * self.ring + turn] = now
        slots.turn[slot] = turn + 1 if turn + 1 < self.ring else 0
        places.before[place] = places.newest[place]
        places.newest[place] = now
        self.log.append(slot)
        if self.log.end - self._counted > 8192:  # COUNT_FROM; a global would be one of Python's integers
            self._busy = True

    def tidy(self) -> None:
        """Settle and reap a little of what has left the window."""
        expired = self.parts.expired
        if expired - self._settled >= SETTLE_FROM:
            self._settle(min(expired, self._settled + SETTLE))
        backlog = self._dead_number - (self._held >> KEEP_DEAD)
        if backlog >= REAP:
            self._reap_some(REAP + min(REAP_MOST, backlog >> 10))
        if expired - self._settled < SETTLE_FROM and self.log.end - self._counted > COUNT_FROM:
            self._count(min(self.log.end, self._counted + SETTLE))
        self._busy = expired - self._settled >= SETTLE_FROM or backlog >= 2 * REAP
        if self.limit.left <= 0:
            self.truncated += self.limit.evict()

    def _settle_in(self, home: Home, index: int) -> int:
        """A new slot for a scope's row, found by range queries from now on."""
        slots, places, rows = self.slots, self.places, self.rows
        gate = rows.gate[index]
        place = home.place
        if places.scope[place] != home.number or places.gate[place] != gate or not home.size:
            place = home.place = places.find(home.number, gate) or places.make(home.number, gate)
        slot = slots.new()
        slots.row[slot], slots.place[slot] = index, place
        slots.events[slot] = slots.newest[slot] = slots.core[slot] = slots.counted[slot] = 0
        slots.chain(slots.hash_of(index, home.number), slot)
        rows.uses[index] += 1
        home.size += 1
        places.size_of[place] += 1
        self.space.enlist(slot)
        return slot

    def _take_out(self, marks: NDArray[np.bool_], low: int, high: int) -> None:
        """Take the events of marked slots in parts [low, high) out of the window."""
        parts, log = self.parts, self.log
        starts = np.append(parts.starts(low, high), parts.start(high, log.end))
        withdrawal = Withdrawal(starts, marks.view(np.uint8), self.slots.arrays["events"])
        for position, slots in log.views(int(starts[0]), int(starts[-1])):
            withdrawal.take(position, slots)
        parts.withdraw(low, withdrawal.lost)

    def _settle(self, end: int) -> None:
        """Take expired events up to log position `end` off the slots' `events`, and note the dead."""
        dead = self._died(end)
        self._uncount(end)
        self._settled = end
        self._counted = max(self._counted, end)
        if len(dead):
            self._bury(dead)
            self._busy = True
        self.log.forget(end)

    def _died(self, end: int) -> NDArray[Any]:
        """The slots of expired events up to log position `end` that have none in the window any more."""
        n, horizon = self.slots.size, self.parts.horizon
        newest, counted = self.slots.arrays["newest"][:n], self.slots.arrays["counted"][:n].view(np.bool_)
        if end == self.parts.expired and end - self._settled > n:
            return np.flatnonzero((newest < horizon) & counted)  # fewer than the events
        dead = []
        for _, slots in self.log.views(self._settled, end):
            old = slots[newest.take(slots) < horizon]
            dead.append(old[counted.take(old)])
        return np.unique(np.concatenate(dead))

    def _uncount(self, end: int) -> None:
        """Take expired events up to log position `end` off the slots' `events`."""
        events = self.slots.arrays["events"][: self.slots.size]
        known = min(end, self._counted)
        if known - self._settled > self._counted - known + len(events):
            events[:] = 0
            self._counted = end  # it takes less to count what is left anew
            return
        for _, slots in self.log.views(self._settled, known):
            np.subtract.at(events, slots, np.uint32(1))

    def _count(self, end: int) -> None:
        """Add events below position `end` to the slots' `events`, but for those that expired uncounted."""
        self.settle()
        events = self.slots.arrays["events"]
        for _, slots in self.log.views(self._counted, end):
            np.add.at(events, slots, np.uint32(1))
        self._counted = max(self._counted, end)

    def _bury(self, slots: NDArray[Any]) -> None:
        """These slots, each once, have no event in the window any more."""
        if not len(slots):
            return
        self.slots.arrays["counted"][slots] = 0
        scopes = self.places.arrays["scope"][self.slots.arrays["place"][slots]]
        np.subtract.at(self.homes.counted(), scopes, 1)
        self._held -= len(slots)
        self.limit.left += len(slots)
        self._dead.append(array("I", slots.astype(np.uint32).tobytes()))
        self._dead_number += len(slots)

    def _reap_some(self, number: int) -> None:
        """Recycle up to so many of the slots that died first."""
        counted, place = self.slots.counted, self.slots.place
        number = min(number, self._dead_number)
        self._dead_number -= number
        while number:
            first = self._dead[0]
            if not first:
                self._dead.popleft()
                continue
            slot = first.pop()
            number -= 1
            # It may be back, or recycled and reaped before.
            if not counted[slot] and place[slot]:
                self._reap(slot)

    def _reap(self, slot: int) -> None:
        """Recycle a slot without events."""
        slots, places, rows = self.slots, self.places, self.rows
        place, index = slots.place[slot], slots.row[slot]
        self.space.delist(slot)
        home = self.homes.at(places.scope[place])
        slots.unchain(slot)
        slots.place[slot] = 0
        slots.exemplars[slot] = None
        slots.release(slot)
        rows.unuse(index)
        places.size_of[place] -= 1
        if not places.size_of[place]:
            self.space.forget(place)
        home.size -= 1
        if not home.size:
            self.homes.leave(home)

    def _renumber(self) -> None:
        """Inner part numbers are used up: begin again at 1 with the oldest part in the window."""
        less = self.parts.horizon - 1
        for table, name in (
            (self.slots, "stamps"),
            (self.slots, "newest"),
            (self.slots, "core"),
            (self.places, "newest"),
            (self.places, "before"),
        ):
            stamps = table.arrays[name]
            np.subtract(np.maximum(stamps, less), less, out=stamps, casting="unsafe")
        self.homes.renumber(less)
        self.parts.renumber(less)
