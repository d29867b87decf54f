"""Simulated time: routines that wait and act, and the ordered stream of what they log."""

import heapq
import random
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

# A Monday, so that the first days are working days.
START: Final = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp()) * SECOND

# A routine yields how long it waits, ms; what it logs between two waits has the time of the first's end.
Routine = Generator[int, None, None]


@dataclass(frozen=True, slots=True)
class Label:
    """Why an event happened.

    attack : the attack's id, empty for background
    stage : the attack's step, empty for background
    cause : the routine behind a background event
    """

    attack: str = ""
    stage: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Logged:
    """One record of the stream: event time (ms since 1970 UTC), the host it is keyed by, JSON, its label."""

    time: int
    host: str
    value: bytes
    label: Label


class World:
    """The clock and the routines that wait for it."""

    def __init__(self, seed: int, start: int = START) -> None:
        self.seed = seed
        self.start = start
        self.now = start
        self._waiting: list[tuple[int, int, Routine]] = []
        self._spawned = 0
        self._logged: list[Logged] = []

    def random(self, name: str) -> random.Random:
        """A generator that depends on the seed and `name` alone."""
        return random.Random(f"{self.seed}/{name}")  # noqa: S311 (a reproducible simulation, no secret)

    def spawn(self, routine: Routine, delay: int = 0) -> None:
        """Start `routine` after `delay` ms."""
        self._spawned += 1
        heapq.heappush(self._waiting, (self.now + delay, self._spawned, routine))

    def log(self, host: str, label: Label, render: Callable[[int], bytes]) -> None:
        """Put a record into the stream, now; `render` is given the event time."""
        self._logged.append(Logged(self.now, host, render(self.now), label))

    def run(self) -> Iterator[Logged]:
        """The stream in the order of event time; endless as long as a routine waits."""
        while self._waiting:
            self.now, order, routine = heapq.heappop(self._waiting)
            wait = next(routine, None)
            if wait is not None:
                heapq.heappush(self._waiting, (self.now + max(0, wait), order, routine))
            if self._logged:
                yield from self._logged
                self._logged.clear()


def until(now: int, hour: float, start: int = START) -> int:
    """Milliseconds from `now` to the next time that the clock shows `hour` (0-24, UTC); never 0."""
    wait = (int(hour * HOUR) - (now - start) % DAY) % DAY
    return wait or DAY


def weekday(now: int) -> int:
    """0 = Monday."""
    return ((now - START) // DAY) % 7


def hour_of(now: int) -> float:
    """Hour of the day, 0 <= hour < 24, UTC."""
    return (now - START) % DAY / HOUR
