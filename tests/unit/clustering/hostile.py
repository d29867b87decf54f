"""Numbers chosen to collide in hash tables that keep no secret, and streams that tear long clusters apart."""

import random
from collections.abc import Iterator

from processor.clustering.learner import floats, ordered

_WORD = (1 << 64) - 1
_PRIMES = 11400714785074694791, 14029467366897019727, 2870177450012600261  # of CPython's hash of a tuple
_MODULUS = (1 << 61) - 1  # of its hash of an integer


def _lane(state: int, number: int) -> int:
    """What CPython makes of a tuple's hash with the hash of one more entry."""
    state = (state + number * _PRIMES[1]) & _WORD
    return (state << 31 | state >> 33) & _WORD


def forged(number: int, seed: int = 1) -> list[tuple[float, float]]:
    """Points whose `ordered` tuples have one hash in CPython: the second entry undoes what the first did."""
    generator = random.Random(seed)  # noqa: S311 - test data
    inverse, target = pow(_PRIMES[1], -1, 1 << 64), 0x123456789ABCDEF
    largest = ordered((1e100,))[0]
    found: list[tuple[float, float]] = []
    while len(found) < number:
        first = ordered((generator.uniform(-1e3, 1e3),))[0]
        state = _lane(_PRIMES[2], hash(first) & _WORD) * _PRIMES[0]
        wanted = (target - state) * inverse & _WORD
        signed = wanted - (1 << 64) if wanted >> 63 else wanted
        if abs(signed) >= _MODULUS or signed == -1:
            continue
        for times in (0, 1, -1, 2, -2):
            second = signed + times * _MODULUS
            if hash(second) == signed and abs(second) < largest:
                found.append((floats((first,))[0], floats((second,))[0]))
                break
    return found


def far_cells(number: int, side: float) -> list[float]:
    """Coordinates of cells whose numbers are multiples of 2**18: equal in the lower bits."""
    return [(i - number // 2) * 262_144.5 * side for i in range(number)]


def shuffled_line(length: int, gap: float, seed: int = 1) -> Iterator[float]:
    """Points of a line, renewed in random order: a window of `length` - 1 lacks one, each time elsewhere.

    Every event closes one tear of the line and opens another.
    """
    order = list(range(length))
    random.Random(seed).shuffle(order)  # noqa: S311 - test data
    while True:
        for at in order:
            yield at * gap


def swept_line(length: int, gap: float) -> Iterator[float]:
    """Points of a line, renewed from one end to the other: what leaves is replaced in place."""
    while True:
        for at in range(length):
            yield at * gap
