r"""A record as it came, in a form in which its secrets are found.

JSON lets its writer escape what need not be: .NET writes \u0027 for an apostrophe, PHP \/ for a slash.
"""

import re
from typing import Final

_BACKSLASH: Final = r"\\"
_ESCAPED: Final = re.compile(r"\\(u00[2-7][0-9a-fA-F]|[tnr/])")
# Blanks to every pattern, and never raw in JSON: they are written back.
_BLANKS: Final = {"t": "\x1c", "n": "\x1d", "r": "\x1e"}
_WRITTEN: Final = str.maketrans({blank: f"\\{letter}" for letter, blank in _BLANKS.items()})


def opened(record: str) -> str:
    """The same JSON with escapes only where it needs them, its blanks as blanks; other text as it is."""
    if not _is_json(record):
        return record
    # What is left of escaped backslashes begins with an escape wherever it has a backslash.
    parts = record.split(_BACKSLASH)
    return _BACKSLASH.join([_ESCAPED.sub(_plain, part) if "\\" in part else part for part in parts])


def closed(record: str) -> str:
    """What `opened` gave, with its blanks escaped again."""
    return record.translate(_WRITTEN) if not record.isprintable() and _is_json(record) else record


def _is_json(record: str) -> bool:
    return record.lstrip("\ufeff \t\r\n").startswith("{")


def _plain(found: re.Match[str]) -> str:
    code = found[1]
    if code == "/":
        return code
    if code in _BLANKS:
        return _BLANKS[code]
    character = chr(int(code[1:], 16))
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else found[0]
