"""Windows events whose XML was turned into JSON: evtx_dump and PyPI evtx, xmltodict, and EvtxECmd.

- `Event.System`, `Event.EventData`: attributes under `#attributes`, beside the element as `NAME_attributes`,
  or as `@NAME`; text under `#text`. Event data by name, or as a list of `Data` with `Name`.
- EvtxECmd: its own header, and the event data as JSON text in `Payload`.

What the event data mean is windows_security's and sysmon's: the record is laid flat and given to them.
"""

from typing import Any, Final

import msgspec

from processor.errors import InvalidEvent
from processor.events import sysmon, windows_security
from processor.events.event import Event
from processor.events.mapping import json_object, look_up
from processor.events.unreadable import invalid
from processor.events.windows import Record, code_of

_payload: Final = msgspec.json.Decoder(dict[str, Any])
_EVTX_ECMD: Final = ("Computer", "TimeCreated", "Channel")


def flatten(record: dict[str, Any]) -> dict[str, Any] | None:
    """Header and event data beside each other, as NXLog writes them; None if it has neither layout."""
    event = record.get("Event", record)
    if isinstance(event, dict) and isinstance(event.get("System"), dict):
        return _from_xml(event)
    if "EventId" in record and "Payload" in record:
        return _from_evtx_ecmd(record)
    return None


def _text_of(node: Any) -> Any:
    """An element's text: itself, or what is under #text."""
    return node.get("#text") if isinstance(node, dict) else node


def _attribute(system: dict[str, Any], element: str, name: str) -> Any:
    """An attribute of an element of System, in any of the spellings."""
    for path in (
        f"{element}.#attributes.{name}",
        f"{element}_attributes.{name}",
        f"{element}.@{name}",
        f"{element}.{name}",
    ):
        found = look_up(system, path)
        if found is not None:
            return found
    return None


def _from_xml(event: dict[str, Any]) -> dict[str, Any]:
    system = event["System"]
    return _data(event.get("EventData"), "Event.EventData") | {
        "EventID": _text_of(system.get("EventID")),
        "Computer": _text_of(system.get("Computer")),
        "Channel": _text_of(system.get("Channel")),
        "SourceName": _attribute(system, "Provider", "Name"),
        "SystemTime": _attribute(system, "TimeCreated", "SystemTime"),
    }


def _from_evtx_ecmd(record: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if code_of(record["EventId"]) in _CODES:
        payload = record["Payload"]
        if not isinstance(payload, str):
            raise InvalidEvent("bad_field", "Payload", "not JSON text")
        try:
            data = _data(_payload.decode(payload).get("EventData"), "Payload.EventData")
        except (msgspec.DecodeError, RecursionError):
            raise InvalidEvent("bad_field", "Payload", "not JSON text") from None
    header = {name: record.get(name) for name in _EVTX_ECMD}
    return data | header | {"EventID": record["EventId"], "SourceName": record.get("Provider")}


_CODES: Final = windows_security.PROCESS_CODES | windows_security.LOGON_CODES | sysmon.CODES


def _data(node: Any, path: str) -> dict[str, Any]:
    """Event data by name. Raises InvalidEvent where it is neither an object nor a list of named Data."""
    if node is None:
        return {}
    if isinstance(node, dict) and isinstance(node.get("Data"), list):
        named = {}
        for item in node["Data"]:
            name = _name_of(item)
            if name is None:
                raise InvalidEvent("bad_field", f"{path}.Data", "not a list of named values")
            named[name] = _text_of(item)
        return named
    if not isinstance(node, dict):
        raise InvalidEvent("bad_field", path, "not an object")
    return {name: _text_of(value) for name, value in node.items()}


def _name_of(item: Any) -> str | None:
    if isinstance(item, dict):
        for path in ("@Name", "#attributes.Name", "Name"):
            name = look_up(item, path)
            if isinstance(name, str):
                return name
    return None


def _typed(flat: dict[str, Any] | None, record: type[Record]) -> Record:
    """The flat record as a format's. Raises InvalidEvent("bad_field")."""
    try:
        return msgspec.convert(flat, record)
    except msgspec.ValidationError as error:
        raise invalid(error) from None


def read_security(value: bytes, max_command_line: int) -> Event | None:
    """The process creation or logon of Windows Security in a record, None if it holds another event."""
    flat = flatten(json_object(value))
    code = code_of(flat["EventID"]) if flat is not None else ""
    if code in windows_security.PROCESS_CODES:
        process = _typed(flat, windows_security.ProcessRecord)
        return windows_security.process_event(process, len(value), max_command_line)
    if code in windows_security.LOGON_CODES:
        return windows_security.logon_event(_typed(flat, windows_security.LogonRecord), len(value))
    return None


def read_sysmon(value: bytes, max_command_line: int) -> Event | None:
    """The process creation of Sysmon in a record, None if it holds another event."""
    flat = flatten(json_object(value))
    if flat is None or code_of(flat["EventID"]) not in sysmon.CODES:
        return None
    return sysmon.process_event(_typed(flat, sysmon.Record), len(value), max_command_line)
