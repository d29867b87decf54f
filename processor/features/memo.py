"""Measurements remembered: on real logs nearly every event repeats the texts of an earlier one."""

from operator import attrgetter
from typing import Final

from processor.events.event import PROCESS, Event
from processor.events.generations import Generations
from processor.features.sets import Counts, FeatureSet, Gate

# All that the measures and gates of a process creation read (a test holds them to it).
READS: Final = ("executable", "command_line", "parent_executable", "system_session")


class Memo:
    """Measures as `features` does, from memory where the texts are known."""

    def __init__(self, features: FeatureSet) -> None:
        self._features = features
        self._remembers = features.kind == PROCESS
        self._texts = attrgetter(*READS)
        self._known: Generations[tuple[Gate, Counts]] = Generations()

    def measure(self, event: Event) -> tuple[Gate, Counts]:
        """Gate and counts of an event; the same objects for repeated texts."""
        if not self._remembers:
            return self._features.measure(event)
        texts = self._texts(event)
        measured = self._known.young.get(texts) or self._known.recall(texts)
        if measured is None:
            measured = self._features.measure(event)
            self._known.remember(texts, measured)
        return measured
