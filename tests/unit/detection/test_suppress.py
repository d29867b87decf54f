"""The allow-list: what a rule matches, when it ends, what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.detection.suppress import Glob, compile_rule, suppressing
from processor.events.event import PROCESS, Event

BACKUP = Event(
    kind=PROCESS,
    format="test",
    code="1",
    time=0,
    host="srv1",
    executable=r"D:\Backup\bin\agent.exe",
    command_line="agent.exe /full [daily]",
)


def test_a_rule_matches_where_every_field_does() -> None:
    """Fields are ECS names, patterns ignore case."""
    rule = compile_rule("backup", None, {"process.executable": r"d:\backup\*", "host.name": "SRV?"})

    assert rule.matches(BACKUP)
    assert not compile_rule(
        "backup", None, {"process.executable": r"d:\backup\*", "host.name": "srv"}
    ).matches(BACKUP)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("abc", "ABC", True),
        ("abc", "abcd", False),
        ("*.exe", r"C:\x.exe", True),
        ("*.exe", r"C:\x.exe.txt", False),
        ("a*b*c", "aXXbYYc", True),
        ("a*b*c", "acb", False),
        ("a*a", "a", False),
        ("ab*ba", "aba", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*[daily]", "agent.exe /full [daily]", True),
        ("a.c", "abc", False),
        (r"\?", r"\x", True),
        ("a*", "a\nb", True),
    ],
)
def test_a_star_is_any_text_and_a_question_mark_one_character(pattern: str, text: str, matches: bool) -> None:
    """Everything else stands for itself: brackets and dots are common in paths."""
    assert matches == Glob(pattern).matches(text)


@given(st.lists(st.text("ab", max_size=3), min_size=2, max_size=4), st.text("ab", max_size=12))
def test_a_pattern_matches_what_its_definition_says(pieces: list[str], text: str) -> None:
    """Against the recursive definition of a star."""
    pattern = "*".join(pieces)
    if not pattern.strip("*"):
        return

    assert _defined(pattern, text) == Glob(pattern).matches(text)


def _defined(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_defined(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return bool(text) and text[0] == pattern[0] and _defined(pattern[1:], text[1:])


def test_a_rule_ends_by_stream_time() -> None:
    """So a replay of the log ends it at the same event."""
    rule = compile_rule("backup", 1_000, {"process.executable": r"D:\Backup\*"})

    assert rule is suppressing([rule], BACKUP, 999)
    assert suppressing([rule], BACKUP, 1_000) is None


@pytest.mark.parametrize(
    ("reason", "fields", "message"),
    [
        (" ", {"host.name": "a"}, "needs a reason"),
        ("r", {}, "needs a field"),
        ("r", {"process.colour": "a"}, "'process.colour' is no field of an event; fields: host.name"),
        ("r", {"host.name": "**"}, "matches everything"),
        ("r", {"host.name": "?*"}, "matches everything"),
        ("r", {"host.name": "*??*"}, "matches everything"),
        ("r", {"host.name": "a" * 1025}, "at most 1024"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(reason: str, fields: dict[str, str], message: str) -> None:
    """The text says what would be right."""
    with pytest.raises(ValueError, match=message):
        compile_rule(reason, None, fields)
