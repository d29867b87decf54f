"""One workload, all engines: what an event costs, how long single ones take, and what each engine holds.

Peers take turns with ours on pieces of the same stream, and CPU time counts, so that a busy machine slows
all alike. Single events are timed with the thread's CPU clock, which stands still while others run. The
collector is as in the service: on, and what was there at the start is frozen.
"""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from processor.study.bench.memory import give_back, resident_data
from processor.study.bench.peers import (
    CONTENDERS,
    LABEL,
    PANED,
    VERDICT,
    Budget,
    NotFilled,
    Supply,
    Turn,
)
from processor.study.bench.rows import Row
from processor.study.bench.streams import Workload, named
from processor.study.bench.tail import Curve, curve, quantiles

Timed = tuple[Row, Curve | None]

WARM_UP: Final = 200  # the window before the one whose memory is measured: imports are nobody's


def timed(workload: Workload, budget: Budget) -> list[Timed]:
    """A row for each engine, pane and column."""
    supply = Supply(workload.make(workload.length))
    gc.collect()
    gc.freeze()
    turns: list[Turn] = []
    # Of each its engine and why; the exception itself would keep the whole model alive.
    not_filled: list[tuple[str, str]] = []
    for build in CONTENDERS.values():
        try:
            turns += build(workload, supply, budget)
        except NotFilled as reason:
            not_filled.append((reason.engine, str(reason)))
    gc.collect()
    gc.freeze()
    for _ in range(budget.rounds):
        for turn in turns:
            if turn.cpu < budget.rounds_s:
                turn.go()
    for turn in turns:
        turn.time_single(budget)
    gc.unfreeze()
    return [
        one
        for column in (VERDICT, LABEL)
        for pane in workload.panes
        for one in _rows(workload, pane, column, turns, not_filled)
    ]


def _rows(
    workload: Workload, pane: int, column: str, turns: Sequence[Turn], not_filled: Sequence[tuple[str, str]]
) -> list[Timed]:
    """Ours with panes of so many events, and the peers, which know none."""
    title = workload.title(pane, column)
    found: list[Timed] = [
        (
            Row(
                title,
                turn.engine,
                workload.window,
                events_per_s=turn.events / turn.wall,
                events_per_cpu_s=turn.events / turn.cpu,
                note=turn.note,
                **quantiles(turn.times),
            ),
            curve(turn.times),
        )
        for turn in turns
        if column in turn.columns and turn.pane in {None, pane}
    ]
    return found + [
        (Row(title, engine, workload.window, None, note=reason), None) for engine, reason in not_filled
    ]


def family(engine: str) -> str:
    """An engine's name without scikit-learn's stride."""
    return engine.split(",", maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class Held:
    """What an engine holds for a full window, and what a row's two quotients divide it by.

    titles, engine : of the rows
    vectors : distinct ones in the window
    """

    titles: frozenset[str]
    engine: str
    gained: int
    events: int
    vectors: int

    def put_in(self, row: Row) -> Row:
        """The row with its bytes, where it is of this workload, column and engine and has figures."""
        if row.events_per_s is None or family(row.engine) != self.engine or row.workload not in self.titles:
            return row
        return replace(
            row, bytes_per_event=self.gained / self.events, bytes_per_vector=self.gained / self.vectors
        )


def held(workload: Workload, contender: str, budget: Budget) -> Held | None:
    """Resident memory that one engine takes for its window; None where it could not fill it.

    workload : with the panes of which the first is measured, and of whose rows it is
    To be measured in a process of its own. Events are made as they come, as a stream's are.
    """
    build = CONTENDERS[contender]
    panes, workload = workload.panes, replace(workload, panes=workload.panes[:1])
    stream = workload.make(workload.length)
    supply = Supply(stream, fresh=True)
    # Kept, so that its memory is nobody else's.
    warmed = build(replace(workload, window=WARM_UP, panes=(1,)), supply, budget)
    for turn in warmed:
        turn.go()
    gc.collect()
    give_back()
    before = resident_data()
    try:
        turns = build(workload, supply, budget)
    except NotFilled:
        return None
    for turn in turns:
        turn.go()
    gc.collect()
    give_back()
    gained = max(0, resident_data() - before)
    if turns[0].note:
        return None
    titles = frozenset(workload.title(pane, column) for pane in panes for column in _columns(turns))
    vectors = len(np.unique(stream.points[: workload.window], axis=0))
    return Held(titles, family(turns[0].engine), gained, workload.window, vectors)


def _columns(turns: Sequence[Turn]) -> set[str]:
    return {column for turn in turns for column in turn.columns}


def timing(workload: Workload, budget: Budget) -> Callable[[], list[Timed]]:
    """`timed`, to be called in another process."""
    return partial(_timed_of, workload.name, budget)


def holding(workload: Workload, budget: Budget) -> list[Callable[[], Held | None]]:
    """`held`, each to be called in another process: ours with each length of panes, the peers once."""
    return [
        partial(_held_of, workload.name, panes, contender, budget)
        for contender in CONTENDERS
        for panes in ([(pane,) for pane in workload.panes] if contender in PANED else [workload.panes])
    ]


def _timed_of(name: str, budget: Budget) -> list[Timed]:
    """Streams do not travel: the workload is found by its name."""
    return timed(named(name), budget)


def _held_of(name: str, panes: tuple[int, ...], contender: str, budget: Budget) -> Held | None:
    return held(replace(named(name), panes=panes), contender, budget)
