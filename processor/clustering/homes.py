"""The scopes: what eviction left of each, since when it has been there, and how many live vectors it has."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.stateful import Stateful


class Home(Stateful):
    """One scope.

    number : small, recycled once the scope has no slot left
    horizon : parts below it were taken from this scope alone
    oldest : no event of the scope in the window is in an older part
    newest : part of its newest event
    size : slots
    place : the place its last new slot was put into
    """

    STATE = ("horizon", "name", "newest", "number", "oldest", "place", "size")

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self.horizon = self.oldest = self.newest = self.size = self.place = 0


class Homes(Stateful):
    """Scopes by name and by number; numbers start at 1.

    live : live vectors by number, as far as they are counted; memoryview, `counted()` for numpy
    """

    STATE = ("named", "numbered", "_free", "_live")

    live: Any

    def __init__(self) -> None:
        self.named: dict[str, Home] = {}
        self.numbered: list[Home | None] = [None]
        self._free: list[int] = []
        self._live = np.zeros(64, np.int64)
        self.live = self._live.data

    def arrive(self, name: str) -> Home:
        """A scope that was not known, or was forgotten."""
        if self._free:
            number = self._free.pop()
        else:
            number = len(self.numbered)
            self.numbered.append(None)
            if number >= len(self._live):
                self._live = np.concatenate((self._live, np.zeros_like(self._live)))
                self.live = self._live.data
        home = self.numbered[number] = self.named[name] = Home(name, number)
        self.live[number] = 0
        return home

    def leave(self, home: Home) -> None:
        """A scope has no slot left."""
        self.numbered[home.number] = None
        self._free.append(home.number)
        if self.named.get(home.name) is home:
            del self.named[home.name]

    def at(self, number: int) -> Home:
        """The scope of a number in use."""
        home = self.numbered[number]
        assert home is not None  # noqa: S101 - a scope with slots has its number
        return home

    def counted(self) -> NDArray[np.int64]:
        """Live vectors by number."""
        return self._live[: len(self.numbered)]

    def horizons(self, low: int) -> NDArray[np.uint32]:
        """By number, the oldest part in the scope's window, where that of all is `low`."""
        return np.array([max(low, home.horizon) if home else low for home in self.numbered], np.uint32)

    def renumber(self, less: int) -> None:
        """Take `less` off every part number."""
        for home in self.numbered:
            if home is not None:
                home.horizon = max(0, home.horizon - less)
                home.oldest = max(0, home.oldest - less)
                home.newest = max(0, home.newest - less)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.live = self._live.data
