"""The topics that the service needs: all there before it starts, or created where that is allowed."""

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from processor.errors import OutputFailed, TopicMissing
from processor.stream.broker import Broker
from processor.stream.records import TopicFacts

log = logging.getLogger(__name__)


def ensure(
    broker: Broker,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    configs: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    create: bool,
    bootstrap_servers: str,
) -> Mapping[str, TopicFacts]:
    """Facts of every topic; raises TopicMissing naming what is not there and the commands that create it.

    configs : of topics that can be done without: created so, with as many partitions as the inputs, or given
        as many, where that is allowed; else not missed
    """
    wanted = [*inputs, *outputs, *configs]
    facts = broker.describe(wanted)
    missing = [topic for topic in wanted if topic not in facts and (create or topic not in configs)]
    known = [facts[topic].partitions for topic in inputs if topic in facts]
    partitions = max(known) if known else None
    narrow = [topic for topic in configs if topic in facts and facts[topic].partitions < (partitions or 0)]
    if missing and not create:
        raise TopicMissing(_explanation(missing, partitions, bootstrap_servers))
    if not create or not (missing or narrow):
        return facts
    for topic in missing:
        broker.create(topic, partitions, configs.get(topic, {}))
        log.info("topic created", extra={"topic": topic, "partitions": partitions or "broker's default"})
    for topic in narrow:
        extend(broker, topic, partitions or 0)
    return broker.describe(wanted)


def extend(broker: Broker, topic: str, partitions: int) -> None:
    """Give a topic so many partitions; where the brokers refuse that, say so and leave it."""
    try:
        broker.extend(topic, partitions)
    except OutputFailed as failure:
        # Whoever needs the partitions says with which command they are made by hand.
        log.warning("topic not extended", extra={"topic": topic, "error": str(failure)})
    else:
        log.info("topic extended", extra={"topic": topic, "partitions": partitions})


def _explanation(missing: Sequence[str], partitions: int | None, bootstrap_servers: str) -> str:
    count = "" if partitions is None else f" --partitions {partitions}"
    commands = [
        f"  kafka-topics.sh --bootstrap-server {bootstrap_servers} --create --topic {topic}{count}"
        for topic in missing
    ]
    what = "topic" if len(missing) == 1 else "topics"
    wrong = "does not exist" if len(missing) == 1 else "do not exist"
    remedy = "set kafka.create_topics: true, or create by hand:"
    return "\n".join([f"{what} {', '.join(missing)} {wrong}: {remedy}", *commands])
