"""Writes small Windows event logs (.evtx): one chunk of records in binary XML without templates.

After Microsoft's MS-EVEN6 (BinXml) and the libevtx project's description of the file.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

_CHUNK = 65_536
_HEADER = 512
_1601 = datetime(1601, 1, 1, tzinfo=UTC)


def evtx(events: Sequence[tuple[Mapping[str, str], Mapping[str, str]]]) -> bytes:
    """A log of events, each a pair: System (EventID, Computer, Provider, TimeCreated) and EventData."""
    records = b""
    last = 0
    for number, (system, data) in enumerate(events, 1):
        last = _HEADER + len(records)
        records += _record(number, last, system, data)
    end = _HEADER + len(records)
    head = struct.pack(
        "<8s4Q3LL64xL", b"ElfChnk\0", 1, len(events), 1, len(events), 128, last, end, zlib.crc32(records), 0
    )
    tables = bytes(_HEADER - 128)
    chunk = head + struct.pack("<L", zlib.crc32(head[:120] + tables)) + tables + records
    return _file_header(len(events)) + chunk.ljust(_CHUNK, b"\0")


def _file_header(count: int) -> bytes:
    head = struct.pack("<8s3QL4H76x", b"ElfFile\0", 0, 0, count + 1, 128, 1, 3, 4096, 1)
    return (head + struct.pack("<LL", 0, zlib.crc32(head))).ljust(4096, b"\0")


def _record(number: int, offset: int, system: Mapping[str, str], data: Mapping[str, str]) -> bytes:
    xml = _Xml(offset + 24)
    xml.write(b"\x0f\x01\x01\x00")
    with_text = {key: value for key, value in system.items() if key not in ("Provider", "TimeCreated")}
    event = xml.open("Event")
    inner = xml.open("System")
    xml.close(xml.open("Provider", ("Name", system["Provider"])), "")
    xml.close(xml.open("TimeCreated", ("SystemTime", system["TimeCreated"])), "")
    for name, text in with_text.items():
        xml.close(xml.open(name), text)
    xml.end(inner)
    inner = xml.open("EventData")
    for name, text in data.items():
        xml.close(xml.open("Data", ("Name", name)), text)
    xml.end(inner)
    xml.end(event)
    xml.write(b"\x00")
    size = 24 + len(xml.data) + 4
    size += -size % 8
    written = datetime.fromisoformat(system["TimeCreated"]) - _1601
    filetime = (written.days * 86_400 + written.seconds) * 10_000_000 + written.microseconds * 10
    body = struct.pack("<LLQQ", 0x2A2A, size, number, filetime) + bytes(xml.data)
    return body.ljust(size - 4, b"\0") + struct.pack("<L", size)


class _Xml:
    """Binary XML at an offset of its chunk: names are written where they are used."""

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self.data = bytearray()

    def write(self, data: bytes) -> None:
        self.data += data

    def open(self, name: str, attribute: tuple[str, str] | None = None) -> int:
        """Begin an element; where its size is written once it ends."""
        self.data.append(0x41 if attribute else 0x01)
        sized = len(self.data)
        self.data += bytes(4)
        self._name(name)
        if attribute is not None:
            listed = len(self.data)
            self.data += bytes(4) + b"\x06"
            self._name(attribute[0])
            self._text(attribute[1])
            struct.pack_into("<L", self.data, listed, len(self.data) - listed - 4)
        self.data += b"\x02"
        return sized

    def close(self, sized: int, text: str) -> None:
        """End an element that holds only a text."""
        if text:
            self._text(text)
        self.end(sized)

    def end(self, sized: int) -> None:
        """End an element."""
        self.data += b"\x04"
        struct.pack_into("<L", self.data, sized, len(self.data) - sized - 4)

    def _name(self, name: str) -> None:
        self.data += struct.pack("<L", self._offset + len(self.data) + 4)
        self.data += struct.pack("<LHH", 0, 0, len(name)) + name.encode("utf-16-le") + b"\0\0"

    def _text(self, text: str) -> None:
        self.data += struct.pack("<BBH", 0x05, 0x01, len(text)) + text.encode("utf-16-le")
