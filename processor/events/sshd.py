"""Linux logons: sshd's Accepted, Failed and Invalid user lines, PAM's sessions and failures elsewhere.

As syslog lines (RFC 3164 or 5424), as the columns of Sentinel's Syslog table, as journald's JSON, or as the
message of a shipper's record (Filebeat, Vector, Fluentd, Logstash, NXLog, rsyslog, syslog-ng); what a line
says of its host and time comes before what the record around it says. Of sshd only its own lines count: its
PAM lines repeat them. The account is the user name, of a PAM failure without one the remote user (`ruser`);
the authentication package is the method (password, publickey) or the PAM service (su, sudo, login). RFC 3164
has neither year nor zone: such records have no usable time. A line that rsyslog folded (`message repeated 5
times`) is one logon.
"""

import re
from dataclasses import replace
from typing import Any, Final

from processor.events.event import LOGON, Event
from processor.events.mapping import Plan, Source, json_object, look_up

FORMAT: Final = "sshd"

MESSAGE_PATHS: Final = (
    "SyslogMessage",
    "MESSAGE",
    "message",
    "Message",
    "msg",
    "log.original",
    "event.original",
)
PROGRAM_PATHS: Final = (
    "ProcessName",
    "SYSLOG_IDENTIFIER",
    "syslog.identifier",
    "log.syslog.appname",
    "process.name",
    "PROGRAM",
    "program",
    "programname",
    "appname",
    "app_name",
    "ident",
    "SourceName",
)
# What the line itself says, under names that no record has.
_LINE_SAYS: Final = {"time": ("line.time",), "host": ("line.host",), "pid": ("line.pid",)}
FIELDS: Final = {
    "time": ("__REALTIME_TIMESTAMP", "TimeGenerated", "@timestamp", "ISODATE", "timestamp"),
    "host": (
        "HostName",
        "_HOSTNAME",
        "Computer",
        "host.name",
        "host.hostname",
        "hostname",
        "Hostname",
        "HOST",
        "logsource",
        "host",
    ),
    "pid": ("ProcessID", "_PID", "process.pid", "procid", "PID"),
}
LINE: Final = Source(
    "sshd and PAM lines",
    FORMAT,
    LOGON,
    when={"program": frozenset({"sshd", "sshd-session", "su", "sudo", "login", "..."})},
    fields={attribute: (f"the line's {attribute}", *paths) for attribute, paths in FIELDS.items()}
    | {
        "user_name": ("the line's user",),
        "outcome": ("Accepted, session opened; Failed, Invalid user, error: PAM:, authentication failure",),
        "source_ip": ("the line's address",),
        "authentication_package": ("the line's method, the PAM service",),
    },
)

_SSHD: Final = re.compile(
    r"(?:(?P<verb>Accepted|Failed) (?P<method>\S{1,64}) for (?:invalid user )?(?P<user>.{0,256})"
    r"|Invalid user (?P<unknown>.{0,256})"
    # Keyboard-interactive failures: at its default level sshd logs only the last ones as Failed, too.
    r"|error: PAM: [\w ]{1,128}? for (?:illegal user )?(?P<pam>.{0,256}))"
    r" from (?P<address>\S{1,64})(?: port \d{1,5})?(?: ssh2?)?(?:: [^\n]*)?\s*",
    re.DOTALL,
)
_REPEATED: Final = re.compile(r"message repeated \d{1,9} times: \[ (.*)\]\s*", re.DOTALL)
_PAM: Final = re.compile(
    r"pam_\w{1,32}\((?P<service>[\w-]{1,64}):(?:session\): session opened for user (?P<opened>[^\s(]{1,256})"
    r"|auth\): authentication failure;(?P<details>.{0,1024}))",
    re.DOTALL,
)
_RHOST: Final = re.compile(r"\brhost=(\S{0,64})")
_RUSER: Final = re.compile(r"\bruser=(\S{0,256})")
_USER: Final = re.compile(r"\buser=(\S{0,256})")
# The host may be missing; it does not end in a colon, as the program does.
_RFC3164: Final = re.compile(
    r"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|(?P<time>\d{4}-\d\d-\d\dT\S{8,30})) "
    r"(?:(?P<host>[^\s\[]{1,256})(?<!:) )?(?P<program>[^\s\[:]{1,64})(?:\[(?P<pid>\d{1,10})\])?: ?"
    r"(?P<message>.*)",
    re.DOTALL,
)
_RFC5424: Final = re.compile(
    r"<\d{1,3}>1 (?P<time>\S{1,40}) (?P<host>\S{1,256}) (?P<program>\S{1,64}) (?P<pid>\S{1,128}) \S{1,32} "
    r"(?:-|\[[^\n]{0,4096}?\]) (?:\ufeff)?(?P<message>.*)",
    re.DOTALL,
)
# How a line of any system log begins: what is no logon is ignored, whatever its own form.
_BEGINS: Final = re.compile(
    r"<\d{1,3}>|[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d |\d{4}-\d\d-\d\dT\d\d:\d\d\S{0,24} "
)
_SSH_PROGRAMS: Final = frozenset({"sshd", "sshd-session", "sshd-auth"})
# Services whose PAM sessions are no logon of their own: sshd's lines say it, cron's are jobs.
_NO_LOGON: Final = frozenset({"sshd", "cron", "crond", "systemd-user", "runuser", "atd"})


def is_line(value: bytes) -> bool:
    """Whether a record that is no JSON is a syslog line."""
    return _BEGINS.match(value[:64].decode("utf-8", "replace")) is not None


def syslog_host(line: str) -> str:
    """The host that a syslog line begins with, empty where it is none."""
    return str((_syslog(line[:1_024]) or {}).get("line.host") or "")


def read(value: bytes, max_command_line: int) -> Event | None:
    """The logon that a line tells of, None if it tells of something else."""
    record = json_object(value) if value[:1] == b"{" else {}
    if record:
        line = next((text for path in MESSAGE_PATHS if (text := _message(look_up(record, path)))), "")
    else:
        line = value.decode()
    whole = _syslog(line)
    if whole is not None:
        return _logon(record | whole, whole["line.program"], whole["line.message"], max_command_line)
    program = next((text for path in PROGRAM_PATHS if isinstance(text := look_up(record, path), str)), "")
    return _logon(record, program, line.lstrip(" "), max_command_line)


def _message(found: Any) -> str:
    """A message: text, or the bytes that journald writes as numbers where they are no UTF-8."""
    if isinstance(found, list):
        try:
            return bytes(found).decode("utf-8", "replace")
        except (TypeError, ValueError):
            return ""
    return found if isinstance(found, str) else ""


def _syslog(line: str) -> dict[str, Any] | None:
    """A syslog line's parts, under names that no record has."""
    found = _RFC5424.match(line) or _RFC3164.match(line)
    if found is None:
        return None
    pid = found["pid"]
    return {
        "line.time": found["time"] if found["time"] != "-" else None,
        "line.host": found["host"],
        "line.pid": pid if pid and pid.isdecimal() else None,
        "line.program": found["program"],
        "line.message": found["message"],
    }


def _logon(record: dict[str, Any], program: str, line: str, max_command_line: int) -> Event | None:
    repeated = _REPEATED.fullmatch(line)
    if repeated:
        line = repeated[1]
    told = _ssh(line) if program.rpartition("/")[2] in _SSH_PROGRAMS else None
    told = told or _pam(line)
    if told is None:
        return None
    return _event.event(record | told, max_command_line)


def _ssh(line: str) -> dict[str, str] | None:
    found = _SSHD.fullmatch(line)
    if found is None:
        return None
    return {
        "told.code": found["verb"] or ("PAM" if found["unknown"] is None else "Invalid"),
        "told.user": next(name for name in found.group("user", "unknown", "pam") if name is not None),
        "told.address": found["address"],
        "told.method": found["method"] or ("" if found["pam"] is None else "keyboard-interactive/pam"),
        "told.outcome": "success" if found["verb"] == "Accepted" else "failure",
    }


def _pam(line: str) -> dict[str, str] | None:
    found = _PAM.match(line)
    if found is None or found["service"] in _NO_LOGON:
        return None
    details = found["details"]
    address = "" if details is None else _last(_RHOST, details)
    user = found["opened"] if details is None else _last(_USER, details)
    if not user and address:
        # PAM keeps the names of unknown users to itself; what a remote one called himself is there.
        user = _last(_RUSER, details)
    if not user and not address:
        return None
    return {
        "told.code": "session opened" if details is None else "authentication failure",
        "told.user": user,
        "told.address": address,
        "told.method": found["service"],
        "told.outcome": "success" if details is None else "failure",
    }


def _last(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.findall(text)
    return str(found[-1]) if found else ""


_event: Final = Plan(
    replace(
        LINE,
        fields={attribute: (*_LINE_SAYS[attribute], *paths) for attribute, paths in FIELDS.items()}
        | {
            "code": ("told.code",),
            "user_name": ("told.user",),
            "source_ip": ("told.address",),
            "authentication_package": ("told.method",),
            "outcome": ("told.outcome",),
        },
    )
)
