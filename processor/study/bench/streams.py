"""Streams for `bench clusterer`: seeded, as integers in thousandths, so that equal events are bit-equal."""

import gzip
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from processor.clustering.rows import Counts, Gate, Vector
from processor.events.event import PROCESS
from processor.events.formats import Decoder
from processor.features.sets import build
from processor.study.bench.workload import RECORDED

SCALE: Final = 1000
APART: Final = 1e6  # between gates, for peers that know none
MOST: Final = 1_200_000  # events of a stream that go round and round in larger windows
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
Events = NDArray[np.int64]


def scaled(counts: Counts) -> Vector:
    """Thousandths as floats."""
    return tuple([c / SCALE for c in counts])


@dataclass(frozen=True, slots=True)
class Stream:
    """Events as the engine takes them, and as points for the peers: shape (n, columns), the gate as one more.

    vector : the floats of counts
    """

    gates: Sequence[Gate]
    counts: Sequence[Counts]
    points: NDArray[np.float64]
    vector: Callable[[Counts], Vector] = scaled


@dataclass(frozen=True, slots=True)
class Workload:
    """One stream and how it is clustered.

    make : number of events -> the stream
    columns : of a vector, the gate not counted
    panes : events in a pane; peers know none, and are measured once
    """

    name: str
    make: Callable[[int], Stream]
    columns: int
    eps: float
    min_samples: int
    window: int
    panes: tuple[int, ...] = (10,)

    @property
    def length(self) -> int:
        """Events of the stream: far more than the window, as far as that goes."""
        return min(4 * self.window, MOST)

    def title(self, pane: int, column: str) -> str:
        """What a row of it is called."""
        return f"{self.name}, {pane:,}-event panes, {column}"


def ungated(make: Callable[[int], Events]) -> Callable[[int], Stream]:
    """A stream without gates."""

    def stream(number: int) -> Stream:
        events = make(number)
        # Row by row: a list of all rows, once gone, would be room for what is measured by its memory.
        counts = [tuple(row.tolist()) for row in events]
        gate: Gate = ()
        return Stream([gate] * number, counts, events / SCALE)

    return stream


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
    """Gaussian blobs of standard deviation 1,000, all values distinct."""

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


def recorded(path: Path) -> Callable[[int], Stream]:
    """The gated vectors of a recorded stream, `command_shape` with its defaults, over and over."""

    def stream(number: int) -> Stream:
        features = build(PROCESS, "command_shape", "none", ("executable_masked", "system_session"))
        decoder = Decoder(formats=None, max_record_size=1 << 20, max_command_line=8192)
        with gzip.open(path, "rb") as lines:
            events = (decoder.decode(line.rstrip(b"\n")) for line in lines)
            lap = [features.measure(event) for event in events if event is not None and event.kind == PROCESS]
        measured = [lap[i % len(lap)] for i in range(number)]
        numbers: dict[Gate, int] = {}
        points = [
            (*features.vector(counts), numbers.setdefault(gate, len(numbers)) * APART)
            for gate, counts in measured
        ]
        gates, counts = [gate for gate, _ in measured], [counts for _, counts in measured]
        return Stream(gates, counts, np.array(points), features.vector)

    return stream


def recorded_columns() -> int:
    """Numbers in a vector of `recorded`."""
    return len(build(PROCESS, "command_shape", "none", ()).columns)


WORKLOADS: Final = (
    *(
        Workload(f"repetitive 3-D, {new} % new", ungated(repetitive(new / 100)), 3, 0.5, 5, 10_000, (10, 1))
        for new in (1, 5, 10)
    ),
    Workload("repetitive 3-D, 5 % new, window 1,000", ungated(repetitive(0.05)), 3, 0.5, 5, 1_000),
    Workload("2-D blobs", ungated(blobs(2)), 2, 300.0, 5, 10_000),
    Workload("8-D blobs", ungated(blobs(8)), 8, 1000.0, 5, 10_000),
)


def windows(sizes: Iterable[int]) -> list[Workload]:
    """200,000 distinct vectors, in a thousand panes of a window of each size."""
    make = ungated(distinct(200_000))
    return [
        Workload(f"200k distinct, window {size:,}", make, 3, 0.5, 5, size, (max(1, size // 1000),))
        for size in sizes
    ]


def recording(path: Path = RECORDED) -> list[Workload]:
    """The real stream, gated, over and over; nothing where its data is not."""
    if not path.is_file():
        return []
    return [Workload("mstic_win1 tiled, gated", recorded(path), recorded_columns(), 0.1, 2, 10_000)]


def named(name: str) -> Workload:
    """The workload of a name, for another process: streams do not travel, they are made anew."""
    return next(one for one in (*WORKLOADS, *recording(), *windows(SIZES)) if one.name == name)
