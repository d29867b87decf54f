"""How a source's field values are read: numbers in any spelling, logon ids, times, names.

Every function takes what JSON gave (text, number or null) and the field's name for the error text.
"""

import re
from datetime import UTC, datetime
from typing import Final

from processor.errors import InvalidEvent

Text = str | None
Number = int | float | str | None

SYSTEM_LOGON_ID: Final = "0x3e7"
SYSTEM_SID: Final = "S-1-5-18"

# What Windows and its collectors write where there is no value.
_ABSENT: Final = frozenset({"", "-"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_NAIVE: Final = _EPOCH.replace(tzinfo=None)
# 2020-05-01 22:55:54
_NAIVE_LENGTH: Final = 19
_EPOCH_UNIT: Final = 10**11
_MAX_EPOCH_NS: Final = 10**20
_MAX_NUMBER: Final = 2**63
_MAX_LOGON_ID: Final = 2**64
# Windows has thirteen types; anything that is counted must fit well into 64 bits.
_MAX_LOGON_TYPE: Final = 2**16
_HEX_MARKS: Final = frozenset({"0x", "0X"})
# Longest text of an Event but its command lines, characters. Windows' paths end at 260 unless a program asks.
MAX_TEXT: Final = 1024
# Longer texts are no number, time or id: refused before anything reads them.
_MAX_SHORT: Final = 64
# The way the portals of Microsoft Sentinel and Defender export times: 1/15/2019, 5:24:24.010 AM
_PORTAL_TIME: Final = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))? ([AP])M", re.ASCII
)
_SPACE_BEFORE_ZONE: Final = re.compile(r" (?:UTC|Z|(?=[+-]\d\d:?\d\d$))", re.ASCII)


def text(value: str | None) -> str:
    """The text, at most MAX_TEXT characters; empty where the source has none: null, or the "-" of Windows."""
    return value[:MAX_TEXT] if value and value != "-" else ""


def number(value: Number, prefix: str, field: str) -> int | None:
    """A whole number in decimal or 0x hex, as text or number; None where there is none.

    prefix, field : the field's path, for the error
    Raises InvalidEvent("bad_field") for anything else, for fractions and outside [0, 2**63).
    """
    if type(value) is str and value[:2] == "0x":
        # Windows' own spelling, nearly all there is: straight through.
        try:
            whole: int | None = int(value, 16)
        except ValueError:
            whole = None
    elif value is None or value in _ABSENT:
        return None
    else:
        whole = value if type(value) is int else _whole(value)
    if whole is None or not 0 <= whole < _MAX_NUMBER:
        raise InvalidEvent(
            "bad_field", prefix + field, f"{shown(value)} is not a whole number from 0 to 2**63 - 1"
        )
    return whole


def logon_type(value: Number, prefix: str, field: str) -> int | None:
    """A logon type, None where there is none. Raises InvalidEvent as number does, and from 2**16 on."""
    kind = number(value, prefix, field)
    if kind is not None and kind >= _MAX_LOGON_TYPE:
        raise InvalidEvent("bad_field", prefix + field, f"{kind} is no logon type")
    return kind


def _whole(value: float | str) -> int | None:
    if not isinstance(value, str):
        return int(value) if value == value // 1 else None
    try:
        if value[:2] in _HEX_MARKS:
            return int(value, 16)
        if len(value) <= _MAX_SHORT:
            return int(value)
    except ValueError:
        pass
    # A column of numbers with gaps passes through a float in many tools: 3.0 is 3.
    whole, _, fraction = value[:_MAX_SHORT].partition(".")
    return int(whole) if whole.isdecimal() and fraction.strip("0") == "" else None


def logon_id(value: Number) -> str:
    """A logon id in one spelling, lower-case hex: 999, "999", "0x3E7" and "0x00000000000003e7" are "0x3e7".

    Empty where there is none; text that is no number is kept as it is, in lower case.
    """
    if value is None or value in _ABSENT:
        return ""
    whole = _whole(value)
    return str(value)[:_MAX_SHORT].lower() if whole is None or not 0 <= whole < _MAX_LOGON_ID else hex(whole)


def time_ms(value: str, field: str) -> int:
    """Milliseconds since 1970-01-01 UTC of an ISO 8601 time; without a zone it is UTC. Finer digits are cut.

    Raises InvalidEvent("bad_time").
    """
    try:
        # Without its Z a time is read and subtracted in half the time.
        moment = datetime.fromisoformat(value[:-1] if value[-1:] == "Z" else value)
    except ValueError:
        moment = _unusual_time(value, field)
    since = moment - (_EPOCH_NAIVE if moment.tzinfo is None else _EPOCH)
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def _unusual_time(value: str, field: str) -> datetime:
    try:
        if len(value) <= _MAX_SHORT:
            portal = _PORTAL_TIME.fullmatch(value)
            if portal:
                return _portal_time(portal)
            return datetime.fromisoformat(_SPACE_BEFORE_ZONE.sub("", value.strip(), count=1))
    except ValueError:
        pass
    raise InvalidEvent("bad_time", field, f"{shown(value)} is not an ISO 8601 time")


def _portal_time(match: re.Match[str]) -> datetime:
    month, day, year, hour, minute, second = (int(match[group]) for group in range(1, 7))
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    microseconds = int((match[7] or "").ljust(6, "0")[:6])
    return datetime(
        year, month, day, hour % 12 + 12 * (match[8] == "P"), minute, second, microseconds, tzinfo=UTC
    )


def epoch_ms(value: float | str, field: str) -> int:
    """Milliseconds of a Unix time in s, ms, us or ns, told apart by its size.

    Raises InvalidEvent("bad_time").
    Seconds until the year 5138, then milliseconds, and so on: each unit covers the years 1973 to 5138.
    """
    try:
        count = float(value)
    except (ValueError, OverflowError):
        count = -1.0
    if not 0 <= count < _MAX_EPOCH_NS:
        raise InvalidEvent("bad_time", field, f"{shown(value)} is not a Unix time")
    if count < _EPOCH_UNIT:
        return round(count * 1_000)
    # Whole from here on: a float cannot tell one nanosecond from the next.
    whole = int(count) if isinstance(value, float) else int(str(value).partition(".")[0])
    while whole >= _EPOCH_UNIT * 1_000:
        whole //= 1_000
    return whole


def has_zone(value: str) -> bool:
    """Whether a time says its zone (Z, +02, +0200, +02:00); sources of local time cannot be used without."""
    return len(value) > _NAIVE_LENGTH and (
        value[-1] == "Z" or value[-6] in "+-" or value[-5] in "+-" or value[-3] in "+-"
    )


def account(domain: str, user: str) -> str:
    r"""`DOMAIN\user`, or the user alone where there is no domain."""
    return f"{domain}\\{user}"[:MAX_TEXT] if domain and user else user


def split_account(name: str) -> tuple[str, str]:
    r"""Domain and user of `DOMAIN\user`; the domain is empty where the name has none."""
    domain, _, user = name.rpartition("\\")
    return domain, user


def address(value: str | None) -> str:
    """An IP address; an IPv4 address written as IPv6 (::ffff:10.0.0.1) is the IPv4 address."""
    plain = text(value)
    return plain[7:] if plain[:7].lower() == "::ffff:" and "." in plain else plain


def shown(value: object) -> str:
    """A value for an error text, cut."""
    shown = repr(value)
    return shown if len(shown) <= _MAX_SHORT else shown[:_MAX_SHORT] + "..."
