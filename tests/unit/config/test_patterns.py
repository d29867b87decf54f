import re

import pytest

from processor.config.patterns import check_replacement, compiled


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(.+)-[0-9a-f]{8,10}-[a-z0-9]{5}$",
        r"^ip-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}$",
        r"(?:web|db)\d+",
        r"(x{1,63}){1,3}",
        r"(a+)?b",
        r"(?<=x)a*",
    ],
)
def test_usual_patterns_are_taken(pattern: str) -> None:
    """What folds the names of short-lived hosts is linear, and passes."""
    assert re.compile(pattern) == compiled(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"(a*)*",
        r"(a|b*)*c",
        r"((ab+){2})+",
        r"(?:x+y?)*",
        r"(?=(a+)+)b",
        r"(a+){2,200}",
        r"(?P<n>\w+\s?)+$",
    ],
)
def test_a_repeat_inside_a_repeat_is_refused(pattern: str) -> None:
    """Such a pattern runs for ever on a host name made for it."""
    with pytest.raises(ValueError, match="must not repeat a repeat"):
        compiled(pattern)


@pytest.mark.parametrize("pattern", ["(", "[", "*", "(?P<a>x)(?P<a>y)", "a{99999999999}", "(?<=a+)b"])
def test_what_is_no_regular_expression_is_refused(pattern: str) -> None:
    """The reason is re's own."""
    with pytest.raises(ValueError, match="must be a regular expression: "):
        compiled(pattern)


def test_a_pattern_has_a_length_limit() -> None:
    """A config is no place for a program."""
    with pytest.raises(ValueError, match="must be at most 500 characters"):
        compiled("a" * 501)


@pytest.mark.parametrize("replacement", [r"\2", r"\g<name>", "\\"])
def test_a_replacement_must_fit_its_pattern(replacement: str) -> None:
    """A group that is not there shows at the start, not at the first host that matches."""
    with pytest.raises(ValueError, match="must be a replacement for"):
        check_replacement(re.compile("(a)"), replacement)
