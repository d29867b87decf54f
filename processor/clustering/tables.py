"""Flat tables and hash chains that never stall: arrays grow in place, one bucket splits at a time.

A Python dict of a million entries stops the world for 48 ms when it rehashes, and each entry is an object the
collector walks. Ids here are small integers, from 1 so that zeroed memory means "none", and are recycled.

Python hashes numbers without a secret: whoever chooses them can make thousands that share a hash, and a dict
of those is searched entry by entry. Here they are hashed by sums of products with secret factors, and the
upper half is taken: whatever numbers are chosen without knowing the factors, two of them share 32 bits by
chance alone (strongly universal: Lemire and Kaser, 2014, https://doi.org/10.1093/comjnl/bxt070).
"""

from array import array
from collections.abc import Mapping
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.stateful import Stateful

FIRST_CAPACITY = 64
U32 = 0xFFFFFFFF
MAPPED = 1 << 20  # bytes from which memory is mapped
AHEAD = 256  # times as much as is asked for is mapped


def secret(name: str) -> int:
    """64 bits that only this process knows, the same whenever it asks for that name.

    Python's keyed hash of a text; who sets the environment variable PYTHONHASHSEED gives the secret away.
    """
    return hash(name) & 0xFFFFFFFFFFFFFFFF


def zeros(number: int, kind: str) -> NDArray[Any]:
    """Zeroed memory that is taken page by page as it is used, and that `longer` makes longer without copying.

    From 1 MiB on it is the beginning of a mapping of 256 times its size: pages that nobody has touched cost
    address space alone (5 GiB for an engine of 100,000 vectors), no memory. Where the system refuses such a
    mapping (strict overcommit, a limit of address space) it is half as long, and so on.
    numpy asks for huge pages from 4 MiB on: each of the many arrays would then take 2 MiB at its first byte.
    """
    size = number * np.dtype(kind).itemsize
    if size < MAPPED:
        return np.zeros(number, kind)
    ahead = AHEAD
    while True:
        try:
            return np.frombuffer(mmap(-1, ahead * size, flags=MAP_PRIVATE | MAP_ANONYMOUS), kind)[:number]
        except (OSError, OverflowError, MemoryError):
            if ahead == 1:
                raise
            ahead //= 2


def longer(values: NDArray[Any], number: int) -> NDArray[Any]:
    """The longest view yet of what `zeros` gave, with zeros behind it, so that it has `number` entries.

    It is the same memory while its mapping suffices, else a copy.
    """
    mapped = values.base
    if isinstance(mapped, np.ndarray) and len(mapped) >= number:
        return mapped[:number]
    made = zeros(number, values.dtype.char)
    made[: len(values)] = values
    return made


def make_room(owner: object, arrays: dict[str, NDArray[Any]], kinds: Mapping[str, str], room: int) -> None:
    """Give each of the named arrays `room` entries, and the owner's attribute of that name a view of it.

    kinds : name -> dtype; an array that is not there yet is made
    """
    for name, kind in kinds.items():
        held = arrays.get(name)
        arrays[name] = zeros(room, kind) if held is None else longer(held, room)
        setattr(owner, name, arrays[name].data)


class Table(Stateful):
    """Parallel arrays over recycled ids. Each field is a memoryview attribute, and `arrays[name]` for numpy.

    layout : field -> (dtype, entries an id)
    size : ids 1 to size - 1 have been handed out at some time
    """

    STATE: tuple[str, ...] = ("size", "_layout", "_free", "_capacity", "_grown", "_threshold")

    def __init__(self, layout: Mapping[str, tuple[str, int]]) -> None:
        self.size = 1
        self.arrays: dict[str, NDArray[Any]] = {}
        self._layout = dict(layout)
        self._free = array("I")
        self._capacity = FIRST_CAPACITY
        self._grown = 0
        for name, (kind, width) in self._layout.items():
            self._put(name, np.zeros(FIRST_CAPACITY * width, kind))
        self._set_threshold()

    def new(self) -> int:
        """An id that is not in use; its fields hold what its last user left."""
        if self._free:
            return self._free.pop()
        return self.fresh()

    def fresh(self) -> int:
        """An id that was never in use; its fields are zero."""
        made = self.size
        self.size = made + 1
        if made >= self._threshold:
            self._grow()
        return made

    def release(self, number: int) -> None:
        """Let an id be used again."""
        self._free.append(number)

    @property
    def nbytes(self) -> int:
        """Bytes of the ids handed out so far; what lies behind them was never touched."""
        held = sum(a.itemsize * self._layout[name][1] for name, a in self.arrays.items()) * self.size
        return held + self._free.itemsize * len(self._free)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state["arrays"] = {
            name: self.arrays[name][: self.size * width].copy() for name, (_, width) in self._layout.items()
        }
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        held = state.pop("arrays")
        super().__setstate__(state)
        self.arrays = {}
        for place, (name, (kind, width)) in enumerate(self._layout.items()):
            capacity = self._capacity * (2 if place < self._grown else 1)
            whole = zeros(capacity * width, kind)
            whole[: len(held[name])] = held[name]
            self._put(name, whole)

    def _add(self, name: str, kind: str, width: int) -> None:
        """One more field, zero for every id."""
        self._layout[name] = (kind, width)
        self._put(name, zeros(self._capacity * width, kind))
        self._set_threshold()

    def _put(self, name: str, values: NDArray[Any]) -> None:
        self.arrays[name] = values
        setattr(self, name, values.data)

    def _set_threshold(self) -> None:
        fields = len(self._layout)
        step = max(1, self._capacity // (4 * fields))
        self._threshold = self._capacity - (fields - self._grown) * step

    def _grow(self) -> None:
        """Double one field; the fields take turns over the last quarter of the capacity."""
        names = list(self._layout)
        while self.size > self._threshold:
            name = names[self._grown]
            width = self._layout[name][1]
            self._put(name, longer(self.arrays[name], 2 * self._capacity * width))
            self._grown += 1
            if self._grown == len(names):
                self._grown = 0
                self._capacity *= 2
            self._set_threshold()


class Chained(Table):
    """A table whose ids are found by hash: chains through its fields `hash` and `next` (linear hashing).

    factors : secret multipliers; a copy in another process keeps those it was made with
    """

    STATE = (*Table.STATE, "_buckets", "_mask", "_linked", "_factors")

    hash: Any
    next: Any
    heads: Any
    factors: Any

    def __init__(self, layout: Mapping[str, tuple[str, int]]) -> None:
        super().__init__({**layout, "hash": ("I", 1), "next": ("I", 1)})
        self._use(zeros(FIRST_CAPACITY, "I"))
        self._buckets = 1
        self._mask = 1
        self._linked = 0
        self._factors = np.zeros(0, np.uint64)
        self._need_factors(2)

    def hash_of(self, a: int, b: int) -> int:
        """A hash of two numbers of 32 bits."""
        factors = self.factors
        low = 0xFFFFFFFF  # typed so; in an expression it would be one of Python's integers
        key: int = a * factors[0] + b * factors[1] >> 32 & low
        return key

    def first_of(self, key: int) -> int:
        """First id of the chain that holds 32-bit hash `key`, 0 = none; go on with `next`, compare `hash`."""
        bucket = key & self._mask
        if bucket >= self._buckets:
            bucket &= self._mask >> 1
        head: int = self.heads[bucket]
        return head

    def chain(self, key: int, number: int) -> None:
        """Make id `number` findable by hash `key`."""
        bucket = key & self._mask
        if bucket >= self._buckets:
            bucket &= self._mask >> 1
        self.hash[number] = key
        self.next[number] = self.heads[bucket]
        self.heads[bucket] = number
        self._linked += 1
        if self._linked > self._buckets:
            self._split()

    def unchain(self, number: int) -> None:
        """Make id `number` findable no more."""
        bucket = self.hash[number] & self._mask
        if bucket >= self._buckets:
            bucket &= self._mask >> 1
        following = self.next
        at = self.heads[bucket]
        if at == number:
            self.heads[bucket] = following[number]
        else:
            while following[at] != number:
                at = following[at]
            following[at] = following[number]
        self._linked -= 1

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "heads": np.array(self.heads[: self._buckets])}

    def __setstate__(self, state: dict[str, Any]) -> None:
        heads = zeros(max(FIRST_CAPACITY, self._padded(state["_buckets"])), "I")
        heads[: state["_buckets"]] = state.pop("heads")
        super().__setstate__(state)
        self._use(heads)
        self.factors = self._factors.data

    def _use(self, heads: NDArray[np.uint32]) -> None:
        self._heads = heads
        self.heads = heads.data

    def _need_factors(self, number: int) -> None:
        """Have so many factors at least; those there are stay."""
        name = type(self).__name__
        more = [secret(f"{name} {i}") for i in range(len(self._factors), number)]
        self._factors = np.concatenate((self._factors, np.array(more, np.uint64)))
        self.factors = self._factors.data

    @staticmethod
    def _padded(buckets: int) -> int:
        return 1 << buckets.bit_length()

    def _split(self) -> None:
        """Deal one bucket's ids to itself and a new bucket."""
        new = self._buckets
        if new == len(self.heads):
            self._use(longer(self._heads, 2 * new))
        old = new & (self._mask >> 1)
        at = self.heads[old]
        kept = moved = 0
        while at:
            following = self.next[at]
            if self.hash[at] & self._mask == new:
                self.next[at] = moved
                moved = at
            else:
                self.next[at] = kept
                kept = at
            at = following
        self.heads[old] = kept
        self.heads[new] = moved
        self._buckets = new + 1
        if self._buckets > self._mask:
            self._mask = 2 * self._mask + 1


class Objects(Stateful):
    """Python objects by small id, in blocks the collector does not walk; None where nothing was put."""

    STATE = ("_blocks",)

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.object_]] = []

    def __getitem__(self, number: int) -> Any:
        return self._blocks[number >> 12][number & 4095]

    def __setitem__(self, number: int, value: object) -> None:
        block = number >> 12
        while block >= len(self._blocks):
            self._blocks.append(np.empty(1 << 12, object))
        self._blocks[block][number & 4095] = value
