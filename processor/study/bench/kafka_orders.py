"""What the workers of `bench kafka` are told, what they tell, and how they are started."""

import importlib.util
import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from processor.config import Settings
from processor.errors import OutputFailed, UsageError

_WITHIN_S: Final = 900.0
# What a worker says: all of its partitions are live; and those that it waits for.
LIVE: Final = "live"
READY: Final = "ready"
QUARTERS: Final = 4


class Sample(NamedTuple):
    """One look at a worker: seconds of a clock that all processes share, of CPU; records so far; bytes.

    records : those behind the history
    """

    at: float
    cpu: float
    records: int
    memory: int


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is to do.

    settings : the service's, as JSON; a loop that merely reads connects by them
    starts, ends : of each partition: offsets where its history ends, and its last record
    engine : what parses records in a loop that merely reads; "" = the service
    share : partitions that the service owns, their history learned, when it says so and waits for word
    stays : no word is waited for: work on until standard input ends
    """

    settings: str
    topic: str
    starts: Sequence[int] = ()
    ends: Sequence[int] = ()
    engine: str = ""
    share: int = 0
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker tells.

    parts : seconds of CPU of each part of the service, from the first look to the last
    """

    samples: Sequence[Sample]
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cost:
    """What some records needed: seconds, seconds of CPU of all threads.

    resident : bytes of memory at the begin and after each quarter of the time
    parts : of one instance of the service: seconds of CPU of each part of it, `cpu` together
    """

    records: float
    wall: float
    cpu: float
    resident: Sequence[float]
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def gained(self) -> float:
        """Bytes of memory gained meanwhile."""
        return self.resident[-1] - self.resident[0]


def name() -> str:
    """A name that no other run has."""
    return f"bench-{uuid.uuid4().hex[:8]}"


def own_settings(settings: Settings, topic: str, group: str, instance: str) -> Settings:
    """Settings of one instance: those given, with the bench's topics and group."""
    kafka = settings.kafka.model_copy(
        update={
            "input_topics": (topic,),
            "anomalies_topic": f"{topic}.anomalies",
            "dead_letters_topic": f"{topic}.dead-letters",
            "state_topic": f"{topic}.state",
            "group_id": group,
            "instance": instance,
            "create_topics": True,
        }
    )
    web = settings.web.model_copy(update={"port": 0})
    return settings.model_copy(update={"kafka": kafka, "web": web})


def start(order: Order, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start a worker; its standard input stays open. prefix : a program that starts it in turn."""
    worker = subprocess.Popen(  # noqa: S603 - our own module
        [*prefix, sys.executable, "-m", "processor.study.bench.kafka_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if worker.stdin is not None:
        worker.stdin.write(json.dumps(asdict(order)) + "\n")
        worker.stdin.flush()
    return worker


def told_by(worker: subprocess.Popen[str]) -> Told:
    """End its standard input and wait for what it tells. Raises OutputFailed where it fails."""
    said, _ = worker.communicate(timeout=_WITHIN_S)
    if worker.returncode != 0:
        raise OutputFailed(f"a worker of the bench ended with {worker.returncode}: see what it said above")
    # A program that starts the worker may say something of its own.
    told = json.loads(next(line for line in said.splitlines() if line.startswith('{"samples"')))
    return Told([Sample(*each) for each in told["samples"]], told["parts"])


def work(orders: Sequence[Order], prefix: Sequence[str] = ()) -> list[Told]:
    """Let workers work at the same time, to their ends."""
    with ExitStack() as stack:
        workers = [stack.enter_context(start(order, prefix)) for order in orders]
        waiting = [worker for worker, order in zip(workers, orders, strict=True) if order.share]
        for worker in waiting:
            await_word(worker, READY)
        for worker in waiting:
            if worker.stdin is not None:
                worker.stdin.write("begin\n")
                worker.stdin.flush()
        return [told_by(worker) for worker in workers]


def await_word(worker: subprocess.Popen[str], word: str) -> None:
    """Wait until a worker says so. Raises OutputFailed where it ends before."""
    said = ""
    # A program that starts the worker may say something of its own.
    while worker.stdout is not None and (line := worker.stdout.readline()):
        said = line.strip()
        if said == word:
            return
    raise OutputFailed(f"a worker of the bench is not {word}: {said[:200] or 'see what it said above'}")


def cost(told: Sequence[Told]) -> Cost:
    """From where all of them had records to where the first had come to its end, its last commit with it.

    Each tells from where it has its history behind it; one that got no records is left out.
    Raises OutputFailed where none is left.
    """
    looks = [each.samples for each in told if each.samples]
    looks = [samples for samples in looks if samples[-1].records > samples[0].records]
    if not looks:
        raise OutputFailed("too few records to measure: more --records")
    begin = max(samples[0].at for samples in looks)
    end = min(samples[-1].at for samples in looks)
    times = np.linspace(begin, end, QUARTERS + 1)
    columns = [np.array(samples, np.float64).T for samples in looks]
    each = np.array([[np.interp(times, at, column) for column in rest] for at, *rest in columns])
    cpu, records, memory = each.sum(axis=0)
    parts = told[0].parts if len(told) == 1 else {}
    return Cost(float(records[-1] - records[0]), end - begin, float(cpu[-1] - cpu[0]), memory.tolist(), parts)


def spy(path: Path) -> list[str]:
    """What draws a flame graph of the program that follows. Raises UsageError without py-spy."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if program is None:
        raise UsageError("--profile needs py-spy: pip install -r requirements/dev.txt, and again")
    return [program, "record", "--native", "--rate", "100", "--output", str(path), "--"]


def has_orjson() -> bool:
    """Whether the fastest general parser is installed."""
    return importlib.util.find_spec("orjson") is not None
