"""Whether the topics that are read are still those that they were."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaException

from processor.errors import TopicMissing
from processor.stream.kafka_errors import is_pending

EVERY_S: Final = 5.0
# A topic that is deleted and made again gives nothing for longer: the client alone waits half a second after
# a fetch that failed.
SILENCE_S: Final = 0.25
_SLICE_S: Final = 1.0
_AGAIN_AFTER_S: Final = 0.1


class TopicWatch:
    """Asks for the topics' ids: now and then, without waiting, and before a commit behind a silence.

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
        self._heard_at: dict[str, float] = {}
        self._doubted: set[str] = set()

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

    def heard(self, topic: str, now: float) -> None:
        """Records of the topic came."""
        if now - self._heard_at.get(topic, float("-inf")) >= SILENCE_S:
            self._doubted.add(topic)
        self._heard_at[topic] = now

    def doubt(self, topic: str) -> None:
        """Something about its offsets is not as it was."""
        self._doubted.add(topic)

    def settle(self, within_s: float, waiting: Callable[[], None]) -> None:
        """Wait until the doubted topics' ids are known; raises TopicMissing where one is not the same.

        Brokers that do not answer in time leave the doubt, for the next time.
        waiting : called every second
        """
        deadline = time.monotonic() + within_s
        self._doubted &= self._ids.keys()
        while self._doubted:
            for topic, answer in self._ask(sorted(self._doubted)).items():
                if self._answered(answer, deadline, waiting):
                    self._compare(topic, answer)
                    self._doubted.discard(topic)
            if time.monotonic() >= deadline:
                return

    def _answered(self, answer: Future[Any], deadline: float, waiting: Callable[[], None]) -> bool:
        """Whether asking again would bring nothing else."""
        while time.monotonic() < deadline:
            try:
                failure = answer.exception(min(_SLICE_S, max(0.0, deadline - time.monotonic())))
            except TimeoutError:
                waiting()
                continue
            waits = isinstance(failure, KafkaException) and is_pending(failure.args[0])
            if waits:
                waiting()
                time.sleep(_AGAIN_AFTER_S)
            return not waits
        return False

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
