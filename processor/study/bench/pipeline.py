"""`bench pipeline`: bytes to verdict without a broker, against merely parsing the same bytes."""

import gc
import importlib.util
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from processor.config import Settings
from processor.events.sketches import Sketches
from processor.events.skim import COMPILED, Skimmer
from processor.pipeline import Pipeline, PipelineSettings, Scored
from processor.service import COLLECT_AFTER
from processor.study.bench.plot import draw
from processor.study.bench.rows import OURS, Row, report
from processor.study.bench.stages import stages
from processor.study.bench.workload import (
    FLEET_HOSTS,
    HISTORY_END,
    RECORDED,
    Raw,
    fleet,
    fleet_history,
    history,
    mixed,
    say_skipped,
    tiled,
)
from processor.study.progress import bar

_MEASURED: Final = 40_000
# Engines take turns, so that a busy machine slows them alike, and turns are so long that most of each finds
# the caches as the engine itself has left them: whoever runs alone finds them so.
_TURN: Final = 5_000
# Records that a consumer hands over at once.
_PIECE: Final = 500
# Of the real stream: the laps that are history.
_LEARNED: Final = 2 * 6_306
_SHARES: Final = (0.01, 0.05, 0.2, 1.0)

Engine = Callable[[int, Raw], object]


@dataclass(frozen=True, slots=True)
class _Again:
    """Records that are made whenever they are asked for, too many to be held."""

    make: Callable[[], Iterable[Raw]]

    def __iter__(self) -> Iterator[Raw]:
        return iter(self.make())


@dataclass(slots=True)
class _Clock:
    """One engine's sums, seconds."""

    wall: float = 0.0
    cpu: float = 0.0


def run(settings: Settings, json_path: Path | None, plot: Path | None = None) -> None:
    """Measure every workload, print the table, write JSON and plot where asked. Raises OutputFailed."""
    # As the service sets it.
    gc.set_threshold(*COLLECT_AFTER)
    learned = list(history())
    workloads: dict[str, tuple[Iterable[Raw], list[Raw]]] = {
        f"mixed, {share:.0%} new": (learned, list(mixed(_MEASURED, share, lap=1, begin=HISTORY_END)))
        for share in _SHARES
    }
    workloads[f"{FLEET_HOSTS:,} hosts, nothing new"] = _Again(fleet_history), list(fleet(_MEASURED))
    if RECORDED.is_file():
        stream = list(tiled(RECORDED, _LEARNED + _MEASURED))
        workloads["mstic_win1 tiled"] = stream[:_LEARNED], stream[_LEARNED:]
    else:
        say_skipped("mstic_win1 tiled")
    rows: list[Row] = []
    told: list[str] = []
    with bar("pipeline") as progress:
        for done, (name, (before, records)) in enumerate(workloads.items()):
            progress(done, len(workloads))
            rows += _measure(name, before, records, settings.pipeline(), told)
    print("\n".join(told))  # noqa: T201
    report(rows, json_path)
    if plot is not None:
        draw(rows, "bytes to verdict, against parsing alone", plot)


def _measure(
    name: str, before: Iterable[Raw], records: Sequence[Raw], own: PipelineSettings, told: list[str]
) -> list[Row]:
    """Rows of one workload; `told` gets what became of its records."""
    pipeline, begin = _learned(own, before)
    fates: Counter[str] = Counter()

    def judge(offset: int, record: Raw) -> None:
        outcome = pipeline.process(record.value, offset, record.timestamp)
        fates[outcome.fate if type(outcome) is Scored else type(outcome).__name__] += 1

    gc.collect()
    gc.freeze()
    clocks = _take_turns({OURS: judge, **_parsers()}, begin, records)
    # Not between the turns of those that are compared: what they read drives a model out of the caches.
    clocks |= _take_turns(_parts(own), begin, records)
    anomalous = ", ".join(f"{fate} {n / len(records):.2%}" for fate, n in fates.most_common() if fate)
    told.append(f"{name}: clustered {fates[''] / len(records):.2%}, {anomalous or 'nothing else'}")
    run_alone = stages(*_learned(own, before), records)
    told += run_alone.told()
    p50, p99, p999 = np.percentile(run_alone.times, (50, 99, 99.9))
    rows = [
        Row(name, engine, None, len(records) / clock.wall, len(records) / clock.cpu)
        for engine, clock in clocks.items()
    ]
    ours = replace(
        rows[0],
        p50_us=float(p50),
        p99_us=float(p99),
        p999_us=float(p999),
        bytes_per_event=run_alone.bytes_per_event,
        resident=run_alone.resident,
        stages=run_alone.summary(),
    )
    return [ours, *rows[1:]]


def _take_turns(engines: Mapping[str, Engine], begin: int, records: Sequence[Raw]) -> dict[str, _Clock]:
    """What each engine needs for the records, the first of which has the offset `begin`."""
    clocks = {engine: _Clock() for engine in engines}
    for turn in range(0, len(records), _TURN):
        for engine, work in engines.items():
            for start in range(turn, min(turn + _TURN, len(records)), _PIECE):
                piece = _as_consumed(records[start : start + _PIECE])
                _time_piece(work, begin + start, piece, clocks[engine])
    return clocks


def _parts(own: PipelineSettings) -> dict[str, Engine]:
    """What is done of our own work to every record, to repeats alone, and to others; each alone."""
    decoder = own.decoder()
    sketches = Sketches(own.formats, own.max_record_size)
    skimmer = Skimmer(own.max_record_size)
    return {
        **({"our skimming alone": lambda _, record: skimmer.key(record.value)} if COMPILED else {}),
        "our sketch alone": lambda _, record: sketches.of(record.value),
        "our decoding alone": lambda _, record: decoder.decode(record.value),
    }


def _as_consumed(piece: Sequence[Raw]) -> list[Raw]:
    """The records as a consumer hands them over: their bytes have just been written, for every engine."""
    return [record._replace(value=bytes(memoryview(record.value))) for record in piece]


def _learned(own: PipelineSettings, before: Iterable[Raw]) -> tuple[Pipeline, int]:
    """A pipeline that has learned the history, and the offset behind it."""
    pipeline, offset = Pipeline(own, "events", 0), 0
    for offset, record in enumerate(before, 1):
        pipeline.process(record.value, offset - 1, record.timestamp, learn_only=True)
    return pipeline, offset


def _time_piece(work: Engine, start: int, piece: Sequence[Raw], clock: _Clock) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    for offset, record in enumerate(piece, start):
        work(offset, record)
    clock.wall += time.perf_counter() - wall
    clock.cpu += time.process_time() - cpu


def _parsers() -> dict[str, Engine]:
    """json.loads and, where it is installed, the fastest general parser."""
    parsers: dict[str, Engine] = {"json.loads": lambda _, record: json.loads(record.value)}
    if importlib.util.find_spec("orjson") is not None:
        orjson = importlib.import_module("orjson")
        parsers["orjson"] = lambda _, record: orjson.loads(record.value)
    return parsers
