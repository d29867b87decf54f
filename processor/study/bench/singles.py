"""Single updates timed one by one: what the rows of streams that hurt are made of."""

import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from processor.study.bench.rows import OURS, Row
from processor.study.bench.tail import Curve, curve, quantiles

LOOK: Final = 1000  # updates between two looks at how long they have taken

Step = TypeVar("Step")


@dataclass(frozen=True, slots=True)
class Singles:
    """What single updates took.

    times : nanoseconds of each
    wall_s, cpu_s : of all, with what made their steps
    """

    times: NDArray[np.int64]
    wall_s: float
    cpu_s: float

    def row(self, workload: str, window: int) -> tuple[Row, Curve]:
        """Their row, after which `window` events were in the window, and the whole distribution."""
        done = len(self.times)
        row = Row(workload, OURS, window, done / self.wall_s, done / self.cpu_s, **quantiles(self.times))
        return row, curve(self.times)


def timed(update: Callable[[Step], object], steps: Iterable[Step], most: int, cpu_s: float) -> Singles:
    """Each call of `update` timed, with up to `most` steps. It ends after so much CPU time, too."""
    times = np.empty(most, np.int64)
    clock, watch = time.thread_time_ns, time.perf_counter_ns
    gc.collect()
    gc.freeze()
    begun, cpu, done = time.perf_counter(), time.process_time(), 0
    for step in islice(steps, most):
        seen, start = watch(), clock()
        update(step)
        # A clock of CPU time that runs in ticks charges 8 ms to an update of 20 us now and then.
        times[done] = min(clock() - start, watch() - seen)
        done += 1
        if done % LOOK == 0 and time.process_time() - cpu > cpu_s:
            break
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    gc.unfreeze()
    return Singles(times[:done], wall, cpu)
