"""Secrets out of published and stored text; features never see the redacted form."""

import re
from collections.abc import Sequence
from typing import Final

from processor.records.secrets import MARK, RULES, without_short_switch

__all__ = ["MARK", "Redactor"]

_SHORT_SWITCH: Final = "-p"
# What may stand for the blanks of a gate.
_BLANKS: Final = "\t\n\r\v\f\xa0"


class Redactor:
    """Replaces secrets by `[redacted]`.

    defaults : passwords, keys, tokens and credentials in URLs, in common command-line forms
    rules : own patterns and their replacements, applied after the defaults
    """

    def __init__(self, *, defaults: bool, rules: Sequence[tuple[re.Pattern[str], str]] = ()) -> None:
        self._defaults = defaults
        self._rules = tuple(rules)

    def text(self, text: str) -> str:
        """The text without its secrets."""
        if self._defaults:
            text = _without_secrets(text)
        return self.name(text)

    def name(self, name: str) -> str:
        """An account or another name under the own rules alone: the defaults are about command lines."""
        for pattern, replacement in self._rules:
            name = pattern.sub(replacement, name)
        return name


def _without_secrets(text: str) -> str:
    lowered = text.lower()
    for blank in _BLANKS:
        lowered = lowered.replace(blank, " ")
    for gate, pattern, replacement in RULES:
        if gate(lowered):
            text = pattern.sub(replacement, text)
    return without_short_switch(text) if _SHORT_SWITCH in text else text
