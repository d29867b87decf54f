"""What hurts whoever follows clusters: learn_one and predict_one timed together, or questions alone."""

import copy
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, Literal

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
CROWD: Final = 550  # neighbours of a point of a crowd
QUESTIONS: Final = 10
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LabelStall:
    """One endless stream of points in two dimensions; eps is 1.

    points : the window's events -> the stream
    panes : of the window, None = each event leaves alone
    jumps : whether time jumps over nine tenths of the window now and then; an event takes a millisecond
    asked : after each event, which is timed with it; or QUESTIONS alone: each the first that a copy is asked,
        or after an eighth of the window came unasked
    """

    name: str
    min_samples: int
    points: Callable[[int], Iterator[Point]]
    panes: int | None = None
    jumps: bool = False
    asked: Literal["always", "first", "late"] = "always"

    def model(self, window: int) -> SlidingDBSCAN:
        """What learns it."""
        length = timedelta(milliseconds=window) if self.jumps else window
        return SlidingDBSCAN(eps=1.0, min_samples=self.min_samples, window=length, panes=self.panes)

    def events(self, window: int) -> Iterator[tuple[Point, datetime | None]]:
        """The stream, and when each happened where the window is one of time."""
        jump = timedelta(milliseconds=window * 9 // 10)
        for i, x in enumerate(self.points(window)):
            yield x, BEGIN + timedelta(milliseconds=i) + i // window * jump if self.jumps else None


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


def crowd(window: int) -> Iterator[Point]:
    """One heap of points, of which hundreds are near each other."""
    # Two points of a normal distribution are within 1 of each other with a chance of 1 / 4 spread**2, about.
    spread = (window / CROWD) ** 0.5 / 2

    def batch(random: np.random.Generator, first: int) -> np.ndarray:  # noqa: ARG001
        return random.normal(0, spread, (BATCH, 2))

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
    LabelStall("stall: labels, a tenth of a line leaves, 2-D", 2, anywhere, panes=10),
    LabelStall("stall: labels, a tenth of a crowd leaves, 2-D", 5, crowd, panes=10),
    LabelStall("stall: labels, time jumps, a line, 2-D", 2, anywhere, panes=10, jumps=True),
    LabelStall("stall: labels, time jumps, a crowd, 2-D", 5, crowd, panes=10, jumps=True),
    LabelStall("stall: labels, first question, a line, 2-D", 2, anywhere, asked="first"),
    LabelStall("stall: labels, first question, a crowd, 2-D", 5, crowd, asked="first"),
    LabelStall("stall: labels, an eighth unasked, a line, 2-D", 2, anywhere, asked="late"),
    LabelStall("stall: labels, an eighth unasked, a crowd, 2-D", 5, crowd, asked="late"),
)


def label_stalled(stall: LabelStall, window: int, events: int, cpu_s: float) -> tuple[Row, Curve]:
    """Single events of a full window timed, each with its label, after a first question; or single questions.

    It ends after so much CPU time, too.
    """
    model, stream = stall.model(window), stall.events(window)
    for x, t in islice(stream, window):
        model.learn_one(x, t)
    if stall.asked == "always":
        model.predict_one({"x": 0.0, "y": 0.0})

        def update(event: tuple[Point, datetime | None]) -> None:
            model.learn_one(*event)
            model.predict_one(event[0])

        return timed(update, stream, events, cpu_s).row(stall.name, window)

    def question(asked: SlidingDBSCAN) -> None:
        asked.predict_one({"x": 0.0, "y": 0.0})

    models = _unasked(model) if stall.asked == "first" else _late(model, stream, window)
    return timed(question, models, min(events, QUESTIONS), cpu_s).row(stall.name, window)


def _unasked(model: SlidingDBSCAN) -> Iterator[SlidingDBSCAN]:
    """Copies, which have their clusters still to work out."""
    while True:
        yield copy.deepcopy(model)


def _late(
    model: SlidingDBSCAN, stream: Iterator[tuple[Point, datetime | None]], window: int
) -> Iterator[SlidingDBSCAN]:
    """The model when an eighth of the window, and one event, came since it was asked."""
    while True:
        for x, t in islice(stream, window // 8 + 1):
            model.learn_one(x, t)
        yield model


def label_stalled_of(number: int, window: int, events: int, cpu_s: float) -> tuple[Row, Curve]:
    """`label_stalled` of a number in LABEL_STALLS, in another process: streams do not travel."""
    return label_stalled(LABEL_STALLS[number], window, events, cpu_s)
