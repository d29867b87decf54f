"""What every bench reports: rows, ratios within one run, a table and JSON."""

import json
import os
import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from processor.errors import OutputFailed
from processor.events.skim import COMPILED

OURS: Final = "eventcluster"

WIDTH: Final = 160  # characters of a table
FIRST: Final = 28  # of its first column
FIGURE: Final = 10
COLUMNS: Final = {
    "events/s": "events_per_s",
    "per CPU s": "events_per_cpu_s",
    "timed": "timed",
    "p50 us": "p50_us",
    "p99 us": "p99_us",
    "p99.9 us": "p999_us",
    "p99.99 us": "p9999_us",
    "max us": "max_us",
    "B/event": "bytes_per_event",
    "B/vector": "bytes_per_vector",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the work, or what some of the records came to: microseconds of CPU.

    us_per_event : of an average record of all; share : of the time of all
    count, mean_us, median_us : of the records that came to it; None where it is a part of the work on any
    """

    us_per_event: float
    share: float
    count: int | None = None
    mean_us: float | None = None
    median_us: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One workload measured with one engine; None where it does not apply.

    window : events in the window
    events_per_cpu_s : per second of CPU of the whole process, all threads
    p50_us ... max_us : time of single events, microseconds; `timed` tells how many of them
    bytes_per_event, bytes_per_vector : resident memory that a full window takes, divided by its events and
        by its distinct vectors
    resident : bytes at the begin and after each quarter of the time (of the records, in `bench pipeline`)
    stages : parts of the work, or what became of records -> what that cost; together it is all of the CPU
    note : what a reader of the figures should know, or why there are none
    """

    workload: str
    engine: str
    window: int | None
    events_per_s: float | None
    events_per_cpu_s: float | None = None
    p50_us: float | None = None
    p99_us: float | None = None
    p999_us: float | None = None
    p9999_us: float | None = None
    max_us: float | None = None
    bytes_per_event: float | None = None
    bytes_per_vector: float | None = None
    resident: Sequence[float] | None = None
    stages: Mapping[str, Stage] | None = None
    timed: int | None = None
    note: str | None = None


def by_quarters(resident: Sequence[float]) -> str:
    """Memory for people: what there was, and what came with each quarter."""
    grown = ", ".join(f"{(after - before) / 2**20:+.1f}" for before, after in pairwise(resident))
    return f"resident memory {resident[0] / 2**20:.0f} MiB, by quarters {grown} MiB"


def ratios(rows: Sequence[Row]) -> dict[str, float]:
    """`workload/engine` -> our rate divided by theirs; per CPU-second where both have it.

    More instances of ours are no peers: their rows' notes say what they gain.
    """
    ours = {row.workload: row for row in rows if row.engine == OURS}
    found = {
        _ratio_name(row): _ratio(ours[row.workload], row)
        for row in rows
        if not row.engine.startswith(OURS) and row.workload in ours
    }
    return {name: round(ratio, 3) for name, ratio in found.items() if ratio is not None}


def _ratio_name(row: Row) -> str:
    return f"{row.workload}/{row.engine}"


def _ratio(ours: Row, theirs: Row) -> float | None:
    """None where there is nothing to compare."""
    if ours.events_per_s is None or theirs.events_per_s is None:
        return None
    if ours.events_per_cpu_s is not None and theirs.events_per_cpu_s is not None:
        return ours.events_per_cpu_s / theirs.events_per_cpu_s
    return ours.events_per_s / theirs.events_per_s


def machine() -> dict[str, object]:
    """What the figures were measured on: they compare within one run only."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "compiled": COMPILED,
        "load_1_min": round(os.getloadavg()[0], 2),
    }


def report(rows: Sequence[Row], json_path: Path | None) -> None:
    """Print the tables, and write the JSON of DESIGN's `bench --json`. Raises OutputFailed."""
    found = ratios(rows)
    console = Console(width=WIDTH)
    for title, group in _groups(rows):
        console.print(_table(title, group, found))
    if json_path is None:
        return
    document = {"machine": machine(), "rows": [asdict(row) for row in rows], "ratios": found}
    try:
        json_path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputFailed(f"cannot write {json_path}: {error.strerror}") from error


def _groups(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """(workload, its rows); those that follow one another with one row each together, without a title."""
    engines = Counter(row.workload for row in rows)

    def title(row: Row) -> str:
        return row.workload if engines[row.workload] > 1 else ""

    for name, group in groupby(rows, title):
        yield name, list(group)


def _table(title: str, rows: Sequence[Row], found: Mapping[str, float]) -> Table:
    """A line for each engine of one workload, or for each workload; columns as wide as in all tables."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=0)
    table.add_column("engine" if title else "workload", width=FIRST)
    widths = {"window": 10, **dict.fromkeys(COLUMNS, FIGURE), "ours / theirs": 7}
    for heading, width in widths.items():
        table.add_column(heading, width=width, justify="right")
    for row in rows:
        ratio = found.get(_ratio_name(row))
        name = row.engine if title else row.workload
        table.add_row(
            name if row.note is None else f"{name}: {row.note}",
            "" if row.window is None else f"{row.window:,}",
            *(_figure(getattr(row, field)) for field in COLUMNS.values()),
            "" if ratio is None else f"{ratio:,.2f}" if ratio < 1000 else f"{ratio:,.0f}",
        )
    return table


def _figure(figure: float | None) -> str:
    """Three or four digits; without a fraction from a thousand on."""
    return "" if figure is None else f"{figure:,.4g}" if figure < 1000 else f"{figure:,.0f}"
