"""A feature that comes late changes no distance: models that knew it from the start say the same."""

import copy
import random
from typing import Any

import numpy as np
import pytest

from processor import SlidingDBSCAN
from tests.unit.clustering.streams import small_limits

NAMES = ("a", "b", "c", "d", "e")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("spread", [3.0, 40.0])
def test_features_that_come_late_give_what_features_known_from_the_start_give(
    seed: int, spread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chains, leaves, boxes, grids and labels, widened as they are used; copies on the way."""
    small_limits(monkeypatch, np.random.default_rng(seed))
    generator = random.Random(seed)  # noqa: S311 - test data
    min_samples, window = generator.randint(1, 4), generator.choice((40, 150, 400))
    told = SlidingDBSCAN(1.0, min_samples, window, features=NAMES)
    late = SlidingDBSCAN(1.0, min_samples, window)
    asks = generator.random() < 0.7
    for step in range(400):
        known = 2 + step // 100
        x: dict[Any, Any] = {name: round(generator.uniform(0, spread) * 4) / 4 for name in NAMES[:2]}
        x |= {name: generator.choice((0.0, 0.5, 1.0, 3.0)) for name in NAMES[2:known]}
        told.learn_one(x)
        late.learn_one(x)
        if asks:
            assert told.predict_one(x) == late.predict_one(x)
        if step % 100 == 50:
            late = copy.deepcopy(late)
        if step % 60 == 1:
            expected: list[Any] = [([*vector.values()], *found) for vector, *found in told.labels]
            assert expected == [
                ([vector.get(name, 0.0) for name in NAMES], *found) for vector, *found in late.labels
            ]
            asked: list[dict[Any, Any]] = [dict(zip(NAMES, vector, strict=True)) for vector, *_ in expected]
            assert [told.predict_one(x) for x in asked] == [late.predict_one(x) for x in asked]
