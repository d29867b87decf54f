"""`bench clusterer`: the sliding DBSCAN against its peers, in time, stalls and memory.

Peers take turns with ours on pieces of the same stream, and CPU time counts, so that a busy machine slows
all alike. Single updates are timed with the thread's CPU clock, which stands still while others run.
"""

import gc
import importlib.util
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from processor.clustering.dbscan import SlidingDBSCAN
from processor.clustering.engine import Engine
from processor.errors import OutputFailed, UsageError
from processor.study.bench.rows import OURS, Row, report
from processor.study.bench.stalls import STALLS, Stall
from processor.study.bench.streams import SCALE, WORKLOADS, Events, Workload, distinct
from processor.study.progress import bar

Feed = Callable[[int, int], None]
DEV_PACKAGES: Final = ("incdbscan", "sklearn")
ROUNDS: Final = 12


def scaled(counts: tuple[int, ...]) -> tuple[float, ...]:
    """Thousandths as floats."""
    return tuple([c / SCALE for c in counts])


@dataclass(slots=True)
class _Turn:
    """One engine on one workload: `feed(low, high)` takes the events [low, high) of the stream.

    piece : events of one turn, few for the slow
    """

    engine: str
    feed: Feed
    piece: int
    at: int = 0
    events: int = 0
    cpu: float = 0.0
    wall: float = 0.0
    times: list[int] = field(default_factory=list)

    def go(self) -> None:
        """Take one turn."""
        cpu, wall = time.process_time(), time.perf_counter()
        self.feed(self.at, self.at + self.piece)
        self.cpu += time.process_time() - cpu
        self.wall += time.perf_counter() - wall
        self.at += self.piece
        self.events += self.piece


def run(json_path: Path | None, *, quick: bool = False, plot: Path | None = None) -> None:
    """Measure all, print the table, write JSON and plot where asked. Raises UsageError for a missing peer."""
    missing = [name for name in DEV_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the bench compares with {', '.join(missing)}: pip install -r requirements/dev.txt, and again"
        )
    rows: list[Row] = []
    rounds = 3 if quick else ROUNDS
    stalls = 60_000 if quick else 1_000_000
    with bar("clusterer") as progress:
        parts = len(WORKLOADS) * 2 + len(STALLS) + 2
        for workload in WORKLOADS:
            rows += _compare(f"{workload.name}, verdict", workload, _verdicts, rounds)
            progress(len(rows), parts)
            rows += _compare(f"{workload.name}, label", workload, _labels, rounds)
        for stall in STALLS:
            rows.append(_stalled(stall, stalls))
            progress(len(rows), parts)
        rows += _windows(quick=quick)
        rows.append(_in_a_child(_many_scopes, 300_000 if quick else 3_000_000))
    report(rows, json_path)
    if plot is not None:
        _draw(rows, plot)


def _compare(
    name: str, workload: Workload, engines: Callable[[Workload, Events], list[_Turn]], rounds: int
) -> list[Row]:
    events = workload.make(workload.window * 4)
    turns = engines(workload, events)
    gc.collect()
    for _ in range(rounds):
        for turn in turns:
            turn.go()
    return [_row(name, workload.window, turn) for turn in turns]


def _row(name: str, window: int, turn: _Turn) -> Row:
    return Row(
        name,
        turn.engine,
        window,
        events_per_s=turn.events / turn.wall,
        events_per_cpu_s=turn.events / turn.cpu,
        **_quantiles(turn.times),
    )


def _quantiles(times: Iterable[int]) -> dict[str, float]:
    found = np.array(list(times)) / 1000
    if not len(found):
        return {}
    names = ("p50_us", "p99_us", "p999_us", "p9999_us", "max_us")
    values = np.quantile(found, (0.5, 0.99, 0.999, 0.9999, 1.0)).tolist()
    return dict(zip(names, values, strict=True))


def _verdicts(workload: Workload, events: Events) -> list[_Turn]:
    """Update and role; scikit-learn fits the unique vectors of the window every so many events."""
    turns = [_ours(workload, events), _incdbscan(workload, events, label=False)]
    return turns + [_sklearn(workload, events, stride) for stride in (1, 100, 1000)]


def _labels(workload: Workload, events: Events) -> list[_Turn]:
    """Update and cluster number of each event."""
    turns = [_sliding(workload, events), _incdbscan(workload, events, label=True)]
    return turns + [_river(workload, events, name) for name in ("DBSTREAM", "DenStream")]


def _ours(workload: Workload, events: Events) -> _Turn:
    rows = [tuple(row) for row in events.tolist()]
    engine = Engine(
        columns=workload.columns, eps=workload.eps, min_samples=workload.min_samples, vector=scaled
    )
    length, pane = workload.window // workload.pane, workload.pane

    def feed(low: int, high: int) -> None:
        for i in range(low, high):
            part = i // pane
            if not i % pane:
                engine.expire(part - length)
            engine.learn("", engine.intern((), rows[i % len(rows)]), part, i, "")

    feed(0, workload.window)
    turn = _Turn(OURS, feed, 2000, at=workload.window)
    clock = time.thread_time_ns
    for i in range(turn.at, turn.at + 5000):
        begun = clock()
        feed(i, i + 1)
        turn.times.append(clock() - begun)
    turn.at += 5000
    return turn


def _sliding(workload: Workload, events: Events) -> _Turn:
    points = _dicts(events)
    model = SlidingDBSCAN(
        workload.eps,
        workload.min_samples,
        workload.window,
        None if workload.pane == 1 else workload.window // workload.pane,
    )

    def feed(low: int, high: int) -> None:
        for i in range(low, high):
            model.learn_one(points[i % len(points)])
            if i >= workload.window:
                model.predict_one(points[i % len(points)])

    feed(0, workload.window)
    return _Turn(OURS, feed, 100, at=workload.window)


def _incdbscan(workload: Workload, events: Events, *, label: bool) -> _Turn:
    from incdbscan import IncrementalDBSCAN  # noqa: PLC0415 - a peer is needed by the bench alone

    points = events / SCALE
    model = IncrementalDBSCAN(eps=workload.eps, min_pts=workload.min_samples)
    model.insert(points[: workload.window])

    def feed(low: int, high: int) -> None:
        for i in range(low, high):
            point = points[i % len(points)][None]
            model.insert(point)
            model.delete(points[(i - workload.window) % len(points)][None])
            if label:
                model.get_cluster_labels(point)

    return _Turn("incdbscan", feed, 10, at=workload.window)


def _sklearn(workload: Workload, events: Events, stride: int) -> _Turn:
    from sklearn.cluster import DBSCAN  # noqa: PLC0415

    points = events / SCALE
    model = DBSCAN(eps=workload.eps, min_samples=workload.min_samples)

    def feed(low: int, high: int) -> None:
        for i in range(low, high, stride):
            window = points[np.arange(i + stride - workload.window, i + stride) % len(points)]
            vectors, weights = np.unique(window, axis=0, return_counts=True)
            model.fit(vectors, sample_weight=weights)

    return _Turn(f"scikit-learn, every {stride}", feed, max(stride, 1), at=workload.window)


def _river(workload: Workload, events: Events, name: str) -> _Turn:
    from river import cluster  # noqa: PLC0415

    points = _dicts(events)
    fading = 1 / workload.window
    model: Any = (
        cluster.DBSTREAM(clustering_threshold=workload.eps, fading_factor=fading, cleanup_interval=100)
        if name == "DBSTREAM"
        else cluster.DenStream(epsilon=workload.eps, decaying_factor=fading, mu=workload.min_samples)
    )

    def feed(low: int, high: int) -> None:
        for i in range(low, high):
            point = points[i % len(points)]
            model.learn_one(dict(point))
            model.predict_one(point)

    feed(0, 1500)
    return _Turn(name, feed, 20, at=1500)


def _dicts(events: Events) -> list[dict[Any, Any]]:
    return [dict(enumerate(row)) for row in (events / SCALE).tolist()]


def _stalled(stall: Stall, updates: int) -> Row:
    """Every single update timed; the collector as the service has it."""
    engine = Engine(
        columns=stall.columns,
        eps=stall.eps,
        min_samples=stall.min_samples,
        vector=scaled,
        max_vectors=stall.max_vectors,
    )
    times = np.empty(updates, np.int64)
    clock = time.thread_time_ns
    gc.collect()
    gc.freeze()  # as the service does once it is set up
    begun, cpu = time.perf_counter(), time.process_time()
    for i, (part, counts) in enumerate(stall.steps(updates)):
        start = clock()
        engine.expire(part - stall.window)
        engine.learn("", engine.intern((), counts), part, i, "")
        times[i] = clock() - start
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return Row(
        stall.name, OURS, engine.live_events, updates / wall, updates / cpu, **_quantiles(times.tolist())
    )


def _windows(*, quick: bool) -> list[Row]:
    """Cost and memory of one event as the window grows, 200,000 distinct vectors."""
    sizes = (1_000, 10_000, 100_000) if quick else (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
    return [_in_a_child(_window, size) for size in sizes]


def _in_a_child(measure: Callable[[int], Row], size: int) -> Row:
    """A process of its own: its memory is the measured memory alone."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (size,))


def _resident() -> int:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * resource.getpagesize()


def _window(size: int) -> Row:
    """A thousand panes, filled, then 200,000 updates timed."""
    make = distinct(200_000)
    measured = 200_000
    events = make(min(size, 1_000_000) + measured).tolist()
    engine = Engine(columns=3, eps=0.5, min_samples=5, vector=scaled)
    pane = max(1, size // 1000)
    gc.collect()
    before = _resident()
    for i in range(size):
        if not i % pane:
            engine.expire(i // pane - 1000)
        engine.learn("", engine.intern((), tuple(events[i % len(events)])), i // pane, i, "")
    gc.collect()
    gained = _resident() - before
    vectors = max(1, engine.live_vectors)
    wall, cpu = time.perf_counter(), time.process_time()
    for i in range(size, size + measured):
        if not i % pane:
            engine.expire(i // pane - 1000)
        engine.learn("", engine.intern((), tuple(events[i % len(events)])), i // pane, i, "")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    name = f"200k distinct, window {size:,}, {vectors:,} vectors live"
    per_event = max(0.0, (gained - 150 * vectors) / size)
    return Row(
        name,
        OURS,
        size,
        measured / wall,
        measured / cpu,
        bytes_per_event=per_event,
        bytes_per_vector=gained / vectors,
    )


def _many_scopes(pairs: int) -> Row:
    """10,000 scopes that share 300 vectors' worth of rows; memory of a (scope, vector)."""
    scopes = 10_000
    engine = Engine(columns=5, eps=0.1, min_samples=2, vector=scaled, max_vectors=pairs + 1)
    shapes = [(("cmd",), (i, i * 7 % 1000, i % 13, 0, 1)) for i in range(pairs // scopes)]
    rows = []
    for shape in shapes:
        rows.append(engine.intern(*shape))
        engine.learn("first", rows[-1], 0, 0, "")
    names = [f"host-{i}" for i in range(scopes)]
    gc.collect()
    before = _resident()
    wall, cpu = time.perf_counter(), time.process_time()
    serial = 0
    for row in rows:
        for name in names:
            engine.learn(name, row, 1, serial, "")
            serial += 1
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    gc.collect()
    gained = _resident() - before
    return Row("10,000 scopes", OURS, serial, serial / wall, serial / cpu, bytes_per_vector=gained / serial)


def _draw(rows: list[Row], path: Path) -> None:
    """Quantiles of single updates by workload, as one HTML file."""
    import plotly.graph_objects as go  # noqa: PLC0415 - half a second, for the plot alone

    figure = go.Figure()
    for row in rows:
        if row.max_us is not None:
            values = [row.p50_us, row.p99_us, row.p999_us, row.p9999_us, row.max_us]
            figure.add_scatter(x=["p50", "p99", "p99.9", "p99.99", "max"], y=values, name=row.workload)
    figure.update_layout(
        title="Time of one update, microseconds of CPU", yaxis_type="log", yaxis_title="microseconds"
    )
    try:
        path.write_text(figure.to_html(include_plotlyjs=True), encoding="utf-8")
    except OSError as error:
        raise OutputFailed(f"cannot write {path}: {error.strerror}") from error
