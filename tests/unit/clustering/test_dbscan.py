"""SlidingDBSCAN as river and scikit-learn users meet it."""

import copy
import doctest
import pickle
import random
from collections.abc import Callable, Hashable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from river import checks, compose, preprocessing
from river.checks import common
from sklearn.cluster import DBSCAN

from processor import SlidingDBSCAN
from processor.clustering import dbscan, window
from tests.unit.clustering.oracle import squared_distances

START = datetime(2026, 3, 1, tzinfo=UTC)
DATA_CHECKS = (
    common.check_learn_one,
    common.check_pickling,
    common.check_shuffle_features_no_impact,
    common.check_emerging_features,
    common.check_disappearing_features,
    common.check_radically_disappearing_features,
    common.check_no_state_aliasing_with_input,
    common.check_clone_is_independent,
    common.check_predict_one_before_any_learn,
    common.check_predict_one_pure,
    common.check_bounded_memory_growth,
)


def points(number: int, seed: int = 1, columns: int = 4) -> Iterator[tuple[dict[Hashable, Any], None]]:
    """Blobs with repeats, as (features, no target)."""
    generator = random.Random(seed)  # noqa: S311 - test data
    centres = [[generator.uniform(-5, 5) for _ in range(columns)] for _ in range(5)]
    for _ in range(number):
        centre = generator.choice(centres)
        yield {f"f{i}": round(generator.gauss(c, 0.3), 1) for i, c in enumerate(centre)}, None


def test_river_accepts_the_estimator() -> None:
    """All structural checks of river pass."""
    checks.check_estimator(SlidingDBSCAN())


@pytest.mark.parametrize("check", DATA_CHECKS, ids=lambda check: check.__name__)
def test_river_accepts_it_on_data(check: Callable[[Any, Any], None]) -> None:
    """The checks that river feeds to other estimators pass on blobs too."""
    check(SlidingDBSCAN(eps=0.5, min_samples=3, window=50), list(points(150)))


def test_the_docstring_and_the_guide_run() -> None:
    """Every snippet of the class and of docs/streaming-dbscan.md gives what it says."""
    guide = Path(__file__).parents[3] / "docs" / "streaming-dbscan.md"
    module = doctest.testmod(dbscan)
    text = doctest.testfile(str(guide), module_relative=False)

    assert (0, 0) == (module.failed, text.failed)
    assert module.attempted >= 5
    assert text.attempted >= 10


@pytest.mark.parametrize("panes", [None, 5, 50])
def test_labels_equal_scikit_learns_on_the_window(panes: int | None) -> None:
    """Same noise, same core partition, after every tenth event; panes make the window up to one longer."""
    model = SlidingDBSCAN(eps=0.5, min_samples=3, window=50, panes=panes)
    seen = []
    pane = 1 if panes is None else 50 // panes
    for number, (x, _) in enumerate(points(200, columns=2)):
        model.learn_one(x)
        seen.append(tuple(x.values()))
        if number % 10:
            continue
        window = np.array(seen[max(0, (number - 49) // pane * pane) :])
        vectors, weights = np.unique(window, axis=0, return_counts=True)
        expected = DBSCAN(eps=0.25, min_samples=3, metric="precomputed").fit(
            squared_distances(vectors), sample_weight=weights
        )
        labels = {tuple(vector.values()): label for vector, _, label in model.labels}
        core = [tuple(vectors[i]) for i in expected.core_sample_indices_]
        pairs = {(expected.labels_[i], labels[tuple(vectors[i])]) for i in expected.core_sample_indices_}

        assert {tuple(v) for v in vectors.tolist()} == set(labels)
        assert {tuple(v) for v, e in zip(vectors.tolist(), expected.labels_, strict=True) if e < 0} == {
            vector for vector, label in labels.items() if label < 0
        }
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
        assert {model.predict_one(dict(zip(("f0", "f1"), map(float, v), strict=True))) for v in core} == {
            b for _, b in pairs
        }


def test_a_window_of_time_keeps_what_is_no_older_than_its_length() -> None:
    """Age equal to the length stays, a microsecond more leaves; late events count as of now."""
    model = SlidingDBSCAN(min_samples=1, window=timedelta(minutes=10))
    model.learn_one({"x": 1.0}, t=START)
    model.learn_one({"x": 2.0}, t=START + timedelta(minutes=10))
    both = len(model.labels)
    model.advance(START + timedelta(minutes=10, microseconds=1))
    model.learn_one({"x": 3.0}, t=START)
    model.advance(START)

    assert 2 == both
    assert [2.0, 3.0] == [vector["x"] for vector, _, _ in model.labels]


def test_time_is_the_instant_whatever_the_zone_and_the_century() -> None:
    """Aware times of different zones, and times before 1970, count by the instant."""
    model = SlidingDBSCAN(min_samples=1, window=timedelta(minutes=10))
    model.learn_one({"x": 1.0}, t=datetime(1969, 7, 20, 12, tzinfo=UTC))
    model.learn_one({"x": 1.0}, t=datetime(1969, 7, 20, 14, 1, tzinfo=timezone(timedelta(hours=2))))
    together = [weight for _, weight, _ in model.labels]
    model.learn_one({"x": 1.0}, t=datetime(1969, 7, 20, 13, tzinfo=UTC))

    assert [2] == together
    assert [1] == [weight for _, weight, _ in model.labels]


def test_an_event_that_is_refused_moves_no_time() -> None:
    """NaN an hour later: the window is as it was."""
    model = SlidingDBSCAN(min_samples=1, window=timedelta(minutes=10))
    model.learn_one({"x": 1.0}, t=START)
    with pytest.raises(ValueError, match="finite"):
        model.learn_one({"x": float("nan")}, t=START + timedelta(hours=1))

    assert [({"x": 1.0}, 1, 0)] == model.labels


def test_numbers_without_a_hash_are_numbers() -> None:
    """Arrays of no dimension: learned like others, and only the last two are in the window."""
    model = SlidingDBSCAN(min_samples=1, window=2)
    for _ in range(4):
        model.learn_one({"x": np.array(1.0)})

    assert [({"x": 1.0}, 2, 0)] == [(x, weight, 0) for x, weight, _ in model.labels]
    assert model.predict_one({"x": np.array(1.0)}) >= 0


def test_a_window_of_time_without_time_says_what_to_do() -> None:
    """Neither t nor advance: an error; behind a pipeline, advance is enough."""
    model = SlidingDBSCAN(window=timedelta(hours=1), min_samples=1)
    with pytest.raises(ValueError, match="advance"):
        model.learn_one({"x": 1.0})
    pipeline = compose.Pipeline(preprocessing.StandardScaler(), model)
    model.advance(START)
    pipeline.learn_one({"x": 1.0})

    assert 1 == model.n_clusters


def test_absent_features_are_zero_and_new_ones_add_a_dimension() -> None:
    """{} and {x: 0} are one point; a feature never learned counts in a prediction's distance."""
    model = SlidingDBSCAN(eps=0.5, min_samples=3, window=10)
    events: list[dict[Hashable, Any]] = [{}, {"x": 0.0}, {"y": -0.0}]
    for x in events:
        model.learn_one(x)

    assert [({"x": 0.0, "y": 0.0}, 3, 0)] == model.labels
    assert 0 == model.predict_one({"z": 0.5})
    assert -1 == model.predict_one({"z": 0.6})


def test_named_features_are_all_that_counts() -> None:
    """Others are ignored, in learning and in prediction."""
    model = SlidingDBSCAN(eps=0.5, min_samples=1, features=("b", "a"))
    model.learn_one({"a": 1.0, "noise": 99.0})

    assert [({"b": 0.0, "a": 1.0}, 1, 0)] == model.labels
    assert 0 == model.predict_one({"a": 1.2, "other": 5.0})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e200, 10**400, "text", None])
def test_what_is_no_usable_number_is_refused(value: object) -> None:
    """NaN, infinity, squares that overflow, and text: ValueError, and nothing was learned."""
    model = SlidingDBSCAN(min_samples=1)
    model.learn_one({"x": 1.0})
    with pytest.raises(ValueError, match=r"number"):
        model.learn_one({"x": value, "new": 2.0})

    assert [({"x": 1.0}, 1, 0)] == model.labels


def pickled(model: SlidingDBSCAN) -> SlidingDBSCAN:
    """There and back."""
    found = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own bytes
    assert isinstance(found, SlidingDBSCAN)
    return found


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_copy_goes_on_as_the_original(copied: Callable[[SlidingDBSCAN], SlidingDBSCAN]) -> None:
    """Deep copies and pickles in the middle of a stream give the same labels to its end."""
    model = SlidingDBSCAN(eps=0.5, min_samples=3, window=50)
    stream = [x for x, _ in points(200)]
    for x in stream[:100]:
        model.learn_one(x)
    twin = copied(model)
    for x in stream[100:]:
        model.learn_one(x)
        twin.learn_one(x)

        assert model.predict_one(x) == twin.predict_one(x)
    assert model.labels == twin.labels


def test_cluster_numbers_do_not_depend_on_when_one_asks() -> None:
    """A model asked after every event and one asked at the end give the same numbers."""
    often, once = SlidingDBSCAN(min_samples=3, window=40), SlidingDBSCAN(min_samples=3, window=40)
    for x, _ in points(150):
        often.learn_one(x)
        once.learn_one(x)
        often.predict_one(x)

    assert often.labels == once.labels


@pytest.mark.parametrize("asked", [0.5, 0.1])
@pytest.mark.parametrize("seed", range(8))
def test_a_prediction_after_every_event_equals_the_labels_of_the_window(seed: int, asked: float) -> None:
    """Joins, splits and panes that leave, followed one by one or several at once: as from scratch."""
    generator = random.Random(seed)  # noqa: S311 - test data
    columns, reach = (1, 14) if seed % 2 else (2, 4)
    model = SlidingDBSCAN(
        eps=1.0, min_samples=1 + seed % 4, window=20 + 5 * seed, panes=None if seed % 3 else 5
    )
    for _ in range(200):
        model.learn_one({f"f{i}": float(generator.randint(-reach, reach)) for i in range(columns)})
        if generator.random() < asked:
            labels = model.labels

            assert [label for _, _, label in labels] == [model.predict_one(dict(v)) for v, _, _ in labels]


@pytest.mark.parametrize("panes", [2, 4])
def test_hundreds_of_cores_that_leave_at_once_split_what_they_held_together(panes: int) -> None:
    """A line of cores loses whole panes of them: the labels that were followed are those from scratch."""
    generator = random.Random(panes)  # noqa: S311 - test data
    model = SlidingDBSCAN(eps=1.0, min_samples=2, window=800, panes=panes)
    for number in range(2400):
        model.learn_one({"x": float(generator.randint(0, 900))})
        if not number % 100:
            labels = model.labels

            assert [label for _, _, label in labels] == [model.predict_one(dict(v)) for v, _, _ in labels]


def test_cluster_numbers_survive_that_part_numbers_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inner part numbers are 32 bits: a model asked after every event says the same beyond them."""
    monkeypatch.setattr(window, "LAST_PART", 100)
    model = SlidingDBSCAN(eps=0.5, min_samples=3, window=30)
    for x, _ in points(400, columns=2):
        model.learn_one(x)
        labels = {tuple(vector.values()): label for vector, _, label in model.labels}

        assert labels[tuple(x.values())] == model.predict_one(x)
