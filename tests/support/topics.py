"""Topics made as Kafka's own administrator's client makes them: it asks again where an answer was lost."""

import time
from collections.abc import Callable

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

# A node that gets no processor for some seconds is none of the cluster's for a moment: who waits for its
# answer is told the first of these. librdkafka leaves it to its caller to ask again, Java's client does so.
_LOST = frozenset(
    {
        "_DESTROY_BROKER",
        "_TRANSPORT",
        "_TIMED_OUT",
        "_TIMED_OUT_QUEUE",
        "REQUEST_TIMED_OUT",
        "NOT_CONTROLLER",
    }
)
_AGAIN_AFTER_S = 0.1


def create(admin: AdminClient, topic: NewTopic, within_s: float) -> None:
    """Create a topic and wait until the brokers tell of it, which follows by a moment.

    Raises KafkaException with a broker's reason, or with what was lost last after `within_s`.
    """
    lost: list[str] = []

    def is_created() -> bool:
        try:
            admin.create_topics([topic])[topic.topic].result(within_s)
        except KafkaException as failure:
            # The answer was lost, not what was asked for.
            if not lost or failure.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise
        return True

    def is_known() -> bool:
        return topic.topic in admin.list_topics(timeout=within_s).topics

    deadline = time.monotonic() + within_s
    for done in (is_created, is_known):
        _until(done, admin, lost, deadline)


def _until(done: Callable[[], bool], admin: AdminClient, lost: list[str], deadline: float) -> None:
    """Ask again until it is so; the answers that were lost go to `lost`."""
    while True:
        try:
            if done():
                return
            assert time.monotonic() < deadline, "the brokers do not tell of the topic"
        except KafkaException as failure:
            name = failure.args[0].name()
            if name not in _LOST or time.monotonic() >= deadline:
                raise
            lost.append(name)
        admin.poll(_AGAIN_AFTER_S)
