"""Small streams of process events, and a service's loop over a broker in memory."""

import itertools
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from processor.config import Settings
from processor.metrics import Metrics
from processor.picture.camera import Camera
from processor.pipeline import Pipeline, PipelineSettings, Scored
from processor.service import loop_settings
from processor.status import Board
from processor.stream.loop import Loop
from processor.stream.memory import MemoryBroker, MemoryCluster
from processor.stream.observer import Observer
from processor.stream.records import Partition
from processor.stream.state_topic import Held, StateSettings

EVENTS, ANOMALIES, DEAD_LETTERS = "events", "eventcluster.anomalies", "eventcluster.dead-letters"
STATE = "eventcluster.state"
START_MS = 1_700_000_000_000
MINUTE_MS = 60_000


def process_event(minute: int, command_line: str, host: str = "web-1") -> bytes:
    """A Windows Security 4688 record."""
    fields = {
        "EventID": 4688,
        "TimeGenerated": f"2023-11-{14 + minute // 1440:02d}T{minute % 1440 // 60:02d}:{minute % 60:02d}:00Z",
        "Computer": host,
        "SubjectUserName": "svc",
        "SubjectLogonId": "0x3e7",
        "NewProcessName": r"C:\Windows\System32\agent.exe",
        "CommandLine": command_line,
        "ParentProcessName": r"C:\Windows\System32\services.exe",
    }
    return json.dumps(fields).encode()


def story(seed: int, length: int) -> list[bytes]:
    """Mostly repeats, now and then something new or broken: a few episodes in a few hours."""
    chance = random.Random(seed)  # noqa: S311 - a story, no secret
    lines = [f"agent.exe --poll --server s{n}.example.org" for n in range(5)]
    records = []
    for number in range(length):
        minute = number * 5
        if chance.random() < 0.08:
            new = "".join(chance.choices('abcXYZ019 "/\\-=;%', k=chance.randint(5, 90)))
            records.append(process_event(minute, new))
        elif chance.random() < 0.03:
            records.append(b'{"EventID": 4688, "Computer": "web-1"')
        else:
            records.append(process_event(minute, chance.choice(lines)))
    return records


def settings(**sections: object) -> Settings:
    """The default config, its warm-up off, with some sections given."""
    given = {
        "kafka": {"bootstrap_servers": "memory:1", "input_topics": [EVENTS], "start": "earliest"},
        "warmup": {"span": "0s", "events": 0},
    }
    return Settings.model_validate({**given, **sections})


@dataclass
class Stage:
    """Topics in memory, and the loops that a test runs over them."""

    settings: Settings = field(default_factory=settings)
    partitions: int = 1
    cluster: MemoryCluster = field(default_factory=MemoryCluster)
    metrics: Metrics = field(default_factory=lambda: Metrics(CollectorRegistry()))
    board: Board = field(default_factory=Board)
    keeps_state: bool = False

    def __post_init__(self) -> None:
        self.cluster.create(STATE, self.partitions)
        self.cluster.create(EVENTS, self.partitions)
        self.cluster.create(ANOMALIES, 1)
        self.cluster.create(DEAD_LETTERS, 1)

    @property
    def pipeline(self) -> PipelineSettings:
        """What the loops' pipelines are told."""
        return self.settings.pipeline()

    def loop(self, instance: str = "one") -> Loop:
        """A service's loop, subscribed."""
        broker = MemoryBroker(self.cluster, instance=instance)
        told = self.pipeline
        loop = Loop(
            broker,
            lambda partition: Pipeline(told, partition.topic, partition.number),
            loop_settings(self.settings),
            self.metrics,
            Observer(broker, self.metrics, self.board, Camera(told, every_s=3600)),
            clock=itertools.count(step=0.02).__next__,
        )
        if self.keeps_state:
            loop.state = self.state()
        broker.subscribe([EVENTS], loop)
        return loop

    def state(self) -> StateSettings:
        """Where state goes: a segment at every pane."""
        return StateSettings(
            STATE, 8, "group", {EVENTS: "an-id"}, self.pipeline.detector, list, min_records=1, min_seconds=1e9
        )

    def segments(self, partition: int = 0) -> Held:
        """What the state topic holds of a partition."""
        held = Held(self.state(), Partition(EVENTS, partition))
        held.take(each for each in self.cluster.records(STATE) if each.partition.number == partition)
        return held

    def write(self, values: list[bytes], partition: int = 0) -> None:
        """Append records to the input."""
        for value in values:
            self.cluster.append(EVENTS, value, partition=partition, timestamp=START_MS)

    def position(self, partition: int = 0) -> int:
        """What the group has committed; -1 = nothing."""
        committed = self.cluster.committed("group", Partition(EVENTS, partition))
        return -1 if committed is None else committed.next_offset

    def anomalies(self) -> list[bytes | None]:
        """What has been published."""
        return [record.value for record in self.cluster.records(ANOMALIES)]

    def dead_letters(self) -> list[bytes | None]:
        """The values of the dead letters."""
        return [record.value for record in self.cluster.records(DEAD_LETTERS)]


def run_until_committed(stage: Stage, loop: Loop, offset: int, partition: int = 0) -> None:
    """Turn until the group's position has reached `offset`."""
    for _ in range(100_000):
        if stage.position(partition) >= offset:
            return
        loop.turn()
    raise AssertionError(f"offset {offset} was never committed")


def expected(stage: Stage, records: list[bytes], partition: int = 0, first_live: int = 0) -> list[bytes]:
    """What one undisturbed pipeline publishes of these records."""
    pipeline = Pipeline(stage.pipeline, EVENTS, partition)
    published = []
    for offset, value in enumerate(records):
        outcome = pipeline.process(value, offset, START_MS, None, learn_only=offset < first_live)
        if isinstance(outcome, Scored) and outcome.published is not None:
            published.append(outcome.published.value)
    return published


SHORT = settings(window={"length": "4h", "pane": "10m"})


def origins(stage: Stage) -> dict[str, float]:
    """Restores so far by where the model came from."""
    labels = ("state", "log", "none")
    return {each: stage.metrics.restores_total.labels(each)._value.get() for each in labels}  # noqa: SLF001


def ids(anomalies: Iterable[bytes | None]) -> list[str]:
    """What is judged does not depend on where the log begins; what is open then (episodes) may."""
    return [json.loads(each or b"")["event"]["id"] for each in anomalies]


def restore(loop: Loop) -> None:
    """Turn until its partition is live."""
    while not loop.tasks or not loop.tasks[Partition(EVENTS, 0)].live:
        loop.turn()


def kill(stage: Stage, loop: Loop) -> None:
    """What it holds in memory is gone, its partitions are given to the next."""
    stage.cluster.expel(loop._broker)  # type: ignore[arg-type]  # noqa: SLF001
