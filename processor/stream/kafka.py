"""Apache Kafka, or anything that speaks its protocol, through librdkafka."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from processor.errors import ConfigError, EventclusterError, OutputFailed, TopicMissing
from processor.stream import librdkafka
from processor.stream.broker import CommitAborted, Membership, OutputRefused, Pending
from processor.stream.kafka_errors import (
    NO_LONGER_MEMBER,
    TOO_LARGE,
    ends_us,
    is_fatal,
    is_pending,
    mapped,
    unreachable,
)
from processor.stream.librdkafka import KafkaSettings
from processor.stream.records import (
    EXACTLY_ONCE,
    Commit,
    Committed,
    Output,
    Partition,
    Record,
    TopicFacts,
    Watermarks,
)

log = logging.getLogger(__name__)

_ANSWER_WITHIN_S: Final = 10.0
_START_WITHIN_S: Final = 60.0
_SLICE_S: Final = 1.0
# librdkafka's "choose by the key".
_ANY: Final = -1


class KafkaBroker:
    """One instance: a member of the group, a producer, an admin client."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Connects lazily; raises ConfigError where librdkafka refuses a property."""
        self._settings = settings
        self._membership: Membership | None = None
        self._failure: EventclusterError | None = None
        self._last_error = ""
        self._partitions: dict[str, dict[int, Partition]] = {}
        watched: dict[str, Any] = {"error_cb": self._on_error}
        with _naming_properties():
            self._admin = AdminClient({**librdkafka.admin(settings), **watched})
            self._consumer = Consumer({**librdkafka.consumer(settings), **watched})
            self._producer = Producer({**librdkafka.producer(settings), **watched})

    def describe(self, topics: Sequence[str]) -> Mapping[str, TopicFacts]:
        """Facts of those of `topics` that exist; raises BrokerUnreachable within 10 s."""
        try:
            if self._settings.administers:
                known = self._admin.list_topics(timeout=_ANSWER_WITHIN_S).topics
            else:
                answers = [self._admin.list_topics(topic, timeout=_ANSWER_WITHIN_S) for topic in topics]
                known = {name: each for answer in answers for name, each in answer.topics.items()}
        except KafkaException as failure:
            self._admin.poll(0)
            raise self._mapped(failure.args[0]) from None
        return {
            topic: self._facts(topic, len(known[topic].partitions))
            for topic in topics
            if topic in known and known[topic].error is None
        }

    def create(self, topic: str, partitions: int | None, config: Mapping[str, str]) -> None:
        """Create a topic, by the broker's defaults but for `config`; raises OutputFailed with its reason."""
        new = NewTopic(topic, num_partitions=partitions or -1, replication_factor=-1, config=dict(config))
        try:
            self._admin.create_topics([new], operation_timeout=_ANSWER_WITHIN_S)[topic].result(
                timeout=2 * _ANSWER_WITHIN_S
            )
        except KafkaException as failure:
            error = failure.args[0]
            if error.name() != "TOPIC_ALREADY_EXISTS":
                raise OutputFailed(f"topic {topic} could not be created: {error.str()}") from None
        # The brokers' metadata follows the creation by a moment.
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        while topic not in self.describe([topic]):
            self._admin.poll(0.05)
            self._check_deadline(deadline)

    def subscribe(self, topics: Sequence[str], membership: Membership) -> None:
        """Take over the instance's transactions, then join the group."""
        self._membership = membership
        if self._settings.delivery == EXACTLY_ONCE:
            self._insist(self._producer.init_transactions, time.monotonic() + _START_WITHIN_S)
        self._consumer.subscribe(
            list(topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """`poll(timeout)` for the first record, `consume(n, 0)` for the others.

        `consume(n, timeout)` would wait the whole timeout unless n arrive.
        """
        try:
            first = self._consumer.poll(timeout_s)
            if first is None:
                return []
            messages = [first, *self._consumer.consume(max_records - 1, 0)] if max_records > 1 else [first]
        except KafkaException as failure:
            raise self._mapped(failure.args[0]) from None
        finally:
            self._producer.poll(0)
            if self._failure is not None:
                raise self._failure
        return [record for message in messages if (record := self._record(message)) is not None]

    def resume(self, partition: Partition, offset: int) -> None:
        """Seek and resume; a partition that stopped on an error is taken up anew."""
        where = [TopicPartition(*partition, offset)]
        try:
            self._consumer.seek(where[0])
        except KafkaException as failure:
            if failure.args[0].name() != "_STATE":
                raise self._mapped(failure.args[0]) from None
            self._consumer.incremental_unassign(where)
            self._consumer.incremental_assign(where)
        self._consumer.resume(where)

    def pause(self, partition: Partition) -> None:
        """Deliver nothing of it."""
        self._consumer.pause([TopicPartition(*partition)])

    def committed(self, partition: Partition, timeout_s: float) -> Committed | None:
        """The group's position; Pending also while a transaction holds it."""
        with self._asking():
            found = self._consumer.committed([TopicPartition(*partition)], timeout=timeout_s)[0]
        if found.error is not None:
            raise self._mapped(found.error)
        return None if found.offset < 0 else Committed(found.offset, found.metadata or "")

    def watermarks(self, partition: Partition, timeout_s: float) -> Watermarks:
        """Asked uncached: cached ones give the high watermark, past what a committed reader can reach."""
        with self._asking():
            low, end = self._consumer.get_watermark_offsets(
                TopicPartition(*partition), timeout=timeout_s, cached=False
            )
        return Watermarks(low, end)

    def offset_at(self, partition: Partition, timestamp: int, timeout_s: float) -> int | None:
        """First offset whose Kafka timestamp is >= `timestamp`."""
        with self._asking():
            found = self._consumer.offsets_for_times(
                [TopicPartition(*partition, timestamp)], timeout=timeout_s
            )[0]
        return None if found.offset < 0 else found.offset

    def lag(self, partition: Partition) -> int | None:
        """From the watermark that came with the last fetch; transaction markers do not count."""
        where = TopicPartition(*partition)
        try:
            _, end = self._consumer.get_watermark_offsets(where, cached=True)
            position = self._consumer.position([where])[0].offset
        except KafkaException:
            return None
        return None if end < 0 or position < 0 else max(0, end - position)

    def reader(self, partition: Partition, start: int, end: int) -> "KafkaReader":
        """A consumer of its own, outside the group."""
        return KafkaReader(librdkafka.reader(self._settings), partition, start, end, self._mapped)

    def commit(self, commit: Commit, timeout_s: float) -> None:
        """One transaction; or outputs, then offsets."""
        if self._settings.delivery == EXACTLY_ONCE:
            self._commit_transaction(commit, time.monotonic() + timeout_s)
        else:
            self._commit_in_turn(commit, time.monotonic() + timeout_s)
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Leave the group. A transaction that was not committed is aborted by the next holder of our name."""
        self._consumer.close()
        # A fenced producer only repeats that it is fenced.
        with contextlib.suppress(KafkaException):
            self._producer.purge()
            self._producer.flush(0)

    # -- committing

    def _commit_transaction(self, commit: Commit, deadline: float) -> None:
        """Begin, produce, send offsets, commit; an error that can be aborted is aborted."""
        refused: list[tuple[int, KafkaError]] = []
        offsets = _positions(commit)
        try:
            self._producer.begin_transaction()
            self._produce(commit.outputs, refused, deadline)
            members = self._consumer.consumer_group_metadata()
            if offsets:
                self._insist(partial(self._producer.send_offsets_to_transaction, offsets, members), deadline)
            self._insist(self._producer.commit_transaction, deadline)
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            too_large = _first_too_large(refused)
            if not error.txn_requires_abort() and error.name() not in TOO_LARGE:
                raise self._mapped(error) from None
            cause = refused[0][1] if refused else error
            log.warning("transaction aborted", extra={"error": cause.str()})
            self._insist(self._producer.abort_transaction, deadline)
            if too_large is not None:
                raise too_large from None
            if ends_us(cause):
                raise self._mapped(cause) from None
            raise CommitAborted(cause.str()) from None

    def _commit_in_turn(self, commit: Commit, deadline: float) -> None:
        """Produce and flush, then commit offsets: a crash between the two repeats outputs, with equal ids."""
        refused: list[tuple[int, KafkaError]] = []
        try:
            self._produce(commit.outputs, refused, deadline)
            while self._producer.flush(_SLICE_S):
                self._check_deadline(deadline)
            _raise_first(refused)
            offsets = _positions(commit)
            answers = self._consumer.commit(offsets=offsets, asynchronous=False) if offsets else []
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            too_large = _first_too_large(refused)
            if too_large is not None:
                raise too_large from None
            if error.name() in NO_LONGER_MEMBER or error.retriable():
                raise CommitAborted(error.str()) from None
            raise self._mapped(error) from None
        failed = next((each.error for each in answers or [] if each.error is not None), None)
        if failed is not None:
            raise CommitAborted(failed.str())

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
                        raise self._mapped(error) from None
                    raise
                self._check_deadline(deadline, error)
                log.warning("no answer from the brokers", extra={"error": error.str(), "then": "asked again"})
            else:
                return

    def _check_deadline(self, deadline: float, error: KafkaError | None = None) -> None:
        self._tell_waiting()
        if time.monotonic() >= deadline:
            if error is not None:
                self._last_error = error.str()
            raise unreachable(self._settings, self._last_error or "timed out")

    def _tell_waiting(self) -> None:
        if self._membership is not None:
            self._membership.waiting()

    # -- membership: librdkafka calls these from inside poll, consume and close

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # A concrete offset, paused: a seek while librdkafka still looks up a logical one is lost, and the
        # partition is silent for ever.
        consumer.incremental_assign([TopicPartition(p.topic, p.partition, 0) for p in partitions])
        consumer.pause(partitions)
        self._tell(partitions, lambda membership, ours: membership.assigned(ours))

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._tell(partitions, lambda membership, ours: membership.revoked(ours))
        consumer.incremental_unassign(partitions)

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._tell(partitions, lambda membership, ours: membership.lost(ours))
        consumer.incremental_unassign(partitions)

    def _tell(
        self, partitions: list[TopicPartition], call: Callable[[Membership, list[Partition]], None]
    ) -> None:
        """An error must not pass through librdkafka: `poll` raises it."""
        try:
            call(self._member(), [Partition(each.topic, each.partition) for each in partitions])
        except EventclusterError as failure:
            self._failure = failure

    # -- what comes back

    def _record(self, message: Message) -> Record | None:
        error = message.error()
        if error is not None:
            self._notice(message, error)
            return None
        topic, number = message.topic() or "", message.partition() or 0
        numbers = self._partitions.setdefault(topic, {})
        partition = numbers.get(number)
        if partition is None:
            partition = numbers[number] = Partition(topic, number)
        return Record(
            partition,
            message.offset() or 0,
            message.timestamp()[1],
            message.key(),
            message.value(),
            message.headers(),  # type: ignore[arg-type]
        )

    def _notice(self, message: Message, error: KafkaError) -> None:
        name = error.name()
        if name == "_AUTO_OFFSET_RESET":
            self._member().out_of_range(Partition(message.topic() or "", message.partition() or 0))
        elif name in ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"):
            raise TopicMissing(f"topic {message.topic() or ''} is gone: {error.str()}")
        elif ends_us(error):
            raise self._mapped(error)
        elif name != "_PARTITION_EOF":
            log.warning("consumer error", extra={"error": error.str(), "then": "librdkafka tries again"})

    def _on_error(self, error: KafkaError) -> None:
        self._last_error = error.str()
        if ends_us(error):
            self._failure = self._mapped(error)
        else:
            log.warning("kafka", extra={"error": error.str()})

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Errors of one short question: no answer yet is Pending."""
        try:
            yield
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if is_pending(error):
                raise Pending(error.str()) from None
            raise self._mapped(error) from None

    def _mapped(self, error: KafkaError) -> EventclusterError:
        return mapped(error, self._settings, self._last_error)

    def _member(self) -> Membership:
        if self._membership is None:
            raise RuntimeError("subscribe first")
        return self._membership

    def _facts(self, topic: str, partitions: int) -> TopicFacts:
        """What the broker lets us see of a topic."""
        if not self._settings.administers:
            return TopicFacts(partitions, None)
        identity = ""
        with contextlib.suppress(KafkaException, TimeoutError):
            described = self._admin.describe_topics(
                TopicCollection([topic]), request_timeout=_ANSWER_WITHIN_S
            )
            identity = str(described[topic].result(timeout=_ANSWER_WITHIN_S).topic_id)
        try:
            resource = ConfigResource(ResourceType.TOPIC, topic)
            answer = self._admin.describe_configs([resource], request_timeout=_ANSWER_WITHIN_S)
            entries = answer[resource].result(timeout=_ANSWER_WITHIN_S)
        except (KafkaException, TimeoutError):
            return TopicFacts(partitions, None, id=identity)
        return TopicFacts(
            partitions,
            log_append_time=entries["message.timestamp.type"].value == "LogAppendTime",
            cleanup_policy=entries["cleanup.policy"].value,
            max_message_bytes=int(entries["max.message.bytes"].value),
            id=identity,
        )


class KafkaReader:
    """Reads [start, end) of one partition with a consumer of its own, committed records only."""

    def __init__(
        self,
        config: dict[str, Any],
        partition: Partition,
        start: int,
        end: int,
        mapped: Callable[[KafkaError], EventclusterError],
    ) -> None:
        self._partition = partition
        self._end = end
        self._mapped = mapped
        self._consumer = Consumer(config)
        self._consumer.assign([TopicPartition(*partition, start)])
        self.position = start
        self._at_end = False

    def read(self, max_records: int, timeout_s: float) -> list[Record]:
        """The next records; a range whose beginning has been deleted meanwhile begins with what is left."""
        records: list[Record] = []
        try:
            first = self._consumer.poll(timeout_s)
            rest = [] if first is None or max_records < 2 else self._consumer.consume(max_records - 1, 0)
            for message in [] if first is None else [first, *rest]:
                self._take(message, records)
        except KafkaException as failure:
            raise self._mapped(failure.args[0]) from None
        return records

    def _take(self, message: Message, records: list[Record]) -> None:
        error = message.error()
        offset = message.offset() or 0
        if error is None:
            self.position = offset + 1
            if offset < self._end:
                timestamp, headers = message.timestamp()[1], message.headers()
                key, value = message.key(), message.value()
                records.append(Record(self._partition, offset, timestamp, key, value, headers))  # type: ignore[arg-type]
        elif error.name() == "_PARTITION_EOF":
            self.position = max(self.position, offset)
            self._at_end = True
        elif error.name() == "_AUTO_OFFSET_RESET":
            where = TopicPartition(*self._partition)
            low, _ = self._consumer.get_watermark_offsets(where, timeout=_ANSWER_WITHIN_S, cached=False)
            log.warning("records deleted before they were replayed", extra={"from": self.position, "to": low})
            self.position = low
            self._consumer.assign([TopicPartition(*self._partition, low)])
        elif ends_us(error):
            raise self._mapped(error)

    @property
    def done(self) -> bool:
        """Whether all of the range that the log holds has been read."""
        return self._at_end or self.position >= self._end

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()


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


@contextlib.contextmanager
def _naming_properties() -> Iterator[None]:
    """A property that librdkafka does not know is the config's mistake."""
    try:
        yield
    except KafkaException as failure:
        raise ConfigError(f"kafka.properties: {failure.args[0].str()}") from None
