"""What an engine learned since it was last asked, as arrays, so that another engine can take it over."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from processor.clustering.rows import Gate
from processor.clustering.window import Window

ADOPT_ROWS = 1 << 9  # rows adopted between two pauses

Integers = NDArray[np.int64]
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Portion:
    """The live events of some parts, multiplicities by part and vector.

    numbers, outsides : inner number of each part, in order without gaps, and the caller's number of it
    part, vector, count : a row each: index of its part, index of its vector, events; in the order of parts
    scope, gate, exemplar : of each vector, index of its text
    counts : shape (vectors, counts of a vector)
    first : serial of each vector's first event since it was last absent
    withdrawn : scope -> inner part below which its events were taken out, since the last portion
    truncated : evictions so far
    """

    numbers: Integers
    outsides: Integers
    part: Integers = field(default_factory=_NONE.copy)
    vector: Integers = field(default_factory=_NONE.copy)
    count: Integers = field(default_factory=_NONE.copy)
    scope: Integers = field(default_factory=_NONE.copy)
    gate: Integers = field(default_factory=_NONE.copy)
    exemplar: Integers = field(default_factory=_NONE.copy)
    counts: Integers = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    first: Integers = field(default_factory=_NONE.copy)
    scopes: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    exemplars: tuple[str, ...] = ()
    withdrawn: Mapping[str, int] = field(default_factory=dict)
    truncated: int = 0

    @property
    def events(self) -> int:
        """Events in the rows."""
        return int(self.count.sum())


class Vectors:
    """A portion's vectors as Python's objects, a list each: one by one, numpy's cost ten times as much.

    floor : inner part below which events of the vector's scope were taken out
    """

    def __init__(self, taken: Portion, own: Mapping[str, int]) -> None:
        """Of a portion; `own` gives such a part by scope."""
        floors = [own.get(scope, 0) for scope in taken.scopes]
        scopes = taken.scope.tolist()
        self.scope = [taken.scopes[scope] for scope in scopes]
        self.floor = [floors[scope] for scope in scopes]
        self.gate = [taken.gates[gate] for gate in taken.gate.tolist()]
        self.exemplar = [taken.exemplars[exemplar] for exemplar in taken.exemplar.tolist()]
        self.first: list[int] = taken.first.tolist()
        self.counts = [tuple(counts) for counts in taken.counts.tolist()]


class Transferable(Window):
    """A window that hands on what it learns, and takes over what another learned."""

    def export(self, *, everything: bool = False) -> Portion | None:
        """What was learned since the last `export` and is live; None where nothing was ever learned.

        Learning goes on in a new inner part, so that no event is exported twice or never.
        everything : all that is live, whatever was exported before
        """
        withdrawn, self.withdrawn = self.withdrawn or {}, {}
        parts, end = self.parts, self.log.end
        if not parts.last:
            return None
        if everything:
            self._exported = (1, 0)
            withdrawn = {home.name: home.horizon for home in self.homes.named.values() if home.horizon}
        exported = self._portion(*self._exported, withdrawn)
        if end > parts.start(parts.last, end):
            parts.open(self.open_part, end)
        self._exported = (parts.last, end)
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
        if self.parts.last < number:
            if self.parts.last:
                raise ValueError(f"part {number} does not follow part {self.parts.last}")
            self._continue(number, outside)
        self.open(outside)
        self._exported = (self.parts.last, self.log.end)
        self.withdrawn = {}
        self.expire(horizon)

    def _continue(self, number: int, outside: int) -> None:
        """Open the part of an inner number."""
        parts = self.parts
        if not parts.last:
            parts.continue_from(number)
        if number == parts.last and outside == self.open_part:
            return
        if number != parts.last + 1 or outside < self.open_part:
            raise ValueError(
                f"part {number} ({outside}) does not follow part {parts.last} ({self.open_part})"
            )
        self.open(outside)

    def _adopted_slot(self, vectors: Vectors, vector: int) -> int:
        """The slot of a portion's vector."""
        scope = vectors.scope[vector]
        home = self.homes.named.get(scope)
        if home is None:
            home = self.homes.arrive(scope)
            home.horizon = vectors.floor[vector]
            home.oldest = self.parts.last
        return self.slot_of(home, self.intern(vectors.gate[vector], vectors.counts[vector]))

    def _add(self, slot: int, count: int, vectors: Vectors, vector: int) -> None:
        """Learn `count` events of a vector into the open part."""
        slots, places, ring = self.slots, self.places, self.ring
        now = self.parts.last
        place = slots.place[slot]
        home = self.homes.at(places.scope[place])
        if not slots.newest[slot]:
            self.appear(home, slot, vectors.first[vector], vectors.exemplar[vector])
        slots.newest[slot] = now
        self.log.put(slot, count)
        turn = slots.turn[slot]
        for _ in range(min(count, ring)):
            slots.stamps[slot * ring + turn] = now
            turn = turn + 1 if turn + 1 < ring else 0
        slots.turn[slot] = turn
        places.before[place] = now if count > 1 else places.newest[place]
        places.newest[place] = now
        home.newest = now

    def _renumber(self) -> None:
        less = self.parts.horizon - 1
        super()._renumber()
        self._exported = (max(1, self._exported[0] - less), self._exported[1])

    def _portion(self, low: int, begin: int, withdrawn: Mapping[str, int]) -> Portion:
        """What is live of the parts from inner number `low` on, whose log starts at position `begin`."""
        parts, log, slots, truncated = self.parts, self.log, self.slots, self.truncated
        low = min(max(low, parts.horizon), parts.last)
        numbers = np.arange(low, parts.last + 1, dtype=np.int64)
        outsides = parts.outsides_of(low, parts.last + 1)
        begin = max(begin, parts.expired)
        end = log.end
        entries = np.concatenate([_NONE, *(piece for _, piece in log.views(begin, end))])
        owner = np.searchsorted(parts.starts(low, parts.last + 1), np.arange(begin, end), side="right") - 1
        kept = entries > 0  # withdrawn events are slot 0
        if not kept.any():
            return Portion(numbers, outsides, withdrawn=withdrawn, truncated=truncated)
        keys, count = np.unique(owner[kept] * slots.size + entries[kept], return_counts=True)
        used, vector = np.unique(keys % slots.size, return_inverse=True)
        row, place = slots.arrays["row"][used], slots.arrays["place"][used]
        scope_numbers, scope = np.unique(self.places.arrays["scope"][place], return_inverse=True)
        gate_numbers, gate = np.unique(self.places.arrays["gate"][place], return_inverse=True)
        exemplars, exemplar = _distinct(slots.exemplars[slot] for slot in used.tolist())
        return Portion(
            numbers,
            outsides,
            part=keys // slots.size,
            vector=vector.astype(np.int64),
            count=count.astype(np.int64),
            scope=scope.astype(np.int64),
            gate=gate.astype(np.int64),
            exemplar=exemplar,
            counts=np.stack([column[row] for column in self.rows.count_arrays()], axis=1),
            first=slots.arrays["first"][used].astype(np.int64),
            scopes=tuple(self.homes.at(number).name for number in scope_numbers.tolist()),
            gates=tuple(self.rows.gate_of(number) for number in gate_numbers.tolist()),
            exemplars=exemplars,
            withdrawn=withdrawn,
            truncated=truncated,
        )


def _distinct(texts: Iterable[str]) -> tuple[tuple[str, ...], Integers]:
    """Each text once, in order of appearance, and the index of each."""
    index: dict[str, int] = {}
    places = [index.setdefault(text, len(index)) for text in texts]
    return tuple(index), np.array(places, np.int64)
