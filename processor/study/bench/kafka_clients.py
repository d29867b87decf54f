"""The clients of `bench kafka` that are no service: who fills topics, merely reads, or reads anomalies.

All connect as the service does, with `kafka.properties`, and tell their errors but once: librdkafka's own log
is left to `logs`.
"""

import importlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from processor.errors import BrokerUnreachable
from processor.stream import librdkafka
from processor.stream.kafka import KafkaBroker
from processor.stream.librdkafka import KafkaSettings
from processor.stream.records import AT_LEAST_ONCE
from processor.study.bench.workload import Raw

_BATCH: Final = 500
_ANSWER_WITHIN_S: Final = 30.0
_TICK_S: Final = 0.002
# What a consumer that joins no group has no use for; librdkafka would compare the last with others.
_MEMBERS: Final = frozenset(
    {"group.protocol", "group.instance.id", "partition.assignment.strategy", "max.poll.interval.ms"}
)


def create(kafka: KafkaSettings, topic: str, partitions: int) -> None:
    """A new topic that keeps whatever time its records bear; raises BrokerUnreachable, OutputFailed."""
    with closing(KafkaBroker(replace(kafka, delivery=AT_LEAST_ONCE))) as broker:
        broker.describe([topic])
        broker.create(topic, partitions, {"retention.ms": "-1"})


def fill(kafka: KafkaSettings, topic: str, records: Iterable[Raw], told: Callable[[int], None]) -> None:
    """Write records by their keys, stamped now; `told` hears how many there are so far."""
    producer = Producer({**librdkafka.admin(kafka), "linger.ms": 20})
    for number, record in enumerate(records):
        while True:
            try:
                producer.produce(topic, record.value, record.key)
                break
            except BufferError:
                producer.poll(0.1)
        if number % 1000 == 0:
            told(number)
            producer.poll(0)
    _flush(producer, kafka)


def paced(kafka: KafkaSettings, topic: str, records: Sequence[Raw], rate: float) -> None:
    """Write records at a rate, per second, each as soon as it is due."""
    producer = Producer({**librdkafka.admin(kafka), "linger.ms": 0})
    began, sent = time.perf_counter(), 0
    while sent < len(records):
        due = min(len(records), int((time.perf_counter() - began) * rate) + 1)
        for record in records[sent:due]:
            producer.produce(topic, record.value, record.key)
        sent = due
        producer.poll(_TICK_S)
    _flush(producer, kafka)


def ends(kafka: KafkaSettings, topic: str, partitions: int) -> list[int]:
    """The offset behind the last record of each partition; raises BrokerUnreachable."""
    with closing(_consumer(kafka)) as consumer:
        return [_end(consumer, kafka, TopicPartition(topic, number)) for number in range(partitions)]


def read(kafka: KafkaSettings, topic: str, starts: Sequence[int], parser: str) -> Iterator[int]:
    """How many records more have been read and parsed: what a naive loop does, and nothing else.

    starts : the offset where it begins in each partition
    parser : "json.loads", "orjson", or "nothing"
    """
    parse: Callable[[bytes], Any] | None = None
    if parser != "nothing":
        parse = json.loads if parser == "json.loads" else importlib.import_module("orjson").loads
    consumer = _consumer(kafka)
    consumer.assign([TopicPartition(topic, number, start) for number, start in enumerate(starts)])
    with closing(consumer):
        while True:
            read = 0
            for message in consumer.consume(_BATCH, 1.0):
                value = message.value()
                if value is not None and message.error() is None:
                    if parse is not None:
                        parse(value)
                    read += 1
            yield read


class Arrivals:
    """Reads a topic of anomalies as an alerting system would: committed ones, as they come."""

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        """Begin at the end of the topic's only partition; raises BrokerUnreachable."""
        self._consumer = _consumer(kafka)
        place = TopicPartition(topic, 0)
        place.offset = _end(self._consumer, kafka, place)
        self._consumer.assign([place])

    def next(self, timeout_s: float) -> list[float]:
        """Seconds from the Kafka timestamp of an anomaly's record to the anomaly's arrival, each that came.

        The timestamp has milliseconds: of so much is every one of them in doubt.
        """
        message = self._consumer.poll(timeout_s)
        if message is None or message.error() is not None:
            return []
        now = time.time()
        document = json.loads(message.value() or b"")
        return [now - datetime.fromisoformat(document["event"]["created"]).timestamp()]

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()


def _consumer(kafka: KafkaSettings) -> Consumer:
    """Told what the service's own is told, but for its place in a group."""
    own = librdkafka.consumer(kafka)
    return Consumer({name: value for name, value in own.items() if name not in _MEMBERS})


def _end(consumer: Consumer, kafka: KafkaSettings, place: TopicPartition) -> int:
    try:
        return consumer.get_watermark_offsets(place, timeout=_ANSWER_WITHIN_S, cached=False)[1]
    except KafkaException as failure:
        raise BrokerUnreachable(f"{kafka.bootstrap_servers}: {failure.args[0].str()}") from None


def _flush(producer: Producer, kafka: KafkaSettings) -> None:
    if producer.flush(_ANSWER_WITHIN_S):
        raise BrokerUnreachable(
            f"{kafka.bootstrap_servers}: records were not taken within {_ANSWER_WITHIN_S:.0f} s"
        )
