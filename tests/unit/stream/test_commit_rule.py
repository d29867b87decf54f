"""When a commit is due."""

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


def test_slow_commits_are_apart_by_four_times_their_duration_while_much_is_waiting() -> None:
    """At most a fifth of the time is spent on commits."""
    rule = CommitRule()
    rule.noted(10.0, has_outputs=True)
    rule.committed(10.0, 10.5)
    rule.noted(10.6, has_outputs=True)

    assert 12.5 == rule.due_at(batch_was_full=False, behind=True)


def test_commits_of_a_loop_that_keeps_up_are_apart_by_their_duration() -> None:
    """Half of the time is spent on commits at most, and nobody works meanwhile."""
    rule = CommitRule()
    rule.noted(10.0, has_outputs=True)
    rule.committed(10.0, 10.01)
    rule.noted(10.011, has_outputs=True)

    assert 10.02 == round(rule.due_at(batch_was_full=False, behind=False) or 0.0, 6)


def test_one_slow_commit_does_not_hold_up_the_next_anomalies() -> None:
    """They wait for a moment, not for a multiple of what happened to take long."""
    rule = CommitRule()
    rule.noted(10.0, has_outputs=True)
    rule.committed(10.0, 10.5)
    rule.noted(10.5, has_outputs=True)

    assert 10.52 == rule.due_at(batch_was_full=False, behind=False)


def test_aborted_commit_is_tried_again_later_and_later() -> None:
    """The group needs a moment to settle."""
    rule = CommitRule()
    rule.noted(10.0, has_outputs=True)

    rule.aborted(10.0)
    first = rule.due_at(batch_was_full=False, behind=False)
    rule.aborted(10.2)

    assert (10.2, 11.2) == (first, rule.due_at(batch_was_full=False, behind=False))
