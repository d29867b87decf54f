"""Where the broker contract is tested: each world makes topics, brokers and records of one kind."""

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from processor.stream.broker import Broker, Pending
from processor.stream.embedded import PARTITIONS, EmbeddedCluster
from processor.stream.kafka import KafkaBroker
from processor.stream.librdkafka import KafkaSettings
from processor.stream.memory import MemoryBroker, MemoryCluster
from processor.stream.records import (
    EXACTLY_ONCE,
    Commit,
    Committed,
    Delivery,
    GroupProtocol,
    Output,
    Partition,
    Record,
)
from tests.support.topics import create

# Of a wait that a condition ends: it only bounds a failure.
WITHIN_S = 120.0
Answer = TypeVar("Answer")


class World(Protocol):
    """One kind of broker. `atomic`: commits are; `remembers`: knows times, deletes, answers admins."""

    atomic: bool
    remembers: bool

    def topic(self, partitions: int) -> str:
        """A new, empty topic of at least so many partitions."""
        ...

    def open(self, group: str, instance: str) -> Broker:
        """A broker, closed at the end of the test."""
        ...

    def write(
        self, partition: Partition, values: Sequence[bytes | None], first_timestamp: int = 1000
    ) -> None:
        """Records with consecutive timestamps, key b"k" and one header."""
        ...

    def trim(self, partition: Partition, low: int) -> None:
        """Delete the records before `low`."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class MemoryWorld:
    """MemoryBrokers of one MemoryCluster."""

    atomic = True
    remembers = True

    def __init__(self) -> None:
        self._cluster = MemoryCluster()

    def topic(self, partitions: int) -> str:
        name = uuid.uuid4().hex
        self._cluster.create(name, partitions)
        return name

    def open(self, group: str, instance: str) -> Broker:
        return MemoryBroker(self._cluster, group=group, instance=instance)

    def write(
        self, partition: Partition, values: Sequence[bytes | None], first_timestamp: int = 1000
    ) -> None:
        for timestamp, value in enumerate(values, first_timestamp):
            self._cluster.append(
                partition.topic,
                value,
                key=b"k",
                partition=partition.number,
                timestamp=timestamp,
                headers=[("h", b"v")],
            )

    def trim(self, partition: Partition, low: int) -> None:
        self._cluster.trim(partition, low)

    def close(self) -> None:
        pass


class KafkaWorld:
    """Apache Kafka at an address, by one group protocol and one kind of delivery."""

    remembers = True

    def __init__(self, bootstrap: str, protocol: GroupProtocol, delivery: Delivery) -> None:
        self.atomic = delivery == EXACTLY_ONCE
        self._bootstrap = bootstrap
        self._protocol = protocol
        self._delivery = delivery
        self._producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0})
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._brokers: list[KafkaBroker] = []

    def topic(self, partitions: int) -> str:
        name = uuid.uuid4().hex
        create(self._admin, NewTopic(name, partitions, 1, config={"retention.ms": "-1"}), WITHIN_S)
        return name

    def settings(self, group: str, instance: str) -> KafkaSettings:
        soon = {"heartbeat.interval.ms": 300} if self._protocol == "classic" else {}
        return KafkaSettings(self._bootstrap, group, instance, self._protocol, self._delivery, 10_000, soon)

    def open(self, group: str, instance: str) -> Broker:
        self._brokers.append(KafkaBroker(self.settings(group, instance)))
        return self._brokers[-1]

    def write(
        self, partition: Partition, values: Sequence[bytes | None], first_timestamp: int = 1000
    ) -> None:
        for timestamp, value in enumerate(values, first_timestamp):
            self._producer.produce(
                partition.topic,
                value,
                b"k",
                partition=partition.number,
                timestamp=timestamp,
                headers=[("h", b"v")],
            )
        assert self._producer.flush(WITHIN_S) == 0

    def trim(self, partition: Partition, low: int) -> None:
        where = TopicPartition(*partition, low)
        self._admin.delete_records([where])[where].result(WITHIN_S)

    def close(self) -> None:
        for broker in self._brokers:
            broker.close()
        self._producer.close()


class EmbeddedWorld(KafkaWorld):
    """librdkafka's mock cluster: topics come by themselves, and no admin requests are answered."""

    remembers = False

    def __init__(self) -> None:
        self._embedded = EmbeddedCluster()
        super().__init__(self._embedded.address, "consumer", "at_least_once")

    def topic(self, partitions: int) -> str:
        assert partitions <= PARTITIONS
        name = uuid.uuid4().hex
        self._admin.list_topics(name, timeout=WITHIN_S)
        return name

    def settings(self, group: str, instance: str) -> KafkaSettings:
        return self._embedded.settings(group, instance)

    def close(self) -> None:
        super().close()
        self._embedded.close()


class Member:
    """A member of a group that reads what it is given from the beginning, and notes what happens.

    low : where it goes on, between two polls, each time it hears that an offset is gone: as the loop does
    """

    def __init__(
        self,
        broker: Broker,
        topics: Sequence[str],
        *,
        takes: bool = True,
        patience_s: float = 0.05,
        low: int | None = None,
    ) -> None:
        self.broker = broker
        self._patience_s = patience_s
        self.owned: set[Partition] = set()
        self.given_back: set[Partition] = set()
        self.out_of_range_at: list[Partition] = []
        self.records: list[Record] = []
        self._takes = takes
        self._low = low
        self._fresh: list[Partition] = []
        self._gone: set[Partition] = set()
        broker.subscribe(topics, self)

    def assigned(self, partitions: Sequence[Partition]) -> None:
        self.owned |= set(partitions)
        self._fresh += partitions

    def revoked(self, partitions: Sequence[Partition]) -> None:
        self.owned -= set(partitions)
        self.given_back |= set(partitions)

    def lost(self, partitions: Sequence[Partition]) -> None:
        self.revoked(partitions)

    def out_of_range(self, partition: Partition) -> None:
        self.out_of_range_at.append(partition)
        self._gone.add(partition)

    def waiting(self) -> None:
        pass

    def poll(self) -> list[Record]:
        """One poll; what arrived is also kept in `records`."""
        if self._low is not None:
            for partition in self._gone:
                self.broker.resume(partition, self._low)
            self._gone.clear()
        batch = [record for run in self.broker.poll(1000, self._patience_s) for record in run]
        self.records += batch
        if self._takes:
            for partition in self._fresh:
                self.broker.resume(partition, 0)
        self._fresh.clear()
        return batch

    def values(self, partition: Partition) -> list[bytes | None]:
        """What was read of one partition, in order."""
        return [each.value for each in self.records if each.partition == partition]


def until(condition: Callable[[], bool], *members: Member) -> None:
    """Poll the members until the condition holds."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        for member in members:
            member.poll()


def answer(question: Callable[[], Answer], *members: Member) -> Answer:
    """Ask again, polling in between, until the broker answers."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            return question()
        except Pending:
            assert time.monotonic() < deadline, "no answer in time"
            for member in members:
                member.poll()


def read_all(broker: Broker, topic: str, partitions: int) -> list[Record]:
    """Every committed record of a topic, partition by partition."""
    records: list[Record] = []
    for number in range(partitions):
        partition = Partition(topic, number)
        marks = answer(lambda where=partition: broker.watermarks(where, 1.0))  # type: ignore[misc]
        reader = broker.reader(partition, marks.low, marks.end)
        deadline = time.monotonic() + WITHIN_S
        while not reader.done:
            assert time.monotonic() < deadline, "the end was not reached in time"
            records += reader.read(1000, 0.1)
        reader.close()
    return records


def commit(broker: Broker, outputs: Sequence[Output], offsets: dict[Partition, Committed]) -> None:
    """Commit within the test's patience."""
    broker.commit(Commit(outputs, offsets), WITHIN_S)
