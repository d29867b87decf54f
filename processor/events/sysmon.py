"""Sysmon 1 (process creation), in every layout of windows.py.

`UtcTime` is the process's start in UTC and comes before any time of the header: collectors get those wrong by
hours (they do in half of OTRF's recordings). `User` and `LogonId` are the new process's own. NXLog's
`UserID`, `AccountName`, `Domain` and `ProcessID` are the Sysmon service's and are not read.
"""

from functools import lru_cache
from typing import Final

import msgspec

from processor.events.event import PROCESS, Event
from processor.events.mapping import Source
from processor.events.times import stream_ms
from processor.events.values import (
    MAX_TEXT,
    SYSTEM_LOGON_ID,
    Number,
    Text,
    logon_id,
    number,
    split_account,
    text,
)
from processor.events.windows import (
    HOST_FIELDS,
    TIME_FIELDS,
    Header,
    Sketch,
    code_of,
    is_number,
    is_system_session,
    locate,
    missing,
    other_id,
    recorded_at,
)

FORMAT: Final = "sysmon"
CODES: Final = frozenset({"1"})
_IDS: Final = frozenset({"1", 1})
PROVIDER: Final = "Sysmon"


# What process_event takes, for the documentation; event data by its Sysmon names.
SOURCES: Final = (
    Source(
        "1 process creation",
        FORMAT,
        PROCESS,
        when={"EventID": CODES},
        fields={
            "time": ("UtcTime", *TIME_FIELDS),
            "host": HOST_FIELDS,
            "user_name": ("User",),
            "user_domain": ("User",),
            "logon_id": ("LogonId",),
            "executable": ("Image",),
            "command_line": ("CommandLine",),
            "pid": ("ProcessId",),
            "parent_executable": ("ParentImage",),
            "parent_command_line": ("ParentCommandLine",),
            "parent_pid": ("ParentProcessId",),
        },
    ),
)


class Record(Header, gc=False):
    """Sysmon 1."""

    UtcTime: Text = None
    ProcessGuid: Text = None
    Image: Text = None
    CommandLine: Text = None
    ProcessId: Number = None
    User: Text = None
    LogonId: Number = None
    ParentImage: Text = None
    ParentCommandLine: Text = None
    ParentProcessId: Number = None
    Channel: Text = None
    log_name: Text = None
    event_data: "Record | None" = None
    winlog: "Record | None" = None


_record: Final = msgspec.json.Decoder(Record)


def _ours(code: str, provider: Text, record: Record) -> bool:
    """Ids are a provider's own, others have a 1 too; one that names none is Sysmon by its ProcessGuid."""
    if code not in CODES:
        return False
    named = provider or record.Channel or record.log_name
    return PROVIDER in named if named else record.ProcessGuid is not None


def _identity(user: Text, session: Number) -> tuple[str, str, str]:
    """Domain, user and logon id as an Event has them."""
    domain, name = split_account(text(user))
    return domain, name, logon_id(session)


# As in windows_security.
_CACHED_SIZE: Final = 4_096
_identity_cached: Final = lru_cache(maxsize=2_048)(_identity)


def sketch_process(value: bytes) -> Sketch | None:
    """What decides how the process creation in a record is judged, None where it has to be read in full.

    Raises what read_process raises.
    """
    record = _record.decode(value)
    inner = record.winlog
    data = record.event_data if inner is None else inner.event_data
    if inner is None and data is None:
        data, event_id, provider, other = record, record.EventID, record.SourceName, record.event_id
        host = record.Computer or record.Hostname
    else:
        event_id, provider, host, data, _ = locate(record, inner, data)
        other = other_id(record, inner)
    if (
        event_id not in _IDS
        or other is not None
        or data is None
        or not data.Image
        or not provider
        or PROVIDER not in provider
        or not is_number(data.ProcessId)
        or not is_number(data.ParentProcessId)
    ):
        return None
    started = data.UtcTime
    time = stream_ms(started, "UtcTime") if started else recorded_at(record)
    key = (FORMAT, host, data.Image, data.CommandLine, is_system_session(data.LogonId))
    return key, time, record, process_event


def read_process(value: bytes, max_command_line: int) -> Event | None:
    """The process creation in a record, None if it is another event.

    Raises InvalidEvent, and msgspec's and Unicode errors where the record is not what its fields should be.
    """
    return process_event(_record.decode(value), len(value), max_command_line)


def process_event(record: Record, size: int, max_command_line: int) -> Event | None:
    """The process creation that a record of `size` bytes holds. Raises InvalidEvent."""
    inner = record.winlog
    data = record.event_data if inner is None else inner.event_data
    if inner is None and data is None:
        data, event_id, provider, prefix = record, record.EventID, record.SourceName, ""
        host = record.Computer or record.Hostname
    else:
        event_id, provider, host, data, prefix = locate(record, inner, data)
    code = code_of(event_id)
    if not _ours(code, provider, data or record):
        return None
    if data is None:
        raise missing(prefix[:-1], "")
    identify = _identity_cached if size <= _CACHED_SIZE else _identity
    domain, user, session = identify(data.User, data.LogonId)
    if not data.Image:
        raise missing(prefix, "Image")
    command_line = data.CommandLine or ""
    # By position, in Event's order: by keyword it takes seven times as long.
    return Event(
        PROCESS,
        FORMAT,
        code,
        stream_ms(data.UtcTime, prefix + "UtcTime") if data.UtcTime else recorded_at(record),
        text(host),
        user,
        domain,
        "",
        session,
        session == SYSTEM_LOGON_ID,
        data.Image[:MAX_TEXT],
        command_line[:max_command_line],
        number(data.ProcessId, prefix, "ProcessId"),
        text(data.ParentImage),
        (data.ParentCommandLine or "")[:max_command_line],
        number(data.ParentProcessId, prefix, "ParentProcessId"),
        "",
        None,
        "",
        "",
        "",
        len(command_line) > max_command_line,
    )
