"""What Windows Security and Sysmon records of every layout say as events."""

from typing import Any

import pytest

from processor.events.event import Event
from tests.unit.events.windows_records import LAYOUTS, LOGON, PROCESS, SYSMON, TIME, decode, flat, sentinel


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
