"""`bench state`: how many bytes the state of a window takes, and how long a restart needs to take it over.

Without a broker: what is written is kept in memory, and read back by the code that reads the topic.
"""

import gc
import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processor.config import Settings
from processor.detection import state
from processor.errors import OutputFailed
from processor.pipeline import Pipeline, PipelineSettings
from processor.service import tune_interpreter
from processor.stream.loop import STATE_PIECES
from processor.stream.records import Output, Partition, Record
from processor.stream.state_topic import Held, Keeper, StateSettings
from processor.study.bench.rows import OURS, Row, report
from processor.study.bench.workload import RECORDED, Raw, mixed, say_skipped, tiled
from processor.study.progress import bar

_INPUT: Final = Partition("bench", 0)
_STATE: Final = Partition("bench.state", 0)
# Of the window, so that nothing leaves it: the recorded stream tiled is as dense.
_SPAN_MS: Final = 158 * 3_600_000
_TOLD_EVERY: Final = 20_000


@dataclass(slots=True)
class _Written:
    """What a service has written: the records of the state topic.

    cuts : s that each segment took, worked out over turns of the loop; slices : s of such turns
    """

    records: list[Record]
    cuts: list[float]
    slices: list[float]


def run(settings: Settings, events: int, json_path: Path | None) -> None:
    """Measure each workload, print the table, write JSON where asked. Raises OutputFailed."""
    tune_interpreter()
    workloads: dict[str, Iterator[Raw]] = {}
    if RECORDED.is_file():
        workloads["recorded stream tiled"] = tiled(RECORDED, events)
    else:
        say_skipped("recorded stream tiled")
    workloads["mixed, 5% new"] = mixed(events, 0.05, step=_SPAN_MS / events)
    workloads["all distinct"] = _distinct(events)
    # None may be left out for want of room.
    limits = settings.limits.model_copy(update={"max_vectors": 2 * events})
    own = settings.model_copy(update={"limits": limits}).pipeline()
    rows, told = [], []
    for name, records in workloads.items():
        row, line = _measure(name, records, events, own)
        rows.append(row)
        told.append(line)
    print("\n".join(told))  # noqa: T201
    report(rows, json_path)


def _distinct(events: int) -> Iterator[Raw]:
    """Process creations of which no two have one program."""
    some = mixed(3 * events, 1.0, step=_SPAN_MS / events / 1.5, strange=1.0)
    return itertools.islice((raw for raw in some if b"ProgramData" in raw.value), events)


def _measure(name: str, records: Iterable[Raw], events: int, own: PipelineSettings) -> tuple[Row, str]:
    """The row of restoring it, and a line about what was written."""
    kept = StateSettings(_STATE.topic, 1, "bench", {}, own.detector, own.records.redactor.texts)
    pipeline = Pipeline(own, *_INPUT)
    with bar(name) as progress:
        written = _write(pipeline, records, kept, lambda done: progress(done, events))
    want = {kind: engine.live_events for kind, engine in pipeline.detector.engines.items()}
    vectors = sum(engine.live_vectors for engine in pipeline.detector.engines.values())
    del pipeline
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    restored = Pipeline(own, *_INPUT)
    held = Held(kept, _INPUT)
    held.take(written.records)
    links = held.chain(events)
    for _ in state.restore(restored.detector, links, state.usable(links, own.detector)):
        pass
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    got = {kind: engine.live_events for kind, engine in restored.detector.engines.items()}
    if got != want:
        raise OutputFailed(f"{name}: restored {got} of {want}")
    size = sum(len(record.value or b"") + len(record.key or b"") for record in written.records)
    cuts = sorted(written.cuts)
    line = (
        f"{name}: {events:,} events, {vectors:,} vectors, {len(links):,} segments, "
        f"{size / events * 1e6:,.0f} bytes a million events; restored in {wall:.2f} s ({cpu:.2f} s of CPU); "
        f"cutting a segment took {cuts[len(cuts) // 2] * 1000:.1f} ms, at most {cuts[-1] * 1000:.1f} ms, of "
        f"one turn of the loop at most {max(written.slices) * 1000:.1f} ms"
    )
    return Row(f"restore, {name}", OURS, events, events / wall, events / cpu), line


def _write(
    pipeline: Pipeline, records: Iterable[Raw], kept: StateSettings, told: Callable[[int], None]
) -> _Written:
    """Learn the records, cutting segments as the loop does; the clock of the loop is that of the events."""
    keeper = Keeper(kept, _INPUT, pipeline.detector, 0, links=[], held=set(), now=0.0)
    written = _Written([], [], [])
    now, offset = 0.0, 0

    def cut() -> None:
        began = at = time.perf_counter()
        keeper.begin(offset, now)
        outputs: list[Output] = []
        while keeper.making:
            outputs = keeper.work(STATE_PIECES)
            written.slices.append(time.perf_counter() - at)
            at = time.perf_counter()
        written.cuts.append(at - began)
        written.records.extend(Record(_STATE, 0, 0, each.key, each.value) for each in outputs)
        keeper.committed()

    for offset, record in enumerate(records, 1):
        pipeline.process(record.value, offset - 1, record.timestamp, learn_only=True)
        now = record.timestamp / 1000
        keeper.observed(1, now)
        if keeper.due(now):
            cut()
        if not offset % _TOLD_EVERY:
            told(offset)
    cut()
    return written
