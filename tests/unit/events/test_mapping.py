"""Sources that the config describes: what compile_mapping accepts, and what becomes of their records."""

import json
from typing import Any

import pytest

from processor.errors import InvalidEvent
from processor.events.event import Event
from processor.events.formats import Decoder
from processor.events.mapping import TARGETS, Source, compile_mapping

FIELDS = {
    "@timestamp": "meta.time",
    "host.name": "host",
    "user.name": "who.name",
    "user.domain": "who.domain",
    "process.executable": ["image", "file.path"],
    "process.command_line": "args",
    "process.pid": "pid",
    "logon.id": "session",
}
RECORD: dict[str, Any] = {
    "kind": "exec",
    "meta": {"time": 1_600_000_000},
    "host": "h1",
    "who": {"name": "alice", "domain": "CORP"},
    "file": {"path": "/bin/sh"},
    "args": ["sh", "-c", "id"],
    "pid": "0x10",
    "session": 999,
}


def process(**changes: Any) -> Source:
    """A process source of FIELDS, with changes."""
    return compile_mapping(
        **({"name": "mine", "kind": "process", "when": {"kind": "exec"}, "fields": FIELDS} | changes)
    )


def decode(record: object, *sources: Source, formats: frozenset[str] | None = None) -> Event | None:
    """One record decoded with own sources."""
    decoder = Decoder(formats=formats, max_record_size=1 << 20, max_command_line=100, mappings=sources)
    return decoder.decode(json.dumps(record).encode())


def test_a_record_of_an_own_source_becomes_an_event() -> None:
    """Paths, alternatives, lists of arguments, Unix time, hex, and the logon id in one spelling."""
    assert Event(
        kind="process",
        format="mapping",
        code="exec",
        time=1_600_000_000_000,
        host="h1",
        user_name="alice",
        user_domain="CORP",
        logon_id="0x3e7",
        system_session=True,
        executable="/bin/sh",
        command_line="sh -c id",
        pid=16,
    ) == decode(RECORD, process(constants={"event.code": "exec"}))


def test_a_logon_source_needs_an_account_only() -> None:
    """Domain and user make the account; names of logon types and outcomes are read."""
    source = compile_mapping(
        name="vpn",
        kind="logon",
        when={"type": ["vpn-login", "vpn-fail"]},
        fields={
            "user.name": "u",
            "user.domain": "d",
            "event.outcome": "ok",
            "source.ip": "ip",
            "logon.type": "how",
        },
    )
    event = decode(
        {"type": "vpn-fail", "u": "bob", "d": "CORP", "ok": False, "ip": "::ffff:10.0.0.1", "how": "Network"},
        source,
    )

    assert event is not None
    assert ("CORP\\bob", "failure", "10.0.0.1", 3, None) == (
        event.account,
        event.outcome,
        event.source_ip,
        event.logon_type,
        event.time,
    )


@pytest.mark.parametrize(
    ("when", "record", "is_ours"),
    [
        ({"a.b": 1}, {"a": {"b": 1}}, True),
        ({"a.b": 1}, {"a.b": "1"}, True),
        ({"a.b": 1}, {"a": {"b": 1.0}}, True),
        ({"a.b": True}, {"a": {"b": True}}, True),
        ({"a.b": "1"}, {"a": {"b": [3, 1]}}, True),
        ({"a.b": "*"}, {"a": {"b": {}}}, True),
        ({"a.b": "*"}, {"a": {"b": None}}, False),
        ({"a.b": 1, "c": 2}, {"a": {"b": 1}}, False),
        ({"a.b": 1}, {"a": [{"b": 1}]}, False),
        ({"ä": 1}, {"ä": 1}, True),
    ],
)
def test_conditions_compare_values_as_text(
    when: dict[str, Any], record: dict[str, Any], is_ours: bool
) -> None:
    """Numbers, texts and true are the same in every spelling of JSON; all conditions must hold."""
    event = decode(record | {"image": "x"}, process(when=when))

    assert is_ours == (event is not None)


def test_own_sources_come_before_the_formats_and_are_always_read() -> None:
    """What the config describes is meant, whatever else a record looks like and input.formats says."""
    record = RECORD | {"EventID": 4688, "NewProcessName": "other"}
    event = decode(record, process(), formats=frozenset({"sysmon"}))

    assert event is not None
    assert ("mapping", "/bin/sh") == (event.format, event.executable)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"file": None}, "missing_field", "image"),
        ({"image": {}}, "bad_field", "image"),
        ({"args": [1]}, "bad_field", "args"),
        ({"args": 7}, "bad_field", "args"),
        ({"pid": "x"}, "bad_field", "pid"),
        ({"pid": True}, "bad_field", "pid"),
        ({"session": {"a": 1}}, "bad_field", "session"),
        ({"host": 1.5}, "bad_field", "host"),
        ({"meta": {"time": "soon"}}, "bad_time", "meta.time"),
        ({"meta": {"time": True}}, "bad_time", "meta.time"),
        ({"meta": {"time": -1}}, "bad_time", "meta.time"),
        ({"meta": {"time": 10**30}}, "bad_time", "meta.time"),
    ],
)
def test_a_broken_record_of_an_own_source_is_rejected(
    changes: dict[str, Any], reason: str, field: str
) -> None:
    """With the path that the config gave."""
    with pytest.raises(InvalidEvent) as rejected:
        decode(RECORD | changes, process())

    assert (reason, field) == (rejected.value.reason, rejected.value.field)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (1_600_000_000, 1_600_000_000_000),
        (1_600_000_000.5, 1_600_000_000_500),
        ("1600000000.123", 1_600_000_000_123),
        (1_600_000_000_123, 1_600_000_000_123),
        (1_600_000_000_123_456, 1_600_000_000_123),
        ("1600000000123456789", 1_600_000_000_123),
        ("2020-09-13T12:26:40Z", 1_600_000_000_000),
        ("", None),
    ],
)
def test_times_in_every_unit(time: Any, expected: int | None) -> None:
    """Unix time in s, ms, us or ns, number or text; ISO 8601."""
    event = decode(RECORD | {"meta": {"time": time}}, process())

    assert event is not None
    assert expected == event.time


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "file"}, "kind must be one of process, logon, got 'file'"),
        ({"when": {}}, "when is empty: name at least one field that tells this source's records from others"),
        ({"when": {"a": []}}, "when.a must be a text, a number or a list of them, not empty"),
        ({"when": {"a": {"b": 1}}}, "when.a must be a text, a number or a list of them, not empty"),
        ({"fields": {"host.name": "h"}}, "fields must say where process.executable is"),
        (
            {"fields": FIELDS | {"process.exe": "x"}},
            "'process.exe' is nothing that an event has; there are: @timestamp,",
        ),
        ({"fields": FIELDS | {"host.name": 7}}, "7 is no field path: write a.b.c"),
        (
            {"fields": FIELDS | {"host.name": ".".join("a" * 40)}},
            "is no field path: write a.b.c, at most 16 names",
        ),
        ({"constants": {"logon.type": "?"}}, "constants.logon.type: '\\?' is not a whole number"),
        ({"constants": {"a": "b"}}, "'a' is nothing that an event has"),
        (
            {"kind": "logon", "fields": {"host.name": "h"}},
            "fields must say where user.name is: a logon event",
        ),
    ],
)
def test_a_wrong_mapping_says_what_would_be_right(changes: dict[str, Any], message: str) -> None:
    """Found at start, not at the first record."""
    with pytest.raises(ValueError, match=message):
        process(**changes)


def test_every_target_is_an_attribute_of_an_event() -> None:
    """What a mapping can fill exists."""
    assert set(TARGETS.values()) <= set(Event.__struct_fields__)
