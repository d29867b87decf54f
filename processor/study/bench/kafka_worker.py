"""One engine of `bench kafka` in a process of its own: its CPU and its memory are all its own.

python -m processor.study.bench.kafka_worker     an Order on standard input; what it Told on standard output
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from processor import logs, service
from processor.config import Settings
from processor.service import Service
from processor.stream.kafka import KafkaBroker
from processor.stream.librdkafka import KafkaSettings
from processor.stream.records import Partition, Run
from processor.stream.task import Task
from processor.study.bench.kafka_clients import read
from processor.study.bench.kafka_orders import LIVE, READY, Order, Sample, Told
from processor.study.bench.loop_parts import LoopParts

_ASK_S: Final = 0.05
_FIRST_S: Final = 0.002


def main() -> None:
    """Read the order, work, tell."""
    order = Order(**json.loads(sys.stdin.readline()))
    logs.quiet()
    told = Told(list(_raw(order))) if order.engine else _ours(order)
    sys.stdout.write(json.dumps(asdict(told)) + "\n")
    sys.stdout.flush()
    # A picture may be in the works: its thread would be torn out of native code.
    os._exit(0)


def _sample(records: int) -> Sample:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Sample(time.monotonic(), time.process_time(), records, pages * 4096)


def _raw(order: Order) -> Iterator[Sample]:
    # What ours is given, readers have too.
    service.tune_interpreter()
    total, next_at, whole = 0, 0.0, sum(order.ends) - sum(order.starts)
    kafka = service.kafka_settings(Settings.model_validate_json(order.settings))
    for more in read(kafka, order.topic, order.starts, order.engine):
        total += more
        # The clock starts when records have begun to come.
        if total and (time.monotonic() >= next_at or total >= whole):
            next_at = time.monotonic() + _ASK_S
            yield _sample(total)
        if total >= whole:
            return


def _ours(order: Order) -> Told:
    service.tune_interpreter()
    settings = Settings.model_validate_json(order.settings)
    held = None if order.stays else _Held(service.kafka_settings(settings), order.starts)
    built = service.build(settings, held or service.connect(settings))
    service.prepare(settings, built)
    stop = threading.Event()
    looks = _Looks()

    def watch() -> None:
        if held is not None:
            held.closing = looks.end
            _await_word(built, held, order, stop)
        (_stay if order.stays else _watch)(built, order, stop, looks)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        built.run(stop)
    finally:
        stop.set()
        watching.join()
    return Told(looks.samples, looks.parts)


class _Looks:
    """What was seen of a service whose loop works in the main thread, and what its parts needed meanwhile."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.parts: Mapping[str, float] = {}
        self._parts = LoopParts(threading.main_thread().ident or 0)
        self._parts.watch()
        self._first: Mapping[str, float] = {}

    def look(self, records: int) -> None:
        """One more look."""
        if not self.samples:
            self._first = self._parts.spent()
        self.samples.append(_sample(records))

    def end(self) -> None:
        """The last look: everything is committed. None where there was no first one."""
        if self.samples:
            self.parts = {part: spent - self._first[part] for part, spent in self._parts.spent().items()}
            self.look(self.samples[-1].records)


class _Held(KafkaBroker):
    """Delivers nothing behind the history before word is given: then all partitions begin at once.

    Else one partition would be measured while another's history is still being learned.
    """

    def __init__(self, settings: KafkaSettings, starts: Sequence[int]) -> None:
        super().__init__(settings)
        self.begin = threading.Event()
        self.owned: Callable[[], Container[Partition]] = tuple
        # Called when everything is committed.
        self.closing: Callable[[], None] = lambda: None
        self._starts = starts
        self._paused: set[Partition] = set()

    def poll(self, max_records: int, timeout_s: float) -> list[Run]:
        """Before word is given: history alone."""
        if self.begin.is_set():
            for partition in self._paused:
                if partition in self.owned():
                    super().resume(partition, self._starts[partition.number])
            self._paused.clear()
            return super().poll(max_records, timeout_s)
        runs = super().poll(max_records, timeout_s)
        for run in runs:
            if run.offsets[-1] >= self._starts[run.partition.number]:
                self.pause(run.partition)
                self._paused.add(run.partition)
        return [old for run in runs if (old := run.between(0, self._starts[run.partition.number]))]

    def close(self) -> None:
        """Say so first."""
        self.closing()
        super().close()


def _await_word(built: Service, broker: _Held, order: Order, stop: threading.Event) -> None:
    """Say that its share is there and its history learned, and wait for word."""
    broker.owned = lambda: built.loop.tasks
    tasks: list[Task] = []
    while len(tasks) != order.share or not all(_is_at(task, order.starts) for task in tasks):
        if stop.wait(_ASK_S):
            return
        tasks = list(built.loop.tasks.values())
    _say(READY)
    sys.stdin.readline()
    broker.begin.set()


def _is_at(task: Task, offsets: Sequence[int]) -> bool:
    return task.live and task.next_offset >= offsets[task.partition.number]


def _say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def _watch(built: Service, order: Order, stop: threading.Event, looks: _Looks) -> None:
    """Look at it until its partitions have been read to their ends."""
    before = _records(built)
    # As readers' clocks do, it starts when records have begun to come.
    while _records(built) == before:
        if stop.wait(_FIRST_S):
            return
    looks.look(_records(built) - before)
    while not stop.wait(_ASK_S):
        looks.look(_records(built) - before)
        tasks = list(built.loop.tasks.values())
        if tasks and all(_is_at(task, order.ends) for task in tasks):
            stop.set()


def _stay(built: Service, _order: Order, stop: threading.Event, looks: _Looks) -> None:
    """Say when it is live, then look at it until standard input ends."""
    while not (built.loop.tasks and all(task.live for task in list(built.loop.tasks.values()))):
        if stop.wait(_ASK_S):
            return
    _say(LIVE)
    threading.Thread(target=_until_input_ends, args=(stop,), daemon=True).start()
    while not stop.wait(_ASK_S):
        looks.look(_records(built))


def _until_input_ends(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


def _records(built: Service) -> int:
    # A copy in one step: the loop's thread adds to it meanwhile.
    return sum(list(built.loop.tally.outcomes.values()))


if __name__ == "__main__":
    main()
