"""A value of a JSON record as an attribute of Event: wrong types are InvalidEvent with the field's path."""

from collections.abc import Callable
from typing import Any, Final

from processor.errors import InvalidEvent
from processor.events.values import address, epoch_ms, logon_id, logon_type, number, shown, text, time_ms

Convert = Callable[[Any, str], Any]

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
    named = LOGON_TYPES.get(value.lower()) if isinstance(value, str) else None
    return logon_type(_number(value, path) if named is None else named, "", path)


def _time(value: Any, path: str) -> int | None:
    if value is None:
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
