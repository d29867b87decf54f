# cython: boundscheck=False, wraparound=False
"""Names, numbers, ids and times by their bytes, in their usual spelling (readings.pxd; as scan.py)."""

from array import array
from typing import Final

from processor.events.scan import Scan
from processor.events.signs import (
    COLON,
    MINUS,
    NINE,
    POINT,
    QUOTE,
    SMALL_N,
    SMALL_X,
    SPACE,
    SURE_DIGITS,
    ZERO,
)
from processor.events.skim_fields import BUCKETS, FIRST, LAST, LENGTH, MIDDLE, TABLE, TEXTS

# Digits in hexadecimal that are below 2**63 whatever they are.
SURE_HEX: Final = 15
DAYS_BEFORE: Final = array("i", (0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334))
DAYS_IN: Final = array("i", (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))


class Readings(Scan):
    """What values mean.

    time : read last, ms since 1970
    """

    def __init__(self) -> None:
        super().__init__()
        self.time = 0
        self._days_before = DAYS_BEFORE
        self._days_in = DAYS_IN
        self._table = TABLE
        self._texts = TEXTS

    def _number_of(self, p: bytes, begin: int, end: int) -> int:
        """The number of a field's name, -1 of others."""
        length = end - begin
        if not 0 < length <= 31:
            return -1
        marks = p[begin] * FIRST + p[begin + length // 2] * MIDDLE + p[end - 1] * LAST + length * LENGTH
        number = self._table[marks & (BUCKETS - 1)] - 1
        if number < 0:
            return -1
        text = number * 32
        for place in range(length):
            if self._texts[text + place] != p[begin + place]:
                return -1
        return number if self._texts[text + length] == 0 else -1

    def _meaning(self, p: bytes, begin: int, end: int) -> int:
        """0 no number, 1 a number, 2 a number that is 999, 3 one in hexadecimal; -1 what is neither.

        999 is the system's logon id; in hexadecimal too.
        """
        if p[begin] == SMALL_N:
            return 0
        if p[begin] == QUOTE:
            begin, end = begin + 1, end - 1
        length = end - begin
        if length == 0 or (length == 1 and p[begin] == MINUS):
            return 0
        found = 0
        if length > 2 and p[begin] == ZERO and p[begin + 1] == SMALL_X:
            if length > 2 + SURE_HEX:
                return -1
            for place in range(begin + 2, end):
                digit = self._hex[p[place]]
                if digit > 15:
                    return -1
                found = found * 16 + digit
            return 2 if found == 999 else 3
        if length > SURE_DIGITS:
            return -1
        for place in range(begin, end):
            if not ZERO <= p[place] <= NINE:
                return -1
            found = found * 10 + p[place] - ZERO
        return 2 if found == 999 else 1

    def _is_unset(self, p: bytes, begin: int, end: int) -> bool:
        """Whether a value is "unset"."""
        return (
            end - begin == 7
            and p[begin + 1] == 117
            and p[begin + 2] == 110
            and p[begin + 3] == 115
            and p[begin + 4] == 101
            and p[begin + 5] == 116
        )

    def _is_system_sid(self, p: bytes, begin: int, end: int) -> bool:
        """Whether a value is "S-1-5-18"."""
        return (
            end - begin == 10
            and p[begin + 1] == 83
            and p[begin + 2] == MINUS
            and p[begin + 3] == 49
            and p[begin + 4] == MINUS
            and p[begin + 5] == 53
            and p[begin + 6] == MINUS
            and p[begin + 7] == 49
            and p[begin + 8] == 56
        )

    def _parse(self, p: bytes, begin: int, end: int) -> bool:
        """Read YYYY-MM-DDThh:mm:ss, a space for the T, a fraction of 3 to 9 digits and a Z if there are."""
        if p[end - 1] == 90:
            end -= 1
        if end - begin < 19 or p[begin + 4] != MINUS or p[begin + 7] != MINUS:
            return False
        if (p[begin + 10] != 84 and p[begin + 10] != SPACE) or p[begin + 13] != COLON:
            return False
        if p[begin + 16] != COLON:
            return False
        century, years = self._two(p, begin), self._two(p, begin + 2)
        month, day = self._two(p, begin + 5), self._two(p, begin + 8)
        hour, minute, second = self._two(p, begin + 11), self._two(p, begin + 14), self._two(p, begin + 17)
        if century < 0 or years < 0 or hour < 0 or minute < 0 or second < 0:
            return False
        year = century * 100 + years
        if year < 1970 or month < 1 or month > 12 or hour > 23 or minute > 59 or second > 59:
            return False
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if day < 1 or day > self._days_in[month] + (leap and month == 2):
            return False
        before = year - 1
        days = before * 365 + before // 4 - before // 100 + before // 400 - 719_162
        days += self._days_before[month] + (leap and month > 2) + day - 1
        fraction = self._fraction(p, begin + 19, end)
        if fraction < 0:
            return False
        self.time = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + fraction
        return True

    def _two(self, p: bytes, i: int) -> int:
        """Two digits as a number, -1000 where they are none."""
        tens, ones = p[i] - ZERO, p[i + 1] - ZERO
        return tens * 10 + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else -1000

    def _fraction(self, p: bytes, i: int, end: int) -> int:
        """Milliseconds of a fraction of a second, -1 where it is unusual."""
        if i == end:
            return 0
        if p[i] != POINT or end - i < 4 or end - i > 10:
            return -1
        found = 0
        for place in range(i + 1, end):
            if not ZERO <= p[place] <= NINE:
                return -1
            if place < i + 4:
                found = found * 10 + p[place] - ZERO
        return found
