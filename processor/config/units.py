"""Durations and sizes as people write them: `7d`, `50ms`, `16KiB`; integers of ms and bytes inside."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

DURATIONS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
SIZES: Final = {"B": 1, "KiB": 1024, "MiB": 1024**2}

# 100 years and 1 TiB: what is longer is a mistake, and no sum of them overflows 64 bits.
_MAX_MS: Final = 100 * 366 * DURATIONS["d"]
_MAX_BYTES: Final = 1024**4


@dataclass(frozen=True, slots=True)
class Unit:
    """Marks a config field as a duration or a size, and writes its value back as people do."""

    units: tuple[tuple[str, int], ...]

    def text(self, value: int) -> str:
        """`value` in the largest unit that divides it: 604800000 -> 7d."""
        name, factor = max(
            ((name, factor) for name, factor in self.units if value % factor == 0), key=lambda pair: pair[1]
        )
        return f"{value // factor}{name}" if value else f"0{self.units[0][0]}"


def duration(value: object) -> int:
    """Milliseconds of a duration such as `50ms`, `10s`, `5m`, `1h` or `7d`.

    Raises ValueError saying what a duration looks like; a bare number has no unit and is refused.
    """
    return _parse(value, DURATIONS, "a duration such as 50ms, 10s, 5m, 1h or 7d", _MAX_MS)


def size(value: object) -> int:
    """Bytes of a size such as `512B`, `16KiB` or `1MiB`.

    Raises ValueError saying what a size looks like; a bare number has no unit and is refused.
    """
    return _parse(value, SIZES, "a size such as 512B, 16KiB or 1MiB", _MAX_BYTES)


def _parse(value: object, units: dict[str, int], wanted: str, limit: int) -> int:
    match = re.fullmatch(r"([0-9]{1,15})\s*([a-zA-Z]+)", value.strip()) if isinstance(value, str) else None
    if match is None or match[2] not in units:
        raise ValueError(f"must be {wanted}")
    amount = int(match[1]) * units[match[2]]
    if amount > limit:
        raise ValueError(f"must be {wanted}, not that large")
    return amount


def _schema(units: dict[str, int]) -> dict[str, Any]:
    return {"type": "string", "pattern": rf"^[0-9]+\s*({'|'.join(units)})$"}


DURATION: Final = Unit(tuple(DURATIONS.items()))
_SIZE: Final = Unit(tuple(SIZES.items()))

Duration = Annotated[
    int,
    BeforeValidator(duration),
    PlainSerializer(DURATION.text, when_used="json"),
    WithJsonSchema(_schema(DURATIONS)),
    DURATION,
]
Size = Annotated[
    int,
    BeforeValidator(size),
    PlainSerializer(_SIZE.text, when_used="json"),
    WithJsonSchema(_schema(SIZES)),
    _SIZE,
]
