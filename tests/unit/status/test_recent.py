"""What is kept of published anomalies for the page: the newest, bounded."""

from processor.pipeline import Published
from processor.status import Recent


def published(number: int, size: int = 10) -> Published:
    """An anomaly of `size` bytes."""
    return Published(f"{number}", "process", "outside_clusters", 50, True, b"host", b"x" * size, [])


def test_the_newest_are_kept_and_all_are_counted() -> None:
    """Beyond the limit the oldest goes."""
    recent = Recent(limit=2)
    recent.add([published(1), published(2), published(3)])

    assert (["2", "3"], 3) == ([each.id for each in recent.current], recent.seen)


def test_the_kept_ones_are_bounded_in_bytes() -> None:
    """Ten thousand anomalies with long originals do not fill the memory."""
    recent = Recent(max_bytes=25)
    recent.add(published(number) for number in range(4))

    assert ["2", "3"] == [each.id for each in recent.current]


def test_what_was_handed_out_never_changes() -> None:
    """The web thread reads a tuple that the loop has left."""
    recent = Recent()
    recent.add([published(1)])
    before = recent.current
    recent.add([])
    same = recent.current is before
    recent.add([published(2)])

    assert (True, 1, 2) == (same, len(before), len(recent.current))
