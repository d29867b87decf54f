"""Record bytes to Event: which format a record has, and what becomes of one that cannot be read.

A format is recognised in two steps: a few bytes of a field name that only its records have, found without
parsing, choose the reader; the reader then decides from the parsed ids. So a command line that quotes such a
name costs a second look and no wrong answer.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from processor.errors import InvalidEvent
from processor.events import sysmon, windows_security
from processor.events.event import Event
from processor.events.windows import event_codes

FORMATS: Final[tuple[str, ...]] = (windows_security.FORMAT, sysmon.FORMAT)

Read = Callable[[bytes, int], Event | None]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of record of a format is found and read.

    needle : bytes that its records contain
    read : (record, max_command_line) -> Event, None if the record is another event
    codes : the Windows event ids that claim a record, though it cannot be read; empty for other formats
    """

    format: str
    needle: bytes
    read: Read
    codes: frozenset[str] = frozenset()


# The most frequent first: a needle that is not there costs 0.3 us in 1 KB.
READERS: Final = (
    Reader(
        windows_security.FORMAT,
        b"NewProcessName",
        windows_security.read_process,
        windows_security.PROCESS_CODES,
    ),
    Reader(sysmon.FORMAT, b"ProcessGuid", sysmon.read_process, sysmon.CODES),
    Reader(
        windows_security.FORMAT,
        b"LogonType",
        windows_security.read_logon,
        windows_security.LOGON_CODES,
    ),
)

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_BOM: Final = b"\xef\xbb\xbf"
# A JSON escape: a surrogate pair, half of one, or any other.
_ESCAPE: Final = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_AT: Final = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")


class Decoder:
    """Reads records of the formats asked for.

    formats : those read, None = all; events of others are ignored
    max_record_size : bytes; a longer record is rejected
    max_command_line : characters kept of a command line
    """

    def __init__(
        self, *, formats: frozenset[str] | None, max_record_size: int, max_command_line: int
    ) -> None:
        self._readers = tuple(reader for reader in READERS if formats is None or reader.format in formats)
        self._max_record_size = max_record_size
        self._max_command_line = max_command_line

    def decode(self, value: bytes | None) -> Event | None:
        """The event in a record; None if it is neither a process creation nor a logon of a format asked for.

        Raises InvalidEvent where it should be one and is broken, or is no JSON object.
        """
        if value is None:
            return None
        if len(value) > self._max_record_size:
            raise InvalidEvent(
                "too_large",
                "",
                f"{len(value)} bytes, more than input.max_record_size = {self._max_record_size}",
            )
        try:
            return self._read(value)
        except _UNREADABLE as error:
            repaired = _repair(value)
            if repaired == value:
                raise _unreadable(error) from None
        try:
            return self._read(repaired)
        except _UNREADABLE as error:
            raise _unreadable(error) from None

    def _read(self, value: bytes) -> Event | None:
        for reader in self._readers:
            if reader.needle in value:
                try:
                    event = reader.read(value, self._max_command_line)
                except msgspec.ValidationError:
                    if self._is_meant(reader, value):
                        raise
                    continue
                if event is not None:
                    return event
        return self._read_unmarked(value)

    def _is_meant(self, reader: Reader, value: bytes) -> bool:
        """Whether a record with a field of the wrong type was to be one of the reader's."""
        codes = event_codes(value)
        return codes is None or not codes.isdisjoint(reader.codes)

    def _read_unmarked(self, value: bytes) -> Event | None:
        """A record that no needle led to: another event, or one whose distinctive field is missing."""
        codes = event_codes(value)
        if codes is not None:
            for reader in self._readers:
                if not codes.isdisjoint(reader.codes) and reader.needle not in value:
                    return reader.read(value, self._max_command_line)
        return None


def _unreadable(error: Exception) -> InvalidEvent:
    if isinstance(error, RecursionError):
        return InvalidEvent("not_json", "", "nested too deeply")
    if not isinstance(error, msgspec.ValidationError):
        return InvalidEvent("not_json", "", str(error))
    place = _AT.search(str(error))
    if place is None or not place[1]:
        return InvalidEvent("not_an_object", "", str(error))
    return InvalidEvent("bad_field", place[1], _AT.sub("", str(error)))


def _repair(value: bytes) -> bytes:
    """The record with U+FFFD for what is no text: bytes that are not UTF-8, halves of surrogate pairs.

    Windows lets both into file names and command lines; they shall not hide an event.
    """
    text = value.removeprefix(_BOM).decode("utf-8", "replace").encode()
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[2] else escape[0], text)
