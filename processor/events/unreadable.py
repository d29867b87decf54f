"""Records that cannot be read: what is wrong with them, and what can be mended."""

import re
from typing import Final

import msgspec

from processor.errors import InvalidEvent

# What a reader raises where the bytes are not what its format's are.
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_BOM: Final = b"\xef\xbb\xbf"
# A JSON escape: a surrogate pair, half of one, or any other.
_ESCAPE: Final = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
# What a rejection names where no field of the record is at fault: Kafka's name for its bytes.
RECORD: Final = "value"
_BYTE: Final = re.compile(r"\(byte (\d{1,12})\)")
# A key right before the byte at fault, which its value may have begun a little earlier (-Infinity, 01).
_KEY_BEFORE: Final = re.compile(rb'"([^"\\\x00-\x1f]{1,128})"\s{0,16}:\s{0,16}[-+\w.]{0,24}$')
_LOOK_BACK: Final = 256
_AT: Final = re.compile(r" - at `(?:key in )?\$\.?(.{0,200}).*`$", re.DOTALL)


def repair(value: bytes) -> bytes:
    """The record with U+FFFD for what is no text: bytes that are not UTF-8, halves of surrogate pairs.

    Windows lets both into file names and command lines; they shall not hide an event.
    """
    text = value.removeprefix(_BOM).decode("utf-8", "replace").encode()
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[2] else escape[0], text)


def invalid(error: Exception, value: bytes = b"") -> InvalidEvent:
    """What a reader's error says of a record, with the field at fault, or `value`: the record as such."""
    if isinstance(error, RecursionError):
        return InvalidEvent("not_json", RECORD, "nested too deeply")
    if not isinstance(error, msgspec.ValidationError):
        return _malformed(str(error), value)
    place = _AT.search(str(error))
    if place is None or not place[1]:
        return InvalidEvent("not_an_object", RECORD, str(error)[:200])
    return InvalidEvent("bad_field", place[1], _AT.sub("", str(error))[:200])


def _malformed(said: str, value: bytes) -> InvalidEvent:
    """What is no JSON, and where: the byte, and the field whose value stands there."""
    if value.startswith(_UTF_16):
        return InvalidEvent("not_json", RECORD, "UTF-16, where UTF-8 is needed")
    if not value.strip():
        return InvalidEvent("not_json", RECORD, f"empty, {len(value)} bytes")
    byte = _BYTE.search(said)
    if byte is None:
        return InvalidEvent("not_json", RECORD, f"{said[:150]} (its {len(value)} bytes end too early)")
    at = int(byte[1])
    field = _KEY_BEFORE.search(value[max(0, at - _LOOK_BACK) : at])
    name = field[1].decode("utf-8", "replace") if field else RECORD
    return InvalidEvent("not_json", name, said[:200])
