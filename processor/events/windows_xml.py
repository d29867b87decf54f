"""Windows events whose XML was turned into JSON, or stands in it as text.

- `Event.System`, `Event.EventData` (evtx_dump, PyPI evtx, xmltodict): attributes under `#attributes`, beside
  the element as `NAME_attributes`, or as `@NAME`; text under `#text`. Event data by name, or as a list of
  `Data` with `Name`.
- EvtxECmd: its own header, and the event data as JSON text in `Payload`.
- Microsoft Sentinel's tables WindowsEvent and Event: a header in columns, the event data in `EventData` as an
  object, JSON text or XML.
- the XML `<Event ...>` itself, as the whole record or as text under `Event`, `event.original`, `message`,
  `EventXML`, `Xml` or `_raw`.

What the event data mean is windows_security's and sysmon's: the record is laid flat and given to them.
"""

import re
from html import unescape
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
_SENTINEL: Final = ("Computer", "Channel", "TimeGenerated", "TimeGenerated [UTC]", "TimeCreated")
_PROVIDERS: Final = ("Provider", "Source", "SourceName", "EventSourceName")
TEXT_PATHS: Final = ("Event", "event.original", "message", "EventXML", "Xml", "xml", "_raw")
_BEGINS: Final = re.compile(r"\s{0,64}(?:<\?xml[^<>]{0,256}\?>\s{0,64})?<Event[\s>]")
# What Windows writes has no comments, no entities of its own and no nested data; "<" is always escaped.
_ELEMENT: Final = re.compile(r"<(EventID|Computer|Channel)(?:\s[^<>]{0,256})?>([^<]{0,1024})</")
_ATTRIBUTE: Final = re.compile(
    r"<(Provider|TimeCreated)\s[^<>]{0,512}?\b(?:Name|SystemTime)=(?:'([^'<>]{0,256})'|\"([^\"<>]{0,256})\")"
)
_DATA: Final = re.compile(r"<Data\s+Name=(?:'([^'<>]{1,128})'|\"([^\"<>]{1,128})\")\s*(?:/>|>([^<]*)</Data>)")


def is_xml(value: bytes) -> bool:
    """Whether a record that is no JSON is a Windows event's XML."""
    return _BEGINS.match(value[:512].decode("utf-8", "replace")) is not None


def flat_record(value: bytes) -> dict[str, Any] | None:
    """A record of any of the layouts, laid flat as flatten does it."""
    return flatten(json_object(value)) if value[:1] == b"{" else _from_text(value.decode())


def flatten(record: dict[str, Any]) -> dict[str, Any] | None:
    """Header and event data beside each other, as NXLog writes them; None if it has none of the layouts."""
    event = record.get("Event", record)
    if isinstance(event, dict) and isinstance(event.get("System"), dict):
        return _from_xml(event)
    if "EventId" in record and "Payload" in record:
        return _from_evtx_ecmd(record)
    if "EventID" in record and record.get("EventData") is not None:
        return _from_columns(record)
    found = (look_up(record, path) for path in TEXT_PATHS)
    text = next((text for text in found if isinstance(text, str) and _BEGINS.match(text)), None)
    return None if text is None else _from_text(text)


def _from_text(xml: str) -> dict[str, Any] | None:
    """An event's XML: what is before its data is its header. None for other text, whatever it quotes."""
    if not _BEGINS.match(xml):
        return None
    header, _, data = xml.partition("<EventData")
    flat = _data_text(data)
    for element in _ELEMENT.finditer(header):
        flat[element[1]] = unescape(element[2])
    for element in _ATTRIBUTE.finditer(header):
        name = "SourceName" if element[1] == "Provider" else "SystemTime"
        flat[name] = unescape(element[2] or element[3] or "")
    return flat if "EventID" in flat else flat | {"EventID": None}


def _data_text(xml: str) -> dict[str, Any]:
    return {unescape(data[1] or data[2]): unescape(data[3] or "") for data in _DATA.finditer(xml)}


def _from_columns(record: dict[str, Any]) -> dict[str, Any]:
    """A header in columns with the event data in one of them."""
    given = record["EventData"]
    if isinstance(given, str):
        data = (
            _data_text(given)
            if given.lstrip()[:1] == "<"
            else _data(_decoded(given, "EventData"), "EventData")
        )
    else:
        data = _data(given, "EventData")
    header = {name: record[name] for name in _SENTINEL if name in record}
    provider = next((record[name] for name in _PROVIDERS if record.get(name)), None)
    return data | header | {"EventID": record["EventID"], "SourceName": provider}


def _decoded(text: str, path: str) -> dict[str, Any]:
    try:
        return _payload.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidEvent("bad_field", path, "not JSON text") from None


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
        data = _data(_decoded(payload, "Payload").get("EventData"), "Payload.EventData")
    header = {name: record.get(name) for name in _EVTX_ECMD}
    return data | header | {"EventID": record["EventId"], "SourceName": record.get("Provider")}


_CODES: Final = windows_security.PROCESS_CODES | windows_security.LOGON_CODES | sysmon.CODES


def _data(node: Any, path: str) -> dict[str, Any]:
    """Event data by name. Raises InvalidEvent where it is neither an object nor a list of named Data."""
    if node is None:
        return {}
    if isinstance(node, dict) and isinstance(node.get("Data"), list | dict):
        named = {}
        for item in node["Data"] if isinstance(node["Data"], list) else [node["Data"]]:
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
    flat = flat_record(value)
    code = code_of(flat["EventID"]) if flat is not None else ""
    if code in windows_security.PROCESS_CODES:
        process = _typed(flat, windows_security.ProcessRecord)
        return windows_security.process_event(process, len(value), max_command_line)
    if code in windows_security.LOGON_CODES:
        return windows_security.logon_event(_typed(flat, windows_security.LogonRecord), len(value))
    return None


def read_sysmon(value: bytes, max_command_line: int) -> Event | None:
    """The process creation of Sysmon in a record, None if it holds another event."""
    flat = flat_record(value)
    if flat is None or code_of(flat["EventID"]) not in sysmon.CODES:
        return None
    return sysmon.process_event(_typed(flat, sysmon.Record), len(value), max_command_line)
