"""What is counted of a text's characters, in one pass over its bytes; for compilation (histogram.pxd).

As Python the same, and slow: text.py counts otherwise then, as it does in texts that are longer or not ASCII.
"""

import math
from array import array
from typing import Final

COMPILED: Final = not __file__.endswith(".py")

# Longer texts are counted otherwise.
LONGEST: Final = 1_024

# Kinds of characters, to be added up.
AS_DELIMITER: Final = 1
AS_SPECIAL: Final = 2
AS_UPPER: Final = 4
AS_LOWER: Final = 8
# The same as C's integers, which nobody else can read.
_DELIMITER, _SPECIAL, _UPPER, _LOWER = AS_DELIMITER, AS_SPECIAL, AS_UPPER, AS_LOWER

# All 0 between two texts: to make such arrays takes longer than to count. Compiled, no thread runs between.
_seen: Final = array("i", [0] * 128)
_times: Final = array("i", [0] * (LONGEST + 1))
_WEIGHTED: Final = array("d", [0.0, *(count * math.log2(count) for count in range(1, LONGEST + 1))])


def counted(text: bytes, kinds: bytes) -> tuple[float, int, int, int]:
    """The weighted sum that entropy is made of; delimiters, special characters, changes of case.

    The sum is that of n * log2(n) over the characters, each seen n times, from the smallest n to the largest.

    text : ASCII, at most LONGEST bytes
    kinds : of each character, shape (128,)
    """
    seen, times, weighted, kind_of = _seen, _times, _WEIGHTED, kinds
    most = delimiters = specials = flips = before = 0
    for byte in text:
        seen[byte] += 1
        kind = kind_of[byte]
        delimiters += kind & _DELIMITER
        specials += kind & _SPECIAL
        # Of two letters, one of each case.
        if (kind | before) & (_UPPER | _LOWER) == _UPPER | _LOWER:
            flips += 1
        before = kind
    for byte in range(128):
        count = seen[byte]
        seen[byte] = 0
        times[count] += 1
        if count > most:  # noqa: PLR1730 - max() compares Python's integers
            most = count
    total = 0.0
    for count in range(1, most + 1):
        for _ in range(times[count]):
            total += weighted[count]
        times[count] = 0
    times[0] = 0
    return total, delimiters, specials // _SPECIAL, flips
