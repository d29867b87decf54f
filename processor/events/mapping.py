"""Sources described by a table: which records, which field becomes which part of an Event.

The formats that come as nested JSON objects are such tables, and so is a source that the config describes
(`input.mappings`). A field is named by its path, `a.b.c`; a key with dots in it (`"a.b.c": 1`) is found too.
Of several paths the first that holds something is taken.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from processor.errors import InvalidEvent
from processor.events.convert import as_text, converter
from processor.events.event import ECS_FIELDS, KINDS, LOGON, PROCESS, Event, Kind
from processor.events.values import SYSTEM_LOGON_ID, SYSTEM_SID, account

# What a mapping in the config can fill: ECS's names where there is one, the anomaly record's for logons.
TARGETS: Final[dict[str, str]] = {
    "@timestamp": "time",
    **ECS_FIELDS,
    "logon.account": "account",
    "logon.id": "logon_id",
    "logon.type": "logon_type",
    "logon.package": "authentication_package",
}
_REQUIRED: Final[dict[Kind, str]] = {PROCESS: "process.executable", LOGON: "user.name"}
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
    values : attribute -> the source's own value, as text in lower case, -> what it stands for; None: nothing
    """

    name: str
    format: str
    kind: Kind
    when: Mapping[str, frozenset[str]]
    fields: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


_SYSTEM_IDS: Final = frozenset({SYSTEM_SID, "0"})
_SYSTEM_NAMES: Final = frozenset({"root", "system"})
_MISSING: Final[tuple[object, ...]] = ("", "-", [], None)


def look_up(record: dict[str, Any], path: str, names: Sequence[str] | None = None) -> Any:
    """What a record holds at a path, None where it holds nothing.

    names : the path's parts where they are known already, empty for one
    """
    found = record.get(path)
    if found is not None:
        return found
    names = _parts(path) if names is None else names
    node: Any = record if names else None
    for name in names:
        if type(node) is not dict:
            return None
        node = node.get(name)
    return node


def holds(found: Any, values: frozenset[str]) -> bool:
    """Whether a value is one of those, or anything for ANY; of an array one element is enough."""
    if ANY in values:
        return found is not None
    if type(found) is str:
        return found in values
    if isinstance(found, list):
        return any(as_text(element) in values for element in found)
    return as_text(found) in values


class Plan:
    """A source ready to read records: paths taken apart, conversions looked up."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._when = [(path, _parts(path), values) for path, values in source.when.items()]
        self._unless = [(path, _parts(path), values) for path, values in source.unless.items()]
        self._fields = [
            (
                attribute,
                [(path, _parts(path)) for path in paths],
                converter(attribute),
                source.values.get(attribute),
            )
            for attribute, paths in source.fields.items()
        ]
        self._start: dict[str, Any] = {"time": None, "host": "", "code": ""} | dict(source.constants)

    def matches(self, record: dict[str, Any]) -> bool:
        """Whether a record is one of the source's."""
        for path, names, values in self._when:
            if not holds(look_up(record, path, names), values):
                return False
        return not any(holds(look_up(record, path, names), values) for path, names, values in self._unless)

    def event(self, record: dict[str, Any], max_command_line: int) -> Event:
        """The event that a record of the source describes. Raises InvalidEvent."""
        parts = self._start.copy()
        for attribute, paths, convert, values in self._fields:
            for path, names in paths:
                value = look_up(record, path, names)
                if value is not None and value not in _MISSING:
                    if values is not None:
                        value = values.get(as_text(value).lower(), value)
                    parts[attribute] = convert(value, path)
                    break
        self._complete(parts, record)
        command_line = parts.get("command_line", "")
        if len(command_line) > max_command_line:
            parts["command_line"], parts["truncated"] = command_line[:max_command_line], True
        if "parent_command_line" in parts:
            parts["parent_command_line"] = parts["parent_command_line"][:max_command_line]
        system = is_system(parts.get("logon_id", ""), parts.get("user_id", ""), parts.get("user_name", ""))
        return Event(kind=self.source.kind, format=self.source.format, system_session=system, **parts)

    def _complete(self, parts: dict[str, Any], record: dict[str, Any]) -> None:
        """Adds a logon's account. Raises InvalidEvent where a record lacks what every event has."""
        domain, _, name = parts.get("user_name", "").rpartition("\\")
        if domain and name and not parts.get("user_domain"):
            parts["user_domain"], parts["user_name"] = domain, name
        if self.source.kind == PROCESS:
            if not parts.get("executable"):
                raise self._lacks("executable")
            return
        name = parts.get("account") or account(parts.get("user_domain", ""), parts.get("user_name", ""))
        parts["account"] = name
        # Somebody may log on without a name, but the record must say so.
        if not name and not any(
            isinstance(look_up(record, path), str) for path in self.source.fields.get("user_name", ())
        ):
            raise self._lacks("user_name")

    def _lacks(self, attribute: str) -> InvalidEvent:
        path = self.source.fields.get(attribute, (attribute,))[0]
        return InvalidEvent("missing_field", path, "the record has none")


def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if "." in path else ()


def is_system(session: str, user_id: str, user_name: str) -> bool:
    """Whether the session is the operating system's: logon id 0x3e7, SID S-1-5-18, root, a daemon's.

    By the name, where the record has neither a user's nor a session's id.
    """
    if session == SYSTEM_LOGON_ID or session in _NO_SESSION or user_id in _SYSTEM_IDS:
        return True
    return not user_id and not session and user_name.lower() in _SYSTEM_NAMES


def json_object(value: bytes) -> dict[str, Any]:
    """A record as a dict. Raises msgspec's errors as for a typed record."""
    decoded: dict[str, Any] = _any_object.decode(value)
    return decoded


_any_object: Final = msgspec.json.Decoder(dict[str, Any])


def reader_of(sources: Sequence[Source]) -> Callable[[bytes, int], Event | None]:
    """Reads records of the first source that matches."""
    plans = [Plan(source) for source in sources]

    def read(value: bytes, max_command_line: int) -> Event | None:
        record = json_object(value)
        for plan in plans:
            if plan.matches(record):
                return plan.event(record, max_command_line)
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
        _path(path): frozenset(as_text(value) for value in _listed(values)) for path, values in when.items()
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
        return converter(attribute)(value, target)
    except InvalidEvent as error:
        raise ValueError(f"constants.{error}") from None
