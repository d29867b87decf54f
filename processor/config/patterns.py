"""Regular expressions from the config: they meet text of attackers, so their worst case is bounded."""

import re
from re import _parser  # type: ignore[attr-defined]  # a pattern's structure
from typing import Any, Final

MAX_LENGTH: Final = 500
MAX_OPEN_REPEATS: Final = 3

# A repeat that may run this often is open: at most MAX_OPEN_REPEATS of them, none inside another.
_OPEN: Final = 100


def compiled(pattern: str) -> re.Pattern[str]:
    r"""The regular expression, refused where its running time could explode on a text made for it.

    Raises ValueError: does not compile, is longer than MAX_LENGTH, repeats a repeat as in `(a+)+`, has over
    MAX_OPEN_REPEATS of `*`, `+`, `{n,}`.
    """
    if len(pattern) > MAX_LENGTH:
        raise ValueError(f"must be at most {MAX_LENGTH} characters")
    try:
        expression = re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise ValueError(f"must be a regular expression: {error}") from error
    if _open_repeats(_parser.parse(pattern), inside=False) > MAX_OPEN_REPEATS:
        raise ValueError(
            f"must hold at most {MAX_OPEN_REPEATS} open repeats (*, +, {{n,}}); use {{1,63}} instead"
        )
    return expression


def check_replacement(expression: re.Pattern[str], replacement: str) -> None:
    r"""Raise ValueError where `replacement` names a group that `expression` has not."""
    try:
        expression.sub(replacement, "")
    except (re.error, IndexError) as error:
        raise ValueError(f"must be a replacement for {expression.pattern!r}: {error}") from error


def _open_repeats(node: Any, *, inside: bool) -> int:
    """How many open repeats a parsed pattern holds; raises ValueError for one inside another."""
    count = 0
    for operator, argument in node:
        if str(operator) in ("MAX_REPEAT", "MIN_REPEAT"):
            _, most, body = argument
            is_open = most >= _OPEN
            if inside and most > 1:
                raise ValueError("must not repeat a repeat, as (a+)+ does: its running time explodes")
            count += is_open + _open_repeats(body, inside=inside or is_open)
        else:
            count += sum(_open_repeats(part, inside=inside) for part in _bodies(operator, argument))
    return count


def _bodies(operator: Any, argument: Any) -> list[Any]:
    """The sub-patterns of one node that is no plain repeat."""
    match str(operator):
        case "SUBPATTERN":
            bodies = [argument[3]]
        case "BRANCH" | "ASSERT" | "ASSERT_NOT" | "GROUPREF_EXISTS":
            bodies = argument[1] if str(operator) == "BRANCH" else argument[1:]
        case "ATOMIC_GROUP":
            bodies = [argument]
        case "POSSESSIVE_REPEAT":
            bodies = [argument[2]]
        case _:
            bodies = []
    return [body for body in bodies if body is not None]
