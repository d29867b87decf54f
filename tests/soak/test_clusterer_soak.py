"""A hundred thousand windows and more, each compared with DBSCAN by the book: `make test-soak`."""

import os
import sys

import numpy as np
import pytest

from tests.unit.clustering.streams import Comparison, Tally, small_limits

WINDOWS = int(os.environ.get("EVENTCLUSTER_SOAK_WINDOWS", "100000"))


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_no_window_of_a_hundred_thousand_differs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prints what was compared; another first seed (EVENTCLUSTER_SOAK_SEED) gives other windows."""
    seed = int(os.environ.get("EVENTCLUSTER_SOAK_SEED", "1000000"))
    tally = Tally()
    while tally.windows < WINDOWS and not tally.differences:
        small_limits(monkeypatch, np.random.default_rng(seed))
        # Two windows of three hold a dozen vectors and more.
        tally.add(Comparison(seed, wide=seed % 4 > 0).run(steps=150, every=4))
        seed += 1
    with capsys.disabled():
        sys.stdout.write(f"\n{tally.summary()}; next seed {seed}\n")

    assert [] == tally.differences[:3]
    assert tally.borders >= 0.02 * tally.points
