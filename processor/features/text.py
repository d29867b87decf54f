r"""Integers and masks of text: delimiters, ordinal sums, entropy, classes of characters, paths without ids.

ASCII text, which is nearly all, is counted byte-wise (`bytes.translate` needs 0.3 us for 100 characters, a
regular expression 2.3); other text takes the path that defines the result. Both give the same integers.
"""

import math
import re
from collections import Counter
from functools import lru_cache
from typing import Final
from zlib import crc32

from processor.features.histogram import (
    AS_DELIMITER,
    AS_LOWER,
    AS_SPECIAL,
    AS_UPPER,
    COMPILED,
    LONGEST,
    counted,
)

# msticpy's definition (eventcluster.delim_count); \s is Unicode white space.
DELIMITER: Final = re.compile(r'[\s\-\\/\.,"\'|&:;%$()]')

_ASCII: Final = bytes(range(128))
_DELIMITERS: Final = bytes(byte for byte in _ASCII if DELIMITER.match(chr(byte)))
_NOT_DELIMITERS: Final = bytes(byte for byte in _ASCII if byte not in _DELIMITERS)
# What is usual in a command line: every other character is special.
_ORDINARY_MARKS: Final = '\\/.:-"'
_ORDINARY: Final = bytes(
    byte for byte in _ASCII if chr(byte).isalnum() or chr(byte).isspace() or chr(byte) in _ORDINARY_MARKS
)
_CASES: Final = bytes(
    ord("u") if chr(byte).isupper() else ord("l") if chr(byte).islower() else ord(" ") for byte in range(256)
)
# By ASCII character: what it counts as, added up.
KINDS: Final = bytes(
    AS_DELIMITER * (byte in _DELIMITERS)
    + AS_SPECIAL * (byte not in _ORDINARY)
    + AS_UPPER * chr(byte).isupper()
    + AS_LOWER * chr(byte).islower()
    for byte in _ASCII
)


class _Last:
    """The numbers of the text asked for last: each of them is asked for by itself."""

    def __init__(self) -> None:
        # One object, so that whoever asks in another thread finds a text with its own numbers.
        self._known: tuple[str, tuple[float, int, int, int]] = "", counted(b"", KINDS)

    def of(self, text: str) -> tuple[float, int, int, int] | None:
        """What `counted` says of a text, None where it has to be counted otherwise."""
        last, numbers = self._known
        if last is text:
            return numbers
        if not COMPILED or len(text) > LONGEST or not text.isascii():
            return None
        numbers = counted(text.encode(), KINDS)
        self._known = text, numbers
        return numbers


_numbers_of: Final = _Last().of


def delimiter_count(text: str) -> int:
    """How many delimiters a text holds: msticpy's commandlineTokensFull."""
    numbers = _numbers_of(text)
    if numbers is not None:
        return numbers[1]
    if text.isascii():
        return len(text) - len(text.encode().translate(None, _DELIMITERS))
    return len(DELIMITER.findall(text))


def delimiters(text: str) -> bytes:
    """The delimiters of a text in order, UTF-8."""
    if text.isascii():
        return text.encode().translate(None, _NOT_DELIMITERS)
    return "".join(DELIMITER.findall(text)).encode()


def delimiters_crc32(text: str) -> int:
    """CRC32 of the delimiters of a text in order: msticpy's commandlineTokensHash."""
    return crc32(delimiters(text))


def text_crc32(text: str) -> int:
    """CRC32 of a text as UTF-8: msticpy's pathHash."""
    return crc32(text.encode("utf-8", "surrogatepass"))


def ordinal_sum(text: str) -> int:
    """Sum of the code points: msticpy's char_ord_score."""
    if text.isascii():
        return sum(text.encode())
    return sum(map(ord, text))


def entropy_thousandths(text: str) -> int:
    """Shannon entropy of a text's characters, thousandths of a bit; 0 for the empty text.

    Summed over the sorted histogram, so that it does not depend on the order of the characters.
    """
    length = len(text)
    if length == 0:
        return 0
    numbers = _numbers_of(text)
    if numbers is not None:
        total = numbers[0]
    else:
        total = 0.0
        for count in sorted(Counter(text).values()):
            total += count * math.log2(count)
    return round(1000 * (math.log2(length) - total / length))


def special_count(text: str) -> int:
    r"""Characters that are not letters, digits, white space or one of \ / . : - " (a double quote)."""
    numbers = _numbers_of(text)
    if numbers is not None:
        return numbers[2]
    if text.isascii():
        return len(text.encode().translate(None, _ORDINARY))
    return sum(not (char.isalnum() or char.isspace() or char in _ORDINARY_MARKS) for char in text)


def case_flips(text: str) -> int:
    """Adjacent pairs of letters that change case."""
    numbers = _numbers_of(text)
    if numbers is not None:
        return numbers[3]
    if text.isascii():
        cases = text.encode().translate(_CASES)
    else:
        cases = bytes(ord("u") if char.isupper() else ord("l") if char.islower() else 32 for char in text)
    return cases.count(b"ul") + cases.count(b"lu")


_GUID: Final = r"\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?"
_IPV4: Final = r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])"
_HEX: Final = r"0x[0-9a-f]+|(?<![0-9a-z])(?=[0-9a-f]*[0-9])[0-9a-f]{8,}(?![0-9a-z])"
_USER_FOLDER: Final = (
    r"(?<=[\\/]users[\\/])[^\\/]+|(?<=[\\/]documents and settings[\\/])[^\\/]+|(?<=^/home/)[^/]+"
)
# Forty characters of its alphabet in one run, with no separator but the base64's own.
_BASE64: Final = r"(?<![0-9a-z+=])[0-9a-z+]{40,}={0,2}"
_MASKED: Final = re.compile(
    f"(?P<guid>{_GUID})|(?P<user>{_USER_FOLDER})|(?P<ip>{_IPV4})|(?P<hex>{_HEX})|(?P<base64>{_BASE64})|[0-9]+"
)
_MARKS: Final = {
    "guid": "<guid>",
    "user": "<user>",
    "ip": "<ip>",
    "hex": "<hex>",
    "base64": "<base64>",
    None: "#",
}
_NEEDS_MASK: Final = re.compile(r"[0-9]|[\\/](?:users|documents and settings)[\\/]|^/home/|[a-z+]{40}")


# Longer paths are not worth a place in the cache: its memory is bounded by this times its size.
_CACHED_LENGTH: Final = 512


def mask_path(path: str) -> str:
    """A path in lower case without what differs between equal programs: ids, numbers, addresses, user names.

    GUIDs, IPv4 addresses, 0x and long hex, base64 of 40 characters and more, user folders; digits become "#".
    A change here raises the version of the categories that are made of it (gates).
    """
    return _mask_cached(path) if len(path) <= _CACHED_LENGTH else _mask(path)


def _mask(path: str) -> str:
    lowered = path.lower()
    if _NEEDS_MASK.search(lowered) is None:
        return lowered
    return _MASKED.sub(lambda found: _MARKS[found.lastgroup], lowered)


_mask_cached: Final = lru_cache(maxsize=16_384)(_mask)
