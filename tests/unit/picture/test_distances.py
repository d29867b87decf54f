"""The k-distance curve, against scikit-learn's neighbours."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from processor.clustering.engine import Engine
from processor.picture.distances import k_distances


def engine(points: list[tuple[int, int]], min_samples: int) -> Engine:
    """An engine over points of one gate."""
    made = Engine(
        columns=2, eps=1.0, min_samples=min_samples, vector=lambda counts: tuple(map(float, counts))
    )
    for serial, point in enumerate(points):
        made.learn("scope", made.intern((), point), 0, serial, "")
    return made


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=60), st.integers(2, 5))
def test_distances_equal_those_of_the_books(points: list[tuple[int, int]], min_samples: int) -> None:
    """To the k-th nearest other event, k = min_samples - 1, of each distinct vector, falling."""
    k = min_samples - 1
    curve = k_distances("process", [engine(points, min_samples).snapshot()])
    distinct = sorted(set(points))
    if len(points) <= k:
        assert (len(distinct), ()) == (curve.without, curve.distances)
        return
    found, _ = (
        NearestNeighbors(n_neighbors=k + 1).fit(np.array(points, float)).kneighbors(np.array(distinct, float))
    )

    np.testing.assert_allclose(sorted(found[:, k], reverse=True), curve.distances, atol=1e-7)
