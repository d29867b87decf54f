"""The window's parts, and the log of what was learned in them: 4 bytes an event, the slot of its vector."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.stateful import Stateful

LOG_BLOCK = 1 << 14  # events in a block of the log
FIRST_BLOCK = 1 << 6  # the same of its first
PART_BLOCK = 1 << 10  # parts

_Block = tuple[Any, Any, Any]


def _last(block: _Block) -> int:
    last: int = block[0][-1]
    return last


class Parts(Stateful):
    """Parts by an inner number that counts up from 1, without gaps.

    horizon : inner number of the oldest part in the window
    last : inner number of the open part
    expired : log position of the window's first event
    lost : events of the window's parts that were taken out early
    """

    STATE = ("horizon", "last", "expired", "lost", "_base", "_blocks")

    def __init__(self) -> None:
        self.horizon = 1
        self.last = 0
        self.expired = 0
        self.lost = 0
        self._base = 1  # inner number of the first part of the first block
        # For each part the caller's number, the log position of its first event, events withdrawn.
        self._blocks: list[_Block] = [(array("q"), array("q"), array("I"))]

    def open(self, outside: int, position: int) -> None:
        """Begin a part whose events start at `position`."""
        outsides, starts, withdrawn = self._blocks[-1]
        if len(outsides) == PART_BLOCK:
            outsides, starts, withdrawn = array("q"), array("q"), array("I")
            self._blocks.append((outsides, starts, withdrawn))
        outsides.append(outside)
        starts.append(position)
        withdrawn.append(0)
        self.last += 1

    def expire(self, outside: int, end: int) -> None:
        """Raise the horizon to the first part not below `outside`.

        end : position after the log's last event
        """
        low, base = self.horizon, self._base
        if low > self.last:
            return
        outsides, starts, _ = self._blocks[low - base >> 10]
        at = low - base & 1023
        if outsides[at] >= outside:
            return
        at += 1
        if at < len(outsides) and outsides[at] >= outside:
            self.horizon = low + 1
            self.expired = starts[at]
        else:
            self.horizon = self.first_from(outside)
            self.expired = self.start(self.horizon, end)
        if self.lost:
            self.lost -= int(self._pieces(2, low, self.horizon).sum())
        while self.horizon - self._base > 2 * PART_BLOCK and len(self._blocks) > 1:
            self._blocks.pop(0)
            self._base += PART_BLOCK

    def first_from(self, outside: int) -> int:
        """The first part of the window that the caller gave a number of `outside` or above.

        The one to be opened next where none has.
        """
        if self.last < self.horizon:
            return self.last + 1
        block = bisect_left(self._blocks, outside, self.horizon - self._base >> 10, key=_last)
        if block == len(self._blocks):
            return self.last + 1
        return max(
            self.horizon, self._base + block * PART_BLOCK + bisect_left(self._blocks[block][0], outside)
        )

    def outside(self, part: int) -> int:
        """The caller's number of a part that is known."""
        at = part - self._base
        number: int = self._blocks[at >> 10][0][at & 1023]
        return number

    def start(self, part: int, end: int) -> int:
        """Log position of a part's first event; `end` for one not yet opened."""
        if part > self.last:
            return end
        at = part - self._base
        position: int = self._blocks[at >> 10][1][at & 1023]
        return position

    def withdraw(self, low: int, events: NDArray[np.int64]) -> None:
        """So many events of the parts in the window from part `low` on are taken out."""
        done = 0
        for (_, _, withdrawn), begin, stop in self._spans(low, low + len(events)):
            here = np.frombuffer(withdrawn, np.uint32)[begin:stop]
            here += events[done : done + len(here)].astype(np.uint32)
            done += len(here)
        self.lost += int(events.sum())

    def starts(self, low: int, high: int) -> NDArray[np.int64]:
        """Log positions of the first events of parts [low, high), which have been opened."""
        return self._pieces(1, low, high)

    def outsides(self) -> NDArray[np.int64]:
        """The caller's numbers of the parts in the window."""
        return self._pieces(0, self.horizon, self.last + 1)

    def outsides_of(self, low: int, high: int) -> NDArray[np.int64]:
        """The caller's numbers of parts [low, high), which have been opened."""
        return self._pieces(0, low, high)

    def continue_from(self, number: int) -> None:
        """Let the first part to be opened have inner number `number`: it continues another engine's."""
        self.horizon = self._base = number
        self.last = number - 1

    def events(self, end: int) -> list[tuple[int, int]]:
        """(the caller's number, live events) of the parts in the window; parts with one number are one.

        end : position after the log's last event
        """
        starts = self.starts(self.horizon, self.last + 1)
        sizes = np.diff(starts, append=end) - self._pieces(2, self.horizon, self.last + 1)
        found: dict[int, int] = {}
        for number, size in zip(self.outsides().tolist(), sizes.tolist(), strict=True):
            found[number] = found.get(number, 0) + size
        return list(found.items())

    def renumber(self, less: int) -> None:
        """Take `less` off every inner number."""
        self.horizon -= less
        self.last -= less
        self._base -= less

    @property
    def nbytes(self) -> int:
        """Bytes of the blocks."""
        return sum(20 * len(block[0]) for block in self._blocks)

    def _pieces(self, field: int, low: int, high: int) -> NDArray[np.int64]:
        pieces = [np.zeros(0, np.int64)]
        for block, begin, stop in self._spans(low, high):
            pieces.append(np.array(block[field][begin:stop], np.int64))
        return np.concatenate(pieces)

    def _spans(self, low: int, high: int) -> Iterator[tuple[_Block, int, int]]:
        """(block, index of the first, index after the last) of parts [low, high), block by block."""
        while low < high:
            at = low - self._base
            begin = at & 1023
            stop = min(PART_BLOCK, begin + high - low)
            yield self._blocks[at >> 10], begin, stop
            low += stop - begin


class Log(Stateful):
    """Slots in the order of learning; positions only grow. An event that was withdrawn is slot 0.

    end : position after the last event
    """

    STATE = ("end", "_blocks", "_starts")

    _open: Any

    def __init__(self) -> None:
        self.end = 0
        self._blocks: list[NDArray[np.uint32]] = []
        self._starts: list[int] = []
        self._begin(min(LOG_BLOCK, FIRST_BLOCK))

    def append(self, slot: int) -> None:
        """Write the slot of one event."""
        at = self.end - self._start
        if at == self._room:
            self._begin(min(LOG_BLOCK, 2 * self._room))
            at = 0
        self._open[at] = slot
        self.end += 1

    def put(self, slot: int, count: int) -> None:
        """Write `count` events."""
        while count:
            at = self.end - self._start
            if at == self._room:
                self._begin(LOG_BLOCK)
                at = 0
            some = min(count, self._room - at)
            self._blocks[-1][at : at + some] = slot
            self.end += some
            count -= some

    def views(self, low: int, high: int) -> list[tuple[int, NDArray[np.uint32]]]:
        """(position, slots) of the events [low, high), block by block."""
        found = []
        block = bisect_left(self._starts, low + 1) - 1
        while low < high:
            start, slots = self._starts[block], self._blocks[block]
            stop = min(high, start + len(slots))
            found.append((low, slots[low - start : stop - start]))
            low = stop
            block += 1
        return found

    def forget(self, position: int) -> None:
        """Events below `position` are needed no more."""
        while len(self._starts) > 1 and self._starts[1] <= position:
            self._starts.pop(0)
            self._blocks.pop(0)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._use_last()

    @property
    def nbytes(self) -> int:
        """Bytes of the blocks."""
        return sum(block.nbytes for block in self._blocks)

    def _begin(self, room: int) -> None:
        self._blocks.append(np.zeros(room, np.uint32))
        self._starts.append(self.end)
        self._use_last()

    def _use_last(self) -> None:
        self._start, self._room = self._starts[-1], len(self._blocks[-1])
        self._open = self._blocks[-1].data
