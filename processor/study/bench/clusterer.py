"""`bench clusterer`: the sliding DBSCAN against its peers, in time, stalls and memory.

Peers take turns with ours on pieces of the same stream, and CPU time counts, so that a busy machine slows
all alike. Single updates are timed with the thread's CPU clock, which stands still while others run. The
collector is as in the service: on, and what was there at the start is frozen.
"""

import gc
import importlib.util
import multiprocessing
import time
from pathlib import Path
from typing import Final

import numpy as np

from processor.clustering.engine import Engine
from processor.errors import UsageError
from processor.study.bench import memory, peers
from processor.study.bench.peers import Turn
from processor.study.bench.rows import OURS, Row, report
from processor.study.bench.stalls import STALLS
from processor.study.bench.streams import (
    WORKLOADS,
    Workload,
    distinct,
    recorded,
    recorded_columns,
    scaled,
    ungated,
)
from processor.study.bench.tail import curve, draw, quantiles
from processor.study.progress import bar

DEV_PACKAGES: Final = ("incdbscan", "sklearn")
ROUNDS: Final = 12
SETTLED: Final = 10_000  # events that the fading peers learn before they are measured
QUICK_SETTLED: Final = 1500
STRIDES: Final = (1, 100, 1000)
SIZES: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
PEERS_UP_TO: Final = 1_000_000
# The real stream, where the checkout has the recorded data beside it.
_RECORDED: Final = Path("../shared/data/events/mstic_win1.jsonl.gz")

Curve = tuple[list[float], list[float]]


def run(json_path: Path | None, *, quick: bool = False, plot: Path | None = None) -> None:
    """Measure all, print the table, write JSON and plot where asked. Raises UsageError for a missing peer."""
    missing = [name for name in DEV_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the bench compares with {', '.join(missing)}: pip install -r requirements/dev.txt, and again"
        )
    workloads = _workloads()
    sizes = SIZES[:3] if quick else SIZES
    rows: list[Row] = []
    curves: dict[str, Curve] = {}
    with bar("clusterer") as progress:
        steps = len(workloads) + len(sizes) + len(STALLS) + 1
        for done, workload in enumerate(workloads):
            progress(done, steps)
            settled = QUICK_SETTLED if quick else min(workload.window, SETTLED)
            rows += _compare(workload, 3 if quick else ROUNDS, settled)
        for done, size in enumerate(sizes, len(workloads)):
            progress(done, steps)
            rows += _window(size, 2)
        # Two at a time: they are timed by their own CPU clocks.
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            updates = 60_000 if quick else 1_000_000
            tasks = [(number, updates) for number in range(len(STALLS))]
            for done, (row, tail) in enumerate(pool.imap(_stalled, tasks), len(workloads) + len(sizes)):
                progress(done, steps)
                rows.append(row)
                curves[row.workload] = tail
        rows.append(memory.in_a_child(memory.many_scopes, 300_000 if quick else 3_000_000))
    report(rows, json_path)
    if plot is not None:
        draw(curves, plot)


def _workloads() -> list[Workload]:
    if not _RECORDED.is_file():
        print(f"skipped: mstic_win1 tiled ({_RECORDED} is not there)")  # noqa: T201
        return list(WORKLOADS)
    tiled = Workload("mstic_win1 tiled, gated", recorded(_RECORDED), recorded_columns(), 0.1, 2, 10_000)
    return [*WORKLOADS, tiled]


def _compare(workload: Workload, rounds: int, settled: int) -> list[Row]:
    """Both columns: update and verdict; update and the number of the event's cluster."""
    stream = workload.make(workload.window * 4)
    incremental, labelling = peers.incremental(workload, stream)
    scikit = [peers.scikit(workload, stream, stride) for stride in STRIDES]
    fading = [peers.river(workload, stream, name, settled) for name in ("DBSTREAM", "DenStream")]
    columns = {
        "verdict": ([peers.ours(workload, stream, pane) for pane in workload.panes], [incremental, *scikit]),
        # scikit-learn's fit gives the labels, too.
        "label": (
            [peers.sliding(workload, stream, pane) for pane in workload.panes],
            [labelling, *fading, *scikit],
        ),
    }
    found = []
    for column, (ours, others) in columns.items():
        _take_turns([*ours, *others], rounds)
        for pane, turn in zip(workload.panes, ours, strict=True):
            name = f"{workload.name}, {pane}-event panes, {column}"
            found += [_row(name, workload.window, one) for one in (turn, *others)]
    return found


def _take_turns(turns: list[Turn], rounds: int) -> list[Turn]:
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for turn in turns:
            turn.go()
    gc.unfreeze()
    return turns


def _row(name: str, window: int, turn: Turn) -> Row:
    return Row(
        name,
        turn.engine,
        window,
        events_per_s=turn.events / turn.wall,
        events_per_cpu_s=turn.events / turn.cpu,
        **quantiles(turn.times),
    )


def _window(size: int, rounds: int) -> list[Row]:
    """One size of window with 200,000 distinct vectors: ours with its memory, and peers that can."""
    ours = memory.in_a_child(memory.window, size)
    if size > PEERS_UP_TO:
        return [ours]
    workload = Workload(ours.workload, ungated(distinct(200_000)), 3, 0.5, 5, size)
    stream = workload.make(size + 100_000)
    turns = [peers.scikit(workload, stream, 1000)]
    turns += [peers.river(workload, stream, name, QUICK_SETTLED) for name in ("DBSTREAM", "DenStream")]
    return [ours, *(_row(workload.name, size, turn) for turn in _take_turns(turns, rounds))]


def _stalled(task: tuple[int, int]) -> tuple[Row, Curve]:
    """Every single update of one of STALLS timed."""
    number, updates = task
    stall = STALLS[number]
    engine = Engine(
        columns=stall.columns,
        eps=stall.eps,
        min_samples=stall.min_samples,
        vector=scaled,
        max_vectors=stall.max_vectors,
    )
    times = np.empty(updates, np.int64)
    clock, watch = time.thread_time_ns, time.perf_counter_ns
    gc.collect()
    gc.freeze()
    begun, cpu = time.perf_counter(), time.process_time()
    for i, (part, counts) in enumerate(stall.steps(updates)):
        seen, start = watch(), clock()
        engine.expire(part - stall.window)
        engine.learn("", engine.intern((), counts), part, i, "")
        # A clock of CPU time that runs in ticks charges 8 ms to an update of 20 us now and then.
        times[i] = min(clock() - start, watch() - seen)
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    row = Row(stall.name, OURS, engine.live_events, updates / wall, updates / cpu, **quantiles(times))
    return row, curve(times)
