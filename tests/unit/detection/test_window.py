"""The window of one partition: parts, horizon, late events, where a replay begins."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from processor.detection.settings import WindowSettings
from processor.detection.window import Window

MINUTE = 60_000


def window(length: int = 60 * MINUTE, pane: int = 10 * MINUTE, max_part_events: int = 1000) -> Window:
    """A window of 6 panes of 10 minutes, unless told otherwise."""
    return Window(WindowSettings(length, pane, 5 * MINUTE), max_part_events)


def test_a_pane_leaves_when_a_whole_length_lies_behind_it() -> None:
    """A pane stays while pane(now) - pane <= length / pane size, so at least `length` is always in."""
    w = window()
    w.advance(0, 0)
    w.advance(60 * MINUTE, 1)
    still_in = w.horizon
    w.advance(70 * MINUTE, 2)

    assert (0, 1, 1) == (still_in, w.horizon, w.first_offset)


def test_stream_time_never_falls_and_older_events_join_the_current_part() -> None:
    """An out-of-order event is learned into the pane of stream time."""
    w = window()
    w.advance(30 * MINUTE, 0)
    part = w.part
    w.advance(5 * MINUTE, 1)

    assert (30 * MINUTE, part) == (w.stream_time, w.part)


def test_an_event_is_late_only_beyond_the_oldest_pane_of_the_window() -> None:
    """Late means: its pane has left."""
    w = window()
    w.advance(100 * MINUTE, 0)

    assert (False, True) == (40 * MINUTE < w.late_before, 40 * MINUTE - 1 < w.late_before)


def test_a_full_part_is_followed_by_another_of_the_same_pane() -> None:
    """state.max_segment_events bounds a part; the pane goes on."""
    w = window(max_part_events=2)
    parts = []
    for offset in range(5):
        w.advance(0, offset)
        parts.append(w.part)

    assert [0, 0, 1, 1, 2] == parts


def test_nothing_is_late_before_the_first_event() -> None:
    """Without stream time there is no window to be older than."""
    w = window()

    assert (False, None, 0) == (-(10**15) < w.late_before, w.first_offset, w.span)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=300), st.integers(1, 1000), st.integers(1, 20))
def test_parts_in_the_window_are_those_within_length_panes(times: list[int], pane: int, panes: int) -> None:
    """The horizon equals a plain recount over all parts, whatever the order of times."""
    w = window(length=pane * panes, pane=pane, max_part_events=3)
    opened: dict[int, tuple[int, int]] = {}
    for offset, time in enumerate(times):
        if time < w.late_before:
            continue
        w.advance(time, offset)
        assert w.stream_time is not None
        opened.setdefault(w.part, (w.stream_time // pane, offset))

    now = max(times) // pane
    alive = [part for part, (own, _) in opened.items() if now - own <= panes]
    assert (min(alive), opened[min(alive)][1]) == (w.horizon, w.first_offset)


def test_forgotten_parts_do_not_pile_up() -> None:
    """A window of 1 ms panes over a million events holds only what is in it."""
    w = window(length=100, pane=1)
    for time in range(50_000):
        w.advance(time, time)

    assert (49_999 - 100, 49_999 - 100) == (w.horizon, w.first_offset)
    assert len(pickle.dumps(w)) < 200_000


def test_parts_are_listed_with_the_start_of_their_pane_and_their_first_offset() -> None:
    """What is counted by part can be drawn over time."""
    w = window(max_part_events=1)
    for offset, minute in enumerate((0, 65, 66, 75), 10):
        w.advance(minute * MINUTE, offset)

    assert [(1, 60 * MINUTE, 11), (2, 60 * MINUTE, 12), (3, 70 * MINUTE, 13)] == w.parts()
