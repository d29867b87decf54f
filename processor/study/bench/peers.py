"""The engines that `bench clusterer` compares, each in its best usage, fed piece by piece."""

import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processor.clustering.dbscan import SlidingDBSCAN
from processor.clustering.engine import Engine
from processor.clustering.rows import Counts
from processor.study.bench.rows import OURS
from processor.study.bench.streams import Stream, Workload

Feed = Callable[[int, int], None]
Point = dict[Hashable, float]

VERDICT: Final = "verdict"
LABEL: Final = "label"
STRIDES: Final = (1, 100, 1000)
FEW: Final = 2000  # vectors of which all distances may be the quickest way
LOT: Final = 10  # events that leave incdbscan's window together where ours has panes


@dataclass(frozen=True, slots=True)
class Budget:
    """What an engine may take of a workload; times are CPU seconds.

    fill_s : until its window is full
    single, single_s : events timed one by one, and time for them: whichever is first
    rounds, rounds_s : turns with the others, and the time after which it takes no more of them
    """

    fill_s: float
    single: int
    single_s: float
    rounds: int
    rounds_s: float


FULL: Final = Budget(fill_s=20, single=100_000, single_s=4, rounds=12, rounds_s=8)
QUICK: Final = Budget(fill_s=1, single=20_000, single_s=0.3, rounds=3, rounds_s=0.5)


class NotFilled(Exception):
    """A window that an engine could not fill in its time."""

    def __init__(self, engine: str, seconds: float) -> None:
        super().__init__(f"not run: needs {seconds:,.0f} s or more to fill its window")
        self.engine = engine


@dataclass(slots=True)
class Cursor:
    """Where in the stream a model is."""

    at: int


@dataclass(slots=True)
class Turn:
    """One engine on one workload: `feed(low, high)` takes the events [low, high) of the stream.

    columns : VERDICT, LABEL or both: what an event gets
    piece : events of one turn, few for the slow
    cursor : shared by the turns of one model
    times : of single events, nanoseconds of the thread's CPU
    note : what a reader of the figures should know
    """

    engine: str
    columns: tuple[str, ...]
    feed: Feed
    piece: int
    cursor: Cursor
    pane: int | None = None
    note: str | None = None
    events: int = 0
    cpu: float = 0.0
    wall: float = 0.0
    times: list[int] = field(default_factory=list)

    def go(self) -> None:
        """Take one turn."""
        at = self.cursor.at
        cpu, wall = time.process_time(), time.perf_counter()
        self.feed(at, at + self.piece)
        self.cpu += time.process_time() - cpu
        self.wall += time.perf_counter() - wall
        self.cursor.at += self.piece
        self.events += self.piece

    def time_single(self, budget: Budget) -> None:
        """Take events one by one, whole pieces of them, as many as the budget allows."""
        clock, watch, feed = time.thread_time_ns, time.perf_counter_ns, self.feed
        until = time.process_time() + budget.single_s
        while len(self.times) < budget.single and time.process_time() < until:
            at = self.cursor.at
            for i in range(at, at + self.piece):
                seen, begun = watch(), clock()
                feed(i, i + 1)
                # A clock of CPU time that runs in ticks charges 8 ms to an update of 20 us now and then.
                self.times.append(min(clock() - begun, watch() - seen))
            self.cursor.at += self.piece


class Fresh(Sequence[Any]):
    """Objects made as they are asked for: what an engine keeps of them is its own memory."""

    def __init__(self, make: Callable[[int], Any], number: int) -> None:
        self._make = make
        self._number = number

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, at: Any) -> Any:
        return self._make(at)


class Supply:
    """The events of a stream in the forms that engines take, each a sequence that goes round and round.

    fresh : make the objects as they are asked for, where memory is measured and not time
    """

    def __init__(self, stream: Stream, *, fresh: bool = False) -> None:
        self.stream = stream
        points, kept = stream.points, stream.counts
        self.number = len(points)
        self.counts: Sequence[Counts] = kept
        self.dicts: Sequence[Point]
        self.tuples: Sequence[tuple[float, ...]]
        if fresh:
            # Adding makes an int of its own.
            self.counts = Fresh(lambda at: tuple([c + 0 for c in kept[at]]), self.number)
            self.dicts = Fresh(lambda at: dict(enumerate(points[at].tolist())), self.number)
            self.tuples = Fresh(lambda at: tuple(points[at].tolist()), self.number)
        else:
            self.dicts = [dict(enumerate(row)) for row in points.tolist()]
            self.tuples = [tuple(row) for row in points.tolist()]


def ours(workload: Workload, supply: Supply, budget: Budget) -> list[Turn]:  # noqa: ARG001
    """The engine: learn and verdict."""
    return [_engine(workload, supply, pane) for pane in workload.panes]


def _engine(workload: Workload, supply: Supply, pane: int) -> Turn:
    stream = supply.stream
    engine = Engine(
        columns=workload.columns, eps=workload.eps, min_samples=workload.min_samples, vector=stream.vector
    )
    length, gates, counts, number = workload.window // pane, stream.gates, supply.counts, supply.number

    def feed(low: int, high: int) -> None:
        for i in range(low, high):
            part, at = i // pane, i % number
            if not i % pane:
                engine.expire(part - length)
            engine.learn("", engine.intern(gates[at], counts[at]), part, i, "")

    feed(0, workload.window)
    return Turn(OURS, (VERDICT,), feed, 2000, Cursor(workload.window), pane)


def sliding(workload: Workload, supply: Supply, budget: Budget) -> list[Turn]:  # noqa: ARG001
    """The river estimator: learn_one, predict_one with the cluster's number."""
    return [_sliding(workload, supply, pane) for pane in workload.panes]


def _sliding(workload: Workload, supply: Supply, pane: int) -> Turn:
    points, number = supply.dicts, supply.number
    panes = None if pane == 1 else workload.window // pane
    model = SlidingDBSCAN(workload.eps, workload.min_samples, workload.window, panes)

    def feed(low: int, high: int) -> None:
        for i in range(low, high):
            x = points[i % number]
            model.learn_one(x)
            model.predict_one(x)

    for i in range(workload.window):
        model.learn_one(points[i % number])
    # The first question works out the clusters of all that is there.
    begin = workload.window + 1000
    feed(workload.window, begin)
    return Turn(OURS, (LABEL,), feed, 500, Cursor(begin), pane)


def incremental(workload: Workload, supply: Supply, budget: Budget) -> list[Turn]:
    """incdbscan: insert and delete; the same with the label. Raises NotFilled.

    Event by event, what leaves ten at a time; or in batches, after each of which all have answers. Its
    window is filled in batches, too. What is to be deleted its caller keeps, here as an array.
    """
    from incdbscan import IncrementalDBSCAN  # noqa: PLC0415 - a peer is needed by the bench alone

    model = IncrementalDBSCAN(eps=workload.eps, min_pts=workload.min_samples)
    points, number, window = supply.stream.points, supply.number, workload.window
    kept = np.empty((window, points.shape[1]))

    def enter(low: int, high: int) -> None:
        kept[low:high] = points[np.arange(low, high) % number]
        model.insert(kept[low:high])

    filled = _fill(enter, window, 10_000, budget)
    if filled.events < window:
        raise NotFilled("incdbscan", filled.seconds / filled.events * window)

    def replaced(low: int, high: int) -> NDArray[np.float64]:
        """Let the events [low, high) come where as many left."""
        fresh = kept[np.arange(low, high) % window] = points[np.arange(low, high) % number]
        model.insert(fresh)
        return fresh

    def feeding(stride: int, *, label: bool) -> Feed:
        lot = max(stride, min(LOT, max(workload.panes)))
        done = 0  # pieces are of whole lots, wherever they begin

        def feed(low: int, high: int) -> None:
            nonlocal done
            for i in range(low, high):
                if done % lot == 0:
                    model.delete(kept[np.arange(i, i + lot) % window])
                done += 1
                if done % stride == 0:
                    fresh = replaced(i + 1 - stride, i + 1)
                    if label:
                        model.get_cluster_labels(fresh)

        return feed

    cursor = Cursor(window)
    return [
        Turn(
            "incdbscan" if stride == 1 else f"incdbscan, every {stride:,}",
            (column,),
            feeding(stride, label=column == LABEL),
            max(stride, LOT),
            cursor,
        )
        for stride in STRIDES
        if stride <= window
        for column in (VERDICT, LABEL)
    ]


class Weighted:
    """The distinct points of a window, each with how often it is there."""

    def __init__(self) -> None:
        self._entries: dict[tuple[float, ...], list[Any]] = {}  # point -> [point, how often]
        self._events: deque[list[Any]] = deque()  # an entry for each event: 8 bytes of its own

    def enter(self, point: tuple[float, ...]) -> None:
        """One more event."""
        entry = self._entries.get(point)
        if entry is None:
            entry = self._entries[point] = [point, 0]
        entry[1] += 1
        self._events.append(entry)

    def leave(self) -> None:
        """The oldest event is in the window no more."""
        oldest = self._events.popleft()
        oldest[1] -= 1
        if not oldest[1]:
            del self._entries[oldest[0]]

    def arrays(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Points, shape (n, n_features), and how often each is there, shape (n,)."""
        weights = np.array([entry[1] for entry in self._entries.values()])
        return np.array(list(self._entries)), weights


def _quickest(workload: Workload, vectors: NDArray[np.float64], weights: NDArray[np.int64]) -> Any:
    """scikit-learn's DBSCAN with the algorithm that takes least for these vectors: which depends on them."""
    from sklearn.cluster import DBSCAN  # noqa: PLC0415

    models = [
        DBSCAN(eps=workload.eps, min_samples=workload.min_samples, algorithm=algorithm)
        for algorithm in ("kd_tree", "ball_tree", *(["brute"] if len(vectors) <= FEW else []))
    ]
    spent = []
    for model in models:
        begun = time.process_time()
        model.fit(vectors, sample_weight=weights)
        spent.append(time.process_time() - begun)
    return models[spent.index(min(spent))]


def scikit(workload: Workload, supply: Supply, budget: Budget) -> list[Turn]:  # noqa: ARG001
    """scikit-learn on the window's unique vectors and their weights, every so many events.

    A fit gives roles and labels of all, so that one measurement is both columns.
    """
    points, number = supply.tuples, supply.number
    window = Weighted()
    for i in range(workload.window):
        window.enter(points[i % number])
    model = _quickest(workload, *window.arrays())

    def feeding(stride: int) -> Feed:
        def feed(low: int, high: int) -> None:
            for i in range(low, high):
                window.leave()
                window.enter(points[i % number])
                if i % stride == 0:
                    vectors, weights = window.arrays()
                    model.fit(vectors, sample_weight=weights)

        return feed

    cursor = Cursor(workload.window)
    return [
        Turn(f"scikit-learn, every {stride:,}", (VERDICT, LABEL), feeding(stride), stride, cursor)
        for stride in STRIDES
    ]


def dbstream(workload: Workload, supply: Supply, budget: Budget) -> list[Turn]:
    """DBSTREAM of river. It fades at the rate at which the window slides."""
    from river import cluster  # noqa: PLC0415

    model = cluster.DBSTREAM(
        clustering_threshold=workload.eps, fading_factor=1 / workload.window, cleanup_interval=100
    )
    return _fading("DBSTREAM", model, lambda: len(model.micro_clusters), workload, supply, budget)


def denstream(workload: Workload, supply: Supply, budget: Budget) -> list[Turn]:
    """DenStream of river. It fades at the rate at which the window slides."""
    from river import cluster  # noqa: PLC0415

    model = cluster.DenStream(
        epsilon=workload.eps, decaying_factor=1 / workload.window, mu=workload.min_samples
    )
    return _fading("DenStream", model, lambda: len(model.o_micro_clusters), workload, supply, budget)


def _fading(  # noqa: PLR0917
    name: str, model: Any, size: Callable[[], int], workload: Workload, supply: Supply, budget: Budget
) -> list[Turn]:
    """learn_one and whether it opened a micro-cluster, which is what is noise there; learn_one, predict_one.

    They have learned a window of events first, or what the budget allows: how many micro-clusters they keep
    settles in about that time.
    """
    points, number = supply.dicts, supply.number

    def learn(low: int, high: int) -> None:
        for i in range(low, high):
            before = size()
            # DBSTREAM keeps the caller's dict.
            model.learn_one(dict(points[i % number]))
            _ = size() > before

    def label(low: int, high: int) -> None:
        for i in range(low, high):
            point = points[i % number]
            model.learn_one(dict(point))
            model.predict_one(point)

    filled = _fill(learn, workload.window, 100, budget)
    label(filled.events, filled.events + 1)
    cursor = Cursor(filled.events + 1)
    short = filled.events < workload.window
    note = f"had learned {filled.events:,} of {workload.window:,} events" if short else None
    return [
        Turn(name, (VERDICT,), learn, 20, cursor, note=note),
        Turn(name, (LABEL,), label, 20, cursor, note=note),
    ]


@dataclass(frozen=True, slots=True)
class _Filled:
    """So many events in so many seconds of CPU."""

    events: int
    seconds: float


def _fill(learn: Feed, events: int, step: int, budget: Budget) -> _Filled:
    """Learn so many events, or what the budget allows."""
    begun = time.process_time()
    for low in range(0, events, step):
        high = min(low + step, events)
        learn(low, high)
        spent = time.process_time() - begun
        if spent > budget.fill_s:
            return _Filled(high, spent)
    return _Filled(events, time.process_time() - begun)


Build = Callable[[Workload, Supply, Budget], list[Turn]]

CONTENDERS: Final[dict[str, Build]] = {
    "engine": ours,
    "SlidingDBSCAN": sliding,
    "incdbscan": incremental,
    "scikit-learn": scikit,
    "DBSTREAM": dbstream,
    "DenStream": denstream,
}
PANED: Final = ("engine", "SlidingDBSCAN")
