"""The window's parts and the log of what was learned in them: 5 bytes for each vector of each part.

A part's vectors are written once, with a count; when it leaves the window its entries are settled (taken off
the vectors' multiplicities) in blocks, and dead vectors are reaped a few per update.
"""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

LOG_BLOCK = 1 << 14  # entries
PART_BLOCK = 1 << 10  # parts
MOST = 255  # of one entry
U32 = 0xFFFFFFFF


class _PartBlock:
    __slots__ = ("arrays", "events", "newest", "outside", "start")

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {
            "outside": np.zeros(PART_BLOCK, "q"),
            "start": np.zeros(PART_BLOCK, "q"),
            "events": np.zeros(PART_BLOCK, "I"),
            "newest": np.zeros(PART_BLOCK, "I"),
        }
        self.bind()

    def bind(self) -> None:
        self.outside: Any = self.arrays["outside"].data
        self.start: Any = self.arrays["start"].data
        self.events: Any = self.arrays["events"].data
        self.newest: Any = self.arrays["newest"].data

    def __getstate__(self) -> dict[str, NDArray[Any]]:
        return self.arrays

    def __setstate__(self, state: dict[str, NDArray[Any]]) -> None:
        self.arrays = state
        self.bind()


class Parts:
    """Parts by an inner number that counts up from 1, without gaps.

    outside : the caller's number of a part
    start : position of its first log entry
    events : live events learned in it
    newest : live vectors whose newest event is in it
    """

    def __init__(self) -> None:
        self.horizon = 1  # inner number of the oldest part in the window
        self.last = 0  # inner number of the open part
        self.expired = 0  # log position of the first entry of the window
        self.arrivals = 0  # into the open part, not yet counted in its `newest`
        self.learned = 0  # events since the beginning
        self.left = 0  # of these, no longer in the window
        self._counted = 0  # of `learned`, counted in some part's `events`
        self._base = 0  # inner number of the first slot of the first block
        self._blocks: list[_PartBlock] = []

    def open(self, outside: int, position: int) -> int:
        """Begin a part whose log entries start at `position`; its inner number."""
        self._flush()
        self.last += 1
        at = self.last - self._base
        if at >> 10 >= len(self._blocks):
            self._blocks.append(_PartBlock())
        block = self._blocks[at >> 10]
        block.outside[at & 1023] = outside
        block.start[at & 1023] = position
        return self.last

    def _flush(self) -> None:
        """Count what was learned into the open part."""
        if not self._blocks:
            return
        at = self.last - self._base
        block = self._blocks[at >> 10]
        block.events[at & 1023] += self.learned - self._counted
        block.newest[at & 1023] += self.arrivals
        self._counted = self.learned
        self.arrivals = 0

    def expire(self, outside: int, end: int) -> int:
        """Raise the horizon to the first part not below `outside`; how many vectors left thereby.

        end : position after the log's last entry
        """
        if self.horizon > self.last:
            return 0
        self._flush()
        events = vectors = 0
        while self.horizon <= self.last:
            low = self.horizon - self._base
            block = self._blocks[low >> 10]
            begin = low & 1023
            if block.outside[begin] >= outside:
                break
            if begin + 1 < PART_BLOCK and self.horizon < self.last and block.outside[begin + 1] >= outside:
                stop = begin + 1
            else:
                stop = min(PART_BLOCK, begin + self.last - self.horizon + 1)
                stop = begin + int(np.searchsorted(block.arrays["outside"][begin:stop], outside))
            if stop == begin + 1:
                events += block.events[begin]
                vectors += block.newest[begin]
            else:
                events += int(block.arrays["events"][begin:stop].sum())
                vectors += int(block.arrays["newest"][begin:stop].sum())
            self.horizon += stop - begin
        self.expired = self.start(self.horizon, end)
        while len(self._blocks) > 1 and self.horizon - self._base > 2 * PART_BLOCK:
            self._blocks.pop(0)
            self._base += PART_BLOCK
        self.left += events
        return vectors

    def start(self, part: int, end: int) -> int:
        """Log position of a part's first entry; `end` for one not yet opened."""
        if part > self.last:
            return end
        at = part - self._base
        return cast("int", self._blocks[at >> 10].start[at & 1023])

    def after(self, part: int) -> int:
        """The first part behind `part` that the caller gave another number."""
        outside = self._outside(part)
        while part <= self.last and self._outside(part) == outside:
            part += 1
        return part

    def leave(self, part: int) -> None:
        """A vector's newest event is no longer in `part`."""
        at = part - self._base
        self._blocks[at >> 10].newest[at & 1023] -= 1

    def withdraw(self, part: int, *, events: int = 0, vectors: int = 0) -> None:
        """Events of an earlier part are taken out, or vectors whose newest event was in it."""
        at = part - self._base
        self._blocks[at >> 10].events[at & 1023] -= events
        self._blocks[at >> 10].newest[at & 1023] -= vectors
        self.left += events

    def starts(self, low: int, high: int) -> NDArray[np.int64]:
        """Log positions of the first entries of parts [low, high), which have been opened."""
        return self._pieces("start", low, high)

    def _pieces(self, name: str, low: int, high: int) -> NDArray[np.int64]:
        pieces = [np.zeros(0, np.int64)]
        while low < high:
            at = low - self._base
            begin = at & 1023
            stop = min(PART_BLOCK, begin + high - low)
            pieces.append(self._blocks[at >> 10].arrays[name][begin:stop].astype(np.int64))
            low += stop - begin
        return np.concatenate(pieces)

    def _outside(self, part: int) -> int:
        at = part - self._base
        return cast("int", self._blocks[at >> 10].outside[at & 1023])

    def outsides(self) -> NDArray[np.int64]:
        """The caller's numbers of the parts in the window."""
        return self.outsides_of(self.horizon, self.last + 1)

    def outsides_of(self, low: int, high: int) -> NDArray[np.int64]:
        """The caller's numbers of parts [low, high), which have been opened."""
        return self._pieces("outside", low, high)

    def continue_from(self, number: int) -> None:
        """Let the first part to be opened have inner number `number`: it continues another engine's."""
        self.horizon = self._base = number
        self.last = number - 1

    def events(self) -> list[tuple[int, int]]:
        """(the caller's number, live events) of the parts in the window; parts with one number are one."""
        self._flush()
        found: dict[int, int] = {}
        events = self._pieces("events", self.horizon, self.last + 1)
        for number, count in zip(self.outsides().tolist(), events.tolist(), strict=True):
            found[number] = found.get(number, 0) + count
        return list(found.items())

    def renumber(self, less: int) -> None:
        """Take `less` off every inner number."""
        self.horizon -= less
        self.last -= less
        self._base -= less

    @property
    def nbytes(self) -> int:
        """Bytes of the blocks."""
        return sum(a.nbytes for block in self._blocks for a in block.arrays.values())


class Log:
    """(slot, count) entries in the order of learning; positions only grow."""

    def __init__(self) -> None:
        self.end = 0
        self.slots: Any = None  # the last block, for writing
        self.counts: Any = None
        self._base = 0  # position of the first block
        self._blocks: list[tuple[NDArray[np.uint32], NDArray[np.uint8]]] = []

    def append(self, slot: int) -> int:
        """Write an entry of one event; the low 32 bits of its position."""
        end = self.end
        at = end & LOG_BLOCK - 1
        if not at:
            self._extend()
        self.slots[at] = slot
        self.counts[at] = 1
        self.end = end + 1
        return end & U32

    def put(self, slot: int, count: int) -> int:
        """Write entries of `count` events; the low 32 bits of the last one's position."""
        while True:
            position = self.append(slot)
            self.counts[position & LOG_BLOCK - 1] = min(count, MOST)
            if count <= MOST:
                return position
            count -= MOST

    def again(self, position: int, slot: int) -> bool:
        """Count one event more at `position` (its low 32 bits), if that entry can still be raised."""
        back = (self.end - position) & U32
        at = (self.end - 1 & LOG_BLOCK - 1) - back + 1
        if not back or at < 0 or self.slots[at] != slot or self.counts[at] == MOST:
            return False
        self.counts[at] += 1
        return True

    def blocks(self, low: int, high: int) -> list[tuple[int, NDArray[np.uint32], NDArray[np.uint8]]]:
        """Views of the entries [low, high): (position, slots, counts), block by block."""
        found = []
        while low < high:
            block = self._blocks[(low - self._base) // LOG_BLOCK]
            begin = low & LOG_BLOCK - 1
            stop = min(LOG_BLOCK, begin + high - low)
            found.append((low, block[0][begin:stop], block[1][begin:stop]))
            low += stop - begin
        return found

    def entries(self, low: int, high: int) -> list[tuple[int, int]]:
        """A few (slot, count) entries from `low`, up to `high` or the end of a block."""
        slots, counts = self._blocks[(low - self._base) // LOG_BLOCK]
        begin = low & LOG_BLOCK - 1
        end = begin + high - low
        return list(zip(slots[begin:end].tolist(), counts[begin:end].tolist(), strict=True))

    def _extend(self) -> None:
        block = (np.zeros(LOG_BLOCK, np.uint32), np.zeros(LOG_BLOCK, np.uint8))
        if not self._blocks:
            self._base = self.end
        self._blocks.append(block)
        self.slots, self.counts = block[0].data, block[1].data

    def forget(self, position: int) -> None:
        """Entries below `position` are needed no more."""
        while self._blocks and self._base + LOG_BLOCK <= position:
            self._blocks.pop(0)
            self._base += LOG_BLOCK

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"slots": None, "counts": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._blocks:
            slots, counts = self._blocks[-1]
            self.slots, self.counts = slots.data, counts.data

    @property
    def nbytes(self) -> int:
        """Bytes of the blocks."""
        return len(self._blocks) * LOG_BLOCK * 5
