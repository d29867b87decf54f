"""A value of a JSON record as an attribute of Event: wrong types are InvalidEvent with the field's path."""

import re
from collections.abc import Callable
from typing import Any, Final

from processor.errors import InvalidEvent
from processor.events.values import address, epoch_ms, logon_id, logon_type, number, shown, text, time_ms

Convert = Callable[[Any, str], Any]

# What a logon type's name may look like; a new one is no reason to refuse the logon.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z ()_-]{0,63}")
# Syslog's time of RFC 3164 has neither year nor zone.
_YEARLESS: Final = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d")

_SUCCESS: Final = frozenset({"success", "succeeded", "successful", "true", "yes", "allowed", "1"})
_FAILURE: Final = frozenset({"failure", "failed", "fail", "false", "no", "denied", "2", "0"})
# Names of Windows' logon types, as Defender, Winlogbeat and OCSF write them.
LOGON_TYPES: Final[dict[str, int]] = {
    "system": 0,
    "interactive": 2,
    "local": 2,
    "network": 3,
    "batch": 4,
    "service": 5,
    "os service": 5,
    "unlock": 7,
    "networkcleartext": 8,
    "network cleartext": 8,
    "newcredentials": 9,
    "new credentials": 9,
    "remoteinteractive": 10,
    "remote interactive": 10,
    "cachedinteractive": 11,
    "cached interactive": 11,
    "cachedremoteinteractive": 12,
    "cached remote interactive": 12,
    "cachedunlock": 13,
    "cached unlock": 13,
    "remote interactive (rdp) logons": 10,
}


def as_text(value: object) -> str:
    """A scalar as conditions compare it: 1, 1.0 and "1" are the same, true is "true"; else empty."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else ""


def _plain(value: Any, path: str) -> str:
    """A text field's value: text, or a number that stands for one. Raises InvalidEvent("bad_field")."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or isinstance(value, str):
        return text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise InvalidEvent("bad_field", path, f"{shown(value)} is no text")


def _arguments(value: Any, path: str) -> str:
    """A command line: text, or a list of arguments, which are joined by spaces."""
    if isinstance(value, list):
        if not all(isinstance(argument, str) for argument in value):
            raise InvalidEvent("bad_field", path, f"{shown(value)} is no list of texts")
        return " ".join(value)
    if value is None or isinstance(value, str):
        return value or ""
    raise InvalidEvent("bad_field", path, f"{shown(value)} is no text")


def _number(value: Any, path: str) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise InvalidEvent("bad_field", path, f"{shown(value)} is no number")
    return number(value, "", path)


def _logon_type(value: Any, path: str) -> int | None:
    """A type by number or name; None for a name that is not Windows' (Unknown, Undefined)."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return LOGON_TYPES.get(value.lower())
    return logon_type(_number(value, path), "", path)


def _code(value: Any, path: str) -> str:
    """An event code; a list (several actions in one record) is joined."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return text("+".join(value[:8]))
    return _plain(value, path)


def _time(value: Any, path: str) -> int | None:
    if value is None or (isinstance(value, str) and _YEARLESS.fullmatch(value)):
        return None
    if isinstance(value, str) and not value.replace(".", "", 1).isdecimal():
        return time_ms(value, path)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InvalidEvent("bad_time", path, f"{shown(value)} is no time")
    return epoch_ms(value, path)


def _outcome(value: Any, path: str) -> str:
    if value is None:
        return ""
    given = as_text(value).lower()
    if given in _SUCCESS:
        return "success"
    if given in _FAILURE:
        return "failure"
    if given in ("unknown", "99"):
        return ""
    raise InvalidEvent("bad_field", path, f"{shown(value)} is neither success nor failure")


def _logon_id(value: Any, path: str) -> str:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise InvalidEvent("bad_field", path, f"{shown(value)} is no logon id")
    return logon_id(value)


def _address(value: Any, path: str) -> str:
    return address(_plain(value, path))


_READ: Final[dict[str, Convert]] = {
    "time": _time,
    "code": _code,
    "logon_id": _logon_id,
    "pid": _number,
    "parent_pid": _number,
    "logon_type": _logon_type,
    "outcome": _outcome,
    "command_line": _arguments,
    "parent_command_line": _arguments,
    "source_ip": _address,
}


def converter(attribute: str) -> Convert:
    """(value, path) -> what the attribute of Event holds; None is the value that is not there."""
    return _READ.get(attribute, _plain)
