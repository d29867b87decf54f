"""Measurements remembered: on real logs nearly every event repeats the texts of an earlier one."""

from operator import attrgetter
from typing import Final

from processor.events.event import PROCESS, Event
from processor.features.sets import Counts, FeatureSet, Gate

# All that the measures and gates of a process creation read (a test holds them to it).
READS: Final = ("executable", "command_line", "parent_executable", "system_session")

# Entries of one generation; two are held. At most some 60 MB of hostile, ever new texts.
_MAX_ENTRIES: Final = 32_768
_MAX_CHARACTERS: Final = 1_024


class Memo:
    """Measures as `features` does, from memory where the texts are known.

    Two generations: a full young one becomes the old one, and what is asked for again returns to the young,
    so nothing is counted or sorted and no single event pays for a clearing.
    """

    def __init__(self, features: FeatureSet) -> None:
        self._features = features
        self._remembers = features.kind == PROCESS
        self._texts = attrgetter(*READS)
        self._young: dict[object, tuple[Gate, Counts]] = {}
        self._old: dict[object, tuple[Gate, Counts]] = {}

    def measure(self, event: Event) -> tuple[Gate, Counts]:
        """Gate and counts of an event; the same objects for repeated texts."""
        if not self._remembers:
            return self._features.measure(event)
        texts = self._texts(event)
        known = self._young.get(texts)
        if known is None:
            known = self._old.get(texts)
            if known is None:
                known = self._features.measure(event)
                if len(event.command_line) > _MAX_CHARACTERS:
                    return known
            self._remember(texts, known)
        return known

    def _remember(self, texts: object, measured: tuple[Gate, Counts]) -> None:
        if len(self._young) >= _MAX_ENTRIES:
            self._old = self._young
            self._young = {}
        self._young[texts] = measured
