"""The engines that `bench clusterer` compares, each in its best usage, fed piece by piece."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from processor.clustering.dbscan import SlidingDBSCAN
from processor.clustering.engine import Engine
from processor.study.bench.rows import OURS
from processor.study.bench.streams import Stream, Workload

Feed = Callable[[int, int], None]

SINGLE = 5000  # events timed one by one


@dataclass(slots=True)
class Turn:
    """One engine on one workload: `feed(low, high)` takes the events [low, high) of the stream.

    piece : events of one turn, few for the slow
    times : of single events, nanoseconds of the thread's CPU
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

    def time_single(self, number: int) -> None:
        """Take so many events one by one."""
        clock = time.thread_time_ns
        for i in range(self.at, self.at + number):
            begun = clock()
            self.feed(i, i + 1)
            self.times.append(clock() - begun)
        self.at += number


def ours(workload: Workload, stream: Stream, pane: int) -> Turn:
    """The engine: learn and verdict."""
    engine = Engine(
        columns=workload.columns, eps=workload.eps, min_samples=workload.min_samples, vector=stream.vector
    )
    length, gates, counts = workload.window // pane, stream.gates, stream.counts
    number = len(counts)

    def feed(low: int, high: int) -> None:
        for i in range(low, high):
            part, at = i // pane, i % number
            if not i % pane:
                engine.expire(part - length)
            engine.learn("", engine.intern(gates[at], counts[at]), part, i, "")

    feed(0, workload.window)
    turn = Turn(OURS, feed, 2000, at=workload.window)
    turn.time_single(SINGLE)
    return turn


def sliding(workload: Workload, stream: Stream, pane: int) -> Turn:
    """The river estimator: learn_one, predict_one with the cluster's number."""
    points = _dicts(stream)
    panes = None if pane == 1 else workload.window // pane
    model = SlidingDBSCAN(workload.eps, workload.min_samples, workload.window, panes)

    def feed(low: int, high: int) -> None:
        for i in range(low, high):
            x = points[i % len(points)]
            model.learn_one(x)
            if i >= workload.window:
                model.predict_one(x)

    # The first predictions work out the labels of all that is there.
    feed(0, workload.window + SINGLE)
    turn = Turn(OURS, feed, 500, at=workload.window + SINGLE)
    turn.time_single(SINGLE)
    return turn


def incremental(workload: Workload, stream: Stream) -> tuple[Turn, Turn]:
    """incdbscan: insert and delete; the same with the label."""
    from incdbscan import IncrementalDBSCAN  # noqa: PLC0415 - a peer is needed by the bench alone

    points = stream.points
    model = IncrementalDBSCAN(eps=workload.eps, min_pts=workload.min_samples)
    model.insert(points[: workload.window])
    place = [workload.window]

    def feeding(*, label: bool) -> Feed:
        def feed(low: int, high: int) -> None:
            for _ in range(low, high):
                i = place[0]
                point = points[i % len(points)][None]
                model.insert(point)
                model.delete(points[(i - workload.window) % len(points)][None])
                if label:
                    model.get_cluster_labels(point)
                place[0] = i + 1

        return feed

    return Turn("incdbscan", feeding(label=False), 10), Turn("incdbscan", feeding(label=True), 10)


def scikit(workload: Workload, stream: Stream, stride: int) -> Turn:
    """scikit-learn on the window's unique vectors and their weights, every `stride` events."""
    from sklearn.cluster import DBSCAN  # noqa: PLC0415

    points = [tuple(point) for point in stream.points.tolist()]
    model = DBSCAN(eps=workload.eps, min_samples=workload.min_samples)
    window = Counter(points[i % len(points)] for i in range(workload.window))

    def feed(low: int, high: int) -> None:
        for i in range(low, high):
            window[points[i % len(points)]] += 1
            old = points[(i - workload.window) % len(points)]
            window[old] -= 1
            if not window[old]:
                del window[old]
            if i % stride == 0:
                model.fit(np.array(list(window)), sample_weight=np.array(list(window.values())))

    return Turn(f"scikit-learn, every {stride}", feed, stride, at=-(-workload.window // stride) * stride)


def river(workload: Workload, stream: Stream, name: str, settled: int) -> Turn:
    """DBSTREAM or DenStream: learn_one, predict_one. They fade at the rate at which the window slides.

    settled : events before the clock starts: how many micro-clusters they keep settles in about a window
    """
    from river import cluster  # noqa: PLC0415

    points = _dicts(stream)
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

    feed(0, settled)
    return Turn(name, feed, 20, at=settled)


def _dicts(stream: Stream) -> list[dict[Any, Any]]:
    return [dict(enumerate(row)) for row in stream.points.tolist()]
