"""What the engine holds and costs as windows and scopes grow; each in a process of its own."""

import gc
import multiprocessing
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from processor.clustering import components
from processor.clustering.engine import Engine
from processor.clustering.room import Room
from processor.clustering.rows import Counts, Gate
from processor.service import GIVES_WAY_AFTER_S
from processor.study.bench.rows import OURS, Row
from processor.study.bench.streams import distinct, scaled
from processor.study.bench.tail import quantiles

MEASURED = 200_000  # events timed
VECTOR = 150  # bytes a (scope, vector) may take, in what an event takes more

Given = TypeVar("Given")


def in_a_child(measure: Callable[[Given], Row], given: Given) -> Row:
    """Measure in a process of its own: its memory is the measured memory alone."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (given,))


def window(size: int) -> Row:
    """A thousand panes of a stream of 200,000 distinct vectors, filled, then as many updates timed."""
    make = distinct(200_000)
    events = make(min(size, 1_000_000) + MEASURED).tolist()
    engine = Engine(columns=3, eps=0.5, min_samples=5, vector=scaled)
    pane = max(1, size // 1000)
    gc.collect()
    gc.freeze()
    before = resident()

    def feed(low: int, high: int) -> None:
        for i in range(low, high):
            if not i % pane:
                engine.expire(i // pane - 1000)
            engine.learn("", engine.intern((), tuple(events[i % len(events)])), i // pane, i, "")

    feed(0, size)
    gained = resident() - before
    vectors = max(1, engine.live_vectors)
    wall, cpu = time.perf_counter(), time.process_time()
    feed(size, size + MEASURED)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Row(
        f"200k distinct, window {size:,}",
        OURS,
        size,
        MEASURED / wall,
        MEASURED / cpu,
        bytes_per_event=max(0.0, (gained - VECTOR * vectors) / size),
        bytes_per_vector=gained / vectors,
    )


def many_scopes(pairs: int) -> Row:
    """10,000 scopes that share their rows; clusters counted in a thread beside the stream that goes on.

    The quantiles are of updates by the wall clock, while the thread competes for the interpreter as it does
    in the service.
    """
    scopes = 10_000
    engine = Engine(columns=5, eps=0.1, min_samples=2, vector=scaled, max_vectors=2 * pairs)
    shapes = [(("cmd",), (i, i * 7 % 1000, i % 13, 0, 1)) for i in range(pairs // scopes)]
    names = [f"host-{i}" for i in range(scopes)]
    gc.collect()
    gc.freeze()
    before = resident()
    wall, cpu = time.perf_counter(), time.process_time()
    serial = 0
    for shape in shapes:
        row = engine.intern(*shape)
        for name in names:
            engine.learn(name, row, 1, serial, "")
            serial += 1
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    gained = resident() - before
    return Row(
        f"{pairs:,} vectors in 10,000 scopes, counted beside",
        OURS,
        serial,
        serial / wall,
        serial / cpu,
        bytes_per_vector=gained / engine.live_vectors,
        **quantiles(_beside(engine, names, shapes, serial)),
    )


def _beside(
    engine: Engine, names: Sequence[str], shapes: Sequence[tuple[Gate, Counts]], serial: int
) -> list[int]:
    """Nanoseconds of single updates while components are counted; taking the snapshot is one of them.

    As in the service, room for the snapshot is made in the thread, too.
    """
    random = np.random.default_rng(4)
    sys.setswitchinterval(GIVES_WAY_AFTER_S)
    times = []
    clock = time.perf_counter_ns

    def learn_until_done(worker: threading.Thread) -> None:
        worker.start()
        while worker.is_alive():
            for host, shape in zip(
                random.integers(len(names), size=1000).tolist(),
                random.integers(len(shapes), size=1000).tolist(),
                strict=True,
            ):
                begun = clock()
                engine.learn(names[host], engine.intern(*shapes[shape]), 1, serial, "")
                times.append(clock() - begun)

    rooms: list[Room] = []
    learn_until_done(threading.Thread(target=lambda: rooms.append(Room(engine.slots.size))))
    begun = clock()
    counter = threading.Thread(target=components.count, args=(engine.snapshot(rooms.pop()),))
    times.append(clock() - begun)
    learn_until_done(counter)
    return times


def resident() -> int:
    """Resident memory of this process, bytes."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * resource.getpagesize()
