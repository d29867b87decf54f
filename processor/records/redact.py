"""Secrets out of published and stored text; features never see the redacted form."""

import re
from collections.abc import Sequence

_MASK = r"\1[redacted]"
_VALUE = r"""(?:"[^"]{0,4096}"|'[^']{0,4096}'|[^\s"'&;,]{1,4096})"""

# Common command-line forms. No pattern nests quantifiers: time stays linear in the text.
_DEFAULTS = tuple(
    (re.compile(pattern, re.IGNORECASE), _MASK)
    for pattern in (
        r"((?:password|passwd|passphrase|pwd|secret|token|api[-_]?key|account[-_]?key|access[-_]?key|"
        r"shared[-_]?access[-_]?key|client[-_]?secret)\"?\s{0,3}[=:]\s{0,3})" + _VALUE,
        r"((?:--|/|-)(?:password|passwd|passphrase|pwd|secret|token|api-?key)\s{1,3})" + _VALUE,
        r"(\bsig=)" + _VALUE,
        r"(\bbearer\s{1,3})[\w.~+/=-]{8,4096}",
        r"(://[^\s/:@]{1,256}:)[^\s/@]{1,256}(?=@)",
    )
)


class Redactor:
    """Replaces secrets by `[redacted]`.

    defaults : passwords, keys, tokens and credentials in URLs, in common command-line forms
    rules : own patterns and their replacements, applied after the defaults
    """

    def __init__(self, *, defaults: bool, rules: Sequence[tuple[re.Pattern[str], str]] = ()) -> None:
        self._rules = (*(_DEFAULTS if defaults else ()), *rules)

    def text(self, text: str) -> str:
        """The text without its secrets."""
        for pattern, replacement in self._rules:
            text = pattern.sub(replacement, text)
        return text
