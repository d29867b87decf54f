"""`bench kafka`: Kafka to Kafka, exactly once, against merely reading and parsing the same topic."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from processor import service
from processor.config import Settings
from processor.study.bench import kafka_clients, kafka_orders, latency
from processor.study.bench.kafka_orders import Cost, Order, own_settings
from processor.study.bench.plot import draw
from processor.study.bench.rows import OURS, Row, Stage, by_quarters, report
from processor.study.bench.workload import (
    HISTORY,
    HISTORY_END,
    RECORDED,
    Raw,
    history,
    mixed,
    say_skipped,
    tiled,
)
from processor.study.progress import bar

_PARTITIONS: Final = 2
_NEW_SHARE: Final = 0.05
# What fewer and more new command lines change is measured in one turn with a part of the records.
_OTHER_SHARES: Final = (0.01, 0.2, 1.0)
_PART: Final = 5
_PAIR: Final = f"{OURS}, 2 instances"
# The first lap of the real stream is history.
_LAP: Final = 6306


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: records behind the history, turns of each engine, seconds of each rate.

    records, rounds : of the two main streams
    """

    records: int = 1_500_000
    rounds: int = 2
    seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class _Stream:
    """What a topic is filled with: a history that is learned, and `count` fresh records that are measured."""

    name: str
    before: Iterable[Raw]
    fresh: Iterable[Raw]
    count: int
    rounds: int


@dataclass(frozen=True, slots=True)
class _Workload:
    """A filled topic: what is measured begins behind the history, in every partition at once.

    starts, ends : offsets of each partition
    """

    name: str
    topic: str
    starts: Sequence[int]
    ends: Sequence[int]
    rounds: int


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
    kafka = settings.kafka.model_copy(update={"start": "earliest", "bootstrap_servers": bootstrap})
    settings = settings.model_copy(update={"kafka": kafka})
    engines = [OURS, "json.loads", *(["orjson"] if kafka_orders.has_orjson() else []), "nothing"]
    first: _Workload | None = None
    rows: list[Row] = []
    try:
        for stream in _streams(plan):
            workload = _fill(stream, settings)
            first = first or workload
            rows += _compare(workload, engines if rows else [*engines, _PAIR], settings)
        rows += latency.measure(settings, plan.seconds, 0.8 * (rows[0].events_per_s or 0))
    finally:
        # What was measured is told, whatever came after it.
        if rows:
            _tell(rows, json_path, plot)
    if spy and first:
        kafka_orders.work([_order(first, settings, kafka_orders.name(), "1")], spy)


def _tell(rows: Sequence[Row], json_path: Path | None, plot: Path | None) -> None:
    for row in rows:
        if row.resident is not None and row.engine.startswith(OURS):
            print(f"{row.workload}, {row.engine}: {by_quarters(row.resident)}")  # noqa: T201
        for part, stage in (row.stages or {}).items():
            print(f"  {part}: {stage.us_per_event:,.2f} us of CPU an event, {stage.share:.1%}")  # noqa: T201
    report(rows, json_path)
    if plot is not None:
        draw(rows, "Kafka to Kafka", plot)


def _streams(plan: Plan) -> Iterator[_Stream]:
    """The first is the one that two instances share, and by whose rate the latencies are measured."""
    yield _mixed(_NEW_SHARE, plan.records, plan.rounds)
    if RECORDED.is_file():
        records = tiled(RECORDED, _LAP + plan.records)
        name = "Kafka to Kafka, mstic_win1 tiled"
        yield _Stream(name, islice(records, _LAP), records, _LAP + plan.records, plan.rounds)
    else:
        say_skipped("mstic_win1 tiled")
    for share in _OTHER_SHARES:
        yield _mixed(share, plan.records // _PART, 1)


def _mixed(new_share: float, records: int, rounds: int) -> _Stream:
    fresh = mixed(records, new_share, lap=1, begin=HISTORY_END)
    name = f"Kafka to Kafka, mixed, {new_share:.0%} new"
    return _Stream(name, history(), fresh, HISTORY + records, rounds)


def _fill(stream: _Stream, settings: Settings) -> _Workload:
    """A topic of the stream's records, those of its history before the fresh ones."""
    kafka, topic = service.kafka_settings(settings), kafka_orders.name()
    kafka_clients.create(kafka, topic, _PARTITIONS)
    with bar(f"fill a topic: {stream.name}") as progress:
        kafka_clients.fill(kafka, topic, stream.before, lambda done: progress(done, stream.count))
        starts = kafka_clients.ends(kafka, topic, _PARTITIONS)
        kafka_clients.fill(
            kafka, topic, stream.fresh, lambda done: progress(sum(starts) + done, stream.count)
        )
    ends = kafka_clients.ends(kafka, topic, _PARTITIONS)
    return _Workload(stream.name, topic, starts, ends, stream.rounds)


def _compare(workload: _Workload, engines: Sequence[str], settings: Settings) -> list[Row]:
    """Every engine in turn, so that a busy machine slows them alike.

    The topic is read once before: who reads first what has just been written waits for the brokers.
    """
    kafka_orders.work(_orders(workload, "nothing", settings))
    costs: dict[str, list[Cost]] = {engine: [] for engine in engines}
    with bar(workload.name) as progress:
        for turn in range(workload.rounds * len(engines)):
            progress(turn, workload.rounds * len(engines))
            engine = engines[turn % len(engines)]
            costs[engine].append(kafka_orders.cost(kafka_orders.work(_orders(workload, engine, settings))))
    ours, *others = [_row(workload, engine, costs[engine]) for engine in engines]
    return [ours, *(_gain(row, ours) if row.engine == _PAIR else row for row in others)]


def _gain(pair: Row, one: Row) -> Row:
    """By the clock on the wall: in events per second of CPU a second instance gains nothing."""
    times = (pair.events_per_s or 0) / (one.events_per_s or 1)
    return replace(pair, note=f"{times:.2f} times the events/s of one")


def _orders(workload: _Workload, engine: str, settings: Settings) -> list[Order]:
    group = kafka_orders.name()
    if engine == OURS:
        return [_order(workload, settings, group, "1")]
    if engine == _PAIR:
        return [_order(workload, settings, group, each, share=_PARTITIONS // 2) for each in "12"]
    own = own_settings(settings, workload.topic, group, group).model_dump_json()
    return [Order(own, workload.topic, workload.starts, workload.ends, engine)]


def _order(
    workload: _Workload, settings: Settings, group: str, instance: str, *, share: int = _PARTITIONS
) -> Order:
    own = own_settings(settings, workload.topic, group, f"{group}-{instance}").model_dump_json()
    return Order(own, workload.topic, workload.starts, workload.ends, share=share)


def _row(workload: _Workload, engine: str, costs: Sequence[Cost]) -> Row:
    records = sum(cost.records for cost in costs)
    cpu = sum(cost.cpu for cost in costs)
    parts: Counter[str] = Counter()
    for cost in costs:
        parts.update(cost.parts)
    stages = {part: Stage(spent / records * 1e6, spent / cpu) for part, spent in parts.items()}
    return Row(
        workload.name,
        engine if engine.startswith(OURS) else f"consume(500) + {engine}",
        None,
        records / sum(cost.wall for cost in costs),
        records / cpu,
        bytes_per_event=sum(cost.gained for cost in costs) / records,
        resident=costs[-1].resident,
        stages=stages or None,
    )
