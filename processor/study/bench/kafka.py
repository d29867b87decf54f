"""`bench kafka`: Kafka to Kafka, exactly once, against merely reading and parsing the same topic."""

import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from confluent_kafka import Consumer, Producer, TopicPartition

from processor import service
from processor.config import Settings
from processor.study.bench.rows import OURS, Row, report
from processor.study.bench.workload import mixed
from processor.study.progress import bar

_RECORDS: Final = 60_000
_NEW_SHARE: Final = 0.05
_RAW_BATCH: Final = 500
_ASK_S: Final = 0.02


class _Cost(NamedTuple):
    """What one reader needed for all records, seconds; CPU of all its threads."""

    wall: float
    cpu: float


def run(settings: Settings, bootstrap: str, json_path: Path | None) -> None:
    """Fill a topic of its own, read it with each engine in a process of its own, print and write the rates.

    settings : what the service is to run with; its topics, group and instance are the bench's own
    Raises RunError where the brokers do not answer, OutputFailed.
    """
    name = f"bench-{uuid.uuid4().hex[:8]}"
    with bar("fill the topic") as progress:
        own = _settings(settings, bootstrap, name)
        service.prepare(own, service.build(own, service.connect(own)))
        _fill(bootstrap, name, progress)
    engines: dict[str, Callable[[], _Cost]] = {
        "consume(500) + json.loads": lambda: _apart(_raw, bootstrap, name, "json"),
        "consume(500)": lambda: _apart(_raw, bootstrap, name, "nothing"),
        OURS: lambda: _apart(_ours, own.model_dump_json()),
    }
    workload = f"Kafka to Kafka, mixed, {_NEW_SHARE:.0%} new"
    costs = {engine: measure() for engine, measure in engines.items()}
    report(
        [
            Row(workload, engine, None, _RECORDS / cost.wall, _RECORDS / cost.cpu)
            for engine, cost in costs.items()
        ],
        json_path,
    )


def _settings(settings: Settings, bootstrap: str, name: str) -> Settings:
    kafka = settings.kafka.model_copy(
        update={
            "bootstrap_servers": bootstrap,
            "input_topics": (name,),
            "anomalies_topic": f"{name}.anomalies",
            "dead_letters_topic": f"{name}.dead-letters",
            "state_topic": f"{name}.state",
            "group_id": name,
            "instance": name,
            "start": "earliest",
            "create_topics": True,
        }
    )
    web = settings.web.model_copy(update={"port": 0})
    return settings.model_copy(update={"kafka": kafka, "web": web})


def _fill(bootstrap: str, topic: str, progress: Callable[[int, int], None]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 50})
    for number, record in enumerate(mixed(_RECORDS, _NEW_SHARE)):
        # Stamped now: retention would delete what is as old as the events say.
        producer.produce(topic, record.value, record.key, partition=0)
        if number % 1_000 == 0:
            progress(number, _RECORDS)
            producer.poll(0)
            producer.flush()
    producer.flush()


def _apart(work: Callable[..., _Cost], *arguments: Any) -> _Cost:
    """Run in a fresh process: its CPU is all its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _raw(bootstrap: str, topic: str, parse: Literal["json", "nothing"]) -> _Cost:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "bench",
            "enable.auto.commit": False,
            # The settings that our own consumer has.
            "fetch.queue.backoff.ms": 5,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    wall, cpu = time.perf_counter(), time.process_time()
    read = 0
    while read < _RECORDS:
        for message in consumer.consume(_RAW_BATCH, 1.0):
            value = message.value()
            if value is not None and message.error() is None:
                if parse == "json":
                    json.loads(value)
                read += 1
    cost = _Cost(time.perf_counter() - wall, time.process_time() - cpu)
    consumer.close()
    return cost


def _ours(dumped: str) -> _Cost:
    settings = Settings.model_validate_json(dumped)
    built = service.build(settings, service.connect(settings))
    service.prepare(settings, built)
    stop = threading.Event()
    wall, cpu = time.perf_counter(), time.process_time()
    loop = threading.Thread(target=built.run, args=(stop,))
    loop.start()
    while loop.is_alive() and sum(each.next_offset for each in built.board.current.partitions) < _RECORDS:
        time.sleep(_ASK_S)
    stop.set()
    loop.join()
    return _Cost(time.perf_counter() - wall, time.process_time() - cpu)
