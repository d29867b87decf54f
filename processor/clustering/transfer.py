"""What an engine learned since it was last asked, as arrays, so that another engine can take it over."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from processor.clustering.parts import Log, Parts
from processor.clustering.places import Places, Slots
from processor.clustering.rows import Gate, Rows

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


@dataclass(frozen=True, slots=True)
class Tables:
    """Where an engine keeps what it learned; `names` are the scopes by number."""

    parts: Parts
    log: Log
    slots: Slots
    places: Places
    rows: Rows
    names: Mapping[int, str]


def portion(tables: Tables, low: int, begin: int, withdrawn: Mapping[str, int], truncated: int) -> Portion:
    """What is live of the parts from inner number `low` on, whose log entries start at `begin`."""
    parts, log, slots = tables.parts, tables.log, tables.slots
    low = min(max(low, parts.horizon), parts.last)
    numbers = np.arange(low, parts.last + 1, dtype=np.int64)
    outsides = parts.outsides_of(low, parts.last + 1)
    begin = max(begin, parts.expired)
    blocks = log.blocks(begin, log.end)
    if not blocks:
        return Portion(numbers, outsides, withdrawn=withdrawn, truncated=truncated)
    entries = np.concatenate([piece[1] for piece in blocks]).astype(np.int64)
    weights = np.concatenate([piece[2] for piece in blocks]).astype(np.int64)
    owner = np.searchsorted(parts.starts(low, parts.last + 1), np.arange(begin, log.end), side="right") - 1
    kept = weights > 0  # withdrawn entries count nothing
    entries, weights, owner = entries[kept], weights[kept], owner[kept]
    keys, where = np.unique(owner * slots.size + entries, return_inverse=True)
    used, vector = np.unique(keys % slots.size, return_inverse=True)
    row, place = slots.arrays["row"][used], slots.arrays["place"][used]
    scope_numbers, scope = np.unique(tables.places.arrays["scope"][place], return_inverse=True)
    gate_numbers, gate = np.unique(tables.places.arrays["gate"][place], return_inverse=True)
    exemplars, exemplar = _distinct(slots.exemplars[slot] for slot in used.tolist())
    return Portion(
        numbers,
        outsides,
        part=keys // slots.size,
        vector=vector.astype(np.int64),
        count=np.bincount(where, weights=weights).astype(np.int64),
        scope=scope.astype(np.int64),
        gate=gate.astype(np.int64),
        exemplar=exemplar,
        counts=np.stack([column[row] for column in tables.rows.count_arrays()], axis=1),
        first=slots.arrays["first"][used].astype(np.int64),
        scopes=tuple(tables.names[number] for number in scope_numbers.tolist()),
        gates=tuple(tables.rows.gate_of(number) for number in gate_numbers.tolist()),
        exemplars=exemplars,
        withdrawn=withdrawn,
        truncated=truncated,
    )


def _distinct(texts: Iterable[str]) -> tuple[tuple[str, ...], Integers]:
    """Each text once, in order of appearance, and the index of each."""
    index: dict[str, int] = {}
    places = [index.setdefault(text, len(index)) for text in texts]
    return tuple(index), np.array(places, np.int64)
