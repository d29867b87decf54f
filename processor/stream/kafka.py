"""Apache Kafka, or anything that speaks its protocol, through librdkafka."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from itertools import groupby
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewPartitions, NewTopic

from processor.errors import ConfigError, EventclusterError, OutputFailed, TopicMissing
from processor.stream import librdkafka
from processor.stream.broker import Membership, Pending
from processor.stream.kafka_commits import Committer
from processor.stream.kafka_errors import NOT_ALLOWED, NOT_KNOWN_THERE, Trouble, ends_us, is_pending
from processor.stream.kafka_reader import KafkaReader, run_of
from processor.stream.kafka_watch import TopicWatch
from processor.stream.librdkafka import KafkaSettings
from processor.stream.records import Commit, Committed, Partition, Run, TopicFacts, Watermarks

log = logging.getLogger(__name__)

_ANSWER_WITHIN_S: Final = 10.0
_START_WITHIN_S: Final = 60.0
_SLICE_S: Final = 2.0
_AGAIN_AFTER_S: Final = 0.1
_WAKE_WITHIN_S: Final = 0.05


class KafkaBroker:
    """One instance: a member of the group, a producer, an admin client."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Connects lazily; raises ConfigError where librdkafka refuses a property."""
        self._settings = settings
        self._membership: Membership | None = None
        self._topics: Sequence[str] = ()
        self._trouble = Trouble(settings)
        # Which runs of messages are of one partition: with one topic its number says it.
        self._place: Callable[[Message], object] = Message.partition
        watched: dict[str, Any] = {"error_cb": self._trouble.heard}
        with _naming_properties():
            self._admin = AdminClient({**librdkafka.admin(settings), **watched})
            self._consumer = Consumer({**librdkafka.consumer(settings), **watched})
            self._watch = TopicWatch(self._ask_for)
            self._committer = Committer(settings, self._consumer, self._trouble, self._tell_waiting)

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
            raise self._trouble.mapped(failure.args[0]) from None
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
        self._wait_until(lambda: topic in self.describe([topic]))

    def extend(self, topic: str, partitions: int) -> None:
        """Add partitions; raises OutputFailed with the broker's reason."""
        new = NewPartitions(topic, partitions)
        try:
            self._admin.create_partitions([new], operation_timeout=_ANSWER_WITHIN_S)[topic].result(
                timeout=2 * _ANSWER_WITHIN_S
            )
        except KafkaException as failure:
            reason = failure.args[0].str()
            raise OutputFailed(f"topic {topic} was not given {partitions} partitions: {reason}") from None
        self._wait_until(lambda: self.describe([topic])[topic].partitions >= partitions)

    def _wait_until(self, known: Callable[[], bool]) -> None:
        """The brokers' metadata follows what they were told by a moment."""
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        while not known():
            self._admin.poll(0.05)
            if time.monotonic() >= deadline:
                raise self._trouble.unreachable("timed out")

    def subscribe(self, topics: Sequence[str], membership: Membership) -> None:
        """Take over the instance's transactions, then join the group."""
        self._membership = membership
        self._topics = topics
        self._committer.take_over(time.monotonic() + _START_WITHIN_S)
        if len(topics) > 1:
            self._place = lambda message: (message.topic(), message.partition())
        self._consumer.subscribe(
            list(topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def poll(self, max_records: int, timeout_s: float) -> list[Run]:
        """`poll(timeout)` for the first record, `consume(n, 0)` for the others.

        `consume(n, timeout)` would wait the whole timeout unless n arrive.
        """
        try:
            first = self._consumer.poll(timeout_s)
            if first is None:
                return []
            messages = [first, *self._consumer.consume(max_records - 1, 0)] if max_records > 1 else [first]
        except KafkaException as failure:
            raise self._trouble.mapped(failure.args[0]) from None
        finally:
            self._committer.poll()
            self._watch.look(self._topics, time.monotonic())
            self._trouble.check()
        if any(map(Message.error, messages)):
            messages = [message for message in messages if not self._noticed(message)]
        return [self._run(list(run)) for _, run in groupby(messages, self._place)]

    def resume(self, partition: Partition, offset: int) -> None:
        """Seek and resume; a partition that stopped on an error is taken up anew."""
        where = [TopicPartition(*partition, offset)]
        try:
            self._consumer.seek(where[0])
        except KafkaException as failure:
            if failure.args[0].name() != "_STATE":
                raise self._trouble.mapped(failure.args[0]) from None
            self._consumer.incremental_unassign(where)
            self._consumer.incremental_assign(where)
        self._consumer.resume(where)
        # A connection that has nothing to fetch sleeps for up to a second, and a resumed partition does not
        # wake it; a question does.
        with contextlib.suppress(KafkaException):
            self._consumer.get_watermark_offsets(where[0], timeout=_WAKE_WITHIN_S, cached=False)

    def pause(self, partition: Partition) -> None:
        """Deliver nothing of it."""
        self._consumer.pause([TopicPartition(*partition)])

    def committed(self, partition: Partition, timeout_s: float) -> Committed | None:
        """The group's position; Pending also while a transaction holds it."""
        with self._asking():
            found = self._consumer.committed([TopicPartition(*partition)], timeout=timeout_s)[0]
        if found.error is not None:
            raise self._trouble.mapped(found.error)
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

    def reader(self, partition: Partition, start: int, end: int) -> KafkaReader:
        """A consumer of its own, outside the group."""
        return KafkaReader(librdkafka.reader(self._settings), partition, start, end, self._trouble.mapped)

    def commit(self, commit: Commit, timeout_s: float) -> None:
        """One transaction; or outputs, then offsets."""
        self._watch.settle(min(timeout_s, _ANSWER_WITHIN_S), self._tell_waiting)
        self._committer.commit(commit, time.monotonic() + timeout_s)
        self._trouble.check()

    def close(self) -> None:
        """Leave the group. A transaction that was not committed is aborted by the next holder of our name."""
        self._consumer.close()
        # A fenced producer only repeats that it is fenced.
        with contextlib.suppress(KafkaException):
            self._committer.close()

    def _tell_waiting(self) -> None:
        if self._membership is not None:
            self._membership.waiting()

    # -- membership: librdkafka calls these from inside poll, consume and close

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        # A concrete offset, paused: a seek while librdkafka still looks up a logical one is lost, and the
        # partition is silent for ever.
        consumer.incremental_assign([TopicPartition(p.topic, p.partition, 0) for p in partitions])
        for each in partitions:
            self._watch.doubt(each.topic)
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
            self._trouble.failure = failure

    # -- what comes back

    def _run(self, messages: Sequence[Message]) -> Run:
        partition = Partition(messages[0].topic() or "", messages[0].partition() or 0)
        self._watch.heard(partition.topic, time.monotonic())
        return run_of(partition, messages)

    def _noticed(self, message: Message) -> bool:
        """Whether it is an error; it is dealt with."""
        error = message.error()
        if error is not None:
            self._notice(message, error)
        return error is not None

    def _notice(self, message: Message, error: KafkaError) -> None:
        name = error.name()
        if name == "_AUTO_OFFSET_RESET":
            self._watch.doubt(message.topic() or "")
            self._member().out_of_range(Partition(message.topic() or "", message.partition() or 0))
        elif name in ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"):
            raise TopicMissing(f"topic {message.topic() or ''} is gone: {error.str()}")
        elif name == "_MAX_POLL_EXCEEDED":
            told = {"error": error.str(), "then": "its partitions are lost; it joins the group again"}
            log.warning("away for longer than max.poll.interval.ms", extra=told)
        elif ends_us(error):
            raise self._trouble.mapped(error)
        elif name != "_PARTITION_EOF":
            log.warning("consumer error", extra={"error": error.str(), "then": "librdkafka tries again"})

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Errors of one short question: no answer yet is Pending."""
        try:
            yield
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if is_pending(error):
                raise Pending(error.str()) from None
            raise self._trouble.mapped(error) from None

    def _member(self) -> Membership:
        if self._membership is None:
            raise RuntimeError("subscribe first")
        return self._membership

    def _facts(self, topic: str, partitions: int) -> TopicFacts:
        """What the broker lets us see of a topic."""
        if not self._settings.administers:
            return TopicFacts(partitions, None)
        named = self._told(lambda: self._ask_for([topic])[topic])
        resource = ConfigResource(ResourceType.TOPIC, topic)
        entries = self._told(
            lambda: self._admin.describe_configs([resource], request_timeout=_SLICE_S)[resource]
        )
        identity = "" if named is None else str(named.topic_id)
        self._watch.know(topic, identity)
        if entries is None:
            return TopicFacts(partitions, None, id=identity)
        return TopicFacts(
            partitions,
            log_append_time=entries["message.timestamp.type"].value == "LogAppendTime",
            cleanup_policy=entries["cleanup.policy"].value,
            max_message_bytes=int(entries["max.message.bytes"].value),
            id=identity,
        )

    def _ask_for(self, topics: Sequence[str]) -> Mapping[str, Future[Any]]:
        return self._admin.describe_topics(TopicCollection(list(topics)), request_timeout=_SLICE_S)

    def _told(self, ask: Callable[[], Future[Any]]) -> Any | None:
        """The answer to an administrator's question, asked again where it fails; None = we may not know.

        A passing failure must not pass for that: a topic without an id would look like another topic.
        """
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        while True:
            try:
                return ask().result(timeout=_ANSWER_WITHIN_S)
            except TimeoutError:
                failed: EventclusterError = self._trouble.unreachable("timed out")
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                if error.name() in NOT_ALLOWED | NOT_KNOWN_THERE:
                    return None
                failed = self._trouble.mapped(error)
            if time.monotonic() >= deadline:
                raise failed
            self._admin.poll(_AGAIN_AFTER_S)


@contextlib.contextmanager
def _naming_properties() -> Iterator[None]:
    """A property that librdkafka does not know is the config's mistake."""
    try:
        yield
    except KafkaException as failure:
        raise ConfigError(f"kafka.properties: {failure.args[0].str()}") from None
