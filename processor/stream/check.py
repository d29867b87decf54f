"""`config check --broker`: whether topics, keys and rights are what the service needs, before it starts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from processor.pipeline import Pipeline, PipelineSettings
from processor.stream import state_topic
from processor.stream.records import Record, TopicFacts

Level = Literal["good", "advice", "wrong"]
GOOD: Final = "good"
ADVICE: Final = "advice"
WRONG: Final = "wrong"

# Newest records of each partition that are looked at for their scopes.
SAMPLE: Final = 2_000
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer; `text` says what is wrong and what mends it."""

    level: Level
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.text}"


@dataclass(frozen=True, slots=True)
class Needs:
    """What the service will ask of the brokers.

    retention : ms of log that a first start or a restore without state reads back
    """

    bootstrap_servers: str
    inputs: Sequence[str]
    anomalies: str
    dead_letters: str
    state: str
    creates_topics: bool
    retention: int
    pipeline: PipelineSettings


@dataclass(frozen=True, slots=True)
class TopicAnswer:
    """What brokers say of a topic.

    config : its settings, None where we may not see them
    allowed : operations that we may do (read, write, describe, describe_configs), None where not told
    """

    partitions: int
    config: Mapping[str, str] | None
    allowed: frozenset[str] | None


class Inspector(Protocol):
    """Asks the brokers; every method raises BrokerUnreachable or RunError."""

    def topic(self, name: str) -> TopicAnswer | None:
        """What there is to know of a topic, None where it does not exist."""
        ...

    def newest(self, topic: str, partition: int, count: int) -> Sequence[Record]:
        """The last `count` records of a partition, or fewer."""
        ...

    def group_refused(self) -> str | None:
        """Why we may not use the consumer group, None where we may."""
        ...

    def transactions_refused(self) -> str | None:
        """Why we may not use transactions, None where we may or need none."""
        ...


def check(inspector: Inspector, needs: Needs) -> list[Finding]:
    """Every finding, in the order of the topics; raises BrokerUnreachable."""
    findings: list[Finding] = []
    partitions: set[int] = set()
    group_refused = inspector.group_refused()
    for name in needs.inputs:
        answer = inspector.topic(name)
        if answer is None:
            findings.append(_missing(needs, name, partitions))
        else:
            partitions.add(answer.partitions)
            findings += _input(name, answer, needs)
            may_read = answer.allowed is None or "read" in answer.allowed
            if may_read and group_refused is None:
                findings.append(_keys(inspector, name, answer.partitions, needs.pipeline))
    for name in (needs.anomalies, needs.dead_letters, needs.state):
        answer = inspector.topic(name)
        if answer is None:
            findings.append(_missing(needs, name, partitions))
        else:
            findings += _output(name, answer, needs, max(partitions, default=0))
    findings.append(_verdict(group_refused, "the consumer group may be used", "group: Read"))
    findings.append(
        _verdict(
            inspector.transactions_refused(), "transactions may be used", "TransactionalId: Write, Describe"
        )
    )
    return findings


def _missing(needs: Needs, name: str, partitions: Collection[int]) -> Finding:
    """Say how to create it; partitions: of the inputs that exist."""
    if needs.creates_topics:
        return Finding(ADVICE, f"topic {name} does not exist and will be created with the brokers' defaults")
    if name == needs.state:
        text = f"topic {name} does not exist: without it each start learns the window from the log again"
        if not partitions:
            return Finding(ADVICE, f"{text}; once the inputs are there, this says how to create it")
        command = state_topic.creation(name, max(partitions), needs.bootstrap_servers)
        return Finding(ADVICE, f"{text}; create it with {command}")
    command = f"kafka-topics.sh --bootstrap-server {needs.bootstrap_servers} --create --topic {name}"
    return Finding(WRONG, f"topic {name} does not exist: create it with {command}")


def _verdict(refused: str | None, good: str, grant: str) -> Finding:
    return Finding(GOOD, good) if refused is None else Finding(WRONG, f"{refused}: grant {grant}")


def _rights(name: str, answer: TopicAnswer, needed: Iterable[str]) -> list[Finding]:
    lacking = sorted(set(needed) - answer.allowed) if answer.allowed is not None else []
    return (
        [Finding(WRONG, f"topic {name}: this user lacks the rights {', '.join(lacking)}")] if lacking else []
    )


def _input(name: str, answer: TopicAnswer, needs: Needs) -> list[Finding]:
    findings = _rights(name, answer, ("read", "describe"))
    if answer.config is None:
        return [
            *findings,
            Finding(ADVICE, f"topic {name}: its settings cannot be seen: grant DescribeConfigs"),
        ]
    if answer.config.get("message.timestamp.type") == "LogAppendTime":
        findings.append(Finding(GOOD, f"topic {name}: the broker stamps records (LogAppendTime)"))
    else:
        text = "producers can forge times and move the window: set message.timestamp.type=LogAppendTime"
        findings.append(Finding(ADVICE, f"topic {name}: {text}"))
    if "compact" in answer.config.get("cleanup.policy", "delete").split(","):
        text = "it is compacted, so events are lost: set cleanup.policy=delete"
        findings.append(Finding(WRONG, f"topic {name}: {text}"))
    kept = int(answer.config.get("retention.ms", "-1"))
    if 0 <= kept < needs.retention:
        text = f"it keeps {_days(kept)}, a start without state reads {_days(needs.retention)}"
        findings.append(Finding(ADVICE, f"topic {name}: {text}; set retention.ms={needs.retention} or more"))
    return findings


def _output(name: str, answer: TopicAnswer, needs: Needs, partitions: int) -> list[Finding]:
    is_state = name == needs.state
    findings = _rights(name, answer, ("write", "describe", "read") if is_state else ("write", "describe"))
    if answer.config is None:
        text = f"topic {name}: its settings cannot be seen: grant DescribeConfigs"
        findings.append(Finding(ADVICE, text))
    elif not is_state and "compact" in answer.config.get("cleanup.policy", "delete").split(","):
        text = "it is compacted and keeps one record of each key: set cleanup.policy=delete"
        findings.append(Finding(WRONG, f"topic {name}: {text}"))
    if is_state:
        faults = state_topic.faults(name, _facts(answer), partitions, needs.bootstrap_servers)
        findings += [Finding(WRONG, " ".join(fault.split())) for fault in faults]
    return findings or [Finding(GOOD, f"topic {name}")]


def _facts(answer: TopicAnswer) -> TopicFacts:
    """As the service is told when it starts."""
    config = answer.config or {}
    size = config.get("max.message.bytes")
    return TopicFacts(
        answer.partitions,
        log_append_time=None,
        cleanup_policy=config.get("cleanup.policy"),
        max_message_bytes=None if size is None else int(size),
    )


def _keys(inspector: Inspector, topic: str, partitions: int, settings: PipelineSettings) -> Finding:
    """Whether a scope is in one partition only, by the newest records."""
    if settings.detector.scope.by == "none":
        level: Level = GOOD if partitions == 1 else WRONG
        return Finding(
            level, f"topic {topic}: scope.by is none: the topic has {partitions} partitions, 1 is right"
        )
    homes: dict[str, list[int]] = {}
    for number in range(partitions):
        pipeline = Pipeline(settings, topic, number)
        for record in inspector.newest(topic, number, SAMPLE):
            pipeline.process(record.value, record.offset, record.timestamp, learn_only=True)
        for scope in pipeline.scopes():
            homes.setdefault(scope, []).append(number)
    split = {scope: numbers for scope, numbers in homes.items() if len(numbers) > 1}
    if not homes:
        return Finding(ADVICE, f"topic {topic}: no event in it yet, so its keys cannot be checked")
    if not split:
        return Finding(GOOD, f"topic {topic}: each of {len(homes)} scopes is in one partition")
    examples = ", ".join(f"{scope!r} in {_listed(split[scope])}" for scope in sorted(split)[:_SHOWN])
    return Finding(
        WRONG,
        f"topic {topic}: {len(split)} of {len(homes)} scopes are in several partitions ({examples}): "
        f"let producers set the key to {settings.detector.scope.by}, see docs/deploy.md",
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _days(milliseconds: int) -> str:
    return f"{milliseconds / 86_400_000:.3g} d"
