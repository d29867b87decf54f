"""What one process that nobody disturbs publishes of a partition, its config changed on the way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from processor.config import Settings
from processor.pipeline import Pipeline, Scored
from tests.kafka.services import Given


@dataclass(frozen=True)
class Phase:
    """From offset `start` on the service runs with `settings`.

    learns : what a change of settings lets the model begin with: "all" that it ever saw (eps and the like
        go on with the state), or the "window" as it was at the change (features: read again from the log)
    """

    start: int
    settings: Settings
    learns: Literal["all", "window"] = "all"


def published(records: Sequence[Given], phases: Sequence[Phase], topic: str, partition: int) -> list[bytes]:
    """The anomalies' values in order; no episode may be open where a phase begins."""
    found: list[bytes] = []
    begin = 0
    for number, phase in enumerate(phases):
        pipeline = Pipeline(phase.settings.pipeline(), topic, partition)
        end = phases[number + 1].start if number + 1 < len(phases) else len(records)
        for offset in range(begin if phase.learns == "window" else 0, end):
            record = records[offset]
            outcome = pipeline.process(record.value, offset, record.timestamp)
            if offset >= phase.start and isinstance(outcome, Scored) and outcome.published is not None:
                found.append(outcome.published.value)
        begin = pipeline.window_offset or 0
    return found


@dataclass(frozen=True)
class Difference:
    """Between what was expected of a partition and what is in the topic.

    changed : records that are there once but with other bytes, or in another place
    """

    lost: int
    duplicated: int
    changed: int
    example: str


def difference(expected: Sequence[bytes], seen: Sequence[bytes]) -> Difference:
    """Compared by event.id, then byte for byte and in order."""
    wanted, got = [_id(value) for value in expected], [_id(value) for value in seen]
    counted = Counter(got)
    lost = sum((Counter(wanted) - counted).values())
    duplicated = sum(count - 1 for count in counted.values())
    pairs = [(a, b) for a, b in zip(expected, seen, strict=False) if a != b]
    example = "" if not pairs else f"{pairs[0][0].decode()}\n{pairs[0][1].decode()}"
    return Difference(lost, duplicated, len(pairs) + abs(len(expected) - len(seen)), example)


def _id(value: bytes) -> str:
    fields: dict[str, Any] = msgspec.json.decode(value)
    return str(fields["event"]["id"])
