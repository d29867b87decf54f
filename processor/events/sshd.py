"""Linux logons: sshd's Accepted, Failed and Invalid user lines, PAM's sessions and failures elsewhere.

As syslog lines (RFC 3164 or 5424), as the columns of Sentinel's Syslog table, as journald's JSON, or under
`message`. Of sshd only its own lines count: its PAM lines repeat them. The account is the user name; the
authentication package is the method (password, publickey) or the PAM service (su, sudo, login). RFC 3164 has
neither year nor zone: such records have no usable time.
"""

import re
from dataclasses import replace
from typing import Any, Final

from processor.events.event import LOGON, Event
from processor.events.mapping import Plan, Source, json_object, look_up

FORMAT: Final = "sshd"

MESSAGE_PATHS: Final = ("SyslogMessage", "MESSAGE", "message", "msg", "log.original", "event.original")
PROGRAM_PATHS: Final = ("ProcessName", "SYSLOG_IDENTIFIER", "process.name", "program", "appname", "ident")
FIELDS: Final = {
    "time": ("__REALTIME_TIMESTAMP", "TimeGenerated", "@timestamp", "timestamp"),
    "host": ("HostName", "_HOSTNAME", "Computer", "host.name", "hostname", "host"),
    "pid": ("ProcessID", "_PID", "process.pid", "procid"),
}
LINE: Final = Source(
    "sshd and PAM lines",
    FORMAT,
    LOGON,
    when={"program": frozenset({"sshd", "sshd-session", "su", "sudo", "login", "..."})},
    fields=FIELDS
    | {
        "user_name": ("the line's user",),
        "outcome": ("Accepted, session opened; Failed, Invalid user, authentication failure",),
        "source_ip": ("the line's address",),
        "authentication_package": ("the line's method, the PAM service",),
    },
)

_SSHD: Final = re.compile(
    r"(?:(?P<verb>Accepted|Failed) (?P<method>\S{1,64}) for (?P<invalid>invalid user )?(?P<user>.{0,256})"
    r"|Invalid user (?P<unknown>.{0,256}))"
    r" from (?P<address>\S{1,64})(?: port \d{1,5})?(?: ssh2?)?(?:: [^\n]*)?\s*",
    re.DOTALL,
)
_PAM: Final = re.compile(
    r"pam_\w{1,32}\((?P<service>[\w-]{1,64}):(?:session\): session opened for user (?P<opened>[^\s(]{1,256})"
    r"|auth\): authentication failure;(?P<details>.{0,1024}))",
    re.DOTALL,
)
_RHOST: Final = re.compile(r"\brhost=(\S{0,64})")
_USER: Final = re.compile(r"\buser=(\S{0,256})")
_RFC3164: Final = re.compile(
    r"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|(?P<time>\d{4}-\d\d-\d\dT\S{8,30})) "
    r"(?P<host>\S{1,256}) (?P<program>[\w./()-]{1,64})(?:\[(?P<pid>\d{1,10})\])?: (?P<message>.*)",
    re.DOTALL,
)
_RFC5424: Final = re.compile(
    r"<\d{1,3}>1 (?P<time>\S{1,40}) (?P<host>\S{1,256}) (?P<program>\S{1,64}) (?P<pid>\S{1,128}) \S{1,32} "
    r"(?:-|\[[^\n]{0,4096}?\]) (?:\ufeff)?(?P<message>.*)",
    re.DOTALL,
)
_SSH_PROGRAMS: Final = frozenset({"sshd", "sshd-session"})
# Services whose PAM sessions are no logon of their own: sshd's lines say it, cron's are jobs.
_NO_LOGON: Final = frozenset({"sshd", "cron", "crond", "systemd-user", "runuser", "atd"})


def is_line(value: bytes) -> bool:
    """Whether a record that is no JSON is a syslog line."""
    start = value[:512].decode("utf-8", "replace")
    return _RFC3164.match(start) is not None or _RFC5424.match(start) is not None


def read(value: bytes, max_command_line: int) -> Event | None:
    """The logon that a line tells of, None if it tells of something else."""
    if value[:1] == b"{":
        record = json_object(value)
        line = next((text for path in MESSAGE_PATHS if isinstance(text := look_up(record, path), str)), "")
        program = next((text for path in PROGRAM_PATHS if isinstance(text := look_up(record, path), str)), "")
        whole = _syslog(line)
        if whole is None:
            return _logon(record, program, line, max_command_line)
        return _logon(whole | _known(record), program or whole["program"], whole["message"], max_command_line)
    syslog = _syslog(value.decode())
    return None if syslog is None else _logon(syslog, syslog["program"], syslog["message"], max_command_line)


def _known(record: dict[str, Any]) -> dict[str, Any]:
    """The record without what is null, so that it does not hide what the line says."""
    return {key: value for key, value in record.items() if value is not None}


def _syslog(line: str) -> dict[str, Any] | None:
    """A syslog line's parts, under names that FIELDS has."""
    found = _RFC5424.match(line) or _RFC3164.match(line)
    if found is None:
        return None
    pid = found["pid"]
    return {
        "timestamp": found["time"] if found["time"] != "-" else None,
        "hostname": found["host"],
        "procid": pid if pid and pid.isdecimal() else None,
        "program": found["program"],
        "message": found["message"],
    }


def _logon(record: dict[str, Any], program: str, line: str, max_command_line: int) -> Event | None:
    name = program.rpartition("/")[2]
    told = _ssh(line) if name in _SSH_PROGRAMS else None
    told = told or _pam(line)
    if told is None:
        return None
    return _event.event(record | told, max_command_line)


def _ssh(line: str) -> dict[str, str] | None:
    found = _SSHD.fullmatch(line)
    if found is None:
        return None
    return {
        "told.code": found["verb"] or "Invalid",
        "told.user": found["user"] if found["verb"] else found["unknown"],
        "told.address": found["address"],
        "told.method": found["method"] or "",
        "told.outcome": "success" if found["verb"] == "Accepted" else "failure",
    }


def _pam(line: str) -> dict[str, str] | None:
    found = _PAM.match(line)
    if found is None or found["service"] in _NO_LOGON:
        return None
    details = found["details"]
    user = found["opened"] if details is None else _last(_USER, details)
    if not user:
        return None
    return {
        "told.code": "session opened" if details is None else "authentication failure",
        "told.user": user,
        "told.address": "" if details is None else _last(_RHOST, details),
        "told.method": found["service"],
        "told.outcome": "success" if details is None else "failure",
    }


def _last(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.findall(text)
    return str(found[-1]) if found else ""


_event: Final = Plan(
    replace(
        LINE,
        fields=FIELDS
        | {
            "code": ("told.code",),
            "user_name": ("told.user",),
            "source_ip": ("told.address",),
            "authentication_package": ("told.method",),
            "outcome": ("told.outcome",),
        },
    )
)
