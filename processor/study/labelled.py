"""Labelled streams: records with the truth about them, in event-time order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from processor.errors import InvalidEvent, UsageError
from processor.events.event import Event
from processor.events.values import time_ms
from processor.pipeline import PipelineSettings
from processor.stream.containers import open_input
from processor.stream.files import InputFile

BENIGN: Final = 0
ATTACK: Final = 1
LEFT_OUT: Final = 2
# A labels file is read like a file of records; its lines are short.
_MAX_LABEL: Final = 65_536


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of one record: 0 benign, 1 attack, 2 fed but not scored; and the attack's stage."""

    label: int
    stage: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """One record of a stream.

    time : ms, what orders the stream and stands for the Kafka timestamp
    source : what recorded it, for `--source`; never a feature
    """

    value: bytes
    event: Event
    time: int
    source: str
    truth: Truth


class _Marks(msgspec.Struct):
    """What a labelled record carries beside its source's own fields. None of it is a feature."""

    id: str | None = msgspec.field(default=None, name="_id")
    time: str | None = msgspec.field(default=None, name="_t")
    source: str | None = msgspec.field(default=None, name="_src")


_marks: Final = msgspec.json.Decoder(_Marks)
_columns: Final = msgspec.json.Decoder(dict[str, object])


def moment_of(value: bytes, event: Event) -> int | None:
    """When a recorded event was, ms: the record's `_t`, else the event's time; None without either.

    Raises InvalidEvent where `_t` is no time.
    """
    try:
        marks = _marks.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return event.time
    return _moment(marks, event.time)


def _moment(marks: _Marks, time: int | None) -> int | None:
    return time_ms(marks.time, "_t") if marks.time else time


def read_labels(paths: Sequence[Path]) -> dict[str, Truth]:
    """Record id -> truth, of CSV files with the columns id, label, stage, or JSON lines with such keys.

    Raises UsageError naming file and line where one is missing or is no label.
    """
    truths: dict[str, Truth] = {}
    for path in paths:
        first = 2 if ".csv" in path.suffixes else 1
        for line, row in enumerate(InputFile(path, _MAX_LABEL), first):
            try:
                columns = _columns.decode(row)
            except (msgspec.DecodeError, UnicodeDecodeError):
                columns = {}
            number, label = columns.get("id"), str(columns.get("label", ""))
            if not number or label not in ("0", "1", "2"):
                raise UsageError(f"{path}, line {line}: needs an id and a label of 0, 1 or 2")
            truths[str(number)] = Truth(int(label), str(columns.get("stage") or ""))
    return truths


def read_stream(path: Path, truths: Mapping[str, Truth], settings: PipelineSettings) -> list[Labelled]:
    """The events of a file that have a label, by time, stably; others, and broken records, are left out.

    A record's id is its `_id`, else NAME:number with six digits. Its time is `_t`, else the event's.
    Raises UsageError where no record has a label.
    """
    decoder = settings.decoder()
    name = stream_name(path)
    found = []
    for number, value in enumerate(open_input(path, settings.max_record_size)):
        try:
            event = decoder.decode(value)
            marks = _marks.decode(value)
            time = None if event is None else _moment(marks, event.time)
        except (InvalidEvent, msgspec.DecodeError, UnicodeDecodeError):
            continue
        truth = truths.get(marks.id or f"{name}:{number:06d}")
        if event is None or truth is None:
            continue
        if time is not None:
            found.append(Labelled(value, event, time, marks.source or event.format, truth))
    if not found:
        raise UsageError(f"{path}: no process or logon event in it has a label")
    return sorted(found, key=lambda record: record.time)


def stream_name(path: Path) -> str:
    """What a stream is called: its file's name without endings."""
    return path.name.partition(".jsonl")[0].partition(".csv")[0]


def select(stream: Sequence[Labelled], source: str | None) -> dict[str, list[Labelled]]:
    """The stream once for each source of processes in it: a host's processes are often recorded twice.

    source : only this one (its `_src`, or its format); kinds that it does not record stay as they are
    Raises UsageError where nothing is of that source.
    """
    if source is not None:
        kinds = {record.event.kind for record in stream if source in (record.source, record.event.format)}
        if not kinds:
            known = sorted({record.source for record in stream})
            raise UsageError(f"--source {source}: no event is of it; there are {', '.join(known)}")
        return {
            source: [
                record
                for record in stream
                if record.event.kind not in kinds or source in (record.source, record.event.format)
            ]
        }
    sources = sorted({record.source for record in stream if record.event.kind == "process"})
    if not sources:
        return {stream[0].source: list(stream)}
    return {
        name: [record for record in stream if record.event.kind != "process" or record.source == name]
        for name in sources
    }
