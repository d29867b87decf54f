"""A stream of process events for state to be kept of, and the settings that make a short story of it."""

import random
from datetime import UTC, datetime

from tests.kafka.services import Given
from tests.unit.stream.stories import MINUTE_MS, START_MS, process_event

# A short window, so that panes leave it; segments by the hundred records, so that kills fall between them.
SECTIONS = {
    "warmup": {"span": "30m", "events": 20},
    "window": {"length": "4h", "pane": "10m"},
    "state": {"max_segment_events": 100},
}


def stream(seed: int, length: int, partition: int) -> list[Given]:
    """A minute an event, mostly repeats, in times that move; every partition has two hosts."""
    chance = random.Random(seed)  # noqa: S311 - a story, no secret
    lines = [f"agent.exe --poll --server s{n}.example.org" for n in range(5)]
    found = []
    for number in range(length):
        host = f"web-{partition}-{chance.randrange(2)}"
        text = chance.choice(lines)
        if chance.random() < 0.06:
            text = "".join(chance.choices('abcXYZ019 "/\\-=;%', k=chance.randint(5, 90)))
        moment = START_MS + number * MINUTE_MS
        value = process_event(0, text, host)
        stamp = datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        value = value.replace(b"2023-11-14T00:00:00Z", stamp.encode())
        found.append(Given(value, moment, host.encode()))
    return found
