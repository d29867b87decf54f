"""`eventcluster run` as a process of its own, and topics of the session's Kafka for it to work on."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic

from processor.config import Settings, load
from processor.pipeline import Pipeline, Scored
from tests.support.brokers import free_ports
from tests.support.topics import create

# Of a wait that a condition ends: it only bounds a failure.
WITHIN_S = 120.0
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def until(condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
    """Wait for a condition, looking again every 20 ms."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {within_s} s"
        time.sleep(0.02)


def _java_hash(text: str) -> int:
    """String.hashCode without its sign, by which brokers choose a coordinator."""
    found = 0
    for letter in text.encode():
        found = (31 * found + letter) & 0xFFFFFFFF
    return found & 0x7FFFFFFF


@dataclass(frozen=True)
class Given:
    """A record as it was written."""

    value: bytes
    timestamp: int
    key: bytes | None = None


class Topics:
    """Fresh topics for one test, and what the test knows about them."""

    def __init__(self, bootstrap: str, partitions: int, replicas: int = 1) -> None:
        self._replicas = replicas
        name = uuid.uuid4().hex[:8]
        self.bootstrap = bootstrap
        self.group = f"group-{name}"
        self.events, self.anomalies, self.dead_letters = f"events-{name}", f"anomalies-{name}", f"dead-{name}"
        self._client: dict[str, Any] = {"bootstrap.servers": bootstrap, "log_level": 0}
        self._admin = AdminClient(self._client)
        self._producer = Producer(self._client)
        self._watcher = Consumer({**self._client, "group.id": self.group})
        self.written: dict[int, list[Given]] = {number: [] for number in range(partitions)}
        self._create(self.events, partitions)
        self._create(self.anomalies, 1)
        self._create(self.dead_letters, 1)
        self.state, self.spare = f"state-{name}", f"spare-{name}"
        self._create(self.spare, partitions)
        self._create(self.state, partitions, {"cleanup.policy": "compact"})

    def _create(self, topic: str, partitions: int, config: Mapping[str, str] | None = None) -> None:
        new = NewTopic(topic, partitions, self._replicas, config={"retention.ms": "-1", **(config or {})})
        create(self._admin, new, WITHIN_S)

    def extend(self, topic: str, partitions: int) -> None:
        """Give a topic more partitions: so many in all."""
        self._admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(WITHIN_S)
        if topic == self.events:
            # The producer's own view follows.
            topics = self._producer.list_topics
            until(lambda: len(topics(topic, WITHIN_S).topics[topic].partitions) == partitions, "known")
            self.written.update({number: [] for number in range(len(self.written), partitions)})

    def reset(self, partition: int, offset: int) -> None:
        """Move the group as an operator does, as soon as its static members' sessions have ended."""
        where = [TopicPartition(self.events, partition, offset)]

        def moved() -> bool:
            asked = ConsumerGroupTopicPartitions(self.group, where)
            answer = self._admin.alter_consumer_group_offsets([asked])[self.group].result(WITHIN_S)
            return all(each.error is None for each in answer.topic_partitions or [])

        until(moved, "moved")

    def trim(self, partition: int, low: int) -> None:
        """Delete what is before `low`, as retention does."""
        where = TopicPartition(self.events, partition, low)
        self._admin.delete_records([where])[where].result(WITHIN_S)

    def recreate(self) -> None:
        """Delete the input topic and make it again, empty, under the same name."""
        self._admin.delete_topics([self.events])[self.events].result(WITHIN_S)
        until(lambda: self.events not in self._admin.list_topics(timeout=WITHIN_S).topics, "deleted")
        self._create(self.events, len(self.written))
        for records in self.written.values():
            records.clear()

    def is_in_sync(self) -> bool:
        """Whether every replica of every topic has all that was written."""
        try:
            known = self._admin.list_topics(timeout=20.0).topics.values()
        except KafkaException:
            # Asked of the broker that is just starting.
            return False
        return all(len(each.isrs) == len(each.replicas) for one in known for each in one.partitions.values())

    def coordinators(self, instance: str) -> dict[str, int]:
        """The nodes that coordinate the group and an instance's transactions: the leaders of their logs."""
        known = self._admin.list_topics(timeout=WITHIN_S).topics
        found = {}
        for what, topic, name in (
            ("group", "__consumer_offsets", self.group),
            ("transactions", "__transaction_state", f"{self.group}-{instance}"),
        ):
            partitions = known[topic].partitions
            found[what] = partitions[_java_hash(name) % len(partitions)].leader
        return found

    def has_member(self, instance: str) -> bool:
        """Whether the group has an instance among its members, as far as the brokers tell."""
        asked = self._admin.describe_consumer_groups([self.group], request_timeout=10.0)
        try:
            told = asked[self.group].result(WITHIN_S)
        except KafkaException:
            # A client that knew a coordinator that went away may wait for that one.
            self._admin = AdminClient(self._client)
            return True
        return any(member.client_id == f"eventcluster-{instance}" for member in told.members)

    def is_served_by(self, node: int) -> bool:
        """Whether a broker leads any partition, as far as the brokers tell."""
        try:
            known = self._admin.list_topics(timeout=WITHIN_S).topics.values()
        except KafkaException:
            return True
        return any(each.leader == node for one in known for each in one.partitions.values())

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has."""
        return len(self._admin.list_topics(topic, timeout=WITHIN_S).topics[topic].partitions)

    def write(self, partition: int, records: Iterable[Given]) -> None:
        """Append records to a partition of the input, and remember them."""
        for record in records:
            send = partial(
                self._producer.produce,
                self.events,
                record.value,
                record.key,
                partition=partition,
                timestamp=record.timestamp,
            )
            try:
                send()
            except BufferError:
                # The queue is full: once some of it is written there is room.
                self._producer.poll(WITHIN_S)
                send()
            self._producer.poll(0)
            self.written[partition].append(record)
        assert self._producer.flush(WITHIN_S) == 0

    def committed(self) -> dict[int, int]:
        """The group's position in each partition; partitions without one are not in it."""
        asked = [TopicPartition(self.events, number) for number in self.written]
        try:
            found = self._watcher.committed(asked, timeout=20.0)
        except KafkaException:
            # A broker that has just started does not know its coordinators yet, and a client that knew one
            # that went away may wait for that one.
            self._watcher.close()
            self._watcher = Consumer({**self._client, "group.id": self.group})
            return {}
        return {each.partition: each.offset for each in found if each.offset >= 0}

    def all_committed(self) -> bool:
        """Whether everything that was written has been processed and committed."""
        return self.committed() == {n: len(records) for n, records in self.written.items() if records}

    def close(self) -> None:
        """Let go of the connections."""
        self._watcher.close()
        self._producer.close()

    def read(self, topic: str) -> list[Message]:
        """Every committed record of a one-partition topic."""
        config = {
            **self._client,
            "group.id": uuid.uuid4().hex,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
        }
        consumer = Consumer(config)
        consumer.assign([TopicPartition(topic, 0, 0)])
        messages: list[Message] = []
        try:
            while True:
                message = consumer.poll(WITHIN_S)
                assert message is not None, "the end was not reached in time"
                error = message.error()
                if error is None:
                    messages.append(message)
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's spelling
                    return messages
                else:
                    raise AssertionError(error.str())
        finally:
            consumer.close()

    def published(self) -> dict[int, list[bytes]]:
        """The anomalies by the partition that they come from, in the order of the topic."""
        found: dict[int, list[bytes]] = {number: [] for number in self.written}
        for message in self.read(self.anomalies):
            value = message.value() or b""
            found[json.loads(value)["anomaly"]["source"]["partition"]].append(value)
        return found

    def expected(self, settings: Settings, first_live: int = 0) -> dict[int, list[bytes]]:
        """What one undisturbed pipeline publishes of each partition's records."""
        told = settings.pipeline()
        result: dict[int, list[bytes]] = {}
        for number, records in self.written.items():
            pipeline = Pipeline(told, self.events, number)
            result[number] = []
            for offset, record in enumerate(records):
                outcome = pipeline.process(
                    record.value, offset, record.timestamp, None, learn_only=offset < first_live
                )
                if isinstance(outcome, Scored) and outcome.published is not None:
                    result[number].append(outcome.published.value)
        return result


@dataclass
class Service:
    """One `eventcluster run`; its log goes to a file."""

    topics: Topics
    folder: Path
    base: str = "eventcluster.yaml"
    instance: str = "one"
    kafka: Mapping[str, Any] = field(default_factory=dict)
    sections: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        [self._port] = free_ports(1)
        name = uuid.uuid4().hex[:8]
        self.config = self.folder / f"{name}.yaml"
        self._log = self.folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.configure(self.sections)

    def configure(self, sections: Mapping[str, Any]) -> None:
        """Write the config with these sections: in force from the next start on."""
        config = yaml.safe_load((CONFIGS / self.base).read_text())
        config["kafka"] = {
            "bootstrap_servers": self.topics.bootstrap,
            "input_topics": [self.topics.events],
            "anomalies_topic": self.topics.anomalies,
            "dead_letters_topic": self.topics.dead_letters,
            "state_topic": self.topics.state,
            "group_id": self.topics.group,
            "instance": self.instance,
            "start": "earliest",
            **self.kafka,
        }
        config["web"] = {"port": self._port}
        config["metrics"] = {"clusters_every": "500ms"}
        config.update(sections)
        self.config.write_text(yaml.safe_dump(config))

    @property
    def settings(self) -> Settings:
        """What the process reads from its config."""
        return load(self.config, {})

    @property
    def log(self) -> str:
        """All that it has written to standard error."""
        return self._log.read_text()

    def start(self) -> "Service":
        """Start the process; it says that it is ready by `is_ready`."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("EVENTCLUSTER_")}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "processor", "run", "--config", str(self.config)],
                stderr=log,
                stdout=log,
                stdin=subprocess.DEVNULL,
                env=environment,
            )
        return self

    @property
    def address(self) -> str:
        """Of its page, with a slash at the end."""
        return f"http://127.0.0.1:{self._port}/"

    def is_ready(self) -> bool:
        """Whether /readyz answers 200."""
        return self._get("/readyz") is not None

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition while the process runs; its log is in the failure."""
        until(lambda: condition() or self.has_ended(), what)
        assert not self.has_ended(), self.log

    def is_alive(self) -> bool:
        """Whether /livez answers 200."""
        return self._get("/livez") is not None

    def has_ended(self) -> bool:
        """Whether the process has exited."""
        return self.process is not None and self.process.poll() is not None

    def ended(self) -> int:
        """Wait for the process to exit by itself; its code."""
        assert self.process is not None
        return self.process.wait(WITHIN_S)

    def metric(self, name: str, **labels: str) -> float | None:
        """A metric's value on /metrics; None where it has no such series, or nobody answers."""
        page = self._get("/metrics") or ""
        wanted = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
        found = re.search(
            rf"^{name}{re.escape('{' + wanted + '}') if wanted else ''} (\S+)$", page, re.MULTILINE
        )
        return None if found is None else float(found[1])

    def total(self, name: str) -> float:
        """A metric's values added up over all its labels; 0 while nobody answers."""
        page = self._get("/metrics") or ""
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", page, re.MULTILINE)
        return sum(map(float, found))

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WITHIN_S)

    def stop(self) -> int:
        """SIGTERM; the exit code: 1 where the process did not end by itself within service.END_WITHIN_S."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WITHIN_S)

    def end(self) -> None:
        """Whatever state the test left it in."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def _get(self, path: str) -> str | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=20) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as refused:
            refused.close()
            return None
        except OSError:
            return None
