"""Secrets do not leave in published text."""

import re

import pytest

from processor.records.redact import Redactor


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app --password hunter2 -v", "app --password [redacted] -v"),
        ("app /password:hunter2", "app /password:[redacted]"),
        ('app --token="a b" x', "app --token=[redacted] x"),
        ("DefaultEndpoints;AccountKey=abc==;x", "DefaultEndpoints;AccountKey=[redacted];x"),
        ("curl -H 'Authorization: Bearer abcdefghijk'", "curl -H 'Authorization: Bearer [redacted]'"),
        ("git clone https://me:pass@example.com/x", "git clone https://me:[redacted]@example.com/x"),
        ("mkdir -p /srv/data", "mkdir -p /srv/data"),
        ("net use", "net use"),
    ],
)
def test_secrets_in_common_forms_are_redacted_and_the_rest_stays(text: str, expected: str) -> None:
    """The form stays readable; only the secret goes."""
    assert expected == Redactor(defaults=True).text(text)


def test_own_rules_apply_after_the_defaults() -> None:
    """A site's own identifiers."""
    redactor = Redactor(defaults=False, rules=[(re.compile(r"\bEMP\d+"), "EMP")])

    assert "user EMP" == redactor.text("user EMP4711")
