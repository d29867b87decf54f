r"""What Windows Security and Sysmon records share: where a record keeps its header and its event data.

Layouts, told apart by the fields that are there:
- flat: event data beside the header (NXLog, OTRF; Microsoft Sentinel and msticpy SecurityEvent columns)
- Winlogbeat 5 and 6: `event_id`, `computer_name`, `event_data.*`
- Winlogbeat 7 and later, Elastic Agent: `winlog.event_id`, `winlog.computer_name`, `winlog.event_data.*`
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from processor.errors import InvalidEvent
from processor.events.event import Event
from processor.events.times import stream_ms
from processor.events.values import SYSTEM_LOGON_ID, Number, Text, has_zone, logon_id, number

# What recorded_at and locate take, for the documentation.
TIME_FIELDS: Final = (
    "SystemTime",
    "TimeCreated",
    "TimeGenerated",
    "TimeGenerated [UTC]",
    "EventTime (with a zone)",
    "@timestamp",
)
HOST_FIELDS: Final = ("winlog.computer_name", "Computer", "Hostname", "computer_name")


class Header(msgspec.Struct, gc=False):
    """The header fields of every layout.

    A format's record adds its event data beside them and declares `event_data` and `winlog` as records of
    its own type: so one Struct reads the data at whichever of the three places it is.
    """

    EventID: Number = None
    Computer: Text = None
    Hostname: Text = None
    SourceName: Text = None
    TimeGenerated: Text = None
    TimeCreated: Text = None
    EventTime: Text = None
    timestamp: Text = msgspec.field(name="@timestamp", default=None)
    SystemTime: Text = None
    TimeGeneratedUTC: Text = msgspec.field(name="TimeGenerated [UTC]", default=None)
    event_id: Number = None
    computer_name: Text = None
    source_name: Text = None
    provider_name: Text = None


Record = TypeVar("Record", bound=Header)
# Event id, provider, the computer that recorded it (HOST_FIELDS in order: not the collector that forwarded
# it), the part that holds the event data, and that part's path with a dot.
Place = tuple[Number, Text, Text, Record | None, str]
# What stands for an event before it is read in full: see sketches.py.
Sketch = tuple[tuple[object, ...], int | None, object, Callable[[Any, int, int], Event | None]]


class _Winlog(msgspec.Struct, gc=False):
    event_id: Number = None


class _Ids(msgspec.Struct, gc=False):
    EventID: Number = None
    event_id: Number = None
    winlog: _Winlog | None = None


_ids: Final = msgspec.json.Decoder(_Ids)


_CODES: Final = {code: str(code) for code in (1, 4624, 4625, 4688)}


def code_of(event_id: Number) -> str:
    """An event id as text: 4688, "4688" and 4688.0 are "4688"; anything else is not shown at length."""
    if type(event_id) is int:
        return _CODES.get(event_id) or (str(event_id) if 0 <= event_id < 65_536 else "")
    if isinstance(event_id, float):
        return str(int(event_id)) if event_id.is_integer() and 0 <= event_id < 65_536 else ""
    return event_id.strip().removesuffix(".0")[:6] if isinstance(event_id, str) else ""


def event_codes(value: bytes) -> frozenset[str] | None:
    """The event ids that a record gives in any layout; None where an id is no number or text.

    Raises msgspec.DecodeError and RecursionError where the record is no JSON object.
    """
    try:
        found = _ids.decode(value)
    except msgspec.ValidationError as error:
        if "$" not in str(error):
            raise
        return None
    ids = (found.EventID, found.event_id, found.winlog.event_id if found.winlog else None)
    return frozenset(code_of(event_id) for event_id in ids)


def locate(record: Record, winlog: Record | None, event_data: Record | None) -> Place[Record]:
    """Where a record that is not flat keeps its event.

    winlog : the record's `winlog`
    event_data : the `event_data` of `winlog`, of the record where it has no `winlog`
    """
    if winlog is not None:
        host = winlog.computer_name or record.Computer or record.Hostname or record.computer_name
        return winlog.event_id, winlog.provider_name, host, event_data, "winlog.event_data."
    host = record.Computer or record.Hostname or record.computer_name
    return record.event_id, record.source_name, host, event_data, "event_data."


def other_id(record: Header, winlog: Header | None) -> Number:
    """An event id of a record that is not flat, at a place where `locate` does not look; None without one."""
    return record.EventID if winlog is None or record.EventID is not None else record.event_id


def recorded_at(header: Header) -> int | None:
    """The record's time, ms: the first of SystemTime, TimeCreated, TimeGenerated, EventTime, @timestamp.

    EventTime counts only where it says its zone: NXLog writes local time. The @timestamp beside it is when
    the record was received, seconds later, and all that is left. None where no time can be used.
    """
    given = header.SystemTime
    if given:
        return stream_ms(given, "SystemTime")
    given = header.TimeCreated
    if given:
        return stream_ms(given, "TimeCreated")
    given = header.TimeGenerated
    if given:
        return stream_ms(given, "TimeGenerated")
    given = header.TimeGeneratedUTC
    if given:
        return stream_ms(given, "TimeGenerated [UTC]")
    given = header.EventTime
    if given and has_zone(given):
        return stream_ms(given, "EventTime")
    given = header.timestamp
    return stream_ms(given, "@timestamp") if given else None


# Digits that are below 2**63 whatever they are.
_SURE_DIGITS: Final = 18
_SURE_HEX: Final = len("0x") + 15
# How hexadecimal logon ids end that are not 0x3e7.
_OTHER_BYTES: Final = frozenset(f"{byte:02x}" for byte in range(256)) - {SYSTEM_LOGON_ID[-2:]}


def is_number(value: Number) -> bool:
    """Whether `number` reads a value."""
    if value is None:
        return True
    if type(value) is str:
        if value.isdecimal() and len(value) <= _SURE_DIGITS:
            return True
        if value[:2] == "0x" and len(value) <= _SURE_HEX and value[2:].isalnum():
            try:
                int(value, 16)
            except ValueError:
                return False
            return True
    try:
        number(value, "", "")
    except InvalidEvent:
        return False
    return True


def is_system_session(session: Number) -> bool:
    """Whether a logon id is the system's own, 0x3e7."""
    if session == SYSTEM_LOGON_ID:
        return True
    if type(session) is str and session[:2] == "0x" and session[-2:] in _OTHER_BYTES:
        return False
    return logon_id(session) == SYSTEM_LOGON_ID


def missing(prefix: str, field: str) -> InvalidEvent:
    """What is said of a record without a field that its event cannot be without."""
    return InvalidEvent("missing_field", prefix + field, "the record has none")
