"""The clients of `bench kafka` that are no service: who fills topics, merely reads, or reads anomalies."""

import importlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from processor.errors import BrokerUnreachable
from processor.study.bench.workload import Raw

_BATCH: Final = 500
_ANSWER_WITHIN_S: Final = 30.0
# What librdkafka says by itself, as syslog counts.
_ERRORS: Final = 3
_TICK_S: Final = 0.002
# What our own consumer is told: without it any reader waits a second wherever its queue was full.
_SAME: Final = {"fetch.queue.backoff.ms": 5, "enable.auto.commit": False}


def create(bootstrap: str, topic: str, partitions: int) -> None:
    """A new topic that keeps whatever time its records bear; raises BrokerUnreachable."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": _ERRORS})
    new = NewTopic(topic, partitions, -1, config={"retention.ms": "-1"})
    try:
        admin.create_topics([new])[topic].result(timeout=_ANSWER_WITHIN_S)
    except KafkaException as failure:
        raise BrokerUnreachable(f"{bootstrap}: {failure.args[0].str()}") from None
    except TimeoutError:
        raise BrokerUnreachable(f"no answer from the brokers at {bootstrap!r}: check --bootstrap") from None


def fill(bootstrap: str, topic: str, records: Iterable[Raw], told: Callable[[int], None]) -> None:
    """Write records by their keys, stamped now; `told` hears how many there are so far."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20})
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
    _flush(producer, bootstrap)


def paced(bootstrap: str, topic: str, records: Sequence[Raw], rate: float) -> None:
    """Write records at a rate, per second, each as soon as it is due."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
    began, sent = time.perf_counter(), 0
    while sent < len(records):
        due = min(len(records), int((time.perf_counter() - began) * rate) + 1)
        for record in records[sent:due]:
            producer.produce(topic, record.value, record.key)
        sent = due
        producer.poll(_TICK_S)
    _flush(producer, bootstrap)


def ends(bootstrap: str, topic: str, partitions: int) -> list[int]:
    """The offset behind the last record of each partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "log_level": _ERRORS})
    with closing(consumer):
        return [
            consumer.get_watermark_offsets(
                TopicPartition(topic, number), timeout=_ANSWER_WITHIN_S, cached=False
            )[1]
            for number in range(partitions)
        ]


def read(bootstrap: str, topic: str, starts: Sequence[int], parser: str) -> Iterator[int]:
    """How many records more have been read and parsed: what a naive loop does, and nothing else.

    starts : the offset where it begins in each partition
    parser : "json.loads", "orjson", or "nothing"
    """
    parse: Callable[[bytes], Any] | None = None
    if parser != "nothing":
        parse = json.loads if parser == "json.loads" else importlib.import_module("orjson").loads
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", **_SAME})
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

    def __init__(self, bootstrap: str, topic: str) -> None:
        """Begin at the end of the topic's only partition."""
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "bench",
                "isolation.level": "read_committed",
                **_SAME,
            }
        )
        place = TopicPartition(topic, 0)
        _, place.offset = self._consumer.get_watermark_offsets(place, timeout=_ANSWER_WITHIN_S, cached=False)
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


def _flush(producer: Producer, bootstrap: str) -> None:
    if producer.flush(_ANSWER_WITHIN_S):
        raise BrokerUnreachable(f"{bootstrap}: records were not taken within {_ANSWER_WITHIN_S:.0f} s")
