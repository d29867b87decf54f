"""`eventcluster simulate`: the fleet's records into a file with its labels beside it, or into a topic."""

import csv
import io
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processor import service
from processor.config import Settings
from processor.errors import UsageError
from processor.stream import topics
from processor.stream.broker import Broker
from processor.stream.files import output
from processor.stream.records import AT_LEAST_ONCE, Commit, Output
from processor.study.simulate import Label, Logged, stream

Progress = Callable[[int, int], None]

LABEL_COLUMNS: Final = ("id", "label", "stage", "basis", "sure")
MAX_HOSTS: Final = 10_000
_COMMIT_WITHIN_S: Final = 30.0
_PROGRESS_EVERY: Final = 1_000
_MAX_BATCH: Final = 10_000
# How often a paced stream writes what is due by now.
_TICK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of which fleet: `rate` records a second for `seconds` seconds.

    A file takes as many records as would arrive in that time. Event time has a pace of its own: about 2,000
    events a host and day.
    """

    seed: int
    hosts: int
    rate: float
    seconds: float

    def __post_init__(self) -> None:
        """Raise UsageError where there is nothing to simulate."""
        if not 1 <= self.hosts <= MAX_HOSTS:
            raise UsageError(f"--hosts must be from 1 to {MAX_HOSTS}, got {self.hosts}")
        for name, value in (("rate", self.rate), ("seconds", self.seconds)):
            if not 0 < value <= 1e9:
                raise UsageError(f"--{name} must be > 0 and at most 1e9, got {value:g}")

    @property
    def records(self) -> int:
        """How many records there will be, at least one."""
        return max(1, round(self.rate * self.seconds))

    def stream(self) -> Iterator[Logged]:
        """These records."""
        return itertools.islice(stream(seed=self.seed, hosts=self.hosts), self.records)


def labels_path(path: Path) -> Path:
    """Where the labels of the records in `path` go: NAME.jsonl.gz -> NAME.labels.csv."""
    return path.with_name(f"{_stem(path)}.labels.csv")


def label_row(name: str, number: int, label: Label) -> tuple[str, int, str, str, str]:
    """One line of a labels file: 1 and attack/stage for an attack's event, 0 and the cause for background."""
    stage = f"{label.attack}/{label.stage}" if label.attack else ""
    return (f"{name}:{number:06d}", int(bool(label.attack)), stage, f"simulated: {label.cause}", "high")


def write_file(path: Path, plan: Plan, progress: Progress) -> None:
    """Write the records to `path` (.jsonl, .jsonl.gz, .jsonl.zst) and their labels beside it.

    progress : called with records written and records in all
    Raises UsageError for another ending, OutputFailed where a file cannot be written.
    """
    if ".jsonl" not in path.suffixes[-2:]:
        raise UsageError(f"{path}: --out must end in .jsonl, .jsonl.gz or .jsonl.zst")
    with ExitStack() as files:
        records = files.enter_context(output(path))
        labels = files.enter_context(output(labels_path(path)))
        labels.write(_csv_line(LABEL_COLUMNS))
        for number, logged in enumerate(plan.stream()):
            records.write(logged.value + b"\n")
            labels.write(_csv_line(label_row(_stem(path), number, logged.label)))
            if number % _PROGRESS_EVERY == 0:
                progress(number, plan.records)
    progress(plan.records, plan.records)


def write_topic(settings: Settings, plan: Plan, progress: Progress) -> None:
    """Produce the records into the first input topic, keyed by host, `plan.rate` a second.

    The event time is the record's timestamp. A slower broker gets them as fast as it takes them.
    Raises TopicMissing, BrokerUnreachable.
    """
    # Without transactions: the name of the service that may run with this config must not be taken.
    kafka = settings.kafka.model_copy(update={"delivery": AT_LEAST_ONCE})
    broker = service.connect(settings.model_copy(update={"kafka": kafka}))
    with closing(broker):
        topic = kafka.input_topics[0]
        topics.ensure(
            broker, [topic], [], create=kafka.create_topics, bootstrap_servers=kafka.bootstrap_servers
        )
        produce(broker, topic, plan, progress)


def produce(broker: Broker, topic: str, plan: Plan, progress: Progress) -> None:
    """Write the plan's records through a broker, at the plan's rate."""
    records = plan.stream()
    began = time.monotonic()
    written = 0
    while written < plan.records:
        due = min(plan.records, int((time.monotonic() - began + _TICK_S) * plan.rate) + 1)
        batch = [
            as_output(topic, logged) for logged in itertools.islice(records, min(_MAX_BATCH, due - written))
        ]
        if batch:
            broker.commit(Commit(batch, {}), _COMMIT_WITHIN_S)
            written += len(batch)
            progress(written, plan.records)
        time.sleep(max(0.0, min(_TICK_S, written / plan.rate - (time.monotonic() - began))))


def as_output(topic: str, logged: Logged) -> Output:
    """A record as it is produced: keyed by its host, at its event's time."""
    return Output(topic, logged.host.encode(), logged.value, timestamp=logged.time)


def _stem(path: Path) -> str:
    return path.name.partition(".jsonl")[0]


def _csv_line(cells: tuple[str | int, ...]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()
