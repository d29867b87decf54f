r"""Linux auditing: execve as raw lines joined in one record, and as msticpy's and Sentinel's columns.

Raw: the lines `type=SYSCALL ...` and `type=EXECVE ...` of one event (same `msg=audit(TIME:SERIAL)`), as the
whole record or under `message`, with a syslog header or without, by name or by the kernel's number (1300,
1309). A record with only some of them is a fragment and ignored: nothing is kept between records. The host is
`node`, the record's, or the syslog header's. Auditbeat's records are ECS. The user is the one that runs the
program (uid); the session is `ses`, and a process without one (a daemon's) is the system's.
"""

import re
from dataclasses import replace
from typing import Any, Final

from processor.errors import InvalidEvent
from processor.events.event import PROCESS, Event
from processor.events.mapping import Plan, Source, json_object, look_up
from processor.events.sshd import syslog_host
from processor.events.values import epoch_ms

FORMAT: Final = "auditd"

COLUMNS: Final = Source(
    "execve as columns of msticpy and Microsoft Sentinel",
    FORMAT,
    PROCESS,
    when={"EventType": frozenset({"SYSCALL_EXECVE"})},
    unless={"success": frozenset({"no"})},
    fields={
        "time": ("TimeGenerated",),
        "host": ("Computer", "HostName"),
        "user_id": ("uid",),
        "logon_id": ("ses",),
        "executable": ("exe",),
        "command_line": ("cmdline", "proctitle"),
        "pid": ("pid",),
        "parent_pid": ("ppid",),
    },
    constants={"code": "execve"},
)
RAW: Final = Source(
    "execve as raw lines type=SYSCALL and type=EXECVE",
    FORMAT,
    PROCESS,
    when={"type": frozenset({"SYSCALL", "EXECVE"})},
    unless={"success": frozenset({"no"})},
    fields={
        "time": ("msg",),
        "host": ("node", "host"),
        "user_name": ("UID",),
        "user_id": ("uid",),
        "logon_id": ("ses",),
        "executable": ("exe",),
        "command_line": ("a0, a1, ...",),
        "pid": ("pid",),
        "parent_pid": ("ppid",),
    },
    constants={"code": "execve"},
)
MESSAGE_PATHS: Final = ("message", "log.original", "event.original", "msg")
HOST_PATHS: Final = ("host.name", "hostname", "Computer", "host")

# A quote before it: an argument that looks like a line.
_LINE: Final = re.compile(
    r"(?:node=(?P<node>\S{1,256}) |(?<![^\s\x1d]))type=(?P<type>[A-Z_0-9]{1,32}) "
    r"(?:msg=)?audit\((?P<time>[\d.]{1,20}):(?P<serial>\d{1,20})\)"
)
_BEGINS: Final = re.compile(r"(?:audit: )?(?:node=\S{1,256} )?type=[A-Z_0-9]{1,32} (?:msg=)?audit\(")
# How the kernel names them, where no auditd runs.
_KERNEL: Final = {"1300": "SYSCALL", "1309": "EXECVE"}
# name=value: quoted text, or hex or a bare word. Names are short so that long lines cost no more.
_PAIR: Final = re.compile(r'(?<![^\s\x1d])([A-Za-z_][\w-]{0,31}(?:\[\d{1,4}\])?)=("[^"\n]*"|[^\s\x1d"]*)')
_ARGUMENT: Final = re.compile(r"a(\d{1,6})(?:\[(\d{1,4})\])?")


def is_line(value: bytes) -> bool:
    """Whether a record that is no JSON is lines of Linux auditing."""
    return _BEGINS.match(value[:512].decode("utf-8", "replace")) is not None


def read_columns(value: bytes, max_command_line: int) -> Event | None:
    """The execve in a record of columns, None if it is another event."""
    record = json_object(value)
    return _columns.event(record, max_command_line) if _columns.matches(record) else None


def read_raw(value: bytes, max_command_line: int) -> Event | None:
    """The execve in a record of raw lines, None if it is another event or a fragment of one."""
    host = ""
    if value[:1] == b"{":
        record = json_object(value)
        found = next((text for path in MESSAGE_PATHS if isinstance(text := look_up(record, path), str)), "")
        host = next((text for path in HOST_PATHS if isinstance(text := look_up(record, path), str)), "")
    else:
        found = value.decode()
    return _execve(found, host, max_command_line)


def _execve(message: str, host: str, max_command_line: int) -> Event | None:
    heads = list(_LINE.finditer(message))
    lines: dict[str, list[str]] = {}
    serials = {head["serial"] for head in heads}
    for index, head in enumerate(heads):
        end = heads[index + 1].start() if index + 1 < len(heads) else len(message)
        lines.setdefault(_KERNEL.get(head["type"], head["type"]), []).append(message[head.end() : end])
    if "SYSCALL" not in lines or "EXECVE" not in lines:
        return None
    if len(serials) > 1:
        raise InvalidEvent("bad_field", "msg", f"lines of {len(serials)} events in one record")
    syscall = _pairs(" ".join(lines["SYSCALL"]))
    parts: dict[str, Any] = syscall | {
        "time": epoch_ms(heads[0]["time"], "msg") / 1_000,
        "command_line": _command_line(" ".join(lines["EXECVE"])),
        "host": heads[0]["node"] or host or syslog_host(message),
    }
    for name in ("exe", "UID"):
        if name in parts:
            parts[name] = _decoded(parts[name])
    if parts.get("success") == "no":
        return None
    return _raw.event(parts, max_command_line)


_columns: Final = Plan(COLUMNS)
_raw: Final = Plan(
    replace(
        RAW,
        fields={**RAW.fields, "time": ("time",), "host": ("host",), "command_line": ("command_line",)},
    )
)


def _pairs(line: str) -> dict[str, str]:
    return {pair[1]: pair[2] for pair in _PAIR.finditer(line)}


def _decoded(*pieces: str) -> str:
    """A value's text: its pieces without quotes, or of the hex that stands for text with spaces."""
    return b"".join(map(_bytes_of, pieces)).decode("utf-8", "replace")


def _bytes_of(piece: str) -> bytes:
    if piece[:1] == '"':
        return piece[1:-1].encode()
    try:
        return bytes.fromhex(piece)
    except ValueError:
        return b"" if piece == "(null)" else piece.encode()


def _command_line(line: str) -> str:
    """The arguments in order, joined by spaces; a long argument comes in pieces a1[0], a1[1]."""
    pieces: dict[int, list[tuple[int, str]]] = {}
    for name, value in _pairs(line).items():
        argument = _ARGUMENT.fullmatch(name)
        if argument:
            pieces.setdefault(int(argument[1]), []).append((int(argument[2] or 0), value))
    return " ".join(_decoded(*(piece for _, piece in sorted(pieces[index]))) for index in sorted(pieces))
