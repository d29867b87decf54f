"""Vectors of two numbers that share one hash of Python's: what an attacker who knows no secret can make.

CPython hashes a tuple by a chain of steps over the hashes of its items, without a key (Objects/tupleobject.c,
`tuple_hash`: xxHash64's round and prime numbers). Each step can be undone, so that for any first number there
is a second one that leads to the same end; an integer below 2**61 - 1 is its own hash.
"""

import sys
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

PRIME_1: Final = np.uint64(11400714785074694791)
PRIME_2: Final = np.uint64(14029467366897019727)
PRIME_5: Final = np.uint64(2870177450012600261)
UNDO_2: Final = np.uint64(pow(14029467366897019727, -1, 1 << 64))
ROTATED: Final = (np.uint64(31), np.uint64(33))
END: Final = np.uint64(0x123456789ABCDEF)  # any will do
MODULUS: Final = sys.hash_info.modulus  # 2**61 - 1
BATCH: Final = 1 << 16

Ints = NDArray[np.int64]


def seconds_of(first: Ints) -> Ints:
    """For each first number the hash that a second one needs, for all pairs to have one hash."""
    hashes = np.where(first < 0, -(-first % MODULUS), first % MODULUS).astype(np.uint64)
    with np.errstate(over="ignore"):
        # The first item's step: add, rotate, multiply. The second one's addition is to lead to END.
        added = PRIME_5 + hashes * PRIME_2
        mixed = (added << ROTATED[0] | added >> ROTATED[1]) * PRIME_1
        return ((END - mixed) * UNDO_2).astype(np.int64)


def pairs(first: Ints) -> Ints:
    """Those first numbers for which there is such a second one, and it, shape (n, 2): one in four."""
    second = seconds_of(first)
    usable = (np.abs(second) < MODULUS) & (second != -1)  # -1 is nobody's hash
    found: Ints = np.stack([first, second], axis=1)[usable]
    return found


def forged(number: int, first: int, step: int) -> Iterator[tuple[int, int]]:
    """So many pairs of one hash whose first numbers go up from `first` by `step`."""
    made = 0
    while made < number:
        batch = pairs(first + np.arange(BATCH, dtype=np.int64) * step)[: number - made]
        first += BATCH * step
        made += len(batch)
        for row in batch:
            one, other = row.tolist()
            yield one, other
