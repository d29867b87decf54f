"""Precision and recall of a ranking, against scikit-learn and by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from processor.study.ranking import average_precision, precision_at, recall_above, threshold

RANKED = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=60).filter(
    lambda pairs: any(attack for _, attack in pairs)
)


@given(RANKED)
def test_average_precision_is_scikit_learns(pairs: list[tuple[int, bool]]) -> None:
    """Ties count as one block in both."""
    scores = [float(score) for score, _ in pairs]
    attacks = [attack for _, attack in pairs]

    assert pytest.approx(average_precision_score(attacks, scores)) == average_precision(scores, attacks)


def test_without_an_attack_there_is_nothing_to_rank() -> None:
    """None, not 0: a table shows a dash."""
    assert average_precision([1.0], [False]) is None
    assert recall_above([1.0], [False], 0.0) is None


def test_precision_at_counts_the_earlier_of_equal_scores_first() -> None:
    """So that the figure does not depend on how a sort breaks ties."""
    assert 0.5 == precision_at([1, 2, 1, 1], [True, True, False, False], 2) - 0.5
    assert 0.0 == precision_at([1, 1], [False, True], 1)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=200), st.sampled_from([0.0, 0.001, 0.01, 0.05, 0.5]))
def test_a_threshold_keeps_its_budget(scores: list[int], budget: float) -> None:
    """Whatever the ties: no more benign events lie above it than the budget allows, rounded up to one."""
    limit = threshold([float(score) for score in scores], budget)

    assert sum(score > limit for score in scores) <= budget * len(scores) + (budget * len(scores) >= 1)
