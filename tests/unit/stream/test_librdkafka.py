"""Which librdkafka properties are ours, and which are the user's."""

from collections.abc import Mapping

import pytest

from processor.stream import librdkafka
from processor.stream.librdkafka import KafkaSettings, why_refused
from processor.stream.records import AT_LEAST_ONCE, EXACTLY_ONCE, Delivery, GroupProtocol


def given(
    protocol: GroupProtocol = "classic",
    delivery: Delivery = EXACTLY_ONCE,
    properties: Mapping[str, str | int | float | bool] | None = None,
) -> KafkaSettings:
    """Settings of instance `i` in group `g`."""
    return KafkaSettings("localhost:9092", "g", "i", protocol, delivery, 10_000, properties or {})


@pytest.mark.parametrize(
    "name",
    [
        "isolation.level",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "transactional.id",
        "group.id",
        "group.instance.id",
        "group.protocol",
        "group.remote.assignor",
        "partition.assignment.strategy",
        "auto.offset.reset",
        "bootstrap.servers",
        "error_cb",
    ],
)
def test_properties_that_break_delivery_or_membership_are_refused(name: str) -> None:
    """The config check says what to set instead."""
    assert why_refused(name)


@pytest.mark.parametrize("name", ["sasl.password", "ssl.ca.location", "security.protocol", "fetch.max.bytes"])
def test_all_other_properties_pass(name: str) -> None:
    """TLS, SASL and tuning are the user's."""
    assert why_refused(name) is None


def test_user_may_tune_what_we_preset() -> None:
    """Presets give way; what delivery rests on does not."""
    told = librdkafka.producer(given(properties={"retry.backoff.ms": 7, "linger.ms": 3}))

    assert (7, 3, True) == (told["retry.backoff.ms"], told["linger.ms"], told["enable.idempotence"])


def test_static_membership_only_where_it_works() -> None:
    """Classic members are static; with KIP-848 a restart would die on its own id."""
    classic, consumer = librdkafka.consumer(given("classic")), librdkafka.consumer(given("consumer"))

    assert ("i", "cooperative-sticky") == (
        classic["group.instance.id"],
        classic["partition.assignment.strategy"],
    )
    assert {"group.instance.id", "partition.assignment.strategy", "session.timeout.ms"}.isdisjoint(consumer)


def test_only_exactly_once_is_transactional() -> None:
    """At least once needs no transaction coordinator."""
    assert "g-i" == librdkafka.producer(given())["transactional.id"]
    assert "transactional.id" not in librdkafka.producer(given(delivery=AT_LEAST_ONCE))
