"""Streams that hurt the engine: what `bench clusterer` times update by update."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processor.clustering.engine import Engine
from processor.clustering.rows import Counts
from processor.study.bench.forged import forged
from processor.study.bench.rows import Row
from processor.study.bench.singles import timed
from processor.study.bench.streams import scaled
from processor.study.bench.tail import Curve

# Scope, part, counts in thousandths; without counts the scope is forgotten.
Step = tuple[str, int, Counts | None]
Points = NDArray[np.float64]

PANE: Final = 10_000  # events of a pane
NOISY: Final = 100_000  # vectors of a part that has to go
QUIET: Final = 40  # scopes beside a noisy one
SCOPES: Final = 10_000  # of one size


@dataclass(frozen=True, slots=True)
class Stall:
    """One stream.

    window : parts; a part leaves when it is older
    max_vectors : the engine's limit
    """

    name: str
    columns: int
    eps: float
    min_samples: int
    window: int
    steps: Callable[[int], Iterator[Step]]
    max_vectors: int = 10_000_000


def _walk(points: Points, part: Callable[[int], int]) -> Iterator[Step]:
    # Row by row: a list of all rows would be what the garbage collector walks.
    for number, row in enumerate(np.rint(points * 1000).astype(np.int64)):
        yield "", part(number), tuple(row.tolist())


def panes_leave(columns: int) -> Callable[[int], Iterator[Step]]:
    """All distinct, in blobs, in panes of 10,000 events of which ten are in the window."""

    def steps(number: int) -> Iterator[Step]:
        random = np.random.default_rng(columns)
        middle = random.uniform(-20, 20, (50, columns))
        points = middle[random.integers(50, size=number)] + random.normal(0, 1, (number, columns))
        return _walk(points, lambda i: i // PANE)

    return steps


def everything_leaves(columns: int) -> Callable[[int], Iterator[Step]]:
    """One pane holds 100,000 vectors close together; then time jumps, and the same region goes on."""

    def steps(number: int) -> Iterator[Step]:
        random = np.random.default_rng(columns)
        points = random.normal(0, 1, (number, columns))
        return _walk(points, lambda i: i // 100_000 * 50 + i % 100_000 // 90_000)

    return steps


def beyond_eps(columns: int) -> Callable[[int], Iterator[Step]]:
    """Dense balls in which nobody is within eps of the points that are asked for, again and again."""

    def steps(number: int) -> Iterator[Step]:
        random = np.random.default_rng(columns)
        ball = random.normal(0, 1, (number, columns))
        shell = ball / np.linalg.norm(ball, axis=1, keepdims=True) * random.uniform(1.001, 1.01, (number, 1))
        shell[::3] = (
            random.normal(0, 1e-3, (len(shell[::3]), columns)) * (np.arange(len(shell[::3])) % 2)[:, None]
        )
        return _walk(shell, lambda i: i // PANE)

    return steps


def bridges(number: int) -> Iterator[Step]:
    """Two dense lines, and between them a bridge of single points that comes and goes."""
    random = np.random.default_rng(7)
    points = np.stack([random.uniform(0, 1000, number), random.integers(0, 2, number) * 3.0], axis=1)
    points[::5, 1] = random.uniform(0, 3, len(points[::5]))
    return _walk(points, lambda i: i // PANE)


def flood(number: int) -> Iterator[Step]:
    """Every event is new and lies apart."""
    random = np.random.default_rng(8)
    return _walk(random.uniform(-1e6, 1e6, (number, 3)), lambda i: i // PANE)


def one_hash(number: int) -> Iterator[Step]:
    """Every event is new and lies apart, and all have one and the same of Python's hashes."""
    return (("", i // PANE, counts) for i, counts in enumerate(forged(number, 1, 1)))


def noisy(number: int) -> Iterator[Step]:
    """Parts of 100,000 new vectors of one scope, and between them the events of forty that are quiet."""
    for i, (_, _, counts) in enumerate(flood(number)):
        quiet = (f"quiet-{i % QUIET}", i // (2 * NOISY), (i % 400, i % QUIET, 0))
        yield quiet if i % 2 else ("noisy", i // (2 * NOISY), counts)


def forgotten(number: int) -> Iterator[Step]:
    """Eight scopes with an event at the beginning and another before each is forgotten, amid a long log."""
    every = number // 8
    for i in range(number):
        scope, part = f"forgotten-{i // every}", i // PANE
        if i < 8:
            yield f"forgotten-{i}", part, (0, 0, 0)
        elif i % every == every - 2:
            yield scope, part, (0, 0, 0)
        elif i % every == every - 1:
            yield scope, part, None
        else:
            yield f"quiet-{i % QUIET}", part, (i * 7919 % 100_000, i % QUIET, 0)


def alike(number: int) -> Iterator[Step]:
    """Ten thousand scopes take turns, so that none is the largest."""
    return ((f"s{i % SCOPES}", part, counts) for i, (_, part, counts) in enumerate(flood(number)))


STALLS: Final = (
    Stall("stall: panes of 10k leave, 2-D", 2, 0.05, 5, 10, panes_leave(2)),
    Stall("stall: panes of 10k leave, 3-D", 3, 0.2, 5, 10, panes_leave(3)),
    Stall("stall: panes of 10k leave, 8-D", 8, 1.5, 5, 10, panes_leave(8)),
    Stall("stall: one pane holds everything, time jumps, 3-D", 3, 0.3, 5, 10, everything_leaves(3)),
    Stall("stall: dense balls beyond eps, 3-D", 3, 1.0, 5, 10, beyond_eps(3)),
    Stall("stall: dense balls beyond eps, 8-D", 8, 1.0, 5, 10, beyond_eps(8)),
    Stall("stall: bridges, 2-D", 2, 1.0, 3, 10, bridges),
    Stall("stall: flood of new vectors, 3-D", 3, 0.5, 2, 10, flood),
    Stall("stall: forged hashes, 2-D", 2, 0.5, 2, 10, one_hash),
    Stall("stall: growth to a million vectors, 3-D", 3, 0.5, 2, 1_000_000, flood),
    Stall("stall: eviction at every step, 3-D", 3, 0.5, 2, 1_000_000, flood, max_vectors=64),
    Stall("stall: eviction at 100k, 3-D", 3, 0.5, 2, 1_000_000, flood, max_vectors=100_000),
    Stall("stall: eviction of parts of 100k, 3-D", 3, 0.5, 2, 1_000_000, noisy, max_vectors=120_000),
    Stall("stall: eviction from 10k scopes, 3-D", 3, 0.5, 2, 1_000_000, alike, max_vectors=100_000),
    Stall("stall: scopes forgotten, 3-D", 3, 0.5, 2, 1_000_000, forgotten),
)


def stalled(stall: Stall, updates: int, cpu_s: float) -> tuple[Row, Curve]:
    """Every single update timed: a new part, learn and verdict, or a scope forgotten.

    It ends after so much CPU time, too.
    """
    engine = Engine(
        columns=stall.columns,
        eps=stall.eps,
        min_samples=stall.min_samples,
        vector=scaled,
        max_vectors=stall.max_vectors,
    )

    def update(step: tuple[int, Step]) -> None:
        serial, (scope, part, counts) = step
        engine.expire(part - stall.window)
        if counts is None:
            engine.drop_scope(scope)
        else:
            engine.learn(scope, engine.intern((), counts), part, serial, "")

    found = timed(update, enumerate(stall.steps(updates)), updates, cpu_s)
    return found.row(stall.name, engine.live_events)


def stalled_of(number: int, updates: int, cpu_s: float) -> tuple[Row, Curve]:
    """`stalled` of a number in STALLS, in another process: streams do not travel."""
    return stalled(STALLS[number], updates, cpu_s)
