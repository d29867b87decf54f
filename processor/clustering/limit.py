"""How many vectors the engines of one partition may hold together, and who loses what when they are too many.

The scope with most live vectors loses its own oldest parts: evicting from all would let one noisy scope erase
the quiet ones.
"""

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
        """Where they are too many, take out events until 63/64 of the limit are left; how often."""
        for window in self._windows:
            window.settle()
        times = 0
        if self.left <= 0:
            spare = self._most - self._most * 63 // 64
            while self.left < spare:
                self._shorten(self._largest(), spare - self.left)
                times += 1
        return times

    def _largest(self) -> str:
        """The scope with most live vectors; of several the first in the alphabet."""
        counts = [window.homes.counted() for window in self._windows]
        # Who has most in all has at least this share of it in one.
        least = max(1, -(-max(int(count.max()) for count in counts) // len(counts)))
        sizes: dict[str, int] = {}
        for window, count in zip(self._windows, counts, strict=True):
            for number in np.flatnonzero(count >= least).tolist():
                name = window.homes.at(number).name
                sizes.setdefault(name, 0)
        for name in sizes:
            for window, count in zip(self._windows, counts, strict=True):
                home = window.homes.named.get(name)
                sizes[name] += int(count[home.number]) if home else 0
        return min(sizes, key=lambda name: (-sizes[name], name))

    def _shorten(self, scope: str, gone: int) -> None:
        """Take out a scope's oldest parts, until `gone` vectors have left with them or all have."""
        stamps = [self._stamps(window, scope) for window in self._windows]
        gone = min(gone, sum(map(len, stamps)))
        held = [(window, found) for window, found in zip(self._windows, stamps, strict=True) if len(found)]
        low = min(window.parts.outside(int(found[0])) for window, found in held)
        high = max(window.parts.outside(int(found[-1])) for window, found in held)
        # The smallest part, as the caller numbers them, with which enough have left.
        while low < high:
            middle = (low + high) // 2
            if sum(int(np.searchsorted(found, w.parts.first_from(middle + 1))) for w, found in held) >= gone:
                high = middle
            else:
                low = middle + 1
        for window, _ in held:
            window.withdraw(window.homes.named[scope], window.parts.first_from(low + 1))

    @staticmethod
    def _stamps(window: "Window", scope: str) -> NDArray[np.uint32]:
        """Parts of the newest events of a scope's live vectors, ascending."""
        home = window.homes.named.get(scope)
        if home is None:
            return np.zeros(0, np.uint32)
        slots, n = window.slots.arrays, window.slots.size
        mine = window.places.arrays["scope"][slots["place"][:n]] == home.number
        return np.sort(slots["newest"][:n][mine & (slots["counted"][:n] > 0)])
