"""ISO 8601 times of a stream: their minutes repeat, so each is read once."""

from typing import Final

from processor.events.values import time_ms

# 2020-05-01T22:55: and what follows it: 54, then nothing, Z, or a point, three digits and perhaps more.
_MINUTE: Final = 17
_WHOLE: Final = 19
_MILLISECONDS: Final = 23
_MAX_MINUTES: Final = 16_384
# Small tables: one of all seconds with their milliseconds would seldom be in the processor's cache.
_minutes: Final[dict[str, int]] = {}
_SECONDS: Final = {f"{at:02d}": at * 1000 for at in range(60)}
_FRACTIONS: Final = {"": 0, "Z": 0} | {f".{ms:03d}": ms for ms in range(1000)}


class _Last:
    """The text read last and its time: a record's sketch asks for it, then its event."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        # One object, so that whoever reads in another thread finds a text with its own time.
        self.known: tuple[str, int] = "", 0


_last: Final = _Last()


def stream_ms(value: str, field: str) -> int:
    """What `time_ms` says, from memory where it can. Raises InvalidEvent("bad_time")."""
    last, time = _last.known
    if value is last and last:
        return time
    minute = _minutes.get(value[:_MINUTE])
    second = _SECONDS.get(value[_MINUTE:_WHOLE])
    fraction = _FRACTIONS.get(value[_WHOLE:_MILLISECONDS])
    finer = value[_MILLISECONDS:]
    if minute is None or second is None or fraction is None or (finer and finer != "Z" and _is_odd(finer)):
        time = _read(value, field)
    else:
        time = minute + second + fraction
    _last.known = value, time
    return time


def _is_odd(finer: str) -> bool:
    """Whether what follows the milliseconds is not just more digits."""
    return finer != "Z" and not (finer.removesuffix("Z").isdecimal() and finer.isascii())


def _read(value: str, field: str) -> int:
    time = time_ms(value, field)
    second = _SECONDS.get(value[_MINUTE:_WHOLE])
    fraction = _FRACTIONS.get(value[_WHOLE:_MILLISECONDS])
    finer = value[_MILLISECONDS:]
    usual = second is not None and fraction is not None and not (finer and _is_odd(finer))
    # In other forms of ISO 8601 these characters are something else.
    if usual and value[4] + value[7] + value[13] + value[16] == "--::":
        if len(_minutes) >= _MAX_MINUTES:
            _minutes.clear()
        _minutes[value[:_MINUTE]] = time - (second or 0) - (fraction or 0)
    return time
