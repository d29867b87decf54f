# cython: boundscheck=False, wraparound=False
"""JSON by its bytes: where values end. A strict subset: ASCII in one line, shallow, without exponents.

For compilation (scan.pxd): as Python the same, and slow. An index of -1 says that the record is not of the
subset. Nobody looks for the end: compiled, a record ends with a zero byte; as Python, with an IndexError.
"""

from processor.events.signs import (
    BACKSLASH,
    CLOSE,
    CLOSE_LIST,
    COLON,
    COMMA,
    ESCAPES,
    HEX,
    MAX_DEPTH,
    MAX_DIGITS,
    MINUS,
    NINE,
    OPEN,
    OPEN_LIST,
    PLAIN,
    POINT,
    QUOTE,
    SMALL_N,
    SMALL_U,
    SPACE,
    SURE_DIGITS,
    ZERO,
)


class Scan:
    """Ends of JSON's values."""

    def __init__(self) -> None:
        self._plain = PLAIN
        self._escapes = ESCAPES
        self._hex = HEX

    def _string(self, p: bytes, i: int) -> int:
        """The index of the quote that ends a string, `i` its first character; -1 where it is odd."""
        while True:
            while self._plain[p[i]]:
                i += 1
            if p[i] == QUOTE:
                return i
            if p[i] != BACKSLASH:
                return -1
            if self._escapes[p[i + 1]]:
                i += 2
            elif p[i + 1] == SMALL_U:
                # Halves of surrogate pairs are left to the readers.
                if self._hex[p[i + 2]] > 15 or self._hex[p[i + 3]] > 15:
                    return -1
                if self._hex[p[i + 4]] > 15 or self._hex[p[i + 5]] > 15:
                    return -1
                if self._hex[p[i + 2]] == 13 and self._hex[p[i + 3]] > 7:
                    return -1
                i += 6
            else:
                return -1

    def _first(self, p: bytes, i: int) -> int:
        """The index of what is not a blank, from `i` on."""
        while p[i] == SPACE:
            i += 1
        return i

    def _value(self, p: bytes, i: int) -> int:
        """The index of the value behind a key whose closing quote is at `i`, -1 where no colon is between."""
        i = self._first(p, i + 1)
        return self._first(p, i + 1) if p[i] == COLON else -1

    def _next(self, p: bytes, i: int, close: int) -> int:
        """From behind an entry, the index of the next or of the closing bracket; -1 where neither is."""
        i = self._first(p, i)
        if p[i] == close:
            return i
        if p[i] != COMMA:
            return -1
        i = self._first(p, i + 1)
        return i if p[i] != close else -1

    def _words(self, p: bytes, i: int) -> int:
        """The index behind a list of strings that begins at `i`, -1 where it is odd."""
        i = self._first(p, i + 1)
        while p[i] != CLOSE_LIST:
            if p[i] != QUOTE:
                return -1
            i = self._string(p, i + 1)
            if i < 0:
                return -1
            i = self._next(p, i + 1, CLOSE_LIST)
            if i < 0:
                return -1
        return i + 1

    def _scalar(self, p: bytes, i: int) -> int:
        """The index behind a string, a null or a whole number without sign at `i`; -1 where it is neither."""
        first = p[i]
        if first == QUOTE:
            i = self._string(p, i + 1)
            return i + 1 if i >= 0 else -1
        if first == SMALL_N:
            return self._skip(p, i, 0)
        begin = i
        while ZERO <= p[i] <= NINE:
            i += 1
        length = i - begin
        if length == 0 or length > SURE_DIGITS or (first == ZERO and length > 1):
            return -1
        return i if p[i] == COMMA or p[i] == CLOSE or p[i] == SPACE else -1

    def _skip(self, p: bytes, i: int, depth: int) -> int:
        """The index behind the value that begins at `i`, -1 where it is odd."""
        first = p[i]
        if first == QUOTE:
            i = self._string(p, i + 1)
            return i + 1 if i >= 0 else -1
        if first in (OPEN, OPEN_LIST):
            return self._skip_nested(p, i, depth + 1) if depth < MAX_DEPTH else -1
        if first == SMALL_N:  # null
            return i + 4 if p[i + 1] == 117 and p[i + 2] == 108 and p[i + 3] == 108 else -1
        if first == 116:  # true
            return i + 4 if p[i + 1] == 114 and p[i + 2] == 117 and p[i + 3] == 101 else -1
        if first == 102:  # false
            if p[i + 1] == 97 and p[i + 2] == 108 and p[i + 3] == 115 and p[i + 4] == 101:
                return i + 5
            return -1
        return self._skip_number(p, i)

    def _skip_number(self, p: bytes, i: int) -> int:
        """The index behind a number without exponent."""
        if p[i] == MINUS:
            i += 1
        begin = i
        while ZERO <= p[i] <= NINE:
            i += 1
        length = i - begin
        if length == 0 or length > MAX_DIGITS or (p[begin] == ZERO and length > 1):
            return -1
        if p[i] == POINT:
            i += 1
            begin = i
            while ZERO <= p[i] <= NINE:
                i += 1
            if i == begin or i - begin > MAX_DIGITS:
                return -1
        # Also refuses exponents.
        if p[i] == COMMA or p[i] == CLOSE or p[i] == CLOSE_LIST or p[i] == SPACE:
            return i
        return -1

    def _skip_nested(self, p: bytes, i: int, depth: int) -> int:
        """The index behind an object or a list that begins at `i`."""
        keyed = p[i] == OPEN
        close = CLOSE if keyed else CLOSE_LIST
        i = self._first(p, i + 1)
        while p[i] != close:
            if keyed:
                i = self._string(p, i + 1) if p[i] == QUOTE else -1
                if i >= 0:
                    i = self._value(p, i)
                if i < 0:
                    return -1
            i = self._skip(p, i, depth)
            if i < 0:
                return -1
            i = self._next(p, i, close)
            if i < 0:
                return -1
        return i + 1
