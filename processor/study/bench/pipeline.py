"""`bench pipeline`: bytes to verdict without a broker, against merely parsing the same bytes."""

import importlib.util
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from processor.config import Settings
from processor.events.formats import Decoder
from processor.pipeline import Pipeline
from processor.study.bench.rows import OURS, Row, report
from processor.study.bench.workload import Raw, mixed, tiled
from processor.study.progress import bar

_WARM: Final = 20_000
_MEASURED: Final = 60_000
# Engines take turns on pieces of this many records, so that a busy machine slows them alike.
_PIECE: Final = 2_000
# The real stream, where the checkout has the recorded data beside it.
_RECORDED: Final = Path("../shared/data/events/mstic_win1.jsonl.gz")

Engine = Callable[[int, Raw], object]


@dataclass(slots=True)
class _Clock:
    """One engine's sums, seconds."""

    wall: float = 0.0
    cpu: float = 0.0


def run(settings: Settings, json_path: Path | None) -> None:
    """Measure every workload, print the table, write the JSON. Raises OutputFailed."""
    workloads = {
        f"mixed, {share:.0%} new": list(mixed(_WARM + _MEASURED, share)) for share in (0.01, 0.05, 0.2, 1.0)
    }
    if _RECORDED.is_file():
        workloads["mstic_win1 tiled"] = list(tiled(_RECORDED, _WARM + _MEASURED))
    else:
        print(f"skipped: mstic_win1 tiled ({_RECORDED} is not there)")  # noqa: T201
    rows: list[Row] = []
    with bar("pipeline") as progress:
        for done, (name, records) in enumerate(workloads.items()):
            progress(done, len(workloads))
            rows += _measure(name, records, settings)
    report(rows, json_path)


def _measure(name: str, records: Sequence[Raw], settings: Settings) -> list[Row]:
    own = settings.pipeline()
    pipeline = Pipeline(own, "events", 0)
    decoder = Decoder(
        formats=own.formats,
        max_record_size=own.max_record_size,
        max_command_line=own.max_command_line,
    )
    engines: dict[str, Engine] = {
        OURS: lambda offset, record: pipeline.process(record.value, offset, record.timestamp),
        "our decoding alone": lambda _, record: decoder.decode(record.value),
        "json.loads": lambda _, record: json.loads(record.value),
    }
    engines |= _orjson()
    for offset, record in enumerate(records[:_WARM]):
        pipeline.process(record.value, offset, record.timestamp)
    clocks = {engine: _Clock() for engine in engines}
    for start in range(_WARM, len(records), _PIECE):
        piece = records[start : start + _PIECE]
        for engine, work in engines.items():
            _time_piece(work, start, piece, clocks[engine])
    times = _single_times(settings, records)
    return [
        Row(
            workload=name,
            engine=engine,
            window=None,
            events_per_s=_MEASURED / clock.wall,
            events_per_cpu_s=_MEASURED / clock.cpu,
            **(times if engine == OURS else {}),
        )
        for engine, clock in clocks.items()
    ]


def _time_piece(work: Engine, start: int, piece: Sequence[Raw], clock: _Clock) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    for offset, record in enumerate(piece, start):
        work(offset, record)
    clock.wall += time.perf_counter() - wall
    clock.cpu += time.process_time() - cpu


def _single_times(settings: Settings, records: Sequence[Raw]) -> dict[str, float]:
    """Percentiles of the time of one record, from a second run: reading the clock costs the rate nothing."""
    pipeline = Pipeline(settings.pipeline(), "events", 0)
    taken = np.empty(len(records))
    for offset, record in enumerate(records):
        begin = time.perf_counter_ns()
        pipeline.process(record.value, offset, record.timestamp)
        taken[offset] = time.perf_counter_ns() - begin
    p50, p99, p999 = np.percentile(taken[_WARM:], (50, 99, 99.9)) / 1000
    return {"p50_us": float(p50), "p99_us": float(p99), "p999_us": float(p999)}


def _orjson() -> dict[str, Engine]:
    """The fastest general parser, where it is installed."""
    if importlib.util.find_spec("orjson") is None:
        return {}
    orjson = importlib.import_module("orjson")
    return {"orjson": lambda _, record: orjson.loads(record.value)}
