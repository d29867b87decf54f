"""Stream time, panes and parts of one partition: which part is current, which have left."""

from array import array
from bisect import bisect_left
from dataclasses import dataclass

from processor.detection.settings import WindowSettings

# Below this many dead parts the arrays are not compacted.
_COMPACT_AT = 4096
# Before every time that a record can have.
_NO_EVENT_YET = -(1 << 62)


@dataclass(frozen=True, slots=True)
class WindowState:
    """A window as it stands, but for parts that somebody has noted already.

    opened : (serial, start of its pane in ms, offset that opened it) of the other parts in the window
    events_in_part : learned into the current part
    """

    stream_time: int | None
    part: int
    horizon: int
    events_in_part: int
    opened: list[tuple[int, int, int]]


class Window:
    """The sliding window of one partition's event time.

    The window's unit is a part: a pane, or each `max_part_events` of it, numbered by a growing serial.
    A pane leaves when pane(now) - pane > length / pane size: at least `length` is always in.

    stream_time : highest event time seen, ms since epoch; None before the first event
    part : serial of the current part
    horizon : parts below it have left the window
    late_before : an event of an earlier time (ms) is older than the window
    pane_end : an event of an earlier time (ms) opens no pane
    room : events that the current part can still take
    """

    def __init__(self, settings: WindowSettings, max_part_events: int) -> None:
        self._pane_size = settings.pane
        self._panes_kept = settings.length // settings.pane
        self._max_part_events = max_part_events
        self.stream_time: int | None = None
        self.part = -1
        self.horizon = 0
        self.late_before = _NO_EVENT_YET
        self.pane_end = _NO_EVENT_YET
        self.room = max_part_events
        self._current_pane = 0
        # One entry a part: its pane and the offset that opened it; entry i is part _first + i.
        self._panes = array("q")
        self._offsets = array("q")
        self._first = 0

    def advance(self, time: int, offset: int) -> bool:
        """Take in one event that is learned; True where the horizon rose.

        time : the event's, ms; an older one than stream time is learned into the current part
        offset : of its record, kept for where a replay has to begin
        """
        if self.stream_time is None or time > self.stream_time:
            self.stream_time = time
            pane = time // self._pane_size
            if self.part < 0 or pane > self._current_pane:
                self._current_pane = pane
                self._open_part(offset)
                self.room -= 1
                return self._raise_horizon()
        if self.room <= 0:
            self._open_part(offset)
        self.room -= 1
        return False

    @property
    def first_offset(self) -> int | None:
        """Offset that opened the oldest pane still in the window; None before the first event."""
        return self._offsets[self.horizon - self._first] if self._panes else None

    def parts(self) -> list[tuple[int, int, int]]:
        """(serial, start of its pane in ms, offset that opened it) of each part in the window."""
        low = self.horizon - self._first
        opened = zip(self._panes[low:], self._offsets[low:], strict=True)
        return [
            (part, pane * self._pane_size, offset) for part, (pane, offset) in enumerate(opened, self.horizon)
        ]

    def export(self, noted: int) -> WindowState:
        """The window; without the parts up to serial `noted`."""
        opened = [each for each in self.parts() if each[0] > noted] if self._panes else []
        learned = self._max_part_events - self.room
        return WindowState(self.stream_time, self.part, self.horizon, learned, opened)

    def adopt(self, taken: WindowState) -> None:
        """Go on where another window stood: all its parts are in `opened`, oldest first.

        The panes of another size are kept by their start. Raises ValueError where a part is missing.
        """
        serials = [serial for serial, _, _ in taken.opened]
        if serials != list(range(taken.horizon, taken.part + 1)):
            raise ValueError(f"parts {taken.horizon} to {taken.part} are not all there")
        self.stream_time = taken.stream_time
        self.part = taken.part
        self.horizon = self._first = taken.horizon
        self.room = self._max_part_events - taken.events_in_part
        self._panes = array("q", [start // self._pane_size for _, start, _ in taken.opened])
        self._offsets = array("q", [offset for _, _, offset in taken.opened])
        if self._panes:
            self._current_pane = self._panes[-1]
            self.pane_end = (self._current_pane + 1) * self._pane_size
            self._raise_horizon()

    def begin(self, part: int, start: int) -> None:
        """Be empty as it was before the first event of a part of serial `part`, its pane's start in ms."""
        self.part = part - 1
        self.horizon = self._first = part
        self.stream_time = start
        self.room = 0
        self._current_pane = start // self._pane_size
        self.pane_end = (self._current_pane + 1) * self._pane_size
        self.late_before = (self._current_pane - self._panes_kept) * self._pane_size

    @property
    def span(self) -> int:
        """From the start of the oldest pane in the window to stream time, ms."""
        if self.stream_time is None:
            return 0
        return self.stream_time - self._panes[self.horizon - self._first] * self._pane_size

    def _open_part(self, offset: int) -> None:
        self.part += 1
        self.pane_end = (self._current_pane + 1) * self._pane_size
        self.room = self._max_part_events
        self._panes.append(self._current_pane)
        self._offsets.append(offset)

    def _raise_horizon(self) -> bool:
        oldest = self._current_pane - self._panes_kept
        self.late_before = oldest * self._pane_size
        horizon = self._first + bisect_left(self._panes, oldest, self.horizon - self._first)
        rose = horizon > self.horizon
        self.horizon = horizon
        dead = horizon - self._first
        if dead > _COMPACT_AT and dead * 2 > len(self._panes):
            del self._panes[:dead]
            del self._offsets[:dead]
            self._first = horizon
        return rose
