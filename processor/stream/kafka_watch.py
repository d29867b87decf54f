"""Whether the topics that are read are still those that they were."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaException

from processor.errors import TopicMissing

EVERY_S: Final = 5.0


class TopicWatch:
    """Asks now and then, without waiting, for the topics' ids.

    A consumer goes on in a topic that was deleted and made again: at its old offset, in silence.
    """

    def __init__(self, ask: Callable[[Sequence[str]], Mapping[str, Future[Any]]]) -> None:
        """Watch nothing yet.

        ask : topics -> a future of each one's description
        """
        self._ask = ask
        self._ids: dict[str, str] = {}
        self._asked: Mapping[str, Future[Any]] = {}
        self._next_at = float("-inf")

    def know(self, topic: str, identity: str) -> None:
        """The id that the topic has now; "" = it is not told, and not watched."""
        if identity:
            self._ids[topic] = identity

    def look(self, topics: Sequence[str], now: float) -> None:
        """Take answers, ask again when it is time; raises TopicMissing where a topic is not the same."""
        for topic, answer in self._asked.items():
            if answer.done():
                self._compare(topic, answer)
        self._asked = {topic: answer for topic, answer in self._asked.items() if not answer.done()}
        watched = [topic for topic in topics if topic in self._ids]
        if watched and not self._asked and now >= self._next_at:
            self._next_at = now + EVERY_S
            self._asked = self._ask(watched)

    def _compare(self, topic: str, answer: Future[Any]) -> None:
        try:
            identity = str(answer.result().topic_id)
        except KafkaException as failure:
            if failure.args[0].name() in ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"):
                raise TopicMissing(f"topic {topic} is gone: {failure.args[0].str()}") from None
            return
        if identity != self._ids[topic]:
            raise TopicMissing(
                f"topic {topic} was deleted and made again: the next start begins with what is in it, and "
                "with nothing of the old one"
            )
