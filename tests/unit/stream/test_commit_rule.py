"""When a commit is due."""

import pytest

from processor.stream.buffer import CommitRule


def test_nothing_new_is_no_commit() -> None:
    """An idle service opens no transaction."""
    assert CommitRule().due_at(batch_was_full=False, behind=False) is None


def test_outputs_are_committed_at_once_where_the_batch_was_not_full() -> None:
    """Nothing more is waiting in the topic: whoever waits for the anomaly has it now."""
    rule = CommitRule()
    rule.noted(10.0, has_outputs=True)

    assert 10.0 == rule.due_at(batch_was_full=False, behind=False)


def test_outputs_of_full_batches_wait_a_tenth_of_a_second() -> None:
    """While catching up a transaction covers an interval; it counts from the first pending output."""
    rule = CommitRule()
    rule.noted(10.0, has_outputs=False)
    rule.noted(10.5, has_outputs=True)
    rule.noted(10.55, has_outputs=True)

    assert 10.6 == rule.due_at(batch_was_full=True, behind=True)


def test_offsets_alone_wait_a_second() -> None:
    """Nobody waits for them."""
    rule = CommitRule()
    rule.noted(10.0, has_outputs=False)

    assert 11.0 == rule.due_at(batch_was_full=False, behind=False)


@pytest.mark.parametrize(
    ("ended", "behind", "due"),
    [
        pytest.param(10.5, True, 12.5, id="at most a fifth of the time while much is waiting"),
        pytest.param(10.001, True, 10.007, id="a fast broker needs that while much is waiting, too"),
        pytest.param(10.04, False, 10.05, id="at most four fifths of the time where the loop keeps up"),
        pytest.param(10.008, False, 10.014, id="longer than brokers take to end the last transaction"),
        pytest.param(10.5, False, 10.52, id="a moment, not a multiple of what happened to take long"),
    ],
)
def test_commits_are_apart_by_what_the_last_one_took(ended: float, behind: bool, due: float) -> None:
    """Four times as long while catching up, a quarter where the loop keeps up, then 6 to 20 ms."""
    rule = CommitRule()
    rule.noted(10.0, has_outputs=True)
    rule.committed(10.0, ended)
    rule.noted(ended, has_outputs=True)

    assert due == pytest.approx(rule.due_at(batch_was_full=False, behind=behind), abs=1e-9)


def test_aborted_commit_is_tried_again_later_and_later() -> None:
    """The group needs a moment to settle."""
    rule = CommitRule()
    rule.noted(10.0, has_outputs=True)

    rule.aborted(10.0)
    first = rule.due_at(batch_was_full=False, behind=False)
    rule.aborted(10.2)

    assert (10.2, 11.2) == (first, rule.due_at(batch_was_full=False, behind=False))
