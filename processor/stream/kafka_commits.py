"""One atomic commit through librdkafka: a transaction; or outputs, then offsets."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from processor.errors import RunError
from processor.stream import librdkafka, overdue
from processor.stream.broker import CommitAborted, OutputRefused
from processor.stream.kafka_errors import FENCED, NO_LONGER_MEMBER, TOO_LARGE, Trouble, ends_us, is_fatal
from processor.stream.librdkafka import KafkaSettings
from processor.stream.overdue import Overdue
from processor.stream.records import EXACTLY_ONCE, Commit, Output

log = logging.getLogger(__name__)

_SLICE_S: Final = 1.0
# Seconds after which a call that was given one second will never return.
_OVERDUE_S: Final = 5
# A full queue is told of once in so long.
_TOLD_FOR_S: Final = 60.0
_TOO_OLD: Final = (
    "a transaction was open for longer than kafka.transaction_timeout, so that the brokers aborted it: was "
    "this process stopped, or the broker slow? Nothing is lost: its events are judged again at the next start"
)
# librdkafka's "choose by the key".
_ANY: Final = -1


class Committer:
    """The producer of one instance, and what it commits for the instance's consumer."""

    def __init__(
        self, settings: KafkaSettings, consumer: Consumer, trouble: Trouble, waiting: Callable[[], None]
    ) -> None:
        """Connects lazily; raises KafkaException where librdkafka refuses a property.

        waiting : called every second while a commit takes long; what it raises ends the commit
        """
        self._settings = settings
        self._consumer = consumer
        self._trouble = trouble
        self._waiting = waiting
        self._transaction_timeout_s = settings.transaction_timeout / 1000
        self._producer = self._make_producer()
        self._full_told_until = 0.0

    def take_over(self, deadline: float) -> None:
        """Abort what an earlier holder of the instance's name left open, and fence it."""
        if self._settings.delivery == EXACTLY_ONCE:
            self._insist(self._producer.init_transactions, deadline)

    def poll(self) -> None:
        """Serve the producer's callbacks."""
        self._producer.poll(0)

    def commit(self, commit: Commit, deadline: float) -> None:
        """As the Broker's; deadline: of the monotonic clock, s."""
        if self._settings.delivery == EXACTLY_ONCE:
            self._commit_transaction(commit, deadline)
        else:
            self._commit_in_turn(commit, deadline)

    def close(self) -> None:
        """A transaction that was not committed is aborted by the next holder of our name."""
        self._producer.purge()
        self._producer.flush(0)

    def _make_producer(self) -> Producer:
        return Producer({**librdkafka.producer(self._settings), "error_cb": self._trouble.heard})

    def _commit_transaction(self, commit: Commit, deadline: float) -> None:
        """Begin, produce, send offsets, commit; an error that can be aborted is aborted."""
        refused: list[tuple[int, KafkaError]] = []
        began = time.monotonic()
        try:
            self._producer.begin_transaction()
            self._produce(commit.outputs, refused, deadline)
            self._send_offsets(_positions(commit), deadline)
            self._insist(self._producer.commit_transaction, deadline)
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            too_large = _first_too_large(refused)
            if error.name() in FENCED and time.monotonic() - began >= self._transaction_timeout_s:
                # Brokers that abort a transaction for its age fence its producer, like another of its name.
                raise RunError(f"{_TOO_OLD} ({error.name()})") from None
            if not error.txn_requires_abort() and error.name() not in TOO_LARGE:
                raise self._trouble.mapped(error) from None
            cause = refused[0][1] if refused else error
            told = {"error": cause.str(), "then": "nothing of it is visible; what becomes of it is told next"}
            log.warning("transaction aborted", extra=told)
            self._insist(self._producer.abort_transaction, deadline)
            if too_large is not None:
                raise too_large from None
            # Another process of our name fences the producer too. A member that lost its place while it was
            # away is told that it is fenced, but only here: the next poll lets it join again.
            if ends_us(cause) and cause.name() != "FENCED_INSTANCE_ID":
                raise self._trouble.mapped(cause) from None
            raise CommitAborted(cause.str()) from None

    def _send_offsets(self, offsets: list[TopicPartition], deadline: float) -> None:
        """Make the consumer's offsets part of the transaction.

        Where the group's coordinator was away, librdkafka's call ignores its timeout and may never return
        (confluentinc/librdkafka issue 5456): the producer that waits in it is left behind then.
        """
        if not offsets:
            return
        members = self._consumer.consumer_group_metadata()
        send = partial(self._producer.send_offsets_to_transaction, offsets, members)

        def bounded(timeout_s: float) -> None:
            overdue.within(_OVERDUE_S, partial(send, timeout_s), self._waiting)

        try:
            self._insist(bounded, deadline)
        except Overdue:
            # Its end was not asked for: the new producer aborts this transaction, so that sending it again
            # doubles nothing.
            why = "the client library does not return from sending offsets"
            log.warning("producer replaced", extra={"why": why, "then": "the same buffer is sent again"})
            self._producer = self._make_producer()
            self.take_over(deadline)
            raise CommitAborted(why) from None

    def _commit_in_turn(self, commit: Commit, deadline: float) -> None:
        """Produce and flush, then commit offsets: a crash between the two repeats outputs, with equal ids."""
        refused: list[tuple[int, KafkaError]] = []
        try:
            self._produce(commit.outputs, refused, deadline)
            while self._producer.flush(_SLICE_S):
                self._check_deadline(deadline)
            _raise_first(refused)
            failed = self._commit_offsets(_positions(commit), deadline)
        except Overdue:
            raise self._trouble.unreachable("the group's coordinator did not answer") from None
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            too_large = _first_too_large(refused)
            if too_large is not None:
                raise too_large from None
            if error.name() in NO_LONGER_MEMBER or error.retriable():
                raise CommitAborted(error.str()) from None
            raise self._trouble.mapped(error) from None
        if failed is not None:
            raise CommitAborted(failed.str())

    def _commit_offsets(self, offsets: list[TopicPartition], deadline: float) -> KafkaError | None:
        """The first error of a partition; the call has no timeout of its own."""
        if not offsets:
            return None
        left = max(1, round(deadline - time.monotonic()))

        def commit() -> list[TopicPartition]:
            return self._consumer.commit(offsets=offsets, asynchronous=False)

        answers = overdue.within(left, commit, self._waiting)
        return next((each.error for each in answers if each.error is not None), None)

    def _produce(
        self, outputs: Sequence[Output], refused: list[tuple[int, KafkaError]], deadline: float
    ) -> None:
        for index, output in enumerate(outputs):
            send = partial(
                self._producer.produce,
                output.topic,
                value=output.value,
                key=output.key,
                partition=_ANY if output.partition is None else output.partition,
                # 0 = now.
                timestamp=output.timestamp or 0,
                headers=list(output.headers),
                on_delivery=partial(_note_refusal, refused, index),
            )
            try:
                self._produce_when_room(send, deadline)
            except KafkaException as failure:
                refused.append((index, failure.args[0]))
                raise

    def _produce_when_room(self, send: Callable[[], None], deadline: float) -> None:
        """A full queue is waited out: nothing is dropped."""
        while True:
            try:
                return send()
            except BufferError:
                if time.monotonic() >= self._full_told_until:
                    self._full_told_until = time.monotonic() + _TOLD_FOR_S
                    log.warning("producer queue is full", extra={"then": "waited for: nothing is dropped"})
                self._producer.poll(0.05)
                self._check_deadline(deadline)

    def _insist(self, call: Callable[[float], Any], deadline: float) -> None:
        """Make a transactional call again and again while it times out."""
        while True:
            try:
                call(min(_SLICE_S, max(0.1, deadline - time.monotonic())))
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                if error.txn_requires_abort() or not error.retriable() or is_fatal(error):
                    if call in (self._producer.abort_transaction, self._producer.init_transactions):
                        raise self._trouble.mapped(error) from None
                    raise
                self._check_deadline(deadline, error)
                log.warning("no answer from the brokers", extra={"error": error.str(), "then": "asked again"})
            else:
                return

    def _check_deadline(self, deadline: float, error: KafkaError | None = None) -> None:
        self._waiting()
        if time.monotonic() >= deadline:
            raise self._trouble.unreachable("timed out" if error is None else error.str())


def _note_refusal(
    refused: list[tuple[int, KafkaError]], index: int, error: KafkaError | None, _message: Message
) -> None:
    if error is not None:
        refused.append((index, error))


def _positions(commit: Commit) -> list[TopicPartition]:
    return [
        TopicPartition(*partition, position.next_offset, position.metadata)
        for partition, position in commit.offsets.items()
    ]


def _raise_first(refused: list[tuple[int, KafkaError]]) -> None:
    if refused:
        raise KafkaException(refused[0][1])


def _first_too_large(refused: list[tuple[int, KafkaError]]) -> OutputRefused | None:
    return next((OutputRefused(i, error.str()) for i, error in refused if error.name() in TOO_LARGE), None)
