"""Ranges of one partition, read outside the group."""

import logging
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from processor.errors import EventclusterError
from processor.stream.kafka_errors import ends_us
from processor.stream.records import Partition, Record

log = logging.getLogger(__name__)

_ANSWER_WITHIN_S: Final = 10.0


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
