"""What every bench reports: rows, ratios within one run, a table and JSON."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from processor.errors import OutputFailed
from processor.events.skim import COMPILED

OURS: Final = "eventcluster"


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one run that came to the same: microseconds of CPU each, share of the time of all."""

    count: int
    mean_us: float
    median_us: float
    share: float


@dataclass(frozen=True, slots=True)
class Row:
    """One workload measured with one engine; None where it does not apply.

    window : events in the window
    events_per_cpu_s : per second of CPU of the whole process, all threads
    p50_us ... max_us : time of single events, microseconds
    bytes_per_event : resident memory gained, divided by the events in the window
    resident : bytes at the begin and after each quarter of the time (of the records, in `bench pipeline`)
    stages : what became of records -> what that cost
    """

    workload: str
    engine: str
    window: int | None
    events_per_s: float
    events_per_cpu_s: float | None = None
    p50_us: float | None = None
    p99_us: float | None = None
    p999_us: float | None = None
    p9999_us: float | None = None
    max_us: float | None = None
    bytes_per_event: float | None = None
    bytes_per_vector: float | None = None
    resident: Sequence[float] | None = None
    stages: Mapping[str, Group] | None = None


def by_quarters(resident: Sequence[float]) -> str:
    """Memory for people: what there was, and what came with each quarter."""
    grown = ", ".join(f"{(after - before) / 2**20:+.1f}" for before, after in pairwise(resident))
    return f"resident memory {resident[0] / 2**20:.0f} MiB, by quarters {grown} MiB"


def ratios(rows: Sequence[Row]) -> dict[str, float]:
    """`workload/engine` -> our rate divided by theirs; per CPU-second where both have it.

    Of more instances of ours: what they did by what one does, per second of the clock on the wall.
    """
    ours = {row.workload: row for row in rows if row.engine == OURS}
    return {
        _ratio_name(row): round(_ratio(ours[row.workload], row), 3)
        for row in rows
        if row.engine != OURS and row.workload in ours
    }


def _ratio_name(row: Row) -> str:
    name = f"{row.workload}/{row.engine}"
    return f"{name}, by one, wall" if _is_ours(row) else name


def _is_ours(row: Row) -> bool:
    return row.engine.startswith(OURS)


def _ratio(ours: Row, theirs: Row) -> float:
    if _is_ours(theirs):
        return theirs.events_per_s / ours.events_per_s
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
    """Print the table, and write the JSON of DESIGN's `bench --json`. Raises OutputFailed."""
    found = ratios(rows)
    Console(width=160).print(_table(rows, found))
    if json_path is None:
        return
    document = {"machine": machine(), "rows": [asdict(row) for row in rows], "ratios": found}
    try:
        json_path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputFailed(f"cannot write {json_path}: {error.strerror}") from error


def _table(rows: Sequence[Row], found: dict[str, float]) -> Table:
    columns = (
        "events/s",
        "per CPU s",
        "p50 us",
        "p99 us",
        "p99.9 us",
        "p99.99 us",
        "max us",
        "B/event",
        "B/vector",
    )
    table = Table("workload", "engine", "window", *columns, "ours / theirs")
    for row in rows:
        figures = (
            row.events_per_s,
            row.events_per_cpu_s,
            row.p50_us,
            row.p99_us,
            row.p999_us,
            row.p9999_us,
            row.max_us,
            row.bytes_per_event,
            row.bytes_per_vector,
        )
        ratio = found.get(_ratio_name(row))
        table.add_row(
            row.workload,
            row.engine,
            "" if row.window is None else f"{row.window:,}",
            *(
                "" if figure is None else f"{figure:,.4g}" if figure < 1000 else f"{figure:,.0f}"
                for figure in figures
            ),
            "" if ratio is None else f"{ratio:.2f}",
        )
    return table
