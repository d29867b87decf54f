"""ISO 8601 times of a stream: their minutes and their seconds repeat, so each is read once."""

import re
from typing import Final

from processor.events.values import time_ms

# 2020-05-01T22:55: and what follows it: seconds with milliseconds, then nothing, Z or finer digits.
_MINUTE: Final = 17
_MILLISECONDS: Final = 23
_MAX_MINUTES: Final = 16_384
_minutes: Final[dict[str, int]] = {}
_seconds: Final = {f"{at:02d}{end}": at * 1000 for at in range(60) for end in ("", "Z")}
# Not made at once: sixty thousand texts, of which a short run needs a few.
_WITH_MILLISECONDS: Final = re.compile(r"[0-5][0-9]\.[0-9]{3}", re.ASCII)


def stream_ms(value: str, field: str) -> int:
    """What `time_ms` says, from memory where it can. Raises InvalidEvent("bad_time")."""
    minute = _minutes.get(value[:_MINUTE])
    second = _seconds.get(value[_MINUTE:_MILLISECONDS])
    finer = value[_MILLISECONDS:]
    if minute is None or second is None or (finer and finer != "Z" and _is_odd(finer)):
        return _read(value, field)
    return minute + second


def _is_odd(finer: str) -> bool:
    """Whether what follows the milliseconds is not just more digits."""
    return finer != "Z" and not (finer.removesuffix("Z").isdecimal() and finer.isascii())


def _read(value: str, field: str) -> int:
    time = time_ms(value, field)
    finer = value[_MILLISECONDS:]
    second = None if finer and _is_odd(finer) else _second(value[_MINUTE:_MILLISECONDS])
    # In other forms of ISO 8601 these characters are something else.
    if second is not None and value[4] + value[7] + value[13] + value[16] == "--::":
        if len(_minutes) >= _MAX_MINUTES:
            _minutes.clear()
        _minutes[value[:_MINUTE]] = time - second
    return time


def _second(text: str) -> int | None:
    """Milliseconds of `59.123`, `59` or `59Z`, None for any other text; remembered."""
    known = _seconds.get(text)
    if known is None and _WITH_MILLISECONDS.fullmatch(text):
        known = _seconds[text] = int(text[:2]) * 1000 + int(text[3:])
    return known
