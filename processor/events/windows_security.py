r"""Windows Security 4688 (process creation), 4624 (logon), 4625 (failed logon), in each layout of windows.py.

Of a process creation the creator's account and logon session are taken (Subject), as Microsoft Sentinel's
`Account` column and msticpy do: `TargetLogonId` is "0x0" unless the process runs as somebody else. Of a logon
the account that logged on (Target) and its new session.
"""

from functools import lru_cache
from typing import Final

import msgspec

from processor.events.event import LOGON, PROCESS, Event
from processor.events.mapping import Source
from processor.events.values import (
    MAX_TEXT,
    SYSTEM_LOGON_ID,
    SYSTEM_SID,
    Number,
    Text,
    account,
    address,
    logon_id,
    logon_type,
    number,
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

FORMAT: Final = "windows_security"
PROVIDER: Final = "Security-Auditing"
PROCESS_CODES: Final = frozenset({"4688"})
LOGON_CODES: Final = frozenset({"4624", "4625"})


# What process_event and logon_event take, for the documentation; event data by its Windows names.
SOURCES: Final = (
    Source(
        "4688 process creation",
        FORMAT,
        PROCESS,
        when={"EventID": PROCESS_CODES},
        fields={
            "time": TIME_FIELDS,
            "host": HOST_FIELDS,
            "user_name": ("SubjectUserName",),
            "user_domain": ("SubjectDomainName",),
            "user_id": ("SubjectUserSid",),
            "logon_id": ("SubjectLogonId",),
            "executable": ("NewProcessName",),
            "command_line": ("CommandLine",),
            "pid": ("NewProcessId",),
            "parent_executable": ("ParentProcessName",),
            "parent_pid": ("ProcessId",),
        },
    ),
    Source(
        "4624 logon, 4625 failed logon",
        FORMAT,
        LOGON,
        when={"EventID": LOGON_CODES},
        fields={
            "time": TIME_FIELDS,
            "host": HOST_FIELDS,
            "account": ("Account", "TargetDomainName\\TargetUserName"),
            "user_name": ("TargetUserName",),
            "user_domain": ("TargetDomainName",),
            "user_id": ("TargetUserSid",),
            "logon_id": ("TargetLogonId",),
            "logon_type": ("LogonType",),
            "outcome": ("EventID",),
            "source_ip": ("IpAddress",),
            "authentication_package": ("AuthenticationPackageName",),
        },
    ),
)


class ProcessRecord(Header, gc=False):
    """4688. `ProcessId` is the creator's, `NewProcessId` the new process's."""

    NewProcessName: Text = None
    CommandLine: Text = None
    ParentProcessName: Text = None
    NewProcessId: Number = None
    ProcessId: Number = None
    SubjectUserName: Text = None
    SubjectDomainName: Text = None
    SubjectUserSid: Text = None
    SubjectLogonId: Number = None
    event_data: "ProcessRecord | None" = None
    winlog: "ProcessRecord | None" = None


class LogonRecord(Header, gc=False):
    """4624, 4625."""

    Account: Text = None
    TargetUserName: Text = None
    TargetDomainName: Text = None
    TargetUserSid: Text = None
    TargetLogonId: Number = None
    LogonType: Number = None
    IpAddress: Text = None
    AuthenticationPackageName: Text = None
    event_data: "LogonRecord | None" = None
    winlog: "LogonRecord | None" = None


_process: Final = msgspec.json.Decoder(ProcessRecord)
_logon: Final = msgspec.json.Decoder(LogonRecord)


def _ours(code: str, codes: frozenset[str], provider: Text) -> bool:
    """Ids are a provider's own; a record that names none is taken at its id."""
    return code in codes and (not provider or PROVIDER in provider)


def _identity(user: Text, domain: Text, sid: Text, session: Number) -> tuple[str, str, str, str, bool]:
    """User, domain, SID and logon id as an Event has them, and whether they are the system's own."""
    own_sid, own_session = text(sid), logon_id(session)
    system = own_session == SYSTEM_LOGON_ID or own_sid == SYSTEM_SID
    return text(user), text(domain), own_sid, own_session, system


# A few accounts start nearly all processes, with ids that come again. Only records of up to this many bytes
# are looked up, which bounds the caches at 32 MiB.
_CACHED_SIZE: Final = 4_096
_identity_cached: Final = lru_cache(maxsize=2_048)(_identity)


_PROCESS_IDS: Final = frozenset({"4688", 4688})
_LOGON_IDS: Final = frozenset({"4624", 4624, "4625", 4625})
_LOGON_TYPES: Final = frozenset({None, *range(32), *map(str, range(32))})


def sketch_process(value: bytes) -> Sketch | None:
    """What decides how the process creation in a record is judged, None where it has to be read in full.

    Raises what read_process raises.
    """
    record = _process.decode(value)
    inner = record.winlog
    data = record.event_data if inner is None else inner.event_data
    if inner is None and data is None:
        data, event_id, provider, other = record, record.EventID, record.SourceName, record.event_id
        host = record.Computer or record.Hostname
    else:
        event_id, provider, host, data, _ = locate(record, inner, data)
        other = other_id(record, inner)
    if (
        event_id not in _PROCESS_IDS
        or other is not None
        or data is None
        or not data.NewProcessName
        or (provider and PROVIDER not in provider)
        or not is_number(data.NewProcessId)
        or not is_number(data.ProcessId)
    ):
        return None
    system = data.SubjectUserSid == SYSTEM_SID or is_system_session(data.SubjectLogonId)
    key = (FORMAT, host, data.NewProcessName, data.CommandLine, system)
    return key, recorded_at(record), record, process_event


def sketch_logon(value: bytes) -> Sketch | None:
    """As sketch_process, of a logon."""
    record = _logon.decode(value)
    inner = record.winlog
    data = record.event_data if inner is None else inner.event_data
    if inner is None and data is None:
        data, event_id, provider, other = record, record.EventID, record.SourceName, record.event_id
        host = record.Computer or record.Hostname
    else:
        event_id, provider, host, data, _ = locate(record, inner, data)
        other = other_id(record, inner)
    if (
        event_id not in _LOGON_IDS
        or other is not None
        or data is None
        or not data.TargetUserName
        or data.LogonType not in _LOGON_TYPES
        or (provider and PROVIDER not in provider)
    ):
        return None
    key = (
        FORMAT,
        host,
        event_id,
        data.Account,
        data.TargetUserName,
        data.TargetDomainName,
        data.LogonType,
        data.IpAddress,
        data.AuthenticationPackageName,
        data.TargetUserSid == SYSTEM_SID or is_system_session(data.TargetLogonId),
    )
    return key, recorded_at(record), record, _logon_event


def _logon_event(record: LogonRecord, size: int, _max_command_line: int) -> Event | None:
    return logon_event(record, size)


def read_process(value: bytes, max_command_line: int) -> Event | None:
    """The process creation in a record, None if it is another event.

    Raises InvalidEvent, and msgspec's and Unicode errors where the record is not what its fields should be.
    """
    return process_event(_process.decode(value), len(value), max_command_line)


def process_event(record: ProcessRecord, size: int, max_command_line: int) -> Event | None:
    """The process creation that a record of `size` bytes holds. Raises InvalidEvent."""
    inner = record.winlog
    data = record.event_data if inner is None else inner.event_data
    if inner is None and data is None:
        data, event_id, provider, prefix = record, record.EventID, record.SourceName, ""
        host = record.Computer or record.Hostname
    else:
        event_id, provider, host, data, prefix = locate(record, inner, data)
    code = code_of(event_id)
    if not _ours(code, PROCESS_CODES, provider):
        return None
    if data is None:
        raise missing(prefix[:-1], "")
    identify = _identity_cached if size <= _CACHED_SIZE else _identity
    user, domain, sid, session, system = identify(
        data.SubjectUserName, data.SubjectDomainName, data.SubjectUserSid, data.SubjectLogonId
    )
    if not data.NewProcessName:
        raise missing(prefix, "NewProcessName")
    command_line = data.CommandLine or ""
    # By position, in Event's order: by keyword it takes seven times as long.
    return Event(
        PROCESS,
        FORMAT,
        code,
        recorded_at(record),
        text(host),
        user,
        domain,
        sid,
        session,
        system,
        data.NewProcessName[:MAX_TEXT],
        command_line[:max_command_line],
        number(data.NewProcessId, prefix, "NewProcessId"),
        text(data.ParentProcessName),
        "",
        number(data.ProcessId, prefix, "ProcessId"),
        "",
        None,
        "",
        "",
        "",
        len(command_line) > max_command_line,
    )


def read_logon(value: bytes, _max_command_line: int) -> Event | None:
    """The logon in a record, None if it is another event. Raises as read_process does."""
    return logon_event(_logon.decode(value), len(value))


def logon_event(record: LogonRecord, size: int) -> Event | None:
    """The logon that a record of `size` bytes holds. Raises InvalidEvent."""
    inner = record.winlog
    data = record.event_data if inner is None else inner.event_data
    if inner is None and data is None:
        data, event_id, provider, prefix = record, record.EventID, record.SourceName, ""
        host = record.Computer or record.Hostname
    else:
        event_id, provider, host, data, prefix = locate(record, inner, data)
    code = code_of(event_id)
    if not _ours(code, LOGON_CODES, provider):
        return None
    if data is None:
        raise missing(prefix[:-1], "")
    identify = _identity_cached if size <= _CACHED_SIZE else _identity
    user, domain, sid, session, system = identify(
        data.TargetUserName, data.TargetDomainName, data.TargetUserSid, data.TargetLogonId
    )
    name = text(data.Account) or account(domain, user)
    if not name and data.TargetUserName is None:
        raise missing(prefix, "TargetUserName")
    # By position, as in process_event.
    return Event(
        LOGON,
        FORMAT,
        code,
        recorded_at(record),
        text(host),
        user or name.rpartition("\\")[2],
        domain or name.rpartition("\\")[0],
        sid,
        session,
        system,
        "",
        "",
        None,
        "",
        "",
        None,
        name,
        logon_type(data.LogonType, prefix, "LogonType"),
        "success" if code == "4624" else "failure",
        address(data.IpAddress),
        text(data.AuthenticationPackageName),
    )
