"""Sysmon 1 (process creation), in every layout of windows.py.

`UtcTime` is the process's start in UTC and comes before any time of the header: collectors get those wrong by
hours (they do in half of OTRF's recordings). `User` and `LogonId` are the new process's own. NXLog's
`UserID`, `AccountName`, `Domain` and `ProcessID` are the Sysmon service's and are not read.
"""

from typing import Final

import msgspec

from processor.errors import InvalidEvent
from processor.events.event import PROCESS, Event
from processor.events.mapping import Source
from processor.events.values import (
    SYSTEM_LOGON_ID,
    Number,
    Text,
    logon_id,
    number,
    split_account,
    text,
    time_ms,
)
from processor.events.windows import (
    HOST_FIELDS,
    TIME_FIELDS,
    Header,
    host_of,
    locate,
    recorded_at,
    required,
)

FORMAT: Final = "sysmon"
CODES: Final = frozenset({"1"})
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


def _ours(provider: str, record: Record) -> bool:
    """Ids are a provider's own, others have a 1 too; one that names none is Sysmon by its ProcessGuid."""
    named = provider or record.Channel or record.log_name
    return PROVIDER in named if named else record.ProcessGuid is not None


def read_process(value: bytes, max_command_line: int) -> Event | None:
    """The process creation in a record, None if it is another event.

    Raises InvalidEvent, and msgspec's and Unicode errors where the record is not what its fields should be.
    """
    return process_event(_record.decode(value), max_command_line)


def process_event(record: Record, max_command_line: int) -> Event | None:
    """The process creation that a record holds. Raises InvalidEvent."""
    inner = record.winlog
    code, provider, data, prefix = locate(record, inner, (inner or record).event_data)
    if code not in CODES or not _ours(provider, data or record):
        return None
    if data is None:
        raise InvalidEvent("missing_field", prefix[:-1], "the record has none")
    command_line = data.CommandLine or ""
    session = logon_id(data.LogonId)
    domain, user = split_account(text(data.User))
    # By position, in Event's order: by keyword it takes seven times as long.
    return Event(
        PROCESS,
        FORMAT,
        code,
        time_ms(data.UtcTime, prefix + "UtcTime") if data.UtcTime else recorded_at(record),
        host_of(record, inner),
        user,
        domain,
        "",
        session,
        session == SYSTEM_LOGON_ID,
        required(data.Image, prefix, "Image"),
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
