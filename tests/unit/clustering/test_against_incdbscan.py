"""A second oracle: incdbscan inserts and deletes the same events one by one.

Not with min_pts 1: incdbscan 0.6.0 calls a lone point noise then, scikit-learn a cluster.
"""

import numpy as np
import pytest
from incdbscan import IncrementalDBSCAN

from processor.clustering import components
from processor.clustering.engine import Engine
from processor.clustering.rows import Counts, Vector


def quarters(counts: Counts) -> Vector:
    """Exact in binary, so that every way of adding up squares gives the same."""
    return tuple(c / 4 for c in counts)


@pytest.mark.parametrize("columns", [1, 2, 3, 5])
@pytest.mark.parametrize("min_samples", [2, 3, 4])
def test_cores_noise_and_partition_equal_incdbscans(columns: int, min_samples: int) -> None:
    """A window of 40 events over 160: the same noise and the same core partition after every fourth."""
    random = np.random.default_rng(columns * 10 + min_samples)
    reach = {1: 20, 2: 5, 3: 3, 5: 1}[columns]
    events = [tuple(row) for row in random.integers(-reach, reach + 1, (160, columns)).tolist()]
    engine = Engine(columns=columns, eps=0.25, min_samples=min_samples, vector=quarters)
    other = IncrementalDBSCAN(eps=0.25, min_pts=min_samples)
    for number, counts in enumerate(events):
        engine.expire(number - 39)
        engine.learn("", engine.intern((), counts), number, number, "")
        other.insert(np.array([quarters(counts)]))
        if number >= 40:
            other.delete(np.array([quarters(events[number - 40])]))
        if number % 4:
            continue
        labels = components.label(engine.snapshot())
        vectors = labels.snapshot.vectors
        theirs = other.get_cluster_labels(vectors).astype(int)
        core = labels.is_core
        pairs = set(zip(labels.cluster[core].tolist(), theirs[core].tolist(), strict=True))

        assert ((theirs < 0) == (labels.cluster < 0)).all()
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
