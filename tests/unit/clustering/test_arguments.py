"""What SlidingDBSCAN says of arguments that cannot be meant; it goes on as if they had never come."""

import random
from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from processor import SlidingDBSCAN

START = datetime(2026, 3, 1, tzinfo=UTC)
NAN, INFINITY = float("nan"), float("inf")
NO_NUMBERS: tuple[Any, ...] = (
    *("abc", "1.5", b"1", "", None, [1.0], {}, 1j, object(), np.array([1.0, 2.0]), Decimal("sNaN")),
    *(np.complex128(1 + 2j), np.array("1.5"), np.array(1j), np.datetime64("2026-03-01")),
    *(NAN, INFINITY, -INFINITY, 1e151, 10**400, 10**6000, Decimal("Infinity"), np.float64("nan")),
)


class Knob:
    """A number that can be turned: the same object, another value."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __float__(self) -> float:
        return self.value


def parameters(**given: Any) -> SlidingDBSCAN:
    """A model of whatever was given."""
    return SlidingDBSCAN(**given)


@pytest.mark.parametrize("value", ["x", None, True, 1j, Decimal("0.5"), [0.5], (0.5,)])
def test_an_eps_that_is_no_number_is_named(value: object) -> None:
    """The error says which parameter, what it was, and what to give."""
    with pytest.raises(TypeError) as refused:
        parameters(eps=value)

    assert f"eps must be a number, got {value!r}: give a distance such as eps=0.5" == str(refused.value)


@pytest.mark.parametrize("value", [0, 0.0, -0.0, -1, NAN, INFINITY, -INFINITY, 1e-151, 1e151])
def test_an_eps_that_is_no_distance_is_named(value: float) -> None:
    """Also where its square would be no normal number."""
    with pytest.raises(ValueError, match=r"give the largest distance .* such as eps=0\.5") as refused:
        parameters(eps=value)

    assert f"eps must be > 0 (from 1e-150 to 1e+150), got {value}" == str(refused.value).partition(":")[0]


@pytest.mark.parametrize("value", [10**400, 10**6000], ids=["400 digits", "6,000 digits"])
def test_a_number_too_long_to_print_is_shown_in_part(value: int) -> None:
    """At most 80 characters of it; Python prints no integer of 6,000 digits."""
    with pytest.raises(ValueError, match=r"eps must be > 0 .*, got (1000+\.\.\.|a value of type int):"):
        parameters(eps=value)


@pytest.mark.parametrize("name", ["min_samples", "window", "panes"])
@pytest.mark.parametrize("value", ["5", 1.5, 5.0, True, [5], Decimal(5), np.float64(5), timedelta])
def test_a_count_that_is_no_whole_number_is_named(name: str, value: object) -> None:
    """Not even 5.0, in whose place 5 is what was meant."""
    with pytest.raises(TypeError) as refused:
        parameters(**{name: value})

    text = str(refused.value)
    assert text.startswith(f"{name} must be a whole number")
    assert f", got {value!r}: give " in text


@pytest.mark.parametrize("value", [None, "1h", START])
def test_a_window_of_nothing_that_is_known_is_named(value: object) -> None:
    """Events or time, and an example of each."""
    with pytest.raises(TypeError, match=r"window must be .*: give window=1000, or window=timedelta"):
        parameters(window=value)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"min_samples": 0}, "min_samples must be from 1 to 100000, got 0: "),
        ({"min_samples": -3}, "min_samples must be from 1 to 100000, got -3: "),
        ({"min_samples": 1 << 40}, "min_samples must be from 1 to 100000, got 1099511627776: "),
        ({"window": 0}, "window must be from 1 to "),
        ({"window": -1}, "window must be from 1 to "),
        ({"window": 1 << 70}, "window must be from 1 to "),
        ({"window": timedelta(0)}, "window must be from a microsecond to "),
        ({"window": timedelta(-1)}, "window must be from a microsecond to "),
        ({"window": timedelta.max}, "window must be from a microsecond to "),
        ({"panes": 0}, "panes must be from 1 to 1000, got 0: "),
        ({"window": 10, "panes": 11}, "panes must be from 1 to 10, got 11: "),
        ({"window": timedelta(microseconds=3), "panes": 4}, "panes must be from 1 to 3, got 4: "),
        ({"features": ()}, "features must name at least one feature, and each once, got (): "),
        (
            {"features": ("a", "a")},
            "features must name at least one feature, and each once, got ('a', 'a'): ",
        ),
        ({"features": (1, 1.0)}, "features must name at least one feature, and each once, got (1, 1.0): "),
    ],
)
def test_a_value_out_of_bounds_is_named_with_its_bounds(given: dict[str, Any], text: str) -> None:
    """ValueError: the parameter, what it may be, and what it was."""
    with pytest.raises(ValueError, match=r": give ") as refused:
        parameters(**given)

    assert str(refused.value).startswith(text)


@pytest.mark.parametrize("value", ["ab", ["a"], {"a"}, 5, (["a"],), ({},)])
def test_features_that_are_no_tuple_of_names_are_named(value: object) -> None:
    """A string is not taken for its letters, and names can be keys of a dict."""
    with pytest.raises(TypeError, match=r"features must be .*, got .*: give "):
        parameters(features=value)


def test_numbers_of_other_libraries_are_numbers_and_stay_as_given() -> None:
    """Those of numpy and fractions: the same labels, and a clone is made of the very parameters."""
    eps: Any = Fraction(1, 2)
    enough: Any = np.int64(2)
    window: Any = np.uint8(3)
    model = parameters(eps=eps, min_samples=enough, window=window, panes=np.int32(3), features=("x",))
    for x in (1.0, 1.5, 9.0, 9.4):
        model.learn_one({"x": x})
    twin = model.clone()

    assert [({"x": 1.5}, 1, -1), ({"x": 9.0}, 1, 2), ({"x": 9.4}, 1, 2)] == model.labels
    assert (eps, enough, window) == (twin.eps, twin.min_samples, twin.window)
    assert [type(eps), type(enough), type(window)] == [
        type(value) for value in (twin.eps, twin.min_samples, twin.window)
    ]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("method", ["learn_one", "predict_one"])
def test_a_value_that_is_no_number_is_named_with_its_feature(method: str, value: object) -> None:
    """Only that feature is shown, however many others there are and however long it is."""
    model = SlidingDBSCAN(min_samples=1)
    model.learn_one({"x": 1.0})
    with pytest.raises(ValueError, match=r"feature 'wrong' must be a finite number") as refused:
        getattr(model, method)({"x": 1.0, "wrong": value, "other": 2.0})

    assert len(str(refused.value)) < 250
    assert [({"x": 1.0}, 1, 0)] == model.labels


@pytest.mark.parametrize("value", [None, [1.0], "abc", "", 5, np.array([1.0, 2.0]), [("x", 1.0)], {"x"}])
@pytest.mark.parametrize("method", ["learn_one", "predict_one"])
def test_an_event_without_names_is_refused(method: str, value: object) -> None:
    """A list or an array: what to give, and what there is for arrays."""
    with pytest.raises(TypeError, match=r"x must be a mapping .*: give a dict .*convert_river_to_sklearn"):
        getattr(SlidingDBSCAN(), method)(value)


def test_a_time_beyond_the_calendar_is_refused() -> None:
    """West of UTC the last moments of the year 9999 are beyond it."""
    model = SlidingDBSCAN(min_samples=1, window=timedelta(hours=1))
    with pytest.raises(ValueError, match=r"t must be a time between the years 1 and 9999 of UTC, got "):
        model.advance(datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))))


@pytest.mark.parametrize("t", [1, "2026-03-01", date(2026, 3, 1), np.datetime64("2026-03-01"), None])
def test_a_time_that_is_no_datetime_is_refused(t: Any) -> None:
    """And the window of time is as it was."""
    model = SlidingDBSCAN(min_samples=1, window=timedelta(hours=1))
    model.learn_one({"x": 1.0}, t=START)
    with pytest.raises(TypeError, match=r"t must be a datetime, got .*: give t="):
        model.advance(t)
    if t is not None:
        with pytest.raises(TypeError, match=r"t must be a datetime, got .*: give t="):
            model.learn_one({"x": 1.0}, t=t)

    assert [({"x": 1.0}, 1, 0)] == model.labels


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float64(-2.5), -2.5),
        (np.int64(7), 7.0),
        (np.array(1.5), 1.5),
        (np.bool_(1), 1.0),
        (True, 1.0),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 4), 0.25),
        (10**149, 1e149),
        (2**53 + 1, 2.0**53),
        (-0.0, 0.0),
        (Knob(3.5), 3.5),
    ],
)
def test_whatever_is_a_number_is_that_number(value: Any, number: float) -> None:
    """Learned twice and predicted: as the float that it is."""
    model = SlidingDBSCAN(min_samples=2)
    model.learn_one({"x": value})
    model.learn_one({"x": value})

    assert [({"x": number}, 2, 0)] == model.labels
    assert (0, 0) == (model.predict_one({"x": value}), model.predict_one({"x": number}))


def test_an_object_that_was_another_number_before_is_read_again() -> None:
    """A tensor changed in place, say: neither learning nor predicting takes it for what it was."""
    model, knob = SlidingDBSCAN(min_samples=1), Knob(1.0)
    model.learn_one({"x": knob})
    knob.value = 5.0
    missed = model.predict_one({"x": knob})
    model.learn_one({"x": knob})

    assert (-1, 1) == (missed, model.predict_one({"x": knob}))
    assert [({"x": 1.0}, 1, 0), ({"x": 5.0}, 1, 1)] == model.labels


def test_mappings_of_other_kinds_are_events() -> None:
    """A read-only view of a dict is none the less a mapping, and is not kept."""
    model = SlidingDBSCAN(min_samples=1)
    known: dict[Hashable, Any] = {"x": 1.0}
    model.learn_one(MappingProxyType(known))  # type: ignore[arg-type] # river's annotation says dict
    known["x"] = 9.0

    assert [({"x": 1.0}, 1, 0)] == model.labels


def wrong_calls(model: SlidingDBSCAN, at: datetime | None) -> list[Callable[[], object]]:
    """Calls that are refused, on a model of events (`at` None) or of time."""
    told: dict[str, Any] = {} if at is None else {"t": at + timedelta(days=1)}
    calls: list[Callable[[], object]] = [
        lambda: model.learn_one(None, **told),  # type: ignore[arg-type] # refused
        lambda: model.predict_one([1.0]),  # type: ignore[arg-type] # refused
        lambda: model.learn_one({"a": 1.0}, t="noon"),  # type: ignore[arg-type] # refused
    ]
    for value in NO_NUMBERS:
        calls += [
            lambda value=value: model.learn_one({"a": 1.0, "b": value, "z": 1.0}, **told),  # type: ignore[misc]
            lambda value=value: model.learn_one({"b": value, "a": 1.0}, **told),  # type: ignore[misc]
            lambda value=value: model.predict_one({"a": value}),  # type: ignore[misc]
        ]
    return calls


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("features", [None, ("b", "a")])
def test_after_an_error_a_model_goes_on_as_if_the_call_had_not_been(
    timed: bool, features: tuple[str, ...] | None
) -> None:
    """Refused calls between the events of a stream: no new feature, no time, no event, no other label."""
    generator = random.Random(3)  # noqa: S311 - test data
    window = timedelta(seconds=25) if timed else 25
    model, twin = (SlidingDBSCAN(eps=1.0, min_samples=3, window=window, features=features) for _ in range(2))
    for number in range(120):
        x: dict[Hashable, Any] = {name: float(generator.randint(-2, 2)) for name in "ab"}
        at = START + timedelta(seconds=number) if timed else None
        for call in generator.sample(wrong_calls(model, at), 3):
            with pytest.raises((TypeError, ValueError), match=r"must be|moves a window"):
                call()
        for one in (model, twin):
            one.learn_one(x, t=at)

        assert twin.predict_one(x) == model.predict_one(x)
        assert twin.labels == model.labels


def test_where_a_feature_stands_in_an_event_does_not_matter() -> None:
    """1, "1", 10 and 2 as names: columns in one order, whatever order they came in."""
    names: tuple[Hashable, ...] = (10, "1", 2, 1, ("a", 1))
    found = set()
    for order in permutations(names):
        model = SlidingDBSCAN(min_samples=1)
        model.learn_one(dict.fromkeys(order, 1.0))
        found.add(tuple(model.labels[0][0]))

    assert {(1, 2, 10, "1", ("a", 1))} == found


def test_features_of_like_names_are_different_features() -> None:
    """1 and "1" far apart in one event, learned and predicted; an unknown one of either kind counts."""
    model = SlidingDBSCAN(eps=0.5, min_samples=2)
    for _ in range(2):
        model.learn_one({1: 0.0, "1": 5.0})
        model.learn_one({"1": 0.0, 1: 5.0})

    assert [({1: 0.0, "1": 5.0}, 2, 0), ({1: 5.0, "1": 0.0}, 2, 1)] == model.labels
    assert (0, 1) == (model.predict_one({"1": 5.0}), model.predict_one({1: 5.0}))
    assert [-1, -1] == [model.predict_one({1: 5.0, 2: 1.0, "2": 1.0}), model.predict_one({"2": 1.0, 2: 1.0})]


@pytest.mark.parametrize("value", [np.complex128(1 + 2j), np.complex64(1 + 2j)])
def test_a_complex_number_is_refused_where_its_real_part_is_known(value: Any) -> None:
    """Known values are looked up by their bytes, and numpy would give those of the real part."""
    model = SlidingDBSCAN(eps=0.5, min_samples=1, window=5)
    model.learn_one({"a": 1.0})

    for ask in (model.learn_one, model.predict_one):
        with pytest.raises(ValueError, match="feature 'a' must be a finite number"):
            ask({"a": value})

    assert [({"a": 1.0}, 1, 0)] == model.labels
