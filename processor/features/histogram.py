"""How often characters come in a text: the sum that its entropy is made of, in one pass over its bytes."""

import math
from array import array
from typing import Final

# Longer texts are counted otherwise (text.entropy_thousandths).
LONGEST: Final = 1_024

_NONE_SEEN: Final = array("i", [0] * 128)
_NEVER: Final = array("i", [0] * (LONGEST + 1))
_WEIGHTED: Final = array("d", [0.0, *(count * math.log2(count) for count in range(1, LONGEST + 1))])


def weighted_sum(text: bytes) -> float:
    """Sum of n * log2(n) over the characters, each seen n times, from the smallest n to the largest.

    text : ASCII, at most LONGEST bytes
    """
    seen = _NONE_SEEN[:]
    times = _NEVER[: len(text) + 1]
    weighted = _WEIGHTED
    most = 0
    for byte in text:
        seen[byte] += 1
    for byte in range(128):
        count = seen[byte]
        times[count] += 1
        if count > most:  # noqa: PLR1730 - max() compares Python's integers
            most = count
    total = 0.0
    for count in range(1, most + 1):
        for _ in range(times[count]):
            total += weighted[count]
    return total
