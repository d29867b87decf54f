"""What the engine holds and costs with many scopes, and how a process's memory is measured."""

import ctypes
import gc
import resource
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from processor.clustering import components
from processor.clustering.engine import Engine
from processor.clustering.room import Room
from processor.clustering.rows import Counts, Gate
from processor.service import GIVES_WAY_AFTER_S
from processor.study.bench.rows import OURS, Row
from processor.study.bench.streams import scaled
from processor.study.bench.tail import quantiles

TOGETHER = 100  # updates between two looks at who waits for a processor: half a millisecond
LONG = 1_000_000  # nanoseconds of an update from which it is asked whether it waited for a processor


def many_scopes(pairs: int) -> Row:
    """10,000 scopes that share their rows; clusters counted in a thread beside the stream that goes on.

    To be measured in a process of its own, with nothing beside it.
    The quantiles are of updates by the wall clock, less waits for a processor, while the thread competes for
    the interpreter as it does in the service.
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

    def learn_until_done(worker: threading.Thread) -> None:
        worker.start()
        watch = _Watch(worker)
        while worker.is_alive():
            for host, shape in zip(
                random.integers(len(names), size=TOGETHER).tolist(),
                random.integers(len(shapes), size=TOGETHER).tolist(),
                strict=True,
            ):
                begun = time.perf_counter_ns()
                engine.learn(names[host], engine.intern(*shapes[shape]), 1, serial, "")
                times.append(watch.less_waits(time.perf_counter_ns() - begun))
            watch.look()

    rooms: list[Room] = []
    learn_until_done(threading.Thread(target=lambda: rooms.append(Room(engine.slots.size))))
    watch = _Watch(threading.current_thread())
    begun = time.perf_counter_ns()
    counter = threading.Thread(target=components.count, args=(engine.snapshot(rooms.pop()),))
    times.append(watch.less_waits(time.perf_counter_ns() - begun))
    learn_until_done(counter)
    return times


class _Watch:
    """A wall clock that stands still while this thread or `other` is ready and gets no processor.

    Waiting for the interpreter counts; that other processes have the processor does not.
    """

    def __init__(self, other: threading.Thread) -> None:
        self._threads = [threading.get_native_id(), other.native_id]
        self.look()

    def look(self) -> None:
        """Remember how long the threads have waited so far."""
        self._waited = [self._wait_of(thread) for thread in self._threads]

    def less_waits(self, took: int) -> int:
        """Nanoseconds that an update took, less the longer wait of the two since `look`."""
        if took < LONG:
            return took
        before = self._waited
        self.look()
        waits = [now - then for now, then in zip(self._waited, before, strict=True)]
        return max(0, took - max(waits))

    @staticmethod
    def _wait_of(thread: int | None) -> int:
        """Nanoseconds in the run queue; 0 where nobody knows, or the thread has ended."""
        try:
            return int(Path(f"/proc/self/task/{thread}/schedstat").read_text(encoding="ascii").split()[1])
        except OSError:
            return 0


def resident() -> int:
    """Resident memory of this process, bytes."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * resource.getpagesize()


def resident_data() -> int:
    """Resident memory of this process but for files, such as the code of libraries, bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    # Without a file behind it, and shared or not: numpy's arrays are of either kind.
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon:", "RssShmem:")))


def give_back() -> None:
    """Let the C library return what was freed, so that taking it again counts; glibc's alone can be told."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
