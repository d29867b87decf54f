"""Ranges of one partition, read outside the group."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from processor.errors import EventclusterError
from processor.stream.kafka_errors import ends_us
from processor.stream.records import Partition, Record, Run

log = logging.getLogger(__name__)

_ANSWER_WITHIN_S: Final = 10.0


def run_of(partition: Partition, messages: Sequence[Message]) -> Run:
    """Messages of one partition, at least one, none of them an error."""

    def column(read: Callable[[Message], Any]) -> list[Any]:
        return list(map(read, messages))

    timestamps = [milliseconds for _, milliseconds in map(Message.timestamp, messages)]
    return Run(
        partition,
        column(Message.offset),
        timestamps,
        column(Message.key),
        column(Message.value),
        column(Message.headers),
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
        try:
            first = self._consumer.poll(timeout_s)
            rest = [] if first is None or max_records < 2 else self._consumer.consume(max_records - 1, 0)
            messages = [] if first is None else [first, *rest]
            wanted = [message for message in messages if self._wanted(message)]
            return [*run_of(self._partition, wanted)] if wanted else []
        except KafkaException as failure:
            raise self._mapped(failure.args[0]) from None

    def _wanted(self, message: Message) -> bool:
        """Whether it is a record of the range; `position` moves behind it."""
        error = message.error()
        offset = message.offset() or 0
        if error is None:
            # Batches end where they will: what lies behind the range is fetched with it, and not read.
            self.position = min(offset + 1, self._end)
            return offset < self._end
        self._notice(error, offset)
        return False

    def _notice(self, error: KafkaError, offset: int) -> None:
        if error.name() == "_PARTITION_EOF":
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
