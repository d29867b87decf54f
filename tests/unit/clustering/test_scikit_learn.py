"""SlidingDBSCAN for those who have arrays: by river's own adapter, exact against scikit-learn's DBSCAN."""

import numpy as np
import pytest
from numpy.typing import NDArray
from river.compat import convert_river_to_sklearn
from sklearn.base import clone
from sklearn.cluster import DBSCAN
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from processor import SlidingDBSCAN

EPS = 0.5


def rows(columns: int, number: int = 160) -> NDArray[np.float64]:
    """Quarters around six places, shape (number, columns): their squares add up alike in any order."""
    random = np.random.default_rng(columns)
    centres = random.integers(-9, 10, (6, columns))
    moved = np.zeros((number, columns))
    for row in moved:
        row[random.integers(columns, size=2)] = random.integers(-3, 4, 2) / 4
    found: NDArray[np.float64] = centres[random.integers(len(centres), size=number)] + moved
    return found


def agree(window: NDArray[np.float64], found: NDArray[np.int32], min_samples: int) -> None:
    """Asserts the noise and the partition of core points of scikit-learn, and several clusters."""
    book = DBSCAN(eps=EPS, min_samples=min_samples, algorithm="kd_tree").fit(window)
    core = book.core_sample_indices_
    pairs = set(zip(book.labels_[core].tolist(), found[core].tolist(), strict=True))

    assert (book.labels_ < 0).tolist() == (found < 0).tolist()
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) > 1


@pytest.mark.parametrize("columns", range(1, 13))
@pytest.mark.parametrize("min_samples", [1, 4, 8])
def test_fit_and_predict_on_arrays_equal_scikit_learns(columns: int, min_samples: int) -> None:
    """All rows in the window: the same core points in the same clusters, the same noise."""
    data = rows(columns)
    model = convert_river_to_sklearn(SlidingDBSCAN(eps=EPS, min_samples=min_samples, window=len(data)))

    agree(data, model.fit(data).predict(data), min_samples)


def test_batches_slide_the_window() -> None:
    """After each batch of partial_fit, the labels of the last 80 rows are those of scikit-learn on them."""
    data = rows(3, 400)
    model = convert_river_to_sklearn(SlidingDBSCAN(eps=EPS, min_samples=4, window=80))
    for end in range(50, 401, 50):
        model.partial_fit(data[end - 50 : end], None)
        window = data[:end][-80:]

        agree(window, model.predict(window), 4)


def test_fit_begins_anew_and_a_clone_knows_nothing() -> None:
    """As scikit-learn's own: fit forgets what was there, clone keeps the parameters alone."""
    data = rows(2)
    model = convert_river_to_sklearn(SlidingDBSCAN(eps=EPS, min_samples=4, window=1000))
    once = model.fit(data).predict(data)
    twice = model.fit(data).predict(data)

    assert once.tolist() == twice.tolist()
    assert len(data) == sum(weight for _, weight, _ in model.instance_.labels)
    assert not hasattr(clone(model), "instance_")


def test_it_ends_a_pipeline_of_scikit_learns() -> None:
    """Behind a step that learns nothing, rows are clustered as that step leaves them."""
    data = rows(2)
    model = convert_river_to_sklearn(SlidingDBSCAN(eps=EPS, min_samples=4, window=len(data)))
    pipeline = make_pipeline(FunctionTransformer(lambda doubled: doubled / 2), model)

    agree(data, pipeline.fit(data * 2).predict(data * 2), 4)


def test_columns_keep_the_arrays_order() -> None:
    """Twelve columns named 0 to 11: 2 comes before 10."""
    model = convert_river_to_sklearn(SlidingDBSCAN(min_samples=1))
    model.fit(np.arange(12.0).reshape(1, 12))

    assert [dict(enumerate(np.arange(12.0)))] == [vector for vector, _, _ in model.instance_.labels]
    assert list(range(12)) == list(model.instance_.labels[0][0])
