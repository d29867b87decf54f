"""Coordinates chosen to collide in grids that keep no secret, and lines that are torn and closed."""

import random
from collections.abc import Iterator


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
