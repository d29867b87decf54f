"""The usual ECS process start is read by a typed decoder; it must be what the table of paths says."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.errors import InvalidEvent
from processor.events.ecs import SOURCES, read
from processor.events.event import Event
from processor.events.mapping import reader_of
from tests.fuzz import target

START: dict[str, Any] = {
    "@timestamp": "2023-05-02T10:00:00.123Z",
    "event": {"category": ["process"], "type": ["start"], "action": "exec"},
    "host": {"name": "lx1"},
    "user": {"name": "alice", "id": "1000"},
    "auditd": {"session": "7"},
    "winlog": {"logon": {"id": "0x7"}},
    "process": {
        "executable": "/usr/bin/id",
        "command_line": "id -u",
        "args": ["id", "-u"],
        "title": "id -u",
        "pid": 12,
        "ppid": 13,
        "parent": {
            "executable": "/bin/sh",
            "name": "sh",
            "command_line": "sh",
            "args": ["sh", "x"],
            "pid": 11,
        },
    },
}
by_table = reader_of(SOURCES)


def answer(reader: Any, record: bytes) -> Event | str | None:
    """The event, None, or what is wrong."""
    try:
        found: Event | None = reader(record, 64)
    except InvalidEvent as invalid:
        return f"{invalid.reason} {invalid.field}"
    return found


@given(st.integers(0, 100), st.integers(0, len(target.HOSTILE) - 1), st.integers(0, 100), st.integers(0, 60))
@settings(max_examples=600, deadline=None)
def test_both_ways_give_the_same_answer(place: int, hostile: int, second: int, other: int) -> None:
    """For a usual record with any two of its values replaced by hostile ones."""
    record = target.spoiled(json.dumps(START).encode(), place, hostile)
    record = target.spoiled(record, second, other)

    assert answer(by_table, record) == answer(read, record)


PLACES = [
    *(
        "process.parent",
        "process.command_line",
        "process.args",
        "process.executable",
        "process",
        "process.pid",
    ),
    *("process.parent.executable", "process.parent.command_line", "process.parent.pid"),
    *("user", "user.id", "auditd", "winlog", "host", "event", "event.action", "@timestamp"),
]


@pytest.mark.parametrize("path", PLACES)
def test_what_is_missing_is_the_same_in_both_ways(path: str) -> None:
    """A record without one of its parts."""
    record = json.loads(json.dumps(START))
    *parents, last = path.split(".")
    node = record
    for name in parents:
        node = node[name]
    del node[last]
    value = json.dumps(record).encode()

    assert answer(by_table, value) == answer(read, value)
