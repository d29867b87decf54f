"""What msticpy's oracle tests share: its recordings decoded once, and DBSCAN labels from our own detector."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processor.config import Settings
from processor.detection.detector import Detector, Judgement
from processor.events.event import Event
from processor.events.formats import Decoder
from processor.stream.files import InputFile
from processor.study.members import NOISE, Member, Members

FILES = ("processes_on_host", "process_tree", "host_logons")


@dataclass(frozen=True)
class Recording:
    """The events of one file, in its order; `arrival` are their positions by event time, stably."""

    events: tuple[Event, ...]
    arrival: tuple[int, ...]


def read(path: Path) -> Recording:
    """Decode a recording as the pipeline does."""
    decoder = Decoder(formats=None, max_record_size=1 << 20, max_command_line=8192)
    events = tuple(
        event for value in InputFile(path, 1 << 20) if (event := decoder.decode(value)) is not None
    )
    return Recording(events, tuple(sorted(range(len(events)), key=lambda row: events[row].time or 0)))


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV as a list of rows."""
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def detector(**sections: Any) -> Detector:
    """A detector as a config with these sections makes it; scope: the recordings have one host."""
    settings = Settings.model_validate({"warmup": {"span": "0s", "events": 0}, **sections})
    return Detector(settings.pipeline().detector, lambda _, offset: str(offset))


def feed(model: Detector, recording: Recording) -> Iterator[tuple[int, Judgement, Members]]:
    """Show a detector a recording in arrival order: each event's row, its judgement, who is where by then."""
    members = Members(model)
    for row in recording.arrival:
        event = recording.events[row]
        judgement = model.observe(event, b"", row, event.time or 0, learn_only=True)
        members.note(row, event.time or 0)
        yield row, judgement, members


def members_at_the_end(model: Detector, recording: Recording) -> list[Member]:
    """Every event's label after a whole recording, in the file's order."""
    *_, (_, _, members) = feed(model, recording)
    return sorted(members.table(), key=lambda member: member.number)


def renumbered(members: Sequence[Member]) -> list[int]:
    """Labels as scikit-learn numbers them: clusters by their first core point in row order, noise -1."""
    order: dict[int, int] = {NOISE: NOISE}
    for member in members:
        if member.is_core:
            order.setdefault(member.cluster, len(order) - 1)
    return [order[member.cluster] for member in members]
