"""How many vectors the engines of one partition may hold together, and who loses what when they are too many.

The scope with most live vectors loses its own oldest parts: evicting from all would let one noisy scope erase
the quiet ones.
"""

from heapq import nsmallest
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from processor.clustering.stateful import Stateful

if TYPE_CHECKING:
    from processor.clustering.window import Window


class Limit(Stateful):
    """Shared by the engines of one partition.

    left : live (scope, vector) pairs that fit yet; what died and was not yet noticed counts as live
    """

    STATE = ("left", "_most", "_windows")

    def __init__(self, most: int) -> None:
        self.left = self._most = most
        self._windows: list[Window] = []

    def join(self, window: "Window") -> None:
        """Count a window's vectors, too; its parts are numbered as those of the others."""
        self._windows.append(window)

    def evict(self) -> int:
        """Where they are too many, take out events to 63/64 of the limit; how many scopes lost some."""
        for window in self._windows:
            window.settle()
        if self.left > 0:
            return 0
        gone = self._most - self._most * 63 // 64 - self.left
        sizes = self._largest(gone)
        *whole, last = sizes
        newest = self._newest_to_go(last, gone - sum(sizes[name] for name in whole))
        for window in self._windows:
            named, counted, parts = window.homes.named, window.homes.counted(), window.parts
            horizons = dict.fromkeys(whole, parts.last + 1) | {last: parts.first_from(newest + 1)}
            held = [(home, horizon) for name, horizon in horizons.items() if (home := named.get(name))]
            held = [(home, horizon) for home, horizon in held if counted[home.number]]
            if held:
                window.withdraw(held)
        return len(sizes)

    def _largest(self, gone: int) -> dict[str, int]:
        """The scopes with most live vectors, as many as hold `gone` together, and what each has.

        The largest first; of several the first in the alphabet.
        """
        counts = [window.homes.counted() for window in self._windows]
        least = self._least(counts, gone)
        share = -(-least // len(counts))  # of which each has as much in one window at least
        sizes: dict[str, int] = {}
        for window, count in zip(self._windows, counts, strict=True):
            for number in np.flatnonzero(count >= share).tolist():
                sizes[window.homes.at(number).name] = 0
        for window, count in zip(self._windows, counts, strict=True):
            named, sizes_here = window.homes.named, count.tolist()
            for name in sizes:
                home = named.get(name)
                if home is not None:
                    sizes[name] += sizes_here[home.number]
        found: dict[str, int] = {}
        # Ten thousand names of equal size would take long to sort.
        for negative, name in nsmallest(1 + gone // least, ((-size, name) for name, size in sizes.items())):
            found[name] = -negative
            gone += negative
            if gone <= 0:
                break
        return found

    @staticmethod
    def _least(counts: list[NDArray[np.int64]], gone: int) -> int:
        """Live vectors that each of the largest scopes has that hold `gone` together, or fewer."""
        least = 1
        for count in counts:
            ordered = np.sort(count)[::-1]
            enough = int(np.searchsorted(np.cumsum(ordered), gone))
            if enough < len(ordered):
                least = max(least, int(ordered[enough]))
        return least

    def _newest_to_go(self, scope: str, gone: int) -> int:
        """The oldest part, as the caller numbers them, with which `gone` of a scope's vectors have left."""
        pieces = [self._last_seen(window, scope) for window in self._windows]
        numbers, vectors = (np.concatenate(piece) for piece in zip(*pieces, strict=True))
        order = np.argsort(numbers, kind="stable")
        return int(numbers[order][np.searchsorted(np.cumsum(vectors[order]), gone)])

    @staticmethod
    def _last_seen(window: "Window", scope: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The caller's number of each part with newest events of a scope's live vectors, and of how many."""
        home = window.homes.named.get(scope)
        if home is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        slots, n, low = window.slots.arrays, window.slots.size, window.parts.horizon
        mine = (window.places.arrays["scope"] == home.number).take(slots["place"][:n])
        newest = slots["newest"][:n][mine & slots["counted"][:n].view(np.bool_)]
        vectors = np.bincount(newest - np.uint32(low))
        held = np.flatnonzero(vectors)
        return window.parts.outsides()[held], vectors[held]
