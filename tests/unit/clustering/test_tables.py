"""Tables grow in place, in memory that was mapped ahead; where there is none they are copied."""

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.clustering import tables
from processor.clustering.tables import Chained, longer, zeros


class Numbers(Chained):
    """Found by their lower 32 bits."""

    number: Any
    pair: Any

    def __init__(self) -> None:
        super().__init__({"number": ("q", 1), "pair": ("I", 2)})

    def chained(self, key: int) -> list[int]:
        """The chain of a key."""
        found = []
        at = self.first_of(key)
        while at:
            found.append(at)
            at = self.next[at]
        return found


@given(st.lists(st.integers(1, 1 << 40), max_size=400), st.sampled_from([1, 2, 256]), st.integers(8, 2048))
def test_a_table_holds_what_was_written_however_often_it_outgrew_its_memory(
    numbers: list[int], ahead: int, mapped: int
) -> None:
    """Mapped or not, mapped ahead or not, and pickled in between; what is behind its ids is zero."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tables, "AHEAD", ahead)
        patched.setattr(tables, "MAPPED", mapped)
        table = Numbers()
        for i, number in enumerate(numbers):
            if i == 200:
                table = pickle.loads(pickle.dumps(table))  # noqa: S301 - its own
            made = table.fresh()
            table.number[made] = number
            table.pair[2 * made], table.pair[2 * made + 1] = made, 1
            table.chain(number & 0xFFFFFFFF, made)
        ids = range(1, len(numbers) + 1)

        assert numbers == table.arrays["number"][1 : len(numbers) + 1].tolist()
        assert [x for i in ids for x in (i, 1)] == table.arrays["pair"][2 : 2 * len(numbers) + 2].tolist()
        assert not table.arrays["number"][len(numbers) + 1 :].any()
        assert all(i in table.chained(number & 0xFFFFFFFF) for i, number in zip(ids, numbers, strict=True))


def test_memory_grows_in_place_and_a_view_of_before_sees_it() -> None:
    """A snapshot reads rows while the stream adds more: both are one memory."""
    values = zeros(1 << 18, "I")
    more = longer(values, 1 << 24)
    more[7] = 5

    assert np.shares_memory(values, more)
    assert (5, 0) == (values[7], more[-1])


def test_what_outgrows_its_mapping_is_copied() -> None:
    """The new memory has the old numbers, then zeros; the old is left as it was."""
    values = zeros(1 << 18, "I")
    values[:] = 3
    more = longer(values, tables.AHEAD * len(values) + 1)
    more[0] = 4

    assert not np.shares_memory(values, more)
    assert (3, 4, 3, 0) == (values[0], more[0], more[len(values) - 1], more[len(values)])


def test_a_system_that_refuses_to_map_ahead_gives_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strict overcommit, or a limit of address space: half as much is asked for, and half of that."""
    asked = []

    def refusing(number: int, size: int, flags: int) -> object:
        asked.append(size)
        if size > 4 << 20:
            raise OSError(12, "Cannot allocate memory")
        return bytearray(size)

    monkeypatch.setattr(tables, "mmap", refusing)
    values = zeros(1 << 19, "I")

    assert [2 << 20 << bits for bits in range(8, 0, -1)] == asked
    assert (1 << 19, 1 << 20) == (len(values), len(longer(values, 1 << 20)))


def test_a_system_that_refuses_what_is_needed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left to try."""

    def refusing(number: int, size: int, flags: int) -> object:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(tables, "mmap", refusing)
    with pytest.raises(OSError, match="Cannot allocate"):
        zeros(1 << 19, "I")
