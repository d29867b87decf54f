"""One engine of `bench kafka` in a process of its own: its CPU and its memory are all its own.

python -m processor.study.bench.kafka_worker        an Order on standard input, Samples on standard output
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Final

from processor import logs, service
from processor.config import Settings
from processor.service import Service
from processor.stream.kafka import KafkaBroker
from processor.stream.librdkafka import KafkaSettings
from processor.stream.loop import Task
from processor.stream.records import Partition, Record
from processor.study.bench.kafka_clients import read
from processor.study.bench.kafka_orders import LIVE, READY, Order, Sample

_ASK_S: Final = 0.05
# A member of the group that has had nothing to do for so long has done it all.
_IDLE_S: Final = 5.0


def main() -> None:
    """Read the order, work, tell."""
    order = Order(**json.loads(sys.stdin.readline()))
    logs.quiet()
    samples = list(_raw(order)) if order.engine else _ours(order)
    sys.stdout.write(json.dumps([list(sample) for sample in samples]) + "\n")
    sys.stdout.flush()
    # A picture may be in the works: its thread would be torn out of native code.
    os._exit(0)


def _sample(records: int) -> Sample:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Sample(time.monotonic(), time.process_time(), records, pages * 4096)


def _raw(order: Order) -> Iterator[Sample]:
    total, next_at = 0, 0.0
    for more in read(order.bootstrap, order.topic, order.partitions, order.engine):
        total += more
        if time.monotonic() >= next_at or total >= order.records:
            next_at = time.monotonic() + _ASK_S
            yield _sample(total)
        if total >= order.records:
            return


def _ours(order: Order) -> list[Sample]:
    service.tune_interpreter()
    settings = Settings.model_validate_json(order.settings)
    broker = _Patient(service.kafka_settings(settings)) if order.share else service.connect(settings)
    built = service.build(settings, broker)
    service.prepare(settings, built)
    stop = threading.Event()
    samples = [_sample(0)]

    def watch() -> None:
        if isinstance(broker, _Patient):
            _begin_together(built, broker, order.share, stop)
        (_stay if order.stays else _watch)(built, order, stop, samples)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        built.run(stop)
    finally:
        stop.set()
        watching.join()
    return samples


class _Patient(KafkaBroker):
    """Delivers nothing before word is given: instances of one group begin together, each with its share."""

    def __init__(self, settings: KafkaSettings) -> None:
        super().__init__(settings)
        self.begin = threading.Event()
        self.owned: Callable[[], Container[Partition]] = tuple
        self._held: dict[Partition, int] = {}

    def resume(self, partition: Partition, offset: int) -> None:
        """Remember it; `poll` resumes what is still owned."""
        self._held[partition] = offset

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """Nothing as long as nothing has been resumed."""
        if self._held and self.begin.is_set():
            owned = self.owned()
            for partition, offset in self._held.items():
                if partition in owned:
                    super().resume(partition, offset)
            self._held.clear()
        return super().poll(max_records, timeout_s)


def _begin_together(built: Service, broker: _Patient, share: int, stop: threading.Event) -> None:
    """Say that its share is there, and wait for word."""
    broker.owned = lambda: built.loop.tasks
    tasks: list[Task] = []
    while len(tasks) != share or not all(task.live for task in tasks):
        if stop.wait(_ASK_S):
            return
        tasks = list(built.loop.tasks.values())
    _say(READY)
    sys.stdin.readline()
    broker.begin.set()


def _say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def _watch(built: Service, order: Order, stop: threading.Event, samples: list[Sample]) -> None:
    """Look at it until everything has been read or, one of several, it has no more to do."""
    grew = time.monotonic()
    while not stop.wait(_ASK_S):
        now = _sample(_records(built))
        if now.records > samples[-1].records or not built.loop.joined:
            grew = now.at
        samples.append(now)
        if now.records >= order.records or now.at - grew > _IDLE_S:
            stop.set()


def _stay(built: Service, _order: Order, stop: threading.Event, samples: list[Sample]) -> None:
    """Say when it is live, then look at it until standard input ends."""
    while not (built.loop.tasks and all(task.live for task in list(built.loop.tasks.values()))):
        if stop.wait(_ASK_S):
            return
    _say(LIVE)
    threading.Thread(target=_until_input_ends, args=(stop,), daemon=True).start()
    while not stop.wait(_ASK_S):
        samples.append(_sample(_records(built)))


def _until_input_ends(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


def _records(built: Service) -> int:
    # A copy in one step: the loop's thread adds to it meanwhile.
    return sum(list(built.loop.tally.outcomes.values()))


if __name__ == "__main__":
    main()
