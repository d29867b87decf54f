"""A topic that was made again under its name is noticed without waiting for an answer."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from processor.errors import TopicMissing
from processor.stream.kafka_watch import EVERY_S, TopicWatch


class Brokers:
    """Futures that the test answers."""

    def __init__(self) -> None:
        self.asked: list[Future[Any]] = []

    def ask(self, topics: Sequence[str]) -> Mapping[str, Future[Any]]:
        self.asked.append(Future())
        return dict.fromkeys(topics, self.asked[-1])


@pytest.fixture
def brokers() -> Brokers:
    """Nothing asked yet."""
    return Brokers()


@pytest.fixture
def watch(brokers: Brokers) -> TopicWatch:
    """One that has asked once about topic t, whose id is A."""
    made = TopicWatch(brokers.ask)
    made.know("t", "A")
    made.look(["t"], 0.0)
    return made


def test_the_same_id_is_asked_for_again_later(watch: TopicWatch, brokers: Brokers) -> None:
    """One question at a time, each some seconds after the one before."""
    watch.look(["t"], EVERY_S)
    brokers.asked[0].set_result(SimpleNamespace(topic_id="A"))
    watch.look(["t"], EVERY_S)
    watch.look(["t"], EVERY_S + 0.1)

    assert len(brokers.asked) == 2


def test_another_id_ends_the_service(watch: TopicWatch, brokers: Brokers) -> None:
    """What is read now is not what was read before."""
    brokers.asked[0].set_result(SimpleNamespace(topic_id="B"))

    with pytest.raises(TopicMissing, match="t was deleted and made again"):
        watch.look(["t"], 1.0)


def test_a_topic_that_is_gone_ends_the_service(watch: TopicWatch, brokers: Brokers) -> None:
    """Named as such."""
    brokers.asked[0].set_exception(KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)))

    with pytest.raises(TopicMissing, match="t is gone"):
        watch.look(["t"], 1.0)


def test_no_answer_is_no_reason_to_end(watch: TopicWatch, brokers: Brokers) -> None:
    """Brokers that are away, or do not let us ask: asked again."""
    brokers.asked[0].set_exception(KafkaException(KafkaError(KafkaError._TIMED_OUT)))  # noqa: SLF001

    watch.look(["t"], EVERY_S)

    assert len(brokers.asked) == 2


def test_a_topic_whose_id_is_not_told_is_not_watched(brokers: Brokers) -> None:
    """Nothing is asked."""
    watch = TopicWatch(brokers.ask)
    watch.know("t", "")

    watch.look(["t"], 1.0)

    assert [] == brokers.asked
