"""A snapshot copied to memory made beforehand is the same as one that makes its own."""

import numpy as np
import pytest

from processor.clustering import components, room
from processor.clustering.cells import joined, lower, reduced
from processor.clustering.engine import Engine
from processor.clustering.room import COPIED, Room


def filled(vectors: int) -> Engine:
    """An engine with so many vectors on a line."""
    engine = Engine(columns=1, eps=1.0, min_samples=2, vector=lambda counts: (float(counts[0]),))
    for i in range(vectors):
        engine.learn("", engine.intern((), (i * 3 // 2,)), 1, i, "")
    return engine


@pytest.mark.parametrize("size", [0, 50, 200])
def test_a_snapshot_is_the_same_wherever_it_is_copied_to(size: int) -> None:
    """Too small a room, or too large; and it stays as it is while the stream goes on."""
    engine = filled(100)
    made = Room(size)
    first = engine.snapshot(made)
    expected = components.label(engine.snapshot()).cluster.tolist()
    for i in range(100, 150):
        engine.learn("", engine.intern((), (i * 3 // 2,)), 2, i, "")
    second = engine.snapshot(made)

    assert expected == components.label(first).cluster.tolist()
    assert (100, 150) == (len(first.live), len(second.live))


def test_a_room_has_space_for_what_comes_until_it_is_used() -> None:
    """An eighth more than there was; all of it is memory that has been touched."""
    made = Room(800)
    values = np.arange(800 + 800 // room.SLACK, dtype=np.uint32)
    copied = made.copy("row", values)
    again = made.copy("row", values)

    assert {"row", "place", "events", "newest", "first"} == set(COPIED)
    assert copied.tolist() == again.tolist() == values.tolist()
    assert not np.shares_memory(copied, again)


def test_events_are_counted_as_they_come_so_that_a_snapshot_has_few_to_count() -> None:
    """However many are in one part: 8,192 at a time, by the updates themselves."""
    engine = filled(1)
    row = engine.intern((), (0,))
    for i in range(100_000):
        engine.learn("", row, 1, i, "")
    uncounted = engine.log.end - engine._counted  # noqa: SLF001 - what a snapshot would wait for

    assert uncounted <= 8192
    assert 100_001 == engine.snapshot().multiplicity.sum()


def test_numbers_that_are_linked_get_the_smallest_of_theirs() -> None:
    """A chain, which hangs together by its ends alone, and what was joined before."""
    chain = np.arange(1, 1000)
    parent = joined(np.arange(1002), chain[::-1], chain[::-1] - 1)
    parent = joined(parent, np.array([1001]), np.array([500]))

    assert [0, 0, 1000, 0] == [parent[i] for i in (1, 999, 1000, 1001)]


def test_pieces_give_what_numpy_gives_at_once() -> None:
    """Whatever numbers end a piece."""
    random = np.random.default_rng(3)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("processor.clustering.cells.HELD", 7)
        for groups in (1, 7, 8, 50):
            rows = random.random((3, 200))
            begins = np.concatenate(
                ([0], np.sort(random.choice(np.arange(1, 200), groups - 1, replace=False)))
            )
            values = np.full(200, 200)
            lower(values, random.integers(200, size=groups), np.arange(groups)[::-1])

            assert np.array_equal(
                reduced(np.minimum, rows, begins), np.minimum.reduceat(rows, begins, axis=1)
            )
            assert values.min() == 0
