"""Golden files: for each format, records after its documented shape and the Event that each must become.

golden/FORMAT.jsonl holds one case a line: `what` it is, the `record` (an object, or a text line), and the
`event` with everything that is not empty; null where the record must be ignored.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from processor.events.event import Event
from processor.events.formats import FORMATS, Decoder
from processor.events.mapping import MAPPED

GOLDEN = Path(__file__).parent / "golden"


def cases() -> list[Any]:
    """Every case of every golden file."""
    return [
        pytest.param(case["record"], case["event"], id=f"{file.stem}: {case['what']}")
        for file in sorted(GOLDEN.glob("*.jsonl"))
        for case in map(json.loads, file.read_text(encoding="utf-8").splitlines())
    ]


@pytest.mark.parametrize(("record", "event"), cases())
def test_a_record_becomes_its_event(record: Any, event: dict[str, Any] | None) -> None:
    """Every field of the event is as documented, or the record is ignored."""
    value = record.encode() if isinstance(record, str) else json.dumps(record).encode()
    found = Decoder(formats=None, max_record_size=1 << 20, max_command_line=8192).decode(value)

    assert (None if event is None else Event(**event)) == found


def test_every_format_has_a_golden_file_with_an_event() -> None:
    """A new format comes with its golden file."""
    with_events = {case.values[1]["format"] for case in cases() if case.values[1] is not None}

    assert set(FORMATS) - {MAPPED} == with_events


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {MAPPED}))
def test_a_format_alone_reads_the_same(name: str) -> None:
    """input.formats with one format reads all of its records, and no other's."""
    decoder = Decoder(formats=frozenset({name}), max_record_size=1 << 20, max_command_line=8192)
    wrong = []
    for case in cases():
        record, event = case.values
        if name == "ecs" and event is not None and "category" in str(record) and event["format"] != name:
            # Winlogbeat's modules leave the event data in: ECS, read alone, has these too.
            continue
        value = record.encode() if isinstance(record, str) else json.dumps(record).encode()
        expected = Event(**event) if event is not None and event["format"] == name else None
        if decoder.decode(value) != expected:
            wrong.append(case.id)

    assert [] == wrong
