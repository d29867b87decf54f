"""What `bench kafka` makes of what its workers tell."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from confluent_kafka import Producer

from processor.errors import OutputFailed, UsageError
from processor.study.bench import kafka_orders, latency
from processor.study.bench.kafka_orders import Cost, Sample, Told
from processor.study.bench.loop_parts import CLIENT, LoopParts


def _told(*samples: tuple[float, float, int, int], parts: Mapping[str, float] | None = None) -> Told:
    return Told([Sample(*each) for each in samples], parts or {})


def test_the_last_commit_is_counted_and_what_was_before_is_not() -> None:
    """A worker tells from its first records to behind its last commit."""
    told = _told((2.0, 9.0, 0, 150), (4.0, 10.0, 40, 190), (4.5, 10.2, 40, 195))

    cost = kafka_orders.cost([told])

    assert (cost.records, cost.wall, cost.gained) == (40, 2.5, 45)
    assert cost.resident == [150, 162.5, 175, 187.5, 195]
    assert cost.cpu == pytest.approx(1.2)


def test_too_few_records_are_no_rate() -> None:
    """All of them came at once."""
    with pytest.raises(OutputFailed, match="--records"):
        kafka_orders.cost([_told((2.0, 9.0, 40, 150))])


def test_two_instances_count_while_both_work() -> None:
    """From where the later one began to where the earlier one has ended."""
    first = _told((1.0, 1.0, 0, 0), (5.0, 5.0, 40, 0))
    second = _told((2.0, 1.0, 0, 0), (4.0, 3.0, 20, 0))

    assert kafka_orders.cost([first, second]) == Cost(records=40, wall=2.0, cpu=4.0, resident=[0] * 5)


def test_an_instance_without_a_partition_does_not_count() -> None:
    """The other had all partitions."""
    idle = _told((0.0, 0.0, 0, 0), (9.0, 0.5, 0, 0))
    busy = _told((1.0, 1.0, 0, 0), (3.0, 3.0, 40, 0))

    assert kafka_orders.cost([idle, busy]) == Cost(records=40, wall=2.0, cpu=2.0, resident=[0] * 5)


def test_parts_are_told_of_one_instance() -> None:
    """Those of two that began and ended at other times would not be what both cost meanwhile."""
    one = _told((1.0, 1.0, 0, 0), (5.0, 5.0, 40, 0), parts={"consume": 4.0})

    assert kafka_orders.cost([one]).parts == {"consume": 4.0}
    assert kafka_orders.cost([one, one]).parts == {}


def test_parts_add_up_to_the_process() -> None:
    """Whatever thread they belong to; librdkafka's are known."""
    producer = Producer({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})

    before = time.process_time()
    spent = LoopParts(threading.get_ident()).spent()
    after = time.process_time()

    assert before <= sum(spent.values()) + 1e-6
    assert sum(spent.values()) <= after + 1e-6
    assert spent[CLIENT] > 0
    del producer


def test_word_is_waited_for_behind_what_a_profiler_says() -> None:
    """py-spy tells on the worker's standard output that it samples; one that ends has not said the word."""
    say = "print('py-spy> Sampling process'); print('ready')"
    with subprocess.Popen([sys.executable, "-c", say], stdout=subprocess.PIPE, text=True) as worker:
        kafka_orders.await_word(worker, "ready")

        with pytest.raises(OutputFailed, match="not live"):
            kafka_orders.await_word(worker, "live")


def test_a_flame_graph_needs_py_spy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error says how to get it."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)

    with pytest.raises(UsageError, match=r"pip install -r requirements/dev\.txt"):
        kafka_orders.spy(tmp_path / "flames.svg")


def test_a_rate_that_we_cannot_keep_up_with_is_left_out_and_named() -> None:
    """The highest rate is 0.8 of what was measured; what is no lower tells nothing more."""
    assert latency.rates_below(27_500.4) == ([20, 1_000, 10_000, 27_500], [])
    assert latency.rates_below(7_000.0) == ([20, 1_000, 7_000], [10_000])
