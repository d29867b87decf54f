"""A call that may never return is waited for, but not for ever."""

import threading

import pytest

from processor.stream import overdue
from processor.stream.overdue import Overdue


def test_the_answer_is_handed_over() -> None:
    """What the call returns."""
    assert 7 == overdue.within(1, lambda: 7, lambda: None)


def test_an_error_is_raised_where_the_call_was_asked_for() -> None:
    """What the call raises, unchanged."""

    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        overdue.within(1, fail, lambda: None)


def test_a_call_that_does_not_return_is_overdue_and_life_is_shown_meanwhile() -> None:
    """One second's patience: one look at the world."""
    never = threading.Event()
    seen: list[int] = []

    with pytest.raises(Overdue):
        overdue.within(1, never.wait, lambda: seen.append(1))

    never.set()
    assert [1] == seen


def test_a_wait_can_be_ended_from_outside() -> None:
    """What is raised meanwhile ends it: a stop."""
    never = threading.Event()

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        overdue.within(5, never.wait, stop)
    never.set()
