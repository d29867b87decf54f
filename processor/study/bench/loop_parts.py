"""Where the CPU of a running service goes: by part of the loop's thread, and by other threads."""

import contextlib
import time
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Final

from processor.stream.kafka import KafkaBroker
from processor.stream.observer import Observer
from processor.stream.tally import Tally
from processor.stream.task import Task

CLIENT: Final = "librdkafka's threads"
VERDICT: Final = "bytes to verdict"
OTHER_THREADS: Final = "other threads: picture, page, offsets sent"
# Each is called once a poll, a run of records or a turn, never once an event.
_PARTS: Final[Mapping[str, tuple[tuple[type, str], ...]]] = {
    "consume": ((KafkaBroker, "poll"),),
    VERDICT: (),
    "counts of outcomes": ((Tally, "add"),),
    "commit": ((KafkaBroker, "commit"),),
    "state": ((Task, "begin_state"), (Task, "make_state"), (Task, "cut_state")),
    "gauges and status": ((Observer, "__call__"),),
}
# Linux's number of the clock that counts a thread's CPU, from the thread's number.
_OF_THREAD: Final = 0b110


class LoopParts:
    """Seconds of CPU of each part of the loop; of parts within parts the innermost counts.

    What no method of _PARTS does is the way from bytes to a verdict, and the few lines around it that a
    batch needs once; commits send their offsets in a thread of their own.
    """

    def __init__(self, loop_thread: int) -> None:
        """loop_thread : threading's ident of the thread that the loop works in; it does not end before us."""
        self._clock = time.pthread_getcpuclockid(loop_thread)
        self._spent = dict.fromkeys(_PARTS, 0)
        self._part = VERDICT
        self._since = 0

    def watch(self) -> None:
        """Look at every loop of this process from now on."""
        for part, methods in _PARTS.items():
            for owner, name in methods:
                setattr(owner, name, self._timed(part, getattr(owner, name)))

    def spent(self) -> dict[str, float]:
        """Seconds of CPU of each part so far; they add up to those of the process. In any thread."""
        client, loop, whole = _client_threads(), time.clock_gettime(self._clock), time.process_time()
        parts = {part: spent / 1e9 for part, spent in self._spent.items()}
        # What a part at work has needed so far, too.
        parts[VERDICT] += loop - sum(parts.values())
        return {CLIENT: client, **parts, OTHER_THREADS: whole - loop - client}

    def _timed(self, part: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def within(*given: Any, **named: Any) -> Any:
            around = self._turn_to(part)
            try:
                return method(*given, **named)
            finally:
                self._turn_to(around)

        return within

    def _turn_to(self, part: str) -> str:
        """The part that was at work until now."""
        now, before = time.thread_time_ns(), self._part
        self._spent[before] += now - self._since
        self._since, self._part = now, part
        return before


def _client_threads() -> float:
    """Seconds of CPU of librdkafka's threads that live."""
    seconds = 0.0
    for thread in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            if (thread / "comm").read_text(encoding="utf-8").startswith("rdk:"):
                seconds += time.clock_gettime(~int(thread.name) << 3 | _OF_THREAD)
    return seconds
