"""What `config check --broker` asks of Apache Kafka: nothing is joined, written or moved."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._group import ConsumerGroupDescription
from confluent_kafka.admin._resource import ResourceType

from processor.errors import EventclusterError
from processor.stream import librdkafka
from processor.stream.check import TopicAnswer
from processor.stream.kafka_errors import NOT_ALLOWED, mapped
from processor.stream.kafka_reader import KafkaReader
from processor.stream.librdkafka import KafkaSettings
from processor.stream.records import EXACTLY_ONCE, Partition, Record

_ANSWER_WITHIN_S: Final = 10.0
# A running instance would be fenced if we took its name.
_NAME: Final = "config-check"
_NO_COORDINATOR: Final = frozenset(
    {"NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS"}
)


class KafkaInspector:
    """Asks as the service's own user, under a name of its own."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = replace(settings, instance=_NAME)
        self._said = ""
        self._admin = AdminClient(self._heard(librdkafka.admin(self._settings)))

    def topic(self, name: str) -> TopicAnswer | None:
        """Partitions, settings and rights of one topic."""
        question = self._admin.describe_topics(
            TopicCollection([name]), include_authorized_operations=True, request_timeout=_ANSWER_WITHIN_S
        )
        try:
            answer = question[name].result()
        except KafkaException as failure:
            name_of_error = failure.args[0].name()
            if name_of_error == "UNKNOWN_TOPIC_OR_PART":
                return None
            if name_of_error in NOT_ALLOWED:
                return TopicAnswer(partitions=0, config=None, allowed=frozenset())
            raise self._mapped(failure) from None
        allowed = answer.authorized_operations
        return TopicAnswer(
            partitions=len(answer.partitions),
            config=self._config(name),
            allowed=None if allowed is None else frozenset(each.name.lower() for each in allowed),
        )

    def newest(self, topic: str, partition: int, count: int) -> Sequence[Record]:
        """The partition's end, committed records only."""
        config = librdkafka.reader(self._settings)
        consumer = Consumer(self._heard(config))
        try:
            low, end = consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=_ANSWER_WITHIN_S
            )
        except KafkaException as failure:
            raise self._mapped(failure) from None
        finally:
            consumer.close()
        reader = KafkaReader(config, Partition(topic, partition), max(low, end - count), end, self._error)
        try:
            records: list[Record] = []
            while not reader.done:
                records += reader.read(count, 1.0)
        finally:
            reader.close()
        return records

    def group_refused(self) -> str | None:
        """By a look at the group, which need not exist yet."""
        group = self._settings.group_id
        try:
            allowed = self._describe_group(group).authorized_operations
        except KafkaException as failure:
            return None if failure.args[0].name() == "GROUP_ID_NOT_FOUND" else self._refusal(failure)
        if AclOperation.READ not in allowed:
            return f"consumer group {group} may be seen but not joined"
        return None

    def _describe_group(self, group: str) -> ConsumerGroupDescription:
        """Asked again while the group's coordinator is being found: the first group of a cluster has none."""
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        while True:
            question = self._admin.describe_consumer_groups(
                [group], include_authorized_operations=True, request_timeout=_ANSWER_WITHIN_S
            )
            try:
                found: ConsumerGroupDescription = question[group].result()
            except KafkaException as failure:
                if failure.args[0].name() not in _NO_COORDINATOR or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return found

    def transactions_refused(self) -> str | None:
        """By registering a transactional id of our own beside the instances'."""
        if self._settings.delivery != EXACTLY_ONCE:
            return None
        producer = Producer(self._heard(librdkafka.producer(self._settings)))
        try:
            producer.init_transactions(_ANSWER_WITHIN_S)
        except KafkaException as failure:
            return self._refusal(failure)
        return None

    def _config(self, name: str) -> dict[str, str] | None:
        resource = ConfigResource(ResourceType.TOPIC, name)
        try:
            entries = self._admin.describe_configs([resource], request_timeout=_ANSWER_WITHIN_S)[
                resource
            ].result()
        except KafkaException as failure:
            if failure.args[0].name() in NOT_ALLOWED:
                return None
            raise self._mapped(failure) from None
        return {entry.name: entry.value for entry in entries.values() if entry.value is not None}

    def _heard(self, config: dict[str, Any]) -> dict[str, Any]:
        return config | {"error_cb": self._note}

    def _note(self, error: KafkaError) -> None:
        self._said = error.str()

    def _refusal(self, failure: KafkaException) -> str:
        error = failure.args[0]
        if error.name() not in NOT_ALLOWED:
            raise self._mapped(failure) from None
        return f"{error.name()}: {error.str()}"

    def _mapped(self, failure: KafkaException) -> EventclusterError:
        self._admin.poll(0)
        return self._error(failure.args[0])

    def _error(self, error: KafkaError) -> EventclusterError:
        return mapped(error, self._settings, self._said)
