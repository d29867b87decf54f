"""The librdkafka properties that we set, and those that a config may not."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from processor.stream.records import EXACTLY_ONCE, Delivery, GroupProtocol

# Name, or beginning of names where it ends in "." or "_", and what to set instead.
REFUSED: Final[dict[str, str]] = {
    "auto.commit.": "offsets are committed with the outputs that come from them",
    "auto.offset.reset": "set kafka.start",
    "bootstrap.servers": "set kafka.bootstrap_servers",
    "enable.auto.": "offsets are committed with the outputs that come from them",
    "enable.idempotence": "it is always on",
    "enable.partition.eof": "it is used to read to the end of a partition",
    "group.id": "set kafka.group_id",
    "group.instance.id": "set kafka.instance",
    "group.protocol": "set kafka.group_protocol",
    "group.": "set kafka.group_id, kafka.group_protocol or kafka.instance",
    "isolation.level": "committed records are read, always",
    "metadata.broker.list": "set kafka.bootstrap_servers",
    "partition.assignment.strategy": "set kafka.group_protocol",
    "transaction.timeout.ms": "set kafka.transaction_timeout",
    "transactional.id": "set kafka.instance",
}


def why_refused(name: str) -> str | None:
    """What to do instead of setting this librdkafka property; None where it may be set."""
    if name in REFUSED:
        return REFUSED[name]
    if name.endswith("_cb"):
        return "callbacks cannot be configured"
    return next((why for each, why in REFUSED.items() if each.endswith(".") and name.startswith(each)), None)


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How one instance connects.

    instance : unique per process, the same after a restart
    transaction_timeout : ms
    properties : librdkafka's, none of them refused
    administers : False where the broker answers no admin requests but creates topics by itself
    """

    bootstrap_servers: str
    group_id: str
    instance: str
    group_protocol: GroupProtocol
    delivery: Delivery
    transaction_timeout: int
    properties: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    administers: bool = True


class _OthersProperties(logging.Filter):
    """Every client is given all properties: that one ignores another's is no news."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "property and will be ignored by this" not in record.getMessage()


_log = logging.getLogger("processor.librdkafka")
_log.addFilter(_OthersProperties())


def admin(settings: KafkaSettings) -> dict[str, Any]:
    """What every client is told."""
    return {
        "client.id": f"eventcluster-{settings.instance}",
        **settings.properties,
        "bootstrap.servers": settings.bootstrap_servers,
        "logger": _log,
    }


def consumer(settings: KafkaSettings) -> dict[str, Any]:
    """A member of the group that owns its offsets."""
    membership: dict[str, Any] = {"group.protocol": "consumer"}
    if settings.group_protocol == "classic":
        membership = {
            "group.protocol": "classic",
            "group.instance.id": settings.instance,
            "partition.assignment.strategy": "cooperative-sticky",
        }
    defaults = {"session.timeout.ms": 10_000} if "group.instance.id" in membership else {}
    return {
        # The default of 1 s throttles catching up to a quarter.
        "fetch.queue.backoff.ms": 5,
        **defaults,
        **admin(settings),
        **membership,
        "group.id": settings.group_id,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
    }


def reader(settings: KafkaSettings) -> dict[str, Any]:
    """A consumer outside the group that reads ranges to their end."""
    # It is no member of a group; librdkafka would compare it with a session that is not set here.
    common = {name: value for name, value in admin(settings).items() if name != "max.poll.interval.ms"}
    return {
        "fetch.queue.backoff.ms": 5,
        "fetch.wait.max.ms": 10,
        **common,
        # librdkafka wants a name; nothing is committed under it.
        "group.id": f"{settings.group_id}-reader",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
    }


def producer(settings: KafkaSettings) -> dict[str, Any]:
    """Transactional where delivery is exactly once."""
    transactional: dict[str, Any] = {}
    if settings.delivery == EXACTLY_ONCE:
        transactional = {
            "transactional.id": f"{settings.group_id}-{settings.instance}",
            "transaction.timeout.ms": settings.transaction_timeout,
        }
    return {
        # Outputs are handed over all at once, just before a commit that would wait 5 ms for company.
        "linger.ms": 1,
        # A transaction right after another finds it still completing and would sleep 100 ms.
        "retry.backoff.ms": 5,
        "retry.backoff.max.ms": 50,
        "compression.type": "zstd",
        # Equal keys go where Java's producers put them.
        "partitioner": "murmur2_random",
        **admin(settings),
        **transactional,
        "enable.idempotence": True,
    }
