"""Streams that hurt whoever follows clusters event by event: learn_one and predict_one, timed together."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from processor.clustering.dbscan import SlidingDBSCAN
from processor.clustering.learner import floats
from processor.study.bench.forged import forged
from processor.study.bench.rows import Row
from processor.study.bench.singles import timed
from processor.study.bench.tail import Curve

Point = dict[Hashable, float]

BATCH: Final = 1 << 14  # points made at once
CHAIN: Final = 0.9  # between neighbours in a line, in eps


@dataclass(frozen=True, slots=True)
class LabelStall:
    """One endless stream of points in two dimensions; eps is 1.

    points : the window's events -> the stream
    """

    name: str
    min_samples: int
    points: Callable[[int], Iterator[Point]]


def _points(batch: Callable[[np.random.Generator, int], np.ndarray]) -> Iterator[Point]:
    """Batch after batch of points, shape (BATCH, 2), made of a seeded generator and the first's number."""
    random, first = np.random.default_rng(9), 0
    while True:
        for x, y in batch(random, first).tolist():
            yield {"x": x, "y": y}
        first += BATCH


def anywhere(window: int) -> Iterator[Point]:
    """A line that splits and joins anywhere: gaps come and go all along it."""

    def batch(random: np.random.Generator, first: int) -> np.ndarray:  # noqa: ARG001
        return np.stack([random.uniform(0, window / 5, BATCH), np.zeros(BATCH)], axis=1)

    return _points(batch)


def at_its_ends(window: int) -> Iterator[Point]:  # noqa: ARG001 - it never comes back
    """A line of one neighbour after the other that grows at one end and loses at the other."""

    def batch(random: np.random.Generator, first: int) -> np.ndarray:  # noqa: ARG001
        return np.stack([(first + np.arange(BATCH)) * CHAIN, np.zeros(BATCH)], axis=1)

    return _points(batch)


def both_ends(window: int) -> Iterator[Point]:
    """As before, and each second event at one of two blobs that the line reaches and leaves."""
    lap = window * 0.45

    def batch(random: np.random.Generator, first: int) -> np.ndarray:
        at = first + np.arange(BATCH)
        blob = random.integers(0, 2, BATCH) * lap * 0.9 + at % 7 * 0.01
        return np.stack([np.where(at % 2, blob, at // 2 * CHAIN % lap), np.zeros(BATCH)], axis=1)

    return _points(batch)


def renewed(window: int) -> Iterator[Point]:
    """A line with one neighbour more than the window holds, in one random order again and again.

    Every event closes one gap of the line and opens another.
    """
    order = np.random.default_rng(9).permutation(window + 1) * CHAIN
    while True:
        for x in order:
            yield {"x": float(x), "y": 0.0}


def bridges(window: int) -> Iterator[Point]:
    """Two dense lines, and between them a bridge of single points that comes and goes."""

    def batch(random: np.random.Generator, first: int) -> np.ndarray:  # noqa: ARG001
        points = np.stack(
            [random.uniform(0, window / 100, BATCH), random.integers(0, 2, BATCH) * 3.0], axis=1
        )
        points[::5, 1] = random.uniform(0, 3, len(points[::5]))
        return points

    return _points(batch)


def one_hash(window: int) -> Iterator[Point]:  # noqa: ARG001 - all of them
    """What the clusterer keeps vectors by has one and the same of Python's hashes for all of them."""
    # Floats go by their bits there: these are those of 1.0 and up, and next to 0.
    one = int(np.float64(1).view(np.int64))
    for counts in forged(1 << 62, one, 1 << 38):
        x, y = floats(counts)
        yield {"x": x, "y": y}


LABEL_STALLS: Final = (
    LabelStall("stall: labels, a line splits and joins anywhere, 2-D", 2, anywhere),
    LabelStall("stall: labels, a line grows and loses at its ends, 2-D", 2, at_its_ends),
    LabelStall("stall: labels, a line between two blobs comes and goes, 2-D", 2, both_ends),
    LabelStall("stall: labels, a line renewed in random order, 2-D", 2, renewed),
    LabelStall("stall: labels, bridges, 2-D", 3, bridges),
    LabelStall("stall: labels, forged hashes, 2-D", 2, one_hash),
)


def label_stalled(stall: LabelStall, window: int, events: int, cpu_s: float) -> tuple[Row, Curve]:
    """Single events of a full window timed, each with its label; the first question came before.

    It ends after so much CPU time, too.
    """
    model = SlidingDBSCAN(eps=1.0, min_samples=stall.min_samples, window=window)
    stream = stall.points(window)
    for x in islice(stream, window):
        model.learn_one(x)
    model.predict_one({"x": 0.0, "y": 0.0})

    def update(x: Point) -> None:
        model.learn_one(x)
        model.predict_one(x)

    return timed(update, stream, events, cpu_s).row(stall.name, window)


def label_stalled_of(number: int, window: int, events: int, cpu_s: float) -> tuple[Row, Curve]:
    """`label_stalled` of a number in LABEL_STALLS, in another process: streams do not travel."""
    return label_stalled(LABEL_STALLS[number], window, events, cpu_s)
