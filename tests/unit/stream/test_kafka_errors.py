"""What the client library says, and what the service makes of it."""

import pytest
from confluent_kafka import KafkaError

from processor.errors import BrokerUnreachable, Fenced, RunError
from processor.stream.kafka_errors import Trouble, is_pending
from processor.stream.librdkafka import KafkaSettings

SETTINGS = KafkaSettings("broker:9092", "group", "one", "classic", "exactly_once", 10_000)


def test_trouble_with_a_connection_is_told_and_waited_out(caplog: pytest.LogCaptureFixture) -> None:
    """The library connects again by itself: the line says so, and nothing ends."""
    trouble = Trouble(SETTINGS)

    trouble.heard(KafkaError(KafkaError._TRANSPORT, "broker:9092/1: connection refused"))  # noqa: SLF001
    trouble.check()

    [line] = map(vars, caplog.records)
    assert (
        "trouble with a connection to Kafka",
        "broker:9092/1: connection refused",
        "the client library connects again",
    ) == (line["message"], line["error"], line["then"])


def test_what_was_heard_last_says_why_nobody_answers() -> None:
    """A timeout alone says nothing; the refused connection before it does."""
    trouble = Trouble(SETTINGS)
    trouble.heard(KafkaError(KafkaError._TRANSPORT, "connection refused"))  # noqa: SLF001

    failure = trouble.mapped(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001

    assert isinstance(failure, BrokerUnreachable)
    assert "no answer from the brokers at broker:9092 (connection refused)" in str(failure)


def test_a_question_to_a_broker_that_left_the_cluster_is_asked_again() -> None:
    """Its handle is destroyed with the question in flight: another broker can answer."""
    error = KafkaError(KafkaError._DESTROY_BROKER)  # noqa: SLF001

    assert is_pending(error)
    assert isinstance(Trouble(SETTINGS).mapped(error), BrokerUnreachable)


@pytest.mark.parametrize(
    ("error", "kind", "then"),
    [
        (KafkaError(KafkaError.FENCED_INSTANCE_ID), Fenced, "each process needs its own"),
        (KafkaError(KafkaError.INVALID_PRODUCER_EPOCH), Fenced, "the next start goes on"),
        (KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED), RunError, "grant it by ACL"),
        (KafkaError(KafkaError._FATAL, fatal=True), RunError, "the next start does"),  # noqa: SLF001
    ],
)
def test_what_ends_the_service_says_what_to_do(error: KafkaError, kind: type[RunError], then: str) -> None:
    """Heard in a callback of the library, raised by the next check."""
    trouble = Trouble(SETTINGS)

    trouble.heard(error)

    with pytest.raises(kind, match=then):
        trouble.check()
