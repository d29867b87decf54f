"""Warm-up per scope: counts and spans since the scope's window was last empty."""

from processor.detection.settings import WarmupSettings
from processor.detection.warmup import Histories


def histories(span: int = 0, events: int = 0, max_scopes: int = 100, window: int = 10_000) -> Histories:
    """Histories that are live at once, unless told otherwise."""
    return Histories(WarmupSettings(span, events, publish=False), max_scopes, window)


def test_a_scope_is_live_with_the_event_that_completes_both_span_and_count() -> None:
    """Both conditions hold before a verdict is published; the event itself counts."""
    h = histories(span=100, events=3)
    live = [h.saw("a", time, 0, 0, "x")[0] for time in (0, 50, 99, 100, 101)]

    assert [False, False, False, True, True] == live


def test_a_scope_seen_for_a_whole_window_is_live_however_few_its_events_are() -> None:
    """Twenty logons a week would else be silent for ever: a full window never knows more."""
    h = histories(span=100, events=20, window=1000)
    live = [h.saw("a", time, 0, 0, "x")[0] for time in (0, 500, 999, 1000, 1001)]

    assert [False, False, False, True, True] == live


def test_a_history_begins_anew_when_the_scope_was_away_for_a_window() -> None:
    """Its last part is below the horizon: what was learned has left the window."""
    h = histories(events=2)
    h.saw("a", 0, 0, 0, "x")
    h.saw("a", 1, 0, 0, "x")
    live, _ = h.saw("a", 1000, 9, 5, "x")

    assert (False, 0, 1) == (live, h.live, h.in_warmup)


def test_expired_scopes_are_forgotten_and_counted_when_they_never_went_live() -> None:
    """Short-lived hosts show in scopes_expired_in_warmup."""
    h = histories(events=2)
    h.saw("gone", 0, 0, 0, "x")
    h.saw("here", 1000, 9, 5, "x")

    assert (["here"], 1) == (list(h), h.expired_in_warmup)


def test_at_the_limit_the_scope_seen_longest_ago_makes_room() -> None:
    """Forged host names cannot grow the table."""
    h = histories(max_scopes=2)
    h.saw("a", 0, 0, 0, "x")
    h.saw("b", 0, 1, 0, "x")
    h.saw("a", 0, 2, 0, "x")
    _, forgotten = h.saw("c", 0, 3, 0, "x")

    assert ("b", ["a", "c"]) == (forgotten, list(h))


def test_two_formats_of_one_scope_are_noticed_once() -> None:
    """Sysmon and 4688 of one host are the same processes twice."""
    h = histories()
    for source in ("sysmon", "windows_security", "sysmon"):
        h.saw("a", 0, 0, 0, source)

    assert 1 == h.two_sources


def test_a_late_event_of_an_unknown_or_departed_scope_is_in_warmup() -> None:
    """Late events are not learned; whether they are published is the scope's state."""
    h = histories()
    h.saw("a", 0, 3, 0, "x")

    assert (False, True, False) == (h.is_live("b", 0), h.is_live("a", 3), h.is_live("a", 4))
