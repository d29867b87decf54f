"""From produce to committed anomaly: how long it takes at several rates, one instance, default settings."""

import threading
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Final, NamedTuple

import numpy as np

from processor import service
from processor.config import Settings
from processor.stream.librdkafka import KafkaSettings
from processor.study.bench import kafka_clients, kafka_orders
from processor.study.bench.kafka_orders import QUARTERS, Order, Sample, own_settings
from processor.study.bench.rows import OURS, Row
from processor.study.bench.workload import HISTORY_END, Raw, history, mixed
from processor.study.progress import bar

_RATES: Final = (20, 1_000, 10_000)
# Before anything is measured: a JVM that has just started compiles what it runs, on the same cores.
_WARM_UP_RATE: Final = 1_000
_WARM_UP_S: Final = 10.0
_NEW_SHARE: Final = 0.05
# Published anomalies wanted at each rate, a 99th percentile's worth; of low rates fewer records are Windows'.
_ANOMALIES: Final = 1_000
# Of the records, those that may be a program never seen before.
_WINDOWS_SHARE: Final = 0.7
_WAIT_S: Final = 20.0
_POLL_S: Final = 0.2


class _Lap(NamedTuple):
    """One rate: when it began and ended, s of the monotonic clock; s from produce to each anomaly.

    strange : records of programs never seen before: with the default config each is published
    """

    rate: int
    records: int
    strange: int
    begin: float
    end: float
    taken: list[float]


def measure(settings: Settings, seconds: float, most: float) -> list[Row]:
    """A row for each rate, the highest `most`, events/s; event times are of the produce, not of the record.

    What is not measured goes before: brokers, and a service, that have just been started are slower.
    Raises RunError where the brokers do not answer.
    """
    topic, group = kafka_orders.name(), kafka_orders.name()
    rates, left_out = rates_below(most)
    for rate in left_out:
        print(f"left out: {rate:,}/s is more than 0.8 of our own rate, {most:,.0f}/s")  # noqa: T201
    own = own_settings(settings, topic, group, group)
    own = own.model_copy(update={"kafka": own.kafka.model_copy(update={"start": "now"})})
    kafka = service.kafka_settings(own)
    kafka_clients.create(kafka, topic, 1)
    kafka_clients.fill(kafka, topic, history(), lambda _: None)
    order = Order(own.model_dump_json(), topic, stays=True)
    plan = [(min(_WARM_UP_RATE, rates[-1]), _WARM_UP_S), *((rate, seconds) for rate in rates)]
    laps: list[_Lap] = []
    with kafka_orders.start(order) as worker, bar("latency") as progress:
        kafka_orders.await_word(worker, kafka_orders.LIVE)
        begin = HISTORY_END
        for number, (rate, lasts) in enumerate(plan, 1):
            progress(number - 1, len(plan))
            records = _records(rate, lasts, number, begin)
            begin = records[-1].timestamp + 1
            laps.append(_run(kafka, topic, records, rate))
        samples = kafka_orders.told_by(worker).samples
    return [_row(lap, samples) for lap in laps[1:]]


def rates_below(most: float) -> tuple[list[int], list[int]]:
    """The rates to measure, `most` the last of them; and those that are left out, for they are no less."""
    return [*(rate for rate in _RATES if rate < most), round(most)], [rate for rate in _RATES if rate >= most]


def _records(rate: int, seconds: float, lap: int, begin: int) -> list[Raw]:
    """Records of one rate; enough of them of programs never seen before, each of them published."""
    count = max(1, round(rate * seconds))
    strange = min(1.0, _ANOMALIES / (count * _WINDOWS_SHARE))
    return list(mixed(count, _NEW_SHARE, lap=lap, begin=begin, step=1000 / rate, strange=strange))


def _run(kafka: KafkaSettings, topic: str, records: Sequence[Raw], rate: int) -> _Lap:
    """Produce at the rate, and wait for the anomalies that come of it."""
    strange = sum(b"ProgramData" in record.value for record in records)
    with closing(kafka_clients.Arrivals(kafka, f"{topic}.anomalies")) as arrivals:
        sending = threading.Thread(target=kafka_clients.paced, args=(kafka, topic, records, rate))
        begin = time.monotonic()
        sending.start()
        taken: list[float] = []
        grew = end = begin
        while sending.is_alive() or (len(taken) < strange and time.monotonic() - grew < _WAIT_S):
            came = arrivals.next(_POLL_S)
            taken += came
            if sending.is_alive():
                grew = end = time.monotonic()
            elif came:
                grew = time.monotonic()
    return _Lap(rate, len(records), strange, begin, end, taken)


def _row(lap: _Lap, samples: Sequence[Sample]) -> Row:
    at, cpu, _, memory = np.array(samples, np.float64).T
    spent = float(np.diff(np.interp((lap.begin, lap.end), at, cpu))[0])
    resident = np.interp(np.linspace(lap.begin, lap.end, QUARTERS + 1), at, memory).tolist()
    taken = np.quantile(lap.taken, (0.5, 0.99, 1.0)) * 1e6 if lap.taken else [None] * 3
    p50, p99, most = (None if value is None else float(value) for value in taken)
    few = f"{len(lap.taken)} anomalies of {lap.strange} programs never seen before"
    return Row(
        f"produce to committed anomaly, {lap.rate:,}/s",
        OURS,
        None,
        lap.records / (lap.end - lap.begin),
        lap.records / spent,
        p50_us=p50,
        p99_us=p99,
        max_us=most,
        bytes_per_event=(resident[-1] - resident[0]) / lap.records,
        resident=resident,
        note=few if len(lap.taken) < lap.strange else None,
    )
