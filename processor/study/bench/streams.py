"""Streams for `bench clusterer`: seeded, as integers in thousandths, so that equal events are bit-equal."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SCALE: Final = 1000
Events = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Workload:
    """One stream and how it is clustered.

    make : number of events -> their counts, shape (n, columns), thousandths of a feature unit
    pane : events in a pane
    """

    name: str
    make: Callable[[int], Events]
    columns: int
    eps: float
    min_samples: int
    window: int
    pane: int


def repetitive(
    new: float, columns: int = 3, templates: int = 2000, programs: int = 40
) -> Callable[[int], Events]:
    """Repeats of Zipf-distributed templates around the programs they belong to, and a share of new values."""

    def make(number: int) -> Events:
        random = np.random.default_rng(1)
        centres = random.uniform(-5, 5, (programs, columns))

        def values(n: int) -> Events:
            spread = centres[random.integers(programs, size=n)] + random.normal(0, 0.3, (n, columns))
            return np.rint(spread * SCALE).astype(np.int64)

        table = values(templates)
        chance = 1 / np.arange(1, templates + 1)
        picked = random.choice(templates, number, p=chance / chance.sum())
        fresh = random.random(number) < new
        events: Events = np.where(fresh[:, None], values(number), table[picked])
        return events

    return make


def blobs(columns: int, centres: int = 10) -> Callable[[int], Events]:
    """Gaussian blobs of standard deviation 1, all values distinct."""

    def make(number: int) -> Events:
        random = np.random.default_rng(2)
        middle = random.uniform(-10, 10, (centres, columns))
        spread = middle[random.integers(centres, size=number)] + random.normal(0, 1, (number, columns))
        return np.rint(spread * SCALE * 1000).astype(np.int64)

    return make


def distinct(vectors: int, columns: int = 3) -> Callable[[int], Events]:
    """Zipf-distributed draws from a fixed number of scattered vectors."""

    def make(number: int) -> Events:
        random = np.random.default_rng(3)
        table = np.rint(random.uniform(-50, 50, (vectors, columns)) * SCALE).astype(np.int64)
        return table[np.minimum(random.zipf(1.2, number) - 1, vectors - 1)]

    return make


WORKLOADS: Final = (
    Workload("repetitive 3-D, 1 % new", repetitive(0.01), 3, 0.5, 5, 10_000, 10),
    Workload("repetitive 3-D, 5 % new", repetitive(0.05), 3, 0.5, 5, 10_000, 10),
    Workload("repetitive 3-D, 10 % new", repetitive(0.10), 3, 0.5, 5, 10_000, 10),
    Workload("repetitive 3-D, 5 % new, 1-event panes", repetitive(0.05), 3, 0.5, 5, 10_000, 1),
    Workload("2-D blobs", blobs(2), 2, 300.0, 5, 10_000, 10),
    Workload("8-D blobs", blobs(8), 8, 1000.0, 5, 10_000, 10),
)
