"""The engine against DBSCAN by the book, on random streams with every path made small enough to be walked."""

import numpy as np
import pytest

from tests.unit.clustering.streams import Comparison, Tally, small_limits


@pytest.mark.parametrize("block", range(8))
def test_no_answer_differs_from_the_books(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roles, labels, ids, sizes, counts, late verdicts, neighbours; windows slide, jump and overflow."""
    tally = Tally()
    for seed in range(block * 12, block * 12 + 12):
        small_limits(monkeypatch, np.random.default_rng(seed))
        tally.add(Comparison(seed).run(steps=120, every=5))

    assert [] == tally.differences[:3]
    assert tally.windows > 100
