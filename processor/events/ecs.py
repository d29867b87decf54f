"""Process and authentication events in the Elastic Common Schema, from any agent.

Auditbeat's auditd module, Elastic Defend, Filebeat's system module, Elastic Agent. A process event is one
with event.category process and event.type start; a logon one with event.category authentication and an
outcome, which is no logoff (event.type end). `user.*` is the process's own or the one that logs on.

No process: a fork (the program comes with its exec), auditd's reports of services. No logon: what auditd and
Windows report around one (authorised, credentials acquired, session started; explicit credentials, Kerberos
tickets), as in their own formats. Alerts are made of events and are none. Sysmon's `user.id` is that of the
Sysmon service and not taken.
"""

from functools import lru_cache
from typing import Final

import msgspec

from processor.events.event import LOGON, PROCESS, Event
from processor.events.mapping import Source, is_system, reader_of
from processor.events.times import stream_ms
from processor.events.values import Number, Text, logon_id, number, text
from processor.events.windows import Sketch, is_number

FORMAT: Final = "ecs"

STARTS: Final = frozenset({"start", "process_start", "process_started"})

_HOST: Final = ("host.name", "host.hostname", "agent.hostname", "agent.name")
_USER: Final = {
    "user_name": ("user.name",),
    "user_domain": ("user.domain",),
    "user_id": ("user.id",),
}
_TIME: Final = ("@timestamp",)
_FAILED: Final = frozenset({"failure", "fail"})
_ALERTS: Final = frozenset({"alert", "signal"})
_SYSMON: Final = "Microsoft-Windows-Sysmon"
# The executable of a fork is still its parent's; the others are auditd's words for no execve.
_NO_START: Final = frozenset({"fork", "ran-command", "started-service", "started-audit"})
_NO_LOGON: Final = frozenset(
    {
        "acquired-credentials",
        "disposed-credentials",
        "refreshed-credentials",
        "authenticated-to-group",
        "changed-login-id-to",
        "was-authorized",
        "started-session",
        "ended-session",
        "error",
        "logged-in-explicit",
        "logged-in-special",
        "credential-validated",
        "kerberos-authentication-ticket-requested",
        "kerberos-service-ticket-requested",
        "kerberos-service-ticket-renewed",
        "kerberos-preauth-failed",
    }
)
_START: Final = {"event.category": frozenset({"process"}), "event.type": STARTS}
_NOT: Final = {"event.outcome": _FAILED, "event.kind": _ALERTS}
_PROCESS: Final = {
    "time": _TIME,
    "code": ("event.code", "event.action"),
    "host": _HOST,
    **_USER,
    "logon_id": ("winlog.logon.id", "auditd.session", "process.Ext.authentication_id"),
    "executable": ("process.executable", "process.name"),
    "command_line": ("process.command_line", "process.args", "process.title"),
    "pid": ("process.pid",),
    "parent_executable": ("process.parent.executable", "process.parent.name"),
    "parent_command_line": ("process.parent.command_line", "process.parent.args"),
    "parent_pid": ("process.parent.pid", "process.ppid"),
}

SOURCES: Final = (
    Source(
        "process start, Sysmon's",
        FORMAT,
        PROCESS,
        when=_START | {"winlog.provider_name": frozenset({_SYSMON})},
        unless=_NOT,
        fields={
            **{attribute: paths for attribute, paths in _PROCESS.items() if attribute != "user_id"},
            "logon_id": ("winlog.event_data.LogonId", "winlog.logon.id"),
        },
    ),
    Source(
        "process start, merged with its fork and end",
        FORMAT,
        PROCESS,
        when=_START | {"event.action": frozenset({"exec"})},
        unless=_NOT,
        fields=_PROCESS,
    ),
    Source(
        "process start",
        FORMAT,
        PROCESS,
        when=_START,
        unless=_NOT | {"event.action": _NO_START},
        fields=_PROCESS,
    ),
    Source(
        "authentication",
        FORMAT,
        LOGON,
        when={
            "event.category": frozenset({"authentication"}),
            "event.outcome": _FAILED | {"success"},
        },
        unless={"event.type": frozenset({"end"}), "event.kind": _ALERTS, "event.action": _NO_LOGON},
        fields={
            "time": _TIME,
            "code": ("event.code", "event.action"),
            # Not the agent's name: it may read the log of a cloud.
            "host": ("host.name", "host.hostname"),
            **_USER,
            "user_name": ("user.name", "user.email", "user.id"),
            "logon_id": ("winlog.logon.id", "auditd.session"),
            "logon_type": (
                "winlog.event_data.LogonType",
                "winlog.logon.type",
                "process.Ext.session_info.logon_type",
            ),
            "outcome": ("event.outcome",),
            "source_ip": ("source.ip", "source.address"),
            "authentication_package": (
                "winlog.event_data.AuthenticationPackageName",
                "process.Ext.session_info.authentication_package",
                "system.auth.ssh.method",
                "auditd.data.op",
            ),
        },
    ),
)


class _What(msgspec.Struct, gc=False):
    kind: Text = None
    category: list[str] | str | None = None
    type: list[str] | str | None = None
    code: Text = None
    action: Text = None
    outcome: Text = None


class _Parent(msgspec.Struct, gc=False):
    executable: Text = None
    name: Text = None
    command_line: Text = None
    args: list[str] | None = None
    pid: Number = None


class _Ext(msgspec.Struct, gc=False):
    authentication_id: Number = None


class _Process(msgspec.Struct, gc=False):
    executable: Text = None
    command_line: Text = None
    args: list[str] | None = None
    title: Text = None
    pid: Number = None
    ppid: Number = None
    parent: _Parent | None = None
    Ext: _Ext | None = None


class _User(msgspec.Struct, gc=False):
    name: Text = None
    domain: Text = None
    id: Text = None


class _Host(msgspec.Struct, gc=False):
    name: Text = None


class _Logon(msgspec.Struct, gc=False):
    id: Number = None


class _Winlog(msgspec.Struct, gc=False):
    provider_name: Text = None
    logon: _Logon | None = None


class _Auditd(msgspec.Struct, gc=False):
    session: Number = None


class _Record(msgspec.Struct, gc=False):
    timestamp: Text = msgspec.field(name="@timestamp", default=None)
    event: _What | None = None
    host: _Host | None = None
    process: _Process | None = None
    user: _User | None = None
    winlog: _Winlog | None = None
    auditd: _Auditd | None = None
    # Event ids of other layouts: of any type, they only must not be there.
    EventID: object = None
    event_id: object = None


_record: Final = msgspec.json.Decoder(_Record)
_read_any: Final = reader_of(SOURCES)
_NO_USER: Final = _User()
_NO_PARENT: Final = _Parent()
_DASHES: Final = frozenset({None, "", "-"})
_MAX_SESSION: Final = 64
_logon_id_cached: Final = lru_cache(maxsize=2_048)(logon_id)


def read(value: bytes, max_command_line: int) -> Event | None:
    """The process start or logon in a record, None if it is another event. Raises as reader_of's readers do.

    What agents usually send of a process start is read in a third of the time that SOURCES take; anything
    unusual (names with dots, other types, fields missing) goes by them, and so do logons.
    """
    try:
        record = _record.decode(value)
    except msgspec.ValidationError:
        return _read_any(value, max_command_line)
    event = _usual_start(record, max_command_line)
    return _read_any(value, max_command_line) if event is None else event


def sketch(value: bytes) -> Sketch | None:
    """What decides how a usual process start is judged, None where the record has to be read in full.

    Raises msgspec's and Unicode errors, and InvalidEvent.
    """
    record = _record.decode(value)
    usual = _usual(record)
    # What has an event id of Windows may be a Windows reader's.
    if usual is None or record.winlog or record.EventID is not None or record.event_id is not None:
        return None
    _, process, time, host = usual
    parent, user = process.parent or _NO_PARENT, record.user or _NO_USER
    if not (is_number(process.pid) and is_number(parent.pid) and is_number(process.ppid)):
        return None
    command_line = _command_line(process.command_line, process.args) or process.title
    system = is_system(_session(record), text(user.id), text(user.name))
    key = (FORMAT, host, process.executable, command_line, system)
    return key, stream_ms(time, "@timestamp"), record, _sketched


def _sketched(record: _Record, _size: int, max_command_line: int) -> Event | None:
    return _usual_start(record, max_command_line)


def _usual(record: _Record) -> tuple[_What, _Process, str, Text] | None:
    """Event, process, time and host of what agents usually send of a process start, None for others."""
    what, process, time, winlog = record.event, record.process, record.timestamp, record.winlog
    if what is None or process is None or time is None or not _starts(what):
        return None
    if winlog is not None and winlog.provider_name == _SYSMON:
        return None
    host = record.host.name if record.host is not None else None
    if process.executable in _DASHES or host in _DASHES or time[4:5] != "-":
        return None
    return what, process, time, host


def _usual_start(record: _Record, max_command_line: int) -> Event | None:
    usual = _usual(record)
    if usual is None:
        return None
    what, process, time, host = usual
    parent, user = process.parent or _NO_PARENT, record.user or _NO_USER
    command_line = _command_line(process.command_line, process.args) or text(process.title)
    session, user_id, name = _session(record), text(user.id), text(user.name)
    # By position, in Event's order: by keyword it takes seven times as long.
    return Event(
        PROCESS,
        FORMAT,
        text(what.action if what.code in _DASHES else what.code),
        stream_ms(time, "@timestamp"),
        text(host),
        name,
        text(user.domain),
        user_id,
        session,
        is_system(session, user_id, name),
        text(process.executable),
        command_line[:max_command_line],
        number(process.pid, "", "process.pid"),
        text(parent.name if parent.executable in _DASHES else parent.executable),
        _command_line(parent.command_line, parent.args)[:max_command_line],
        _parent_pid(parent.pid, process.ppid),
        "",
        None,
        "",
        "",
        "",
        len(command_line) > max_command_line,
    )


def _starts(what: _What) -> bool:
    category, kind = what.category, what.type
    if what.outcome in _FAILED or what.kind in _ALERTS or what.action in _NO_START:
        return False
    if isinstance(category, str) or isinstance(kind, str) or category is None or kind is None:
        return category == "process" and kind in STARTS
    return "process" in category and not STARTS.isdisjoint(kind)


def _command_line(line: Text, arguments: list[str] | None) -> str:
    if line and line != "-":
        return line
    return " ".join(arguments) if arguments else ""


def _parent_pid(pid: Number, ppid: Number) -> int | None:
    if pid in _DASHES:
        return number(ppid, "", "process.ppid")
    return number(pid, "", "process.parent.pid")


def _logon_id(session: Number) -> str:
    """`logon_id`, from memory: sessions repeat. Long texts are not remembered."""
    short = not isinstance(session, str) or len(session) <= _MAX_SESSION
    return _logon_id_cached(session) if short else logon_id(session)


def _session(record: _Record) -> str:
    logon = record.winlog.logon if record.winlog is not None else None
    if logon is not None and logon.id not in _DASHES:
        return _logon_id(logon.id)
    if record.auditd is not None and record.auditd.session not in _DASHES:
        return _logon_id(record.auditd.session)
    extension = record.process.Ext if record.process is not None else None
    return logon_id(extension.authentication_id) if extension is not None else ""
