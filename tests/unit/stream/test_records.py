"""Runs: records column by column."""

from hypothesis import given
from hypothesis import strategies as st

from processor.stream.records import Partition, Record, Run

_PARTITION = Partition("topic", 3)
_OFFSETS = st.lists(st.integers(0, 30), min_size=1, unique=True).map(sorted)


def _records(offsets: list[int]) -> list[Record]:
    return [
        Record(
            _PARTITION, each, 1000 + each, b"k%d" % each, None if each % 3 else b"v", [("h", b"%d" % each)]
        )
        for each in offsets
    ]


@given(_OFFSETS)
def test_a_run_gives_back_the_records_that_it_was_made_of(offsets: list[int]) -> None:
    """One by one, and by their places."""
    records = _records(offsets)
    run = Run.of(records)

    assert (records, records[-1], len(records)) == ([*run], run[-1], len(run))


@given(_OFFSETS, st.integers(0, 31), st.none() | st.integers(0, 31))
def test_a_part_of_a_run_holds_the_records_between_two_offsets(
    offsets: list[int], start: int, end: int | None
) -> None:
    """Also where the log has gaps; none where nothing is left."""
    records = _records(offsets)
    wanted = [each for each in records if start <= each.offset and (end is None or each.offset < end)]

    part = Run.of(records).between(start, end)

    assert wanted == ([] if part is None else [*part])
