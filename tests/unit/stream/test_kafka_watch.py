"""A topic that was made again under its name is noticed without waiting for an answer."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from processor.errors import TopicMissing
from processor.stream.kafka_watch import EVERY_S, SILENCE_S, TopicWatch


class Brokers:
    """Futures that the test answers."""

    def __init__(self) -> None:
        self.asked: list[Future[Any]] = []
        self.answers: list[Future[Any]] = []

    def ask(self, topics: Sequence[str]) -> Mapping[str, Future[Any]]:
        self.asked.append(self.answers.pop(0) if self.answers else Future())
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


def answered(identity: str) -> Future[Any]:
    """An answer that has come."""
    made: Future[Any] = Future()
    made.set_result(SimpleNamespace(topic_id=identity))
    return made


def test_records_behind_a_silence_are_committed_only_where_the_topic_is_the_same(
    watch: TopicWatch, brokers: Brokers
) -> None:
    """Between the silence and the question every few seconds, others' records would be committed as ours."""
    brokers.answers = [answered("A"), answered("B")]
    watch.heard("t", 1.0)
    watch.settle(10.0, _nothing)
    watch.heard("t", 1.0 + SILENCE_S)

    with pytest.raises(TopicMissing, match="t was deleted and made again"):
        watch.settle(10.0, _nothing)


def test_a_stream_without_silence_asks_once(watch: TopicWatch, brokers: Brokers) -> None:
    """A question before each commit would cost as much as the commit."""
    brokers.answers = [answered("A")]
    for tenths in range(50):
        watch.heard("t", tenths / 10)
        watch.settle(10.0, _nothing)

    assert len(brokers.asked) == 2


def test_a_doubted_topic_is_asked_for(watch: TopicWatch, brokers: Brokers) -> None:
    """Partitions given anew, or an offset that the log does not have."""
    brokers.answers = [answered("B")]
    watch.doubt("t")

    with pytest.raises(TopicMissing):
        watch.settle(10.0, _nothing)


def test_a_passing_failure_is_asked_again_before_a_commit(watch: TopicWatch, brokers: Brokers) -> None:
    """The answer to the second question counts."""
    failed: Future[Any] = Future()
    failed.set_exception(KafkaException(KafkaError(KafkaError._TIMED_OUT)))  # noqa: SLF001
    brokers.answers = [failed, answered("B")]
    watch.doubt("t")

    with pytest.raises(TopicMissing):
        watch.settle(10.0, _nothing)


def test_brokers_that_do_not_answer_leave_the_doubt(watch: TopicWatch, brokers: Brokers) -> None:
    """The commit itself says what is wrong with them; the next one asks again."""
    watch.doubt("t")
    watch.settle(0.0, _nothing)
    brokers.answers = [answered("B")]

    with pytest.raises(TopicMissing):
        watch.settle(10.0, _nothing)


def test_who_may_not_ask_commits_all_the_same(watch: TopicWatch, brokers: Brokers) -> None:
    """A refusal is an answer."""
    refused: Future[Any] = Future()
    refused.set_exception(KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)))
    brokers.answers = [refused]
    watch.doubt("t")

    watch.settle(10.0, _nothing)

    assert len(brokers.asked) == 2


def _nothing() -> None:
    """Nobody waits."""
