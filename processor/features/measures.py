"""The integers that events are measured by, and the floats made of them: the one path from count to float.

A vector is identified by its integers. A float comes from one of them by a function of this module, whichever
set asks: numpy's log1p and math.log1p differ in the last bit for one integer in a hundred.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from processor.events.event import Event, Kind

Measure = Callable[[Event], int]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of a vector.

    measures : the integers it is made of
    value : those integers, in that order -> the float
    version : raised whenever a golden value changes
    sketched : whether events of equal sketches have the same value (events/sketches.py)
    """

    name: str
    kind: Kind
    measures: tuple[Measure, ...]
    value: Callable[..., float]
    version: int = 1
    sketched: bool = True


def whole(count: int) -> float:
    """The count itself."""
    return float(count)


def log10_or_zero(count: int) -> float:
    """log10(count), 0 where there is nothing to count: msticpy's log scores."""
    return math.log10(count) if count > 0 else 0.0


def log1p(count: int) -> float:
    """ln(1 + count)."""
    return math.log1p(count)


def ten_times_share(part: int, of: int) -> float:
    """10 x part / of; 0 of nothing."""
    return 10.0 * part / of if of else 0.0


def five_times_share(part: int, of: int) -> float:
    """5 x part / of; 0 of nothing."""
    return 5.0 * part / of if of else 0.0


def quarter_bits(thousandths: int) -> float:
    """Entropy in bits / 4, of thousandths of a bit."""
    return thousandths / 4000.0
