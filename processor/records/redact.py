"""Secrets out of published and stored text; features never see the redacted form."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from processor.records.needles import Needles
from processor.records.secrets import MARK, RULES, Rule, without_short_switch

__all__ = ["MARK", "Redactor"]

_SHORT_SWITCH: Final = "-p"
# What may stand for the blanks of a gate, and for letters where patterns ignore case.
_BLANKS: Final = "\t\n\r\v\f\xa0\x1c\x1d\x1e"
_MEANT: Final = str.maketrans({**dict.fromkeys(_BLANKS, " "), "\u017f": "s", "\u0131": "i"})
_BETWEEN: Final = " "
# Texts whose gates are tried together. With more, some text of them holds one needle or another.
_TOGETHER: Final = 32
_WORDS: Final = sorted({word for rule in RULES for group in rule.gate.groups for word in group})
_NEEDLES: Final = Needles(_WORDS)
# Numbers of the rules of whose rarest words each word is one.
_LET_IN: Final = [[n for n, rule in enumerate(RULES) if word in rule.gate.groups[0]] for word in _WORDS]


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
        return self.texts((text,))[0]

    def texts(self, texts: Iterable[str]) -> list[str]:
        """Each text without its secrets; many at once cost a part of what they cost one by one."""
        found = list(_all_without_secrets(texts)) if self._defaults else list(texts)
        return list(map(self.name, found)) if self._rules else found

    def name(self, name: str) -> str:
        """An account or another name under the own rules alone: the defaults are about command lines."""
        for pattern, replacement in self._rules:
            name = pattern.sub(replacement, name)
        return name


def _all_without_secrets(texts: Iterable[str]) -> Iterator[str]:
    rest = iter(texts)
    while some := list(islice(rest, _TOGETHER)):
        yield from _without_secrets(some)


def _without_secrets(texts: list[str]) -> list[str]:
    """Where no gate lets a rule into all texts joined, none has to be tried on any."""
    if _rules_for(_BETWEEN.join(texts)):
        texts = [_under_rules(text) for text in texts]
    return [without_short_switch(text) if _SHORT_SWITCH in text else text for text in texts]


def _under_rules(text: str) -> str:
    for rule in _rules_for(text):
        text = rule.pattern.sub(rule.stand_in, text)
    return text


def _rules_for(text: str) -> list[Rule]:
    """The rules that have to be tried on a text, in their order."""
    lowered = _lowered(text)
    found = _NEEDLES.found_in(lowered)
    if not found:
        return []
    held = {_WORDS[word] for word in found}
    numbers = sorted({number for word in found for number in _LET_IN[word]})
    return [rule for number in numbers if (rule := RULES[number]).gate.lets(lowered, held)]


def _lowered(text: str) -> str:
    lowered = text.lower()
    return lowered if lowered.isascii() and lowered.isprintable() else lowered.translate(_MEANT)
