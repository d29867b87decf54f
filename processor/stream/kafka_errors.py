"""Kafka's errors by what can be done about them. By name, so that one file alone needs the client library."""

import logging
from typing import Final, Protocol

from processor.errors import BrokerUnreachable, EventclusterError, Fenced, RunError
from processor.stream.librdkafka import KafkaSettings

log = logging.getLogger(__name__)

FENCED: Final = frozenset({"_FENCED", "FENCED_INSTANCE_ID", "INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED"})
NO_ANSWER: Final = frozenset(
    {
        "_TRANSPORT",
        "_TIMED_OUT",
        "_ALL_BROKERS_DOWN",
        "_DESTROY_BROKER",  # it left the cluster's metadata, as one does that gets no processor for a while
        "_RESOLVE",
        "_AUTHENTICATION",
        "_SSL",
    }
)
# A client that has just connected may not know every partition yet.
NOT_KNOWN_YET: Final = frozenset({"_UNKNOWN_PARTITION"})
TOO_LARGE: Final = frozenset({"MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE"})
NOT_ALLOWED: Final = frozenset(
    {
        "TOPIC_AUTHORIZATION_FAILED",
        "GROUP_AUTHORIZATION_FAILED",
        "CLUSTER_AUTHORIZATION_FAILED",
        "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
    }
)
# What brokers older than the question answer.
NOT_KNOWN_THERE: Final = frozenset({"_UNSUPPORTED_FEATURE", "UNSUPPORTED_VERSION"})
NO_LONGER_MEMBER: Final = frozenset({"ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "REBALANCE_IN_PROGRESS"})


class Error(Protocol):
    """What we ask of a KafkaError."""

    def name(self) -> str:
        """The error code's name."""
        ...

    def str(self) -> str:
        """What went wrong."""
        ...

    def fatal(self) -> bool:
        """Whether the client can do nothing more."""
        ...

    def retriable(self) -> bool:
        """Whether the same call may succeed later."""
        ...


def is_fatal(error: Error) -> bool:
    """Whether the client can do nothing more; `fatal()` says False for some errors whose code is _FATAL."""
    return error.fatal() or error.name() == "_FATAL"


def is_pending(error: Error) -> bool:
    """Whether a question has to be asked again."""
    return error.retriable() or error.name() in NO_ANSWER | NO_LONGER_MEMBER | NOT_KNOWN_YET


def ends_us(error: Error) -> bool:
    """Whether going on makes no sense."""
    return is_fatal(error) or error.name() in FENCED | NOT_ALLOWED


def mapped(error: Error, settings: KafkaSettings, last_error: str) -> EventclusterError:
    """The error of ours that says what to do; last_error: what librdkafka last said of a connection."""
    text = f"{error.name()}: {error.str()}"
    if error.name() in FENCED or "fenced" in error.str().lower():
        return Fenced(
            f"another process runs with kafka.instance {settings.instance!r} in group "
            f"{settings.group_id!r}: each process needs its own (EVENTCLUSTER_KAFKA__INSTANCE; default: "
            "the host name). Once, after a broker failed in a transaction, it means nothing: the next start "
            f"goes on ({text})"
        )
    if error.name() in NO_ANSWER:
        return unreachable(settings, last_error or error.str())
    if error.name() in NOT_ALLOWED:
        return RunError(f"the brokers refuse this user: grant it by ACL ({text})")
    if is_fatal(error):
        heard = f", last heard: {last_error}" if last_error else ""
        return RunError(
            "Kafka: the client library cannot go on; the next start does, from what is committed "
            f"({text}{heard})"
        )
    return RunError(f"Kafka: {text}")


def unreachable(settings: KafkaSettings, why: str) -> BrokerUnreachable:
    """No broker answered in time."""
    return BrokerUnreachable(
        f"no answer from the brokers at {settings.bootstrap_servers} ({why}): check "
        "kafka.bootstrap_servers, that the brokers run and advertise an address that is reachable from "
        "here, and security.protocol and its settings in kafka.properties"
    )


class Trouble:
    """What the client library says of its connections, and whether the service can go on.

    failure : why it cannot: `check` raises it
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._last = ""
        self.failure: EventclusterError | None = None

    def heard(self, error: Error) -> None:
        """The library's error callback."""
        # That all brokers are down follows from what was said of each, and says less.
        if error.name() != "_ALL_BROKERS_DOWN" or not self._last:
            self._last = error.str()
        if ends_us(error):
            self.failure = self.mapped(error)
        else:
            told = {"error": error.str(), "then": "the client library connects again"}
            log.warning("trouble with a connection to Kafka", extra=told)

    def check(self) -> None:
        """Raise what ends the service, if it was heard."""
        if self.failure is not None:
            raise self.failure

    def mapped(self, error: Error) -> EventclusterError:
        """The error of ours that says what to do."""
        return mapped(error, self._settings, self._last)

    def unreachable(self, why: str) -> BrokerUnreachable:
        """No broker answered in time; why: what was heard last of a connection says more."""
        return unreachable(self._settings, self._last or why)
