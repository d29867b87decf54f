"""The engine against DBSCAN by the book, on random streams with every path made small enough to be walked."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.unit.clustering.streams import Comparison, Tally, small_limits


@pytest.mark.parametrize("block", range(6))
def test_no_answer_differs_from_the_books(
    block: int, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Roles, labels, ids, sizes, counts, late verdicts, neighbours; windows slide, jump and overflow.

    The seeds are fixed: a share of borders that is enough once is enough always. Of ten streams one has
    windows of dozens of vectors.
    """
    tally = Tally()
    for seed in range(block * 20, block * 20 + 20):
        small_limits(monkeypatch, np.random.default_rng(seed))
        tally.add(Comparison(seed, wide=seed % 10 == 7).run(steps=120, every=5))
    record_property("shown", tally.summary())

    assert [] == tally.differences[:3]
    assert tally.windows >= 600
    assert tally.borders >= 0.02 * tally.points
