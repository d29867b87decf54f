"""Records that hold no event, are broken, too long or no text: ignored, rejected with the field, or cut."""

import json
from typing import Any

import pytest

from processor.errors import InvalidEvent
from processor.events.formats import Decoder
from tests.unit.events.windows_records import LOGON, PROCESS, SYSMON, beats6, beats7, decode, flat, sentinel


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"EventID": 4648, "TargetUserName": "x", "LogonType": 3},
        {"EventID": 4634, "LogonType": 3, "TargetUserName": {"not": "ours"}},
        {"EventID": 1, "SourceName": "Microsoft-Windows-Kernel-General", "Image": "x"},
        {"EventID": 1, "message": "NewProcessName ProcessGuid LogonType"},
        {"EventID": 4688, "SourceName": "SomeOtherProvider", "NewProcessName": "x"},
        {"EventID": 5, "ProcessGuid": "{}", "SourceName": "Microsoft-Windows-Sysmon", "Image": "x"},
        {"winlog": {"event_id": 4672}},
        {"message": "4688 EventID"},
        {"EventID": None},
    ],
)
def test_what_is_no_process_or_logon_event_is_ignored(record: dict[str, Any]) -> None:
    """Other ids, other providers, other objects; names of fields inside texts decide nothing."""
    assert decode(record) is None


def test_a_tombstone_is_ignored() -> None:
    """A Kafka record without a value."""
    assert Decoder(formats=None, max_record_size=10, max_command_line=10).decode(None) is None


def test_formats_not_asked_for_are_ignored() -> None:
    """input.formats: one source per kind."""
    security = frozenset({"windows_security"})

    assert decode(flat(1, SYSMON), formats=security) is None
    assert decode(flat(4688, PROCESS), formats=security) is not None


@pytest.mark.parametrize(
    ("record", "reason", "field"),
    [
        (flat(4688, PROCESS | {"CommandLine": 7}), "bad_field", "CommandLine"),
        (flat(4688, PROCESS | {"CommandLine": ["x"]}), "bad_field", "CommandLine"),
        (flat(4688, PROCESS | {"NewProcessId": "12x"}), "bad_field", "NewProcessId"),
        (flat(4688, PROCESS | {"NewProcessId": -1}), "bad_field", "NewProcessId"),
        (flat(4688, PROCESS | {"NewProcessId": 1.5}), "bad_field", "NewProcessId"),
        (flat(4688, PROCESS | {"NewProcessId": True}), "bad_field", "NewProcessId"),
        (flat(4688, PROCESS | {"ProcessId": "9" * 5000}), "bad_field", "ProcessId"),
        (flat(4688, PROCESS | {"@timestamp": "yesterday"}), "bad_time", "@timestamp"),
        (flat(4688, PROCESS | {"@timestamp": 12}), "bad_field", "@timestamp"),
        (sentinel(4688, PROCESS | {"TimeGenerated": "2020-13-01"}), "bad_time", "TimeGenerated"),
        (sentinel(4688, PROCESS | {"TimeGenerated": "x" * 10_000}), "bad_time", "TimeGenerated"),
        (beats6(4688, PROCESS | {"CommandLine": {}}), "bad_field", "event_data.CommandLine"),
        (beats7(4688, PROCESS | {"CommandLine": {}}), "bad_field", "winlog.event_data.CommandLine"),
        (beats7(4688, PROCESS | {"NewProcessId": "?"}), "bad_field", "winlog.event_data.NewProcessId"),
        ({"event_id": 4688, "event_data": [], "x": "NewProcessName"}, "bad_field", "event_data"),
        ({"winlog": {"event_id": 4688}}, "missing_field", "winlog.event_data"),
        ({"EventID": [4688], "NewProcessName": "x"}, "bad_field", "EventID"),
        ({"EventID": 4688, "Computer": "x"}, "missing_field", "NewProcessName"),
        (flat(4688, PROCESS | {"NewProcessName": None}), "missing_field", "NewProcessName"),
        (flat(4624, {"LogonType": 3}), "missing_field", "TargetUserName"),
        ({"EventID": 4625}, "missing_field", "TargetUserName"),
        (flat(4624, LOGON | {"LogonType": "ten"}), "bad_field", "LogonType"),
        (flat(4624, LOGON | {"LogonType": 2**63}), "bad_field", "LogonType"),
        (flat(1, SYSMON | {"UtcTime": "x"}), "bad_time", "UtcTime"),
        (flat(1, SYSMON | {"Image": ""}), "missing_field", "Image"),
        ({"EventID": 1, "SourceName": "Microsoft-Windows-Sysmon"}, "missing_field", "Image"),
        (b"", "not_json", "value"),
        (b"\x00\xff\xfe", "not_json", "value"),
        (json.dumps({"EventID": 4688}).encode("utf-16"), "not_json", "value"),
        (b'{"EventID": 4688, "NewProcessName": NaN}', "not_json", "NewProcessName"),
        (b'{"EventID": 4688, "NewProcessId": -Infinity}', "not_json", "NewProcessId"),
        (b'{"EventID": 4688, "NewProcessId": 01}', "not_json", "NewProcessId"),
        (b'{"EventID": 4688', "not_json", "value"),
        (b"[]", "not_an_object", "value"),
        (b"null", "not_an_object", "value"),
        (b'"NewProcessName"', "not_an_object", "value"),
        (b"[" * 100_000, "not_an_object", "value"),
        (b'{"x":' + b"[" * 100_000, "not_json", "value"),
        (b'{"EventID":4688,"NewProcessName":' + b"[" * 100_000, "not_json", "value"),
        ({"records": [{}, {"EventID": 4688}]}, "missing_field", "records[1].NewProcessName"),
        ({"records": [flat(4688, PROCESS)] * 2}, "bad_field", "records"),
        ({"EventID": 4688, "EventData": "{"}, "bad_field", "EventData"),
        ({"EventID": 4688, "EventData": [1]}, "bad_field", "EventData"),
        ({"EventID": 4688, "EventData": {"Data": [{"x": 1}]}}, "bad_field", "EventData.Data"),
    ],
)
def test_a_broken_event_is_rejected_with_field_and_reason(record: Any, reason: str, field: str) -> None:
    """What should be a process or logon event and is not says which field and why."""
    with pytest.raises(InvalidEvent) as rejected:
        decode(record)

    assert (reason, field) == (rejected.value.reason, rejected.value.field)
    assert len(str(rejected.value)) < 300


def test_a_record_beyond_the_limit_is_rejected() -> None:
    """input.max_record_size, before anything is parsed."""
    with pytest.raises(InvalidEvent, match=r"101 bytes, more than input\.max_record_size = 100"):
        decode(b"x" * 101, max_record_size=100)


def test_a_long_command_line_is_cut_and_says_so() -> None:
    """input.max_command_line, in characters."""
    event = decode(flat(4688, PROCESS | {"CommandLine": "ä" * 101}), max_command_line=100)

    assert event is not None
    assert ("ä" * 100, True) == (event.command_line, event.truncated)


def test_every_text_is_bounded() -> None:
    """No field of an event can be made to hold a megabyte."""
    long = "x" * 100_000
    texts = [key for key in PROCESS if key not in {"NewProcessId", "ProcessId"}]
    sysmon = ["Image", "CommandLine", "ParentCommandLine", "ParentImage", "User", "ProcessGuid", "LogonId"]
    logon = [key for key in LOGON if key != "LogonType"]
    events = [
        decode({"EventID": 4688} | dict.fromkeys([*texts, "Computer"], long)),
        decode({"EventID": 1} | dict.fromkeys([*sysmon, "Hostname"], long)),
        decode({"EventID": 4624} | dict.fromkeys([*logon, "Computer", "Account"], long)),
    ]

    for event in events:
        assert event is not None
        assert all(
            len(value) <= (8192 if name.endswith("command_line") else 1024)
            for name in event.__struct_fields__
            if isinstance(value := getattr(event, name), str)
        )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (b"\xff", "\ufffd"),
        (b"\\ud800", "\ufffd"),
        (b"\\udfff\\ud83d\\ude00", "\ufffd\U0001f600"),
        (b"\\\\ud800\\ud800", "\\ud800\ufffd"),
        (b"\\u0000\\u001b[31m<b>", "\x00\x1b[31m<b>"),
    ],
)
def test_what_is_no_text_does_not_hide_an_event(written: bytes, expected: str) -> None:
    """Windows lets halves of surrogate pairs into command lines: U+FFFD stands for what is no character."""
    event = decode(b'{"EventID":4688,"NewProcessName":"x","CommandLine":"' + written + b'"}')

    assert event is not None
    assert expected == event.command_line


def test_a_byte_order_mark_is_skipped() -> None:
    """Files made by Windows tools begin with one."""
    assert decode(b"\xef\xbb\xbf" + json.dumps(flat(4688, PROCESS)).encode()) is not None


def test_of_duplicate_keys_the_last_counts() -> None:
    """As in most readers of JSON."""
    event = decode(b'{"EventID":4688,"NewProcessName":"x","NewProcessName":"y"}')

    assert event is not None
    assert "y" == event.executable
