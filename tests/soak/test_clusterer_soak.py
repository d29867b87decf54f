"""A hundred thousand windows and more, each compared with DBSCAN by the book: `make test-soak`."""

import os
from collections.abc import Callable

import numpy as np
import pytest

from tests.unit.clustering.streams import Comparison, Tally, small_limits

WINDOWS = int(os.environ.get("EVENTCLUSTER_SOAK_WINDOWS", "100000"))


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_no_window_of_a_hundred_thousand_differs(
    monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Shows what was compared; another first seed (EVENTCLUSTER_SOAK_SEED) gives other windows."""
    seed = int(os.environ.get("EVENTCLUSTER_SOAK_SEED", "1000000"))
    tally = Tally()
    while tally.windows < WINDOWS and not tally.differences:
        small_limits(monkeypatch, np.random.default_rng(seed))
        # Two windows of three hold a dozen vectors and more.
        tally.add(Comparison(seed, wide=seed % 4 > 0).run(steps=150, every=4))
        seed += 1
    record_property("shown", f"{tally.summary()}; next seed {seed}")

    assert [] == tally.differences[:3]
    assert tally.borders >= 0.02 * tally.points
    if tally.windows >= 10_000:
        assert set(range(1, 13)) == {columns for _, columns, _ in tally.kinds}
        assert set(range(1, 9)) == {min_samples for _, _, min_samples in tally.kinds}
