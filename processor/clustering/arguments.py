"""Arguments of SlidingDBSCAN, checked: errors name the parameter, what it was, and what to give instead."""

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime, timedelta
from numbers import Integral, Real
from typing import Any

from processor.clustering.rows import LARGEST
from processor.clustering.window import LARGEST_EPS, SMALLEST_EPS

MOST_SAMPLES = 100_000  # a vector keeps as many stamps of 4 bytes
LONGEST = 1 << 62  # events or microseconds, so that sums of them stay within 64 bits
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NUMBERS = "biuf"  # numpy's kinds of real numbers
SHOWN = 80  # characters of a value in an error


def shown(value: object) -> str:
    """A value for an error's text: bounded, and its type where it cannot be printed."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - anybody's repr; Python's own fails for integers of 5,000 digits
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def distance(name: str, value: Any) -> float:
    """A distance > 0. Raises TypeError for what is no number, ValueError for one that is no distance."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {shown(value)}: give a distance such as {name}=0.5")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not SMALLEST_EPS <= number <= LARGEST_EPS:  # nor is NaN
        raise ValueError(
            f"{name} must be > 0 (from {SMALLEST_EPS:g} to {LARGEST_EPS:g}), got {shown(value)}: "
            f"give the largest distance between neighbours, such as {name}=0.5"
        )
    return number


def whole(name: str, value: Any, most: int, why: str) -> int:
    """A whole number from 1 to `most`. Raises TypeError for what is none, ValueError for one beyond.

    why : what the number is, for the error
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, got {shown(value)}: give {why}, such as {name}=5")
    number = int(value)
    if not 1 <= number <= most:
        raise ValueError(f"{name} must be from 1 to {most}, got {shown(value)}: give {why}")
    return number


def length(window: Any) -> int:
    """Events or microseconds of a window. Raises TypeError, ValueError."""
    if not isinstance(window, timedelta):
        if isinstance(window, bool) or not isinstance(window, Integral):
            raise TypeError(
                f"window must be a whole number of events or a timedelta, got {shown(window)}: "
                "give window=1000, or window=timedelta(hours=1)"
            )
        return whole("window", window, LONGEST, "the number of events to cluster")
    time = window // MICROSECOND
    if not 1 <= time <= LONGEST:
        raise ValueError(
            f"window must be from a microsecond to {LONGEST} of them, got {shown(window)}: "
            "give the time to look back, such as window=timedelta(hours=1)"
        )
    return time


def names(features: Any) -> tuple[Hashable, ...] | None:
    """Distinct names of features, None for all that come. Raises TypeError, ValueError."""
    if features is None:
        return None
    if not isinstance(features, tuple):
        raise TypeError(
            f'features must be a tuple of names or None, got {shown(features)}: give features=("a", "b")'
        )
    try:
        distinct = set(features)
    except TypeError as error:
        raise TypeError(
            f"features must be names that can be keys of a dict, got {shown(features)}: give strings"
        ) from error
    if len(distinct) != len(features) or not features:
        raise ValueError(
            f"features must name at least one feature, and each once, got {shown(features)}: "
            "give None for all that come"
        )
    return features


def instant(t: Any) -> int:
    """Microseconds since 1970; without a zone it is UTC. Raises TypeError for what is no time, ValueError."""
    if not isinstance(t, datetime) or t != t:  # noqa: PLR0124 - pandas' NaT is a datetime, too
        raise TypeError(f"t must be a datetime, got {shown(t)}: give t=datetime.fromisoformat(...)")
    try:
        moment = t.replace(tzinfo=UTC) if t.tzinfo is None else t.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"t must be a time between the years 1 and 9999 of UTC, got {shown(t)}") from error
    return (moment - EPOCH) // MICROSECOND


def features(x: Any) -> dict[Hashable, Any]:
    """An event's features as a dict of their own. Raises TypeError for what has no names."""
    if not isinstance(x, Mapping) and not hasattr(x, "keys"):
        raise TypeError(
            f'x must be a mapping of features to numbers, got {shown(x)}: give a dict such as {{"a": 1.0}}; '
            "for arrays there is river.compat.convert_river_to_sklearn"
        )
    return dict(x)


def number(name: Hashable, value: Any) -> float:
    """A feature's value as a number to measure distances with. Raises ValueError for what is none."""
    # float() reads numbers from text, too, also of numpy, and of numpy's complex numbers it takes the real
    # part: what came so was never meant as one.
    kind = getattr(getattr(value, "dtype", None), "kind", "f")
    if isinstance(value, (str, bytes, bytearray, complex)) or kind not in NUMBERS:
        read = None
    else:
        try:
            read = float(value)
        except (TypeError, ValueError, OverflowError):
            read = None
    if read is None or not -LARGEST <= read <= LARGEST:  # nor is NaN
        raise ValueError(
            f"feature {shown(name)} must be a finite number up to {LARGEST:g}, got {shown(value)}: "
            "leave the feature out (it counts as 0 then), or the event"
        )
    return read


def rank(name: Any) -> tuple[str, Any, str]:
    """Where a feature's name stands among new ones: numbers by size, then others by type and text."""
    return ("", name, "") if isinstance(name, Real) else (type(name).__name__, 0, str(name))
