"""Families of vectors for tests: lattices with eps on them, unit vectors, a continuum, what lies beside."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import sqrt

import numpy as np

from processor.clustering.rows import Counts, Vector

FINE = 997  # parts of one in the continuum
REACH = {1: 30, 2: 5, 3: 2}  # by columns: the largest count of a lattice
WIDE_REACH = {1: 120, 2: 9, 3: 4, 4: 2, 5: 2}


def scaled(counts: Counts, step: float, offset: float = 0.0) -> Vector:
    """Integers times `step`, from `offset`."""
    return tuple(offset + c * step for c in counts)


def unit(counts: Counts) -> Vector:
    """Rows divided by their length."""
    length = sqrt(sum(c * c for c in counts)) or 1.0
    return tuple(c / length for c in counts)


def fine(counts: Counts) -> Vector:
    """Anything between the lattice's points."""
    return tuple(c / FINE for c in counts)


@dataclass(frozen=True)
class Shape:
    """One family of streams: `vector` of counts drawn from [-reach, reach]; FINE: normally distributed."""

    name: str
    vector: Callable[[Counts], Vector]
    columns: int
    reach: int
    eps: float

    def somewhere(self, random: np.random.Generator) -> Counts:
        """Counts of the family."""
        if self.reach == FINE:
            return tuple(int(x) for x in random.normal(0, FINE, self.columns))
        return tuple(random.integers(-self.reach, self.reach + 1, self.columns).tolist())

    def beside(self, random: np.random.Generator, counts: Counts) -> Counts:
        """Counts about eps away from others: at random most points of many dimensions have no neighbour."""
        if self.reach == FINE:
            way = random.normal(size=self.columns)
            way *= self.eps * FINE * random.uniform(0.6, 1.1) / np.sqrt(way @ way)
            return tuple(count + int(x) for count, x in zip(counts, way, strict=True))
        column = int(random.integers(self.columns))
        step = int(random.choice([-2, -1, -1, -1, 1, 1, 1, 2]))
        return (*counts[:column], counts[column] + step, *counts[column + 1 :])


def drawn(random: np.random.Generator, reaches: dict[int, int]) -> Shape:
    """A random family of 1 to 12 dimensions.

    reaches : by columns, the largest count of a lattice; 1 where it says nothing
    """
    columns = int(random.choice([1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]))
    reach = int(random.integers(1, reaches.get(columns, 1) + 1))
    steps = [1.0, sqrt(2), 2.0] if columns > 3 else [1.0, 1.0, sqrt(2)]
    kind = random.integers(5)
    if kind == 0:
        return Shape("integers", partial(scaled, step=1.0), columns, reach, float(random.choice(steps)))
    if kind == 1:
        eps = float(random.choice([0.1, 0.1, 0.2, 0.1 * 3]))
        return Shape("tenths", partial(scaled, step=0.1), columns, reach, eps)
    if kind == 2:
        return Shape("unit", unit, columns, reach + 1, float(random.choice([1e-4, 0.2, 0.5, 1.0])))
    if kind == 3:
        eps = float(random.choice([0.3, 0.4, 0.6])) * sqrt(columns)
        return Shape("fine", fine, columns, FINE, eps)
    return Shape("far", partial(scaled, step=0.1, offset=1e6), columns, reach, 0.1)
