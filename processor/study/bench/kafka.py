"""`bench kafka`: Kafka to Kafka, exactly once, against merely reading and parsing the same topic."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from processor.config import Settings
from processor.study.bench import kafka_clients, kafka_orders, latency
from processor.study.bench.kafka_orders import Cost, Order, own_settings
from processor.study.bench.plot import draw
from processor.study.bench.rows import OURS, Row, by_quarters, report
from processor.study.bench.workload import HISTORY, HISTORY_END, Raw, history, mixed, tiled
from processor.study.progress import bar

_PARTITIONS: Final = 2
_NEW_SHARE: Final = 0.05
_PAIR: Final = f"{OURS}, 2 instances"
# The real stream, where the checkout has the recorded data beside it; its first lap is history.
_RECORDED: Final = Path("../shared/data/events/mstic_win1.jsonl.gz")
_LAP: Final = 6306


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: records behind the history, turns of each engine, seconds of each rate."""

    records: int = 1_500_000
    rounds: int = 2
    seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class _Workload:
    """A filled topic: what is measured begins behind the history, in every partition at once.

    starts, ends : offsets of each partition
    """

    name: str
    topic: str
    starts: Sequence[int]
    ends: Sequence[int]


def run(
    settings: Settings,
    bootstrap: str,
    json_path: Path | None,
    *,
    plan: Plan | None = None,
    plot: Path | None = None,
    profile: Path | None = None,
) -> None:
    """Fill topics, read them with each engine in a process of its own, measure latencies; print and write.

    settings : what the service is to run with; its topics, group and instance are the bench's own
    profile : where a flame graph of one run more goes
    Raises RunError where the brokers do not answer, OutputFailed, UsageError where py-spy is missing.
    """
    plan = plan or Plan()
    spy = [] if profile is None else kafka_orders.spy(profile)
    settings = settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"start": "earliest"})})
    workloads = _filled(bootstrap, plan)
    engines = [OURS, "json.loads", *(["orjson"] if kafka_orders.has_orjson() else []), "nothing"]
    rows = _compare(workloads[0], [*engines, _PAIR], settings, bootstrap, plan.rounds)
    for workload in workloads[1:]:
        rows += _compare(workload, engines, settings, bootstrap, plan.rounds)
    try:
        rows += latency.measure(settings, bootstrap, plan.seconds, 0.8 * (rows[0].events_per_s or 0))
    finally:
        # What was measured is told, whatever came after it.
        _tell(rows, json_path, plot)
    if spy:
        kafka_orders.work([_order(workloads[0], settings, bootstrap, kafka_orders.name(), "1")], spy)


def _tell(rows: Sequence[Row], json_path: Path | None, plot: Path | None) -> None:
    for row in rows:
        if row.resident is not None and row.engine.startswith(OURS):
            print(f"{row.workload}, {row.engine}: {by_quarters(row.resident)}")  # noqa: T201
    report(rows, json_path)
    if plot is not None:
        draw(rows, "Kafka to Kafka", plot)


def _filled(bootstrap: str, plan: Plan) -> list[_Workload]:
    fresh = mixed(plan.records, _NEW_SHARE, lap=1, begin=HISTORY_END)
    name = f"Kafka to Kafka, mixed, {_NEW_SHARE:.0%} new"
    found = [_fill(name, bootstrap, history(), fresh, HISTORY + plan.records)]
    if _RECORDED.is_file():
        records = tiled(_RECORDED, _LAP + plan.records)
        name = "Kafka to Kafka, mstic_win1 tiled"
        found.append(_fill(name, bootstrap, islice(records, _LAP), records, _LAP + plan.records))
    else:
        print(f"skipped: mstic_win1 tiled ({_RECORDED} is not there)")  # noqa: T201
    return found


def _fill(name: str, bootstrap: str, before: Iterable[Raw], fresh: Iterable[Raw], count: int) -> _Workload:
    """A topic of `count` records, those of its history before the fresh ones."""
    topic = kafka_orders.name()
    kafka_clients.create(bootstrap, topic, _PARTITIONS)
    with bar(f"fill a topic: {name}") as progress:
        kafka_clients.fill(bootstrap, topic, before, lambda done: progress(done, count))
        starts = kafka_clients.ends(bootstrap, topic, _PARTITIONS)
        kafka_clients.fill(bootstrap, topic, fresh, lambda done: progress(sum(starts) + done, count))
    return _Workload(name, topic, starts, kafka_clients.ends(bootstrap, topic, _PARTITIONS))


def _compare(
    workload: _Workload, engines: Sequence[str], settings: Settings, bootstrap: str, rounds: int
) -> list[Row]:
    """Every engine in turn, so that a busy machine slows them alike."""
    costs: dict[str, list[Cost]] = {engine: [] for engine in engines}
    with bar(workload.name) as progress:
        for turn in range(rounds * len(engines)):
            progress(turn, rounds * len(engines))
            engine = engines[turn % len(engines)]
            orders = _orders(workload, engine, settings, bootstrap)
            costs[engine].append(kafka_orders.cost(kafka_orders.work(orders)))
    return [_row(workload, engine, costs[engine]) for engine in engines]


def _orders(workload: _Workload, engine: str, settings: Settings, bootstrap: str) -> list[Order]:
    group = kafka_orders.name()
    if engine == OURS:
        return [_order(workload, settings, bootstrap, group, "1")]
    if engine == _PAIR:
        share = _PARTITIONS // 2
        return [_order(workload, settings, bootstrap, group, each, share=share) for each in "12"]
    return [Order(bootstrap, workload.topic, workload.starts, workload.ends, engine)]


def _order(
    workload: _Workload,
    settings: Settings,
    bootstrap: str,
    group: str,
    instance: str,
    *,
    share: int = _PARTITIONS,
) -> Order:
    own = own_settings(settings, bootstrap, workload.topic, group, f"{group}-{instance}").model_dump_json()
    return Order(bootstrap, workload.topic, workload.starts, workload.ends, settings=own, share=share)


def _row(workload: _Workload, engine: str, costs: list[Cost]) -> Row:
    records = sum(cost.records for cost in costs)
    return Row(
        workload.name,
        engine if engine.startswith(OURS) else f"consume(500) + {engine}",
        None,
        records / sum(cost.wall for cost in costs),
        records / sum(cost.cpu for cost in costs),
        bytes_per_event=sum(cost.gained for cost in costs) / records,
        resident=costs[-1].resident,
    )
