"""What single records cost in a run of the pipeline, by what became of them, and how memory goes on."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from processor.pipeline import Pipeline, Scored
from processor.study.bench.memory import resident
from processor.study.bench.rows import Stage, by_quarters
from processor.study.bench.workload import Raw

REPEAT: Final = "a repeat, told from memory"
READ: Final = "read in full, in a cluster"
_PARTS: Final = 4


@dataclass(frozen=True, slots=True)
class Stages:
    """Of one run, reading the clock around each record.

    times : microseconds of each record
    groups : what became of a record -> microseconds of CPU of all of them, in the records' order
    resident : bytes before the first record and after each quarter of them
    """

    times: list[float]
    groups: dict[str, list[float]]
    resident: list[int]

    def summary(self) -> dict[str, Stage]:
        """What each group cost, the largest first."""
        whole = sum(map(sum, self.groups.values()))
        largest = sorted(self.groups.items(), key=lambda group: -len(group[1]))
        return {
            name: Stage(
                us_per_event=sum(times) / len(self.times),
                share=sum(times) / whole,
                count=len(times),
                mean_us=float(np.mean(times)),
                median_us=float(np.median(times)),
            )
            for name, times in largest
        }

    def told(self) -> list[str]:
        """Lines for people: number, mean and share of the time of each group; memory by quarters."""
        lines = [
            f"  {stage.count:,} {name}: {stage.mean_us:,.1f} us each (median {stage.median_us:,.1f}), "
            f"{stage.share:.0%} of the time"
            for name, stage in self.summary().items()
        ]
        return [*lines, f"  {by_quarters(self.resident)}"]

    @property
    def bytes_per_event(self) -> float:
        """Resident memory gained over the run, per record."""
        return (self.resident[-1] - self.resident[0]) / len(self.times)


def stages(pipeline: Pipeline, first: int, records: Sequence[Raw]) -> Stages:
    """Run the records through a pipeline that has learned its history; `first` is the first one's offset."""
    times: list[float] = []
    groups: dict[str, list[float]] = {}
    memory = [resident()]
    detector = pipeline.detector
    quarter = -(-len(records) // _PARTS)
    for place, record in enumerate(records):
        last = detector.last
        begin, cpu = time.perf_counter_ns(), time.thread_time_ns()
        outcome = pipeline.process(record.value, first + place, record.timestamp)
        spent, taken = time.thread_time_ns() - cpu, time.perf_counter_ns() - begin
        fate = outcome.fate if isinstance(outcome, Scored) else type(outcome).__name__
        group = fate or (REPEAT if detector.last is last else READ)
        times.append(taken / 1000)
        groups.setdefault(group, []).append(spent / 1000)
        if (place + 1) % quarter == 0 or place + 1 == len(records):
            memory.append(resident())
    return Stages(times, groups, memory)
