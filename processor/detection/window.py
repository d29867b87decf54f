"""Stream time, panes and parts of one partition: which part is current, which have left."""

from array import array
from bisect import bisect_left

from processor.detection.settings import WindowSettings

# Below this many dead parts the arrays are not compacted.
_COMPACT_AT = 4096
# Before every time that a record can have.
_NO_EVENT_YET = -(1 << 62)


class Window:
    """The sliding window of one partition's event time.

    The window's unit is a part: a pane, or each `max_part_events` of it, numbered by a growing serial.
    A pane leaves when pane(now) - pane > length / pane size: at least `length` is always in.

    stream_time : highest event time seen, ms since epoch; None before the first event
    part : serial of the current part
    horizon : parts below it have left the window
    late_before : an event of an earlier time (ms) is older than the window
    """

    def __init__(self, settings: WindowSettings, max_part_events: int) -> None:
        self._pane_size = settings.pane
        self._panes_kept = settings.length // settings.pane
        self._max_part_events = max_part_events
        self.stream_time: int | None = None
        self.part = -1
        self.horizon = 0
        self.late_before = _NO_EVENT_YET
        self._events_in_part = 0
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
                self._events_in_part = 1
                return self._raise_horizon()
        if self._events_in_part >= self._max_part_events:
            self._open_part(offset)
            self._events_in_part = 0
        self._events_in_part += 1
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

    @property
    def span(self) -> int:
        """From the start of the oldest pane in the window to stream time, ms."""
        if self.stream_time is None:
            return 0
        return self.stream_time - self._panes[self.horizon - self._first] * self._pane_size

    def _open_part(self, offset: int) -> None:
        self.part += 1
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
