"""Where a restore begins and goes live, from what was committed and what the log still holds."""

from processor.stream.bookmark import Bookmark
from processor.stream.records import Committed, Watermarks
from processor.stream.restore import Plan, RestoreSettings, plan

DAY_MS = 86_400_000
SETTINGS = RestoreSettings("now", length=7 * DAY_MS, pane=600_000, max_future_skew=300_000)


def committed(offset: int, **changes: int | None) -> Committed:
    """A position with our bookmark beside it."""
    fields: dict[str, int | None] = {
        "first_live": 10,
        "window_offset": 40,
        "stream_time": 20 * DAY_MS,
        "length": SETTINGS.length,
        "pane": SETTINGS.pane,
    }
    return Committed(offset, Bookmark(**{**fields, **changes}).encode())  # type: ignore[arg-type]


def test_bookmark_survives_its_encoding() -> None:
    """What is committed is what is read back, in under 200 characters."""
    bookmark = Bookmark(2**62, 2**62, 2**62, 2**62, 2**62, "AbCdEfGhIjKlMnOpQrStUv")

    assert (bookmark, True) == (Bookmark.decode(bookmark.encode()), len(bookmark.encode()) < 200)


def test_text_of_others_is_no_bookmark() -> None:
    """Metadata that an operator's tool or another version wrote is not misread."""
    texts = [
        "",
        "x",
        "[]",
        "1",
        '{"v":2}',
        '{"v":1}',
        '{"v":1,"live":"x","from":0,"time":0,"length":1,"pane":1}',
    ]

    assert [None] * len(texts) == [Bookmark.decode(text) for text in texts]


def test_first_start_now_learns_what_is_retained() -> None:
    """All records are history, and the end is committed at once."""
    assert Plan(5, 100, 100, moved=True) == plan(None, Watermarks(5, 100), SETTINGS)


def test_first_start_at_the_earliest_judges_what_is_retained() -> None:
    """Nothing is history."""
    earliest = RestoreSettings("earliest", 1, 1, 1)

    assert Plan(5, 5, 5, moved=True) == plan(None, Watermarks(5, 100), earliest)


def test_restart_learns_the_window_again() -> None:
    """From the record that opened the oldest pane; what came before our first start stays history."""
    assert Plan(40, 90, 10) == plan(committed(90), Watermarks(5, 100), SETTINGS)


def test_retention_inside_the_window_shortens_what_is_learned() -> None:
    """The log begins after the oldest pane: what is left is learned."""
    assert Plan(60, 90, 10, missing=20) == plan(committed(90), Watermarks(60, 100), SETTINGS)


def test_empty_window_needs_no_records() -> None:
    """Nothing was ever learned: live at once."""
    position = committed(90, window_offset=None, stream_time=None)

    assert Plan(90, 90, 10) == plan(position, Watermarks(5, 100), SETTINGS)


def test_changed_window_is_learned_by_time() -> None:
    """Another length or pane: from the first record young enough for the new window."""
    made = plan(committed(90, length=DAY_MS), Watermarks(5, 100), SETTINGS)

    assert (None, 90, 20 * DAY_MS - 7 * DAY_MS - 900_000) == (made.begin, made.live_at, made.since)


def test_offset_reset_by_an_operator_learns_all_that_is_retained() -> None:
    """Without our note the whole log up to the offset is learned, and the offset is kept."""
    made = plan(Committed(90), Watermarks(5, 100), SETTINGS)

    assert (5, 90, 0, False) == (made.begin, made.live_at, made.first_live, made.moved)


def test_offset_of_a_topic_that_was_deleted_is_not_used() -> None:
    """The topic of that name is another one: all of it is judged; one without an id is believed."""
    old = Committed(90, Bookmark(10, 40, 20 * DAY_MS, SETTINGS.length, SETTINGS.pane, "old").encode())

    made = plan(old, Watermarks(5, 100), SETTINGS, "new")

    assert (5, 5, 5, True) == (made.begin, made.live_at, made.first_live, made.moved)
    assert Plan(40, 90, 10) == plan(old, Watermarks(5, 100), SETTINGS)
    assert Plan(40, 90, 10) == plan(committed(90), Watermarks(5, 100), SETTINGS, "new")


def test_offset_before_the_log_goes_on_at_its_beginning() -> None:
    """Deleted before they were read: said so, never a silent jump."""
    made = plan(committed(3), Watermarks(5, 100), SETTINGS)

    assert (5, 5, True, True) == (made.begin, made.live_at, made.moved, "were deleted" in made.surprise)


def test_offset_beyond_the_log_goes_on_at_its_end() -> None:
    """A recreated topic: what is there is history."""
    made = plan(committed(101), Watermarks(5, 100), SETTINGS)

    assert (5, 100, 100, True) == (made.begin, made.live_at, made.first_live, made.moved)
