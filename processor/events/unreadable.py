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
_AT: Final = re.compile(r" - at `(?:key in )?\$\.?(.{0,200}).*`$", re.DOTALL)


def repair(value: bytes) -> bytes:
    """The record with U+FFFD for what is no text: bytes that are not UTF-8, halves of surrogate pairs.

    Windows lets both into file names and command lines; they shall not hide an event.
    """
    text = value.removeprefix(_BOM).decode("utf-8", "replace").encode()
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[2] else escape[0], text)


def invalid(error: Exception) -> InvalidEvent:
    """What a reader's error says, with the field at fault where there is one."""
    if isinstance(error, RecursionError):
        return InvalidEvent("not_json", "", "nested too deeply")
    if not isinstance(error, msgspec.ValidationError):
        return InvalidEvent("not_json", "", str(error)[:200])
    place = _AT.search(str(error))
    if place is None or not place[1]:
        return InvalidEvent("not_an_object", "", str(error)[:200])
    return InvalidEvent("bad_field", place[1], _AT.sub("", str(error))[:200])
