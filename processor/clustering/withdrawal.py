"""Events that are taken out of the log before they expire."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.neighbours import LOOPS


class Withdrawal:
    """Makes the events of marked slots slot 0, piece by piece of the log, and counts them out.

    starts : positions of the first events of some parts in order, and after the last event of the last
    marks : by slot, 1 for a marked one, else 0; slot 0 is not
    events : by slot, what they are taken off
    lost : by part, how many they were
    """

    def __init__(
        self, starts: NDArray[np.int64], marks: NDArray[np.uint8], events: NDArray[np.uint32]
    ) -> None:
        self.lost = np.zeros(len(starts), np.int64)[1:]
        self._lost: Any = self.lost
        self._starts: Any = starts
        self._marks: Any = marks
        self._events: Any = events
        self._found: Any = np.zeros(0, np.uint32)
        self._part = 0

    def take(self, position: int, slots: NDArray[np.uint32]) -> None:
        """Go through a piece of the log, which begins at this position; pieces come in order."""
        if not LOOPS:
            self._sweep(position, slots)
            return
        if len(self._found) < len(slots):
            self._found = np.zeros(len(slots), np.uint32)
        self._loop(position, slots)

    def _loop(self, position: int, slots: Any) -> None:
        """Event by event."""
        starts, marks, events, found = self._starts, self._marks, self._events, self._found
        at, size, part = 0, len(slots), self._part
        while at < size:
            while starts[part + 1] <= position + at:
                part += 1
            stop = min(size, starts[part + 1] - position)
            # Whose an event is cannot be foreseen: those of marked slots are gathered without a branch.
            struck = 0
            while at < stop:
                found[struck] = at
                struck += marks[slots[at]]
                at += 1
            for i in range(struck):
                slot = slots[found[i]]
                slots[found[i]] = 0
                events[slot] -= 1
            self._lost[part] += struck
        self._part = part

    def _sweep(self, position: int, slots: NDArray[np.uint32]) -> None:
        """All events at once."""
        where = np.flatnonzero(np.asarray(self._marks).take(slots))
        taken = slots[where]
        slots[where] = 0
        np.subtract.at(np.asarray(self._events), taken, np.uint32(1))
        parts = np.searchsorted(np.asarray(self._starts), position + where, side="right") - 1
        np.add.at(self.lost, parts, 1)
