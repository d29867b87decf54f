"""Query parameters of the API: read, bounded, refused with what would be right."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from processor.events.event import KINDS

REASONS = ("outside_clusters", "new_singleton_cluster", "rare_cluster")
SORTS = ("size", "vectors", "kind", "host", "scope", "program", "account", "text", "first", "last")
MAX_TEXT = 200
MAX_LIMIT = 500
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")


class BadQuery(ValueError):
    """A parameter that cannot be used; the text says what can."""


class Query:
    """The parameters of one request. Unknown ones are refused, so that a misspelt filter is no empty one."""

    def __init__(self, given: Mapping[str, str], known: Sequence[str]) -> None:
        for name in given:
            if name not in known:
                raise BadQuery(f"unknown parameter {name[:40]!r}; known: {', '.join(known) or 'none'}")
        self._given = given

    def text(self, name: str) -> str:
        """A text of at most MAX_TEXT characters, "" where it is not given."""
        value = self._given.get(name, "")
        if len(value) > MAX_TEXT:
            raise BadQuery(f"{name} must have at most {MAX_TEXT} characters, got {len(value)}")
        return value

    def one_of(self, name: str, choices: Sequence[str], default: str = "") -> str:
        """One of `choices`, or the default."""
        value = self._given.get(name, "") or default
        if value and value not in choices:
            raise BadQuery(f"{name} must be one of {', '.join(choices)}, got {value[:40]!r}")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from low to high."""
        value = self._given.get(name, "")
        if not value:
            return default
        if not _WHOLE.fullmatch(value) or not low <= int(value) <= high:
            raise BadQuery(f"{name} must be a whole number from {low} to {high}, got {value[:40]!r}")
        return int(value)


def kind(query: Query) -> str:
    """The kind asked for, "" for both."""
    return query.one_of("kind", KINDS)
