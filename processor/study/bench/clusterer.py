"""`bench clusterer`: the sliding DBSCAN against its peers, in time, stalls and memory."""

import importlib.util
import multiprocessing
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from processor.errors import UsageError
from processor.study.bench.compare import Held, Timed, holding, timing
from processor.study.bench.label_stalls import LABEL_STALLS, label_stalled_of
from processor.study.bench.memory import many_scopes
from processor.study.bench.peers import FULL, QUICK
from processor.study.bench.rows import Row, report
from processor.study.bench.stalls import STALLS, stalled_of
from processor.study.bench.streams import SIZES, WORKLOADS, Workload, recording, windows
from processor.study.bench.tail import Curve, draw
from processor.study.bench.workload import say_skipped
from processor.study.progress import bar

DEV_PACKAGES: Final = ("incdbscan", "sklearn")
AT_ONCE: Final = 2  # processes: what runs in them is timed by CPU clocks
WORST: Final = "worst cases"

Task = Callable[[], Any]


def run(json_path: Path | None, *, quick: bool = False, plot: Path | None = None) -> None:
    """Measure all, print the tables, write JSON and plot where asked.

    Raises UsageError for a missing peer, OutputFailed.
    """
    missing = [name for name in DEV_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the bench compares with {', '.join(missing)}: pip install -r requirements/dev.txt, and again"
        )
    workloads = [*WORKLOADS, *_recording(), *windows(SIZES[:3] if quick else SIZES)]
    budget = QUICK if quick else FULL
    groups: list[list[Task]] = [
        [timing(one, budget) for one in workloads],
        [task for one in workloads for task in holding(one, budget)],
        _stalls(quick),
    ]
    tasks = [task for group in groups for task in group]
    scopes = partial(many_scopes, 300_000 if quick else 3_000_000)
    with bar("clusterer") as progress:
        steps = len(tasks) + 1
        found = iter(_measured(tasks, lambda done: progress(done, steps)))
        # By the clock on the wall, so nothing runs beside it.
        last = _measured([scopes], lambda done: progress(len(tasks) + done, steps))
    timed, held, worst = ([next(found) for _ in group] for group in groups)
    compared = [each for rows in timed for each in rows]
    rows = [_with_memory(row, held) for row, _ in compared]
    report([*rows, *(row for row, _ in worst), *last], json_path)
    if plot is not None:
        draw(_pictures(compared, worst), plot)


def _recording() -> list[Workload]:
    found = recording()
    if not found:
        say_skipped("mstic_win1 tiled")
    return found


def _stalls(quick: bool) -> list[Task]:  # noqa: FBT001
    updates, cpu_s = (60_000, 5) if quick else (1_000_000, 120)
    window, events = (10_000, 20_000) if quick else (100_000, 1_000_000)
    return [
        *(partial(stalled_of, number, updates, cpu_s) for number in range(len(STALLS))),
        *(partial(label_stalled_of, number, window, events, cpu_s) for number in range(len(LABEL_STALLS))),
    ]


def _measured(tasks: Sequence[Task], progress: Callable[[int], None]) -> list[Any]:
    """What each task answers, in their order; each runs in a process of its own."""
    found = []
    progress(0)
    # They are forked off a process that has done nothing but import.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "incdbscan", "river.cluster", "sklearn.cluster"])
    with context.Pool(AT_ONCE, maxtasksperchild=1) as pool:
        for done, answer in enumerate(pool.imap(_call, tasks), 1):
            progress(done)
            found.append(answer)
    return found


def _call(task: Task) -> Any:
    return task()


def _with_memory(row: Row, held: Sequence[Held | None]) -> Row:
    for one in held:
        row = row if one is None else one.put_in(row)
    return row


def _pictures(compared: Sequence[Timed], worst: Sequence[Timed]) -> dict[str, dict[str, Curve]]:
    """The worst cases together, and a picture of each workload with a line for each engine."""
    found: dict[str, dict[str, Curve]] = {WORST: {row.workload: line for row, line in worst if line}}
    for row, line in compared:
        if line is not None:
            found.setdefault(row.workload, {})[row.engine] = line
    return found
