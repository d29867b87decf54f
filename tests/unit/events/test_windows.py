"""Windows Security and Sysmon records in every layout, made after their documented shapes."""

import json
from typing import Any

import pytest

from processor.errors import InvalidEvent
from processor.events.event import Event
from processor.events.formats import Decoder

PROCESS = {
    "SubjectUserSid": "S-1-5-21-1-2-3-1107",
    "SubjectUserName": "pbeesly",
    "SubjectDomainName": "DMEVALS",
    "SubjectLogonId": "0x3731F3",
    "NewProcessId": "0x214c",
    "NewProcessName": "C:\\Windows\\System32\\whoami.exe",
    "ProcessId": "0x1158",
    "CommandLine": "whoami /all",
    "ParentProcessName": "C:\\Windows\\System32\\cmd.exe",
    "TargetUserName": "-",
    "TargetLogonId": "0x0",
}
LOGON = {
    "SubjectUserName": "SCRANTON$",
    "SubjectLogonId": "0x3e7",
    "TargetUserSid": "S-1-5-21-1-2-3-1107",
    "TargetUserName": "pbeesly",
    "TargetDomainName": "DMEVALS",
    "TargetLogonId": "0x861a79",
    "LogonType": "10",
    "IpAddress": "10.0.1.4",
    "AuthenticationPackageName": "Negotiate",
}
SYSMON = {
    "UtcTime": "2020-05-02 02:55:56.157",
    "ProcessGuid": "{47ab858c-e13c-5eac-a903-000000000400}",
    "ProcessId": "8524",
    "Image": "C:\\Windows\\System32\\whoami.exe",
    "CommandLine": "whoami /all",
    "User": "DMEVALS\\pbeesly",
    "LogonId": "0x3731F3",
    "ParentProcessId": "4440",
    "ParentImage": "C:\\Windows\\explorer.exe",
    "ParentCommandLine": "explorer.exe",
}
TIME = 1_588_388_156_157
STAMP = "2020-05-02T02:55:56.157Z"


def flat(event_id: int, data: dict[str, Any]) -> dict[str, Any]:
    """As NXLog ships it: event data beside the header."""
    return {"EventID": event_id, "Hostname": "SCRANTON.dmevals.local", "@timestamp": STAMP, **data}


def sentinel(event_id: int, data: dict[str, Any]) -> dict[str, Any]:
    """As Microsoft Sentinel exports it to CSV: every value a text."""
    row = {
        "EventID": event_id,
        "Computer": "SCRANTON.dmevals.local",
        "TimeGenerated": "2020-05-02 02:55:56.157",
    }
    return {key: str(value) for key, value in (row | data).items()}


def beats6(event_id: int, data: dict[str, Any]) -> dict[str, Any]:
    """As Winlogbeat 6 ships it."""
    return {
        "@timestamp": STAMP,
        "event_id": event_id,
        "computer_name": "SCRANTON.dmevals.local",
        "event_data": data,
    }


def beats7(event_id: int, data: dict[str, Any]) -> dict[str, Any]:
    """As Winlogbeat 7 and later ships it, through a collector that is not the host."""
    return {
        "@timestamp": STAMP,
        "host": {"name": "collector"},
        "winlog": {"event_id": event_id, "computer_name": "SCRANTON.dmevals.local", "event_data": data},
    }


LAYOUTS = (flat, sentinel, beats6, beats7)


def decode(record: object, **limits: Any) -> Event | None:
    """One record decoded with the contract's limits, or those given."""
    limits = {"formats": None, "max_record_size": 1 << 20, "max_command_line": 8192} | limits
    return Decoder(**limits).decode(record if isinstance(record, bytes) else json.dumps(record).encode())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_process_creation_is_the_same_event_in_every_layout(layout: Any) -> None:
    """4688: the creator's account and session, the new process's path and id, the creator's as parent."""
    assert Event(
        kind="process",
        format="windows_security",
        code="4688",
        time=TIME,
        host="SCRANTON.dmevals.local",
        user_name="pbeesly",
        user_domain="DMEVALS",
        user_id="S-1-5-21-1-2-3-1107",
        logon_id="0x3731f3",
        executable="C:\\Windows\\System32\\whoami.exe",
        command_line="whoami /all",
        pid=0x214C,
        parent_executable="C:\\Windows\\System32\\cmd.exe",
        parent_pid=0x1158,
    ) == decode(layout(4688, PROCESS))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("code", "outcome"), [("4624", "success"), ("4625", "failure")])
def test_a_logon_is_the_same_event_in_every_layout(layout: Any, code: str, outcome: Any) -> None:
    """4624 and 4625: the account that logged on and its new session."""
    assert Event(
        kind="logon",
        format="windows_security",
        code=code,
        time=TIME,
        host="SCRANTON.dmevals.local",
        user_name="pbeesly",
        user_domain="DMEVALS",
        user_id="S-1-5-21-1-2-3-1107",
        logon_id="0x861a79",
        account="DMEVALS\\pbeesly",
        logon_type=10,
        outcome=outcome,
        source_ip="10.0.1.4",
        authentication_package="Negotiate",
    ) == decode(layout(int(code), LOGON))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sysmon_process_creation_is_the_same_event_in_every_layout(layout: Any) -> None:
    """Sysmon 1: the new process's own user and session; UtcTime before any time of the header."""
    record = layout(1, SYSMON) | {"EventTime": "2020-05-01 22:55:56", "UserID": "S-1-5-18", "ProcessID": 3140}

    assert Event(
        kind="process",
        format="sysmon",
        code="1",
        time=TIME,
        host="SCRANTON.dmevals.local",
        user_name="pbeesly",
        user_domain="DMEVALS",
        logon_id="0x3731f3",
        executable="C:\\Windows\\System32\\whoami.exe",
        command_line="whoami /all",
        pid=8524,
        parent_executable="C:\\Windows\\explorer.exe",
        parent_command_line="explorer.exe",
        parent_pid=4440,
    ) == decode(record)


@pytest.mark.parametrize("logon_id", ["0x3e7", "0x3E7", "0X3e7", "999", 999, 999.0, "0x00000000000003e7"])
def test_the_system_session_is_known_in_any_spelling(logon_id: object) -> None:
    """Hex or decimal, text or number, any case, leading zeros."""
    event = decode(flat(4688, PROCESS | {"SubjectLogonId": logon_id}))

    assert event is not None
    assert ("0x3e7", True) == (event.logon_id, event.system_session)


def test_the_system_account_is_the_system_session() -> None:
    """SID S-1-5-18, whatever the logon id."""
    event = decode(flat(4688, PROCESS | {"SubjectUserSid": "S-1-5-18"}))

    assert event is not None
    assert event.system_session


@pytest.mark.parametrize(
    "field",
    ["CommandLine", "ParentProcessName", "ProcessId", "NewProcessId", "SubjectLogonId", "SubjectUserName"],
)
def test_optional_fields_may_be_missing_null_or_empty(field: str) -> None:
    """All three are the same event."""
    without = {key: value for key, value in PROCESS.items() if key != field}
    events = [decode(flat(4688, data)) for data in (without, without | {field: None}, without | {field: ""})]

    assert events[0] is not None
    assert [events[0]] * 3 == events


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"TimeCreated": "2020-05-02T02:55:56.1579999Z", "@timestamp": "2021-01-01T00:00:00Z"}, TIME),
        ({"SystemTime": "2020-05-02T02:55:56.157Z", "TimeGenerated": "2021-01-01"}, TIME),
        ({"TimeGenerated [UTC]": "5/2/2020, 2:55:56.157 AM"}, TIME),
        ({"TimeGenerated [UTC]": "5/2/2020, 12:00:00.000 PM"}, 1_588_420_800_000),
        ({"EventTime": "2020-05-01T22:55:56.157-04:00", "@timestamp": "2021-01-01T00:00:00Z"}, TIME),
        ({"EventTime": "2020-05-01 22:55:56"}, None),
        ({"TimeGenerated": "1969-12-31 23:59:59.999"}, -1),
        ({"TimeGenerated": "0001-01-01T00:00:00+14:00"}, -62_135_647_200_000),
        ({"TimeGenerated": "9999-12-31T23:59:59.999-14:00"}, 253_402_351_199_999),
        ({"TimeGenerated": "2020-05-02 02:55:56.157 UTC"}, TIME),
        ({"TimeGenerated": "2020-05-02 02:55:56.157 +00:00"}, TIME),
        ({"TimeGenerated": ""}, None),
        ({}, None),
    ],
)
def test_the_time_taken_is_utc(times: dict[str, str], expected: int | None) -> None:
    """The event's own UTC time; NXLog's local time only with its zone; no time where there is none."""
    event = decode({"EventID": 4688, "Computer": "x"} | PROCESS | times)

    assert event is not None
    assert expected == event.time


@pytest.mark.parametrize(
    ("path", "command_line"),
    [("C:/Program Files\\a/b.exe", "a/b"), ("/bin/dash", "dash -c x"), ("\\??\\C:\\x.exe", "x")],
)
def test_both_path_separators_may_be_in_one_stream(path: str, command_line: str) -> None:
    """Paths are taken as they are."""
    event = decode(flat(4688, PROCESS | {"NewProcessName": path, "CommandLine": command_line}))

    assert event is not None
    assert (path, command_line) == (event.executable, event.command_line)


def test_the_account_column_of_sentinel_is_taken() -> None:
    """Where it is absent, it is domain and user; the user alone without a domain."""
    accounts = [
        decode(sentinel(4624, LOGON | {"Account": "NT AUTHORITY\\SYSTEM"})),
        decode(flat(4624, LOGON)),
        decode(flat(4624, LOGON | {"TargetDomainName": "-"})),
        decode(sentinel(4624, {"Account": "a\\b", "LogonType": 3})),
    ]

    assert ["NT AUTHORITY\\SYSTEM", "DMEVALS\\pbeesly", "pbeesly", "a\\b"] == [
        event and event.account for event in accounts
    ]
    assert ("a", "b") == (accounts[3] and accounts[3].user_domain, accounts[3] and accounts[3].user_name)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("-", ""), ("", ""), ("::ffff:10.0.0.1", "10.0.0.1"), ("::1", "::1"), ("fe80::1", "fe80::1")],
)
def test_source_addresses(given: str, expected: str) -> None:
    """No address is empty; an IPv4 address is itself in IPv6 spelling too."""
    event = decode(flat(4624, LOGON | {"IpAddress": given}))

    assert event is not None
    assert expected == event.source_ip


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
