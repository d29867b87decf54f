"""Rejected records are kept, whole, in a topic of their own; too many of them stop the service."""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import processor
from processor.errors import DeadLetterFailed, TooManyRejected
from processor.pipeline import Rejected
from processor.stream.records import Output, Record

REASON: Final = "dead-letter-reason"
MESSAGE: Final = "dead-letter-message"
TRUNCATED: Final = "dead-letter-truncated-from"
# Of an error's text, which may quote what the record holds.
_MAX_MESSAGE: Final = 1024
_SMALLEST: Final = 1024


@dataclass(frozen=True, slots=True)
class DeadLetterLimits:
    """Beyond these the input is not what the config says.

    More than max_ratio of the last `of_last` records rejected, or max_in_a_row one after another.
    """

    max_ratio: float
    of_last: int
    max_in_a_row: int


def dead_letter(topic: str, record: Record, rejected: Rejected) -> Output:
    """The record's own bytes and key; why it was rejected and where it came from in headers."""
    headers = [
        (REASON, rejected.reason),
        (MESSAGE, rejected.message[:_MAX_MESSAGE]),
        ("source-topic", record.partition.topic),
        ("source-partition", str(record.partition.number)),
        ("source-offset", str(record.offset)),
        ("source-timestamp", str(record.timestamp)),
        ("eventcluster-version", processor.__version__),
    ]
    return Output(
        topic,
        record.key,
        record.value,
        tuple((name, text.encode("utf-8", "replace")) for name, text in headers),
    )


def truncated(letter: Output) -> Output:
    """The letter with half of its value, and a header with its first size; the topic refused it for its size.

    Raises DeadLetterFailed where it is small already: then the topic takes nothing.
    """
    value, key = letter.value or b"", letter.key or b""
    if len(value) <= _SMALLEST and len(key) <= _SMALLEST:
        raise DeadLetterFailed(
            f"topic {letter.topic} refuses a dead letter of {letter.size} bytes: raise its max.message.bytes"
        )
    headers = list(letter.headers)
    if TRUNCATED not in (name for name, _ in headers):
        headers.append((TRUNCATED, str(len(value)).encode()))
    shorter_key = letter.key if letter.key is None else key[: max(_SMALLEST, len(key) // 2)]
    return replace(letter, key=shorter_key, value=value[: len(value) // 2], headers=tuple(headers))


class RejectionWatch:
    """Counts rejected records against the limits. Only rejected records cost anything."""

    def __init__(self, limits: DeadLetterLimits) -> None:
        self._limits = limits
        self._rejected: deque[int] = deque()
        self._in_a_row = 0
        self._last = -1

    def rejected(self, number: int, why: str) -> None:
        """Note that the `number`-th record read was rejected; raises TooManyRejected."""
        limits = self._limits
        self._in_a_row = self._in_a_row + 1 if number == self._last + 1 else 1
        self._last = number
        if self._in_a_row > limits.max_in_a_row:
            raise TooManyRejected(
                f"{self._in_a_row} records in a row were rejected, the last because of: {why}. "
                "Stopped rather than drain the topic into dead letters, nothing is lost: check "
                "input.formats and kafka.input_topics, or raise dead_letters.max_in_a_row"
            )
        self._rejected.append(number)
        while self._rejected[0] <= number - limits.of_last:
            self._rejected.popleft()
        if len(self._rejected) > limits.max_ratio * limits.of_last:
            raise TooManyRejected(
                f"{len(self._rejected)} of the last {limits.of_last} records were rejected, the last because "
                f"of: {why}. Stopped rather than drain the topic into dead letters, nothing is lost: check "
                "input.formats and kafka.input_topics, or raise dead_letters.max_ratio"
            )
