"""From produce to committed anomaly: how long it takes at several rates, one instance, default settings."""

import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from processor.config import Settings
from processor.errors import OutputFailed
from processor.study.bench import kafka_clients, kafka_orders
from processor.study.bench.kafka_orders import Order, Sample, own_settings
from processor.study.bench.rows import OURS, Row
from processor.study.bench.workload import HISTORY_END, Raw, history, mixed
from processor.study.progress import bar

_RATES: Final = (20, 1_000, 10_000)
_NEW_SHARE: Final = 0.05
# Published anomalies to measure at each rate: so many make a 99th percentile.
_ANOMALIES: Final = 1_000
# Of the records, those that may be a program never seen before.
_WINDOWS_SHARE: Final = 0.7
_WAIT_S: Final = 20.0
_POLL_S: Final = 0.2


class _Lap(NamedTuple):
    """One rate: when it began and ended, s of the monotonic clock; s from produce to each anomaly."""

    rate: int
    records: int
    begin: float
    end: float
    taken: list[float]


def measure(settings: Settings, bootstrap: str, seconds: float, most: float) -> list[Row]:
    """A row for each rate, the highest `most`, events/s; event times are of the produce, not of the record.

    Raises RunError where the brokers do not answer or an anomaly does not arrive.
    """
    topic, group = kafka_orders.name(), kafka_orders.name()
    kafka_clients.create(bootstrap, topic, 1)
    kafka_clients.fill(bootstrap, topic, history(), lambda _: None)
    own = own_settings(settings, bootstrap, topic, group, group)
    own = own.model_copy(update={"kafka": own.kafka.model_copy(update={"start": "now"})})
    order = Order(bootstrap, topic, settings=own.model_dump_json(), stays=True)
    laps: list[_Lap] = []
    with kafka_orders.start(order) as worker, bar("latency") as progress:
        kafka_orders.await_word(worker, kafka_orders.LIVE)
        rates = [*(rate for rate in _RATES if rate < most), round(most)]
        begin = HISTORY_END
        for number, rate in enumerate(rates, 1):
            progress(number - 1, len(rates))
            records = _records(rate, seconds, number, begin)
            begin = records[-1].timestamp + 1
            laps.append(_run(bootstrap, topic, records, rate))
        samples = kafka_orders.samples_of(worker)
    return [_row(lap, samples) for lap in laps]


def _records(rate: int, seconds: float, lap: int, begin: int) -> list[Raw]:
    """Records of one rate; enough of them of programs never seen before, each of them published."""
    count = max(1, round(rate * seconds))
    strange = min(1.0, _ANOMALIES / (count * _WINDOWS_SHARE))
    return list(mixed(count, _NEW_SHARE, lap=lap, begin=begin, step=1000 / rate, strange=strange))


def _run(bootstrap: str, topic: str, records: Sequence[Raw], rate: int) -> _Lap:
    """Produce at the rate, and wait for every anomaly that must come of it."""
    awaited = sum(b"ProgramData" in record.value for record in records)
    with closing(kafka_clients.Arrivals(bootstrap, f"{topic}.anomalies")) as arrivals:
        sending = threading.Thread(target=kafka_clients.paced, args=(bootstrap, topic, records, rate))
        begin = time.monotonic()
        sending.start()
        taken: list[float] = []
        grew = end = begin
        while sending.is_alive() or len(taken) < awaited:
            taken += arrivals.next(_POLL_S)
            now = time.monotonic()
            grew = now if sending.is_alive() else grew
            end = end if not sending.is_alive() else now
            if now - grew > _WAIT_S:
                raise OutputFailed(f"{awaited} anomalies at least should have come, {len(taken)} came")
    return _Lap(rate, len(records), begin, end, taken)


def _row(lap: _Lap, samples: Sequence[Sample]) -> Row:
    at, cpu, *_ = np.array(samples, np.float64).T
    spent = float(np.diff(np.interp((lap.begin, lap.end), at, cpu))[0])
    p50, p99, most = (float(value) * 1e6 for value in np.quantile(lap.taken, (0.5, 0.99, 1.0)))
    return Row(
        f"produce to committed anomaly, {lap.rate:,}/s",
        OURS,
        None,
        lap.records / (lap.end - lap.begin),
        lap.records / spent,
        p50_us=p50,
        p99_us=p99,
        max_us=most,
    )


def draw(rows: Sequence[Row], path: Path) -> None:
    """Rates of each engine, and latencies, as one HTML file; raises OutputFailed."""
    from plotly import graph_objects  # noqa: PLC0415 - half a second, for the plot alone
    from plotly.subplots import make_subplots  # noqa: PLC0415

    figure = make_subplots(
        rows=2, cols=1, subplot_titles=["events per CPU second", "produce to committed anomaly, ms"]
    )
    for row in rows:
        if row.p50_us is None and row.events_per_cpu_s is not None:
            label = f"{row.engine}<br>{row.workload}"
            figure.add_trace(graph_objects.Bar(x=[label], y=[row.events_per_cpu_s], showlegend=False), 1, 1)
    timed = [row for row in rows if row.p50_us is not None]
    for name, field in (("p50", "p50_us"), ("p99", "p99_us"), ("max", "max_us")):
        values = [getattr(row, field) / 1000 for row in timed]
        figure.add_trace(graph_objects.Scatter(x=[row.workload for row in timed], y=values, name=name), 2, 1)
    figure.update_yaxes(type="log", row=2, col=1)
    figure.update_layout(height=900, title="Kafka to Kafka")
    try:
        path.write_text(figure.to_html(include_plotlyjs=True), encoding="utf-8")
    except OSError as error:
        raise OutputFailed(f"cannot write {path}: {error.strerror}") from error
