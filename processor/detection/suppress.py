r"""The allow-list: anomalies that are expected, each rule with a reason and, if it ends, a last day.

A rule matches an event when every field it names does. `*` stands for any text, `?` for one character; case
is ignored, as Windows does. A backslash is a backslash.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from processor.events.event import ECS_FIELDS, Event

FIELDS: Final = tuple(ECS_FIELDS)
_MAX_PATTERN: Final = 1024


class Glob:
    """A text with `*` and `?`, matched in time linear in the text for each piece between the stars."""

    def __init__(self, pattern: str) -> None:
        """Raise ValueError for a pattern that is empty, too long, or a star and other wildcards alone."""
        if not pattern.strip("*") or ("*" in pattern and not pattern.strip("*?")):
            raise ValueError(f"{pattern!r} matches everything: name what is expected")
        if len(pattern) > _MAX_PATTERN:
            raise ValueError(f"a pattern has at most {_MAX_PATTERN} characters, got {len(pattern)}")
        self.pattern = pattern
        pieces = [_piece(piece) for piece in pattern.split("*")]
        self._first, self._last = pieces[0], pieces[-1]
        self._between = [piece for piece in pieces[1:-1] if piece.pattern]
        self._exact = len(pieces) == 1
        self._last_length = len(pattern.rpartition("*")[2])

    def matches(self, text: str) -> bool:
        """Whether the whole text is what the pattern says."""
        if self._exact:
            return self._first.fullmatch(text) is not None
        start = self._first.match(text)
        end = len(text) - self._last_length
        if start is None or end < start.end() or self._last.match(text, end) is None:
            return False
        at = start.end()
        for piece in self._between:
            found = piece.search(text, at, end)
            if found is None:
                return False
            at = found.end()
        return True


def _piece(text: str) -> re.Pattern[str]:
    """What stands between two stars: fixed length, so that the leftmost find is always the right one."""
    return re.compile(re.escape(text).replace(r"\?", "."), re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One rule.

    ends : ms since 1970 of the midnight, UTC, after its last day (`expires`); None = never
    fields : attribute of Event -> what it has to be
    """

    reason: str
    ends: int | None
    fields: tuple[tuple[str, Glob], ...]

    def matches(self, event: Event) -> bool:
        """Whether the event is what the rule expects."""
        return all(glob.matches(_text(getattr(event, attribute))) for attribute, glob in self.fields)


def compile_rule(reason: str, ends: int | None, fields: Mapping[str, str]) -> Suppression:
    """A rule of ECS field names and patterns. Raises ValueError naming what is wrong and what is right."""
    if not reason.strip():
        raise ValueError("a suppression needs a reason: who expects this, and why")
    if not fields:
        raise ValueError(f"a suppression needs a field to match; fields: {', '.join(FIELDS)}")
    unknown = [name for name in fields if name not in ECS_FIELDS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no field of an event; fields: {', '.join(FIELDS)}")
    return Suppression(
        reason, ends, tuple((ECS_FIELDS[name], Glob(pattern)) for name, pattern in fields.items())
    )


def suppressing(rules: Sequence[Suppression], event: Event, now: int) -> Suppression | None:
    """The first rule in force that expects the event; None where there is none.

    now : stream time, ms: a replay of the log ends a rule at the same event
    """
    for rule in rules:
        if (rule.ends is None or now < rule.ends) and rule.matches(event):
            return rule
    return None


def _text(value: object) -> str:
    return "" if value is None else str(value)
