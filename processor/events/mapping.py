"""Sources described by a table: which records, which field becomes which part of an Event.

The formats that come as nested JSON objects are such tables, and so is a source that the config describes
(`input.mappings`). A field is named by its path, `a.b.c`; a key with dots in it (`"a.b.c": 1`) is found too.
Of several paths the first that holds something is taken.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from processor.errors import InvalidEvent
from processor.events.event import KINDS, LOGON, PROCESS, Event, Kind
from processor.events.values import (
    SYSTEM_LOGON_ID,
    SYSTEM_SID,
    account,
    address,
    epoch_ms,
    logon_id,
    number,
    shown,
    text,
    time_ms,
)

# What a mapping in the config can fill: ECS's names where there is one, the anomaly record's for logons.
TARGETS: Final[dict[str, str]] = {
    "@timestamp": "time",
    "event.code": "code",
    "event.outcome": "outcome",
    "host.name": "host",
    "user.name": "user_name",
    "user.domain": "user_domain",
    "user.id": "user_id",
    "source.ip": "source_ip",
    "process.executable": "executable",
    "process.command_line": "command_line",
    "process.pid": "pid",
    "process.parent.executable": "parent_executable",
    "process.parent.command_line": "parent_command_line",
    "process.parent.pid": "parent_pid",
    "logon.account": "account",
    "logon.id": "logon_id",
    "logon.type": "logon_type",
    "logon.package": "authentication_package",
}
_REQUIRED: Final[dict[Kind, str]] = {PROCESS: "process.executable", LOGON: "user.name"}
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
MAPPED: Final = "mapping"
# The condition that a path holds anything at all.
ANY: Final = "*"
# How Linux auditing writes that a process belongs to no logon session: a daemon's.
_NO_SESSION: Final = frozenset({"unset", "-1", "0xffffffff"})
_MAX_DEPTH: Final = 16


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of record of one source.

    when : path -> the values of which the record must hold one, as text; all paths must agree
    fields : attribute of Event -> paths, the first that holds something is taken
    constants : attribute of Event -> text that no path gives
    unless : path -> values that make it another event
    """

    name: str
    format: str
    kind: Kind
    when: Mapping[str, frozenset[str]]
    fields: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)


def look_up(record: Mapping[str, Any], path: str) -> Any:
    """What a record holds at a path, None where it holds nothing."""
    if path in record:
        return record[path]
    node: Any = record
    for key in path.split("."):
        if not isinstance(node, dict):
            return None
        node = node.get(key)
    return node


def _is_text(value: object) -> str:
    """A value as conditions compare it: 1, 1.0 and "1" are the same, true is "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else ""


def holds(record: Mapping[str, Any], path: str, values: frozenset[str]) -> bool:
    """Whether a record holds one of the values at a path; of an array one element is enough."""
    found = look_up(record, path)
    if ANY in values:
        return found is not None
    if isinstance(found, list):
        return any(_is_text(element) in values for element in found)
    return _is_text(found) in values


def matches(source: Source, record: Mapping[str, Any]) -> bool:
    """Whether a record is one of a source's."""
    return all(holds(record, path, values) for path, values in source.when.items()) and not any(
        holds(record, path, values) for path, values in source.unless.items()
    )


def _first(record: Mapping[str, Any], paths: Iterable[str]) -> tuple[Any, str]:
    """The first value that is there, and its path; None and the first path where there is none."""
    first = ""
    for path in paths:
        value = look_up(record, path)
        if value is not None and value not in ("", [], "-"):
            return value, path
        first = first or path
    return None, first


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
    return _number(value, path) if named is None else named


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
    given = _is_text(value).lower()
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


_READ: Final[dict[str, Callable[[Any, str], Any]]] = {
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


def _read(attribute: str, value: Any, path: str) -> Any:
    """A field's value as the attribute of Event is. Raises InvalidEvent."""
    convert = _READ.get(attribute)
    return _plain(value, path) if convert is None else convert(value, path)


def to_event(source: Source, record: Mapping[str, Any], max_command_line: int) -> Event:
    """The event that a source's record describes. Raises InvalidEvent."""
    parts: dict[str, Any] = dict(source.constants)
    for attribute, paths in source.fields.items():
        value, path = _first(record, paths)
        if value is not None or attribute not in parts:
            parts[attribute] = _read(attribute, value, path)
    if source.kind == PROCESS:
        _need(parts.get("executable"), source, "executable")
    else:
        parts["account"] = text(parts.get("account")) or account(
            parts.get("user_domain", ""), parts.get("user_name", "")
        )
        if not parts["account"] and not _holds_any(record, source.fields.get("user_name", ())):
            _need("", source, "user_name")
    command_line = parts.get("command_line", "")
    if len(command_line) > max_command_line:
        parts |= {"command_line": command_line[:max_command_line], "truncated": True}
    if "parent_command_line" in parts:
        parts["parent_command_line"] = parts["parent_command_line"][:max_command_line]
    defaults = {"time": None, "host": "", "code": ""}
    return Event(
        kind=source.kind, format=source.format, **(defaults | parts | {"system_session": is_system(parts)})
    )


def _holds_any(record: Mapping[str, Any], paths: Iterable[str]) -> bool:
    """Whether a path is there, though empty: somebody may log on without a name."""
    return any(isinstance(look_up(record, path), str) for path in paths)


def _need(value: str | None, source: Source, attribute: str) -> None:
    if not value:
        path = source.fields.get(attribute, (attribute,))[0]
        raise InvalidEvent("missing_field", path, "the record has none")


def is_system(parts: Mapping[str, Any]) -> bool:
    """Whether the session is the operating system's: logon id 0x3e7, SID S-1-5-18, root, a daemon's.

    By the name, where the record has neither a user's nor a session's id.
    """
    session = parts.get("logon_id")
    if session == SYSTEM_LOGON_ID or session in _NO_SESSION or parts.get("user_id") in (SYSTEM_SID, "0"):
        return True
    if parts.get("user_id") or session:
        return False
    return str(parts.get("user_name", "")).lower() in ("root", "system")


def json_object(value: bytes) -> dict[str, Any]:
    """A record as a dict. Raises msgspec's errors as for a typed record."""
    decoded: dict[str, Any] = _any_object.decode(value)
    return decoded


_any_object: Final = msgspec.json.Decoder(dict[str, Any])


def reader_of(sources: Sequence[Source]) -> Callable[[bytes, int], Event | None]:
    """Reads records of the first source that matches."""

    def read(value: bytes, max_command_line: int) -> Event | None:
        record = json_object(value)
        for source in sources:
            if matches(source, record):
                return to_event(source, record, max_command_line)
        return None

    return read


def compile_mapping(
    *,
    name: str,
    kind: str,
    when: Mapping[str, object],
    fields: Mapping[str, object],
    constants: Mapping[str, object] | None = None,
) -> Source:
    """A source that the config describes.

    when : path -> value or list of values, of which the record must hold one; "*" for any value
    fields : target (a key of TARGETS) -> path or list of paths
    constants : target -> value that every event gets where no path holds one
    Raises ValueError with what is wrong and what would be right.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if not when:
        raise ValueError(
            "when is empty: name at least one field that tells this source's records from others"
        )
    conditions = {
        _path(path): frozenset(_is_text(value) for value in _listed(values)) for path, values in when.items()
    }
    for path, values in conditions.items():
        if not values or "" in values:
            raise ValueError(f"when.{path} must be a text, a number or a list of them, not empty")
    paths = {
        _target(target): tuple(_path(path) for path in _listed(given)) for target, given in fields.items()
    }
    fixed = {_target(target): _constant(target, value) for target, value in (constants or {}).items()}
    need = _REQUIRED[kind]
    if TARGETS[need] not in paths and not (kind == LOGON and "account" in paths):
        raise ValueError(f"fields must say where {need} is: a {kind} event cannot be without it")
    return Source(name, MAPPED, kind, conditions, paths, fixed)


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else (value,)


def _target(name: str) -> str:
    attribute = TARGETS.get(name)
    if attribute is None:
        raise ValueError(f"{name!r} is nothing that an event has; there are: {', '.join(TARGETS)}")
    return attribute


def _path(path: object) -> str:
    if not isinstance(path, str) or not path or path.count(".") >= _MAX_DEPTH:
        raise ValueError(f"{path!r} is no field path: write a.b.c, at most {_MAX_DEPTH} names")
    return path


def _constant(target: str, value: object) -> Any:
    attribute = _target(target)
    try:
        return _read(attribute, value, target)
    except InvalidEvent as error:
        raise ValueError(f"constants.{error}") from None
