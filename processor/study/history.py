"""Recorded events without labels, in the order in which they were."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Final

from processor.errors import InvalidEvent, UsageError
from processor.events.event import Event
from processor.pipeline import PipelineSettings
from processor.stream.containers import open_input
from processor.study.labelled import moment_of

Progress = Callable[[int, int], None]

_PROGRESS_EVERY: Final = 500


def read_history(
    files: Sequence[Path], told: PipelineSettings, progress: Progress
) -> tuple[list[tuple[int, Event]], int]:
    """When each event was, ms, and it, in that order; and how many have no time. A record's `_t` goes first.

    Raises UsageError where none has a time.
    """
    decoder = told.decoder()
    inputs = [open_input(path, told.max_record_size) for path in files]
    total = sum(each.size for each in inputs)
    found = []
    before = untimed = 0
    for each in inputs:
        for number, value in enumerate(each):
            if number % _PROGRESS_EVERY == 0:
                progress(before + each.position, total)
            try:
                event = decoder.decode(value)
                time = None if event is None else moment_of(value, event)
            except InvalidEvent:
                continue
            if event is None or event.kind not in told.detector.kinds:
                continue
            if time is None:
                untimed += 1
            else:
                found.append((time, event))
        before += each.size
    progress(total, total)
    if untimed and not found:
        raise UsageError(f"none of {untimed:,} events says when it was: history needs event times")
    return sorted(found, key=itemgetter(0)), untimed
