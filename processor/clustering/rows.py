"""Feature rows: each (gate, counts) stored once, as flat columns, and shared by all scopes."""

import weakref
from collections.abc import Callable, Hashable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from processor.clustering.tables import U32, Chained, Objects, Table, zeros

Counts = tuple[int, ...]
Gate = tuple[Hashable, ...]
Vector = tuple[float, ...]

LARGEST = 1e150  # squares of differences of such coordinates, and sums of them, stay finite
GATE_SHARDS = 64  # dicts that share the gates: one of them rehashes in under a millisecond


class Rows(Chained):
    """(gate, counts) -> row. A row is an index and, above 32 bits, how often the index was used before.

    columns : numbers in a vector
    width : numbers in counts, 0 until the first row tells
    vector : the floats of counts
    x, c : floats and counts, row after row
    hint : a slot that had the row
    """

    STATE = (*Chained.STATE, "columns", "width", "_vector", "_asked", "_gate_ids", "_gates", "_gate_uses")

    gate: Any
    uses: Any
    generation: Any
    hint: Any
    x: Any
    c: Any

    def __init__(self, columns: int, vector: Callable[[Counts], Vector]) -> None:
        self.columns = columns
        self.width = 0
        self._vector = vector
        self.c = np.zeros(0, "q").data
        self._asked = 0  # the row made last: it is kept for who asked for it
        self._gate_ids: list[dict[Gate, int]] = [{} for _ in range(GATE_SHARDS)]
        self._gates = Objects()
        self._gate_uses = _GateUses()
        self._pins: list[weakref.ref[Any]] = []
        super().__init__(
            dict.fromkeys(("gate", "uses", "generation", "hint"), ("I", 1)) | {"x": ("d", columns)}
        )

    def intern(self, gate: Gate, counts: Counts) -> int:
        """The row of (gate, counts), made where there is none.

        Raises ValueError where the vector is not `columns` finite numbers or the counts do not fit 64 bits.
        """
        number = self._gate_ids[hash(gate) % GATE_SHARDS].get(gate, 0)
        index = self._find(number, counts) if number else 0
        return self.handle(index) if index else self._make(gate, counts, number)

    def index(self, row: int) -> int:
        """The index of a row. Raises LookupError where the row was recycled since."""
        index = row & 0xFFFFFFFF
        if self.generation[index] != row >> 32 or not self.gate[index]:
            raise LookupError(f"row {row} is no longer held: intern its gate and counts again")
        return index

    def handle(self, index: int) -> int:
        """The row of an index in use."""
        generation: int = self.generation[index]
        return generation << 32 | index

    def holds(self, row: int) -> bool:
        """Whether a row that was kept outside still stands for the same gate and counts."""
        index = row & 0xFFFFFFFF
        return index < self.size and self.generation[index] == row >> 32 and bool(self.gate[index])

    def find(self, gate: Gate, counts: Counts) -> int:
        """The index of (gate, counts), 0 = none."""
        number = self.gate_number(gate)
        return self._find(number, counts) if number else 0

    def gate_number(self, gate: Gate) -> int:
        """The number of a gate that some row has, 0 = none."""
        return self._gate_ids[hash(gate) % GATE_SHARDS].get(gate, 0)

    def gate_of(self, number: int) -> Gate:
        """The gate of a number."""
        return cast("Gate", self._gates[number])

    def vector_of(self, index: int) -> list[float]:
        """The floats of a row."""
        x, begin = self.x, index * self.columns
        return [x[at] for at in range(begin, begin + self.columns)]

    def counts_of(self, index: int) -> Counts:
        """The counts of a row."""
        c, begin = self.c, index * self.width
        return tuple([c[at] for at in range(begin, begin + self.width)])

    def squared(self, index: int, point: list[float]) -> float:
        """Squared distance of a row to a point, added up feature by feature (see neighbours.py)."""
        x, begin, acc = self.x, index * self.columns, 0.0
        for i in range(self.columns):
            difference = x[begin + i] - point[i]
            acc += difference * difference
        return acc

    def count_arrays(self) -> list[NDArray[np.int64]]:
        """The counts by column."""
        return [*self.arrays["c"].reshape(-1, self.width).T] if self.width else []

    def float_arrays(self) -> list[NDArray[np.float64]]:
        """The floats by column."""
        return [*self.arrays["x"].reshape(-1, self.columns).T]

    def unuse(self, index: int) -> None:
        """One slot less uses the row; a row that nobody uses is recycled."""
        self.uses[index] -= 1
        if not self.uses[index] and index != self._asked:
            self._recycle(index)

    def widen(self, columns: int) -> None:
        """Add columns of floats and counts, all 0: what they were found by stays."""
        more = columns - self.columns
        self._stretch("x", "d", self.columns, columns)
        if self.width:
            self._stretch("c", "q", self.width, self.width + more)
            self._widen_counts(self.width + more)
        self.columns = columns

    def pin(self, reader: object) -> None:
        """Recycle no index while `reader` lives: another thread reads the columns."""
        self._pins.append(weakref.ref(reader))

    def _pinned(self) -> bool:
        self._pins = [pin for pin in self._pins if pin() is not None]
        return bool(self._pins)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.c = np.zeros(0, "q").data
        super().__setstate__(state)
        self._pins = []

    def _stretch(self, name: str, kind: str, before: int, width: int) -> None:
        """Give each row of a field more entries, all 0."""
        old = self.arrays[name].reshape(-1, before)
        values = zeros(len(old) * width, kind)
        values.reshape(-1, width)[: self.size, :before] = old[: self.size]
        self._layout[name] = (kind, width)
        self._put(name, values)

    def _widen_counts(self, width: int) -> None:
        self.width = width
        self._need_factors(1 + 2 * width)

    def _key(self, number: int, counts: Counts) -> int:
        """A hash of (gate number, counts); counts of 0 behind the others change nothing."""
        factors, low = self.factors, 0xFFFFFFFF
        acc: int = number * factors[0]
        at = 1
        for count in counts:
            acc += (count & low) * factors[at] + (count >> 32 & low) * factors[at + 1]
            at += 2
        return acc >> 32 & low

    def _find(self, number: int, counts: Counts) -> int:
        """The index of (gate number, counts), 0 = none."""
        if len(counts) != self.width:
            return 0
        try:
            key = self._key(number, counts)
        except OverflowError:  # beyond 64 bits, of which only the compiled form takes offence
            return 0
        at = self.first_of(key)
        while at:
            if self.hash[at] == key and self.gate[at] == number and self._has(at, counts):
                return at
            at = self.next[at]
        return 0

    def _has(self, index: int, counts: Counts) -> bool:
        """Whether a row's counts are these."""
        c, at = self.c, index * self.width
        for count in counts:
            if c[at] != count:
                return False
            at += 1
        return True

    def _make(self, gate: Gate, counts: Counts, number: int) -> int:
        """A new row; `number` is the gate's, 0 = it has none yet."""
        vector = self._vector(counts)
        for x in vector:
            if not -LARGEST <= x <= LARGEST:  # nor is NaN
                raise ValueError(f"a vector is finite numbers up to {LARGEST:g}, got {vector}")
        if not self.width and counts:
            self._widen_counts(len(counts))
            self._add("c", "q", self.width)
        if len(counts) != self.width or len(vector) != self.columns:
            raise ValueError(
                f"expected {self.width} counts and {self.columns} floats, got {counts}, {vector}"
            )
        asked, self._asked = self._asked, 0
        if asked and not self.uses[asked]:
            self._recycle(asked)
            number = self.gate_number(gate) if number else 0
        index = self.fresh() if self._pins and self._pinned() else self.new()
        begin = index * self.width
        try:
            for i, count in enumerate(counts):
                self.c[begin + i] = count
        except (ValueError, OverflowError) as error:
            self.release(index)
            raise ValueError(f"counts are integers of 64 bits, got {counts}") from error
        uses = self._gate_uses.uses
        if not number:
            number = self._gate_ids[hash(gate) % GATE_SHARDS][gate] = self._gate_uses.new()
            uses = self._gate_uses.uses
            uses[number] = 0
            self._gates[number] = gate
        uses[number] += 1
        self.gate[index] = number
        self.uses[index] = 0
        begin = index * self.columns
        for i, value in enumerate(vector):
            self.x[begin + i] = value + 0.0  # -0.0 becomes 0.0
        self.chain(self._key(number, counts), index)
        self._asked = index
        return self.handle(index)

    def _recycle(self, index: int) -> None:
        """Recycle a row that nobody uses."""
        number = self.gate[index]
        gate = self._gates[number]
        self.unchain(index)
        self.gate[index] = 0
        self.generation[index] = self.generation[index] + 1 & U32
        self.release(index)
        uses = self._gate_uses.uses
        uses[number] -= 1
        if not uses[number]:
            del self._gate_ids[hash(gate) % GATE_SHARDS][gate]
            self._gates[number] = None
            self._gate_uses.release(number)


class _GateUses(Table):
    """How many rows have each gate."""

    uses: Any

    def __init__(self) -> None:
        super().__init__({"uses": ("I", 1)})
