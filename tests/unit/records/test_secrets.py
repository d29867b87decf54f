"""Secrets do not leave in published text, and what is no secret stays."""

import json

import pytest

from processor.records.redact import MARK, Redactor
from tests.unit.records.secret_forms import FORMS, PLAIN


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_secrets_in_common_forms_are_redacted_and_the_rest_stays(text: str, expected: str) -> None:
    """The form stays readable; only the secret goes."""
    assert expected.replace("X", MARK) == Redactor(defaults=True).text(text)


@pytest.mark.parametrize("blank", ["\t", "   ", "\xa0"])
@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_secrets_are_redacted_whatever_blank_stands_between_words(
    text: str, expected: str, blank: str
) -> None:
    """What a rule is tried by is not narrower than the rule."""
    written = expected.replace(" ", blank).replace("X", MARK)

    assert written == Redactor(defaults=True).text(text.replace(" ", blank))


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_secrets_go_from_the_record_as_it_came(text: str, expected: str) -> None:
    """Inside JSON, with its escapes: event.original keeps the form and loses the secret."""
    original = json.dumps({"EventID": 4688, "CommandLine": text, "User": "bob"})
    secret = {"hunter2", "a b", "abc/+d==", "abc==", "ab%2Fc", "abcdefghijk", "YWxhZGRpbjpvcGVu", "me:pass@"}
    redacted = Redactor(defaults=True).text(original)

    assert MARK in redacted
    assert [] == [word for word in secret if word in redacted]
    assert redacted.startswith('{"EventID": 4688, "CommandLine": "')


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text: str) -> None:
    """Analysts need the command line."""
    assert text == Redactor(defaults=True).text(text)


def test_values_of_json_fields_named_as_secrets_go() -> None:
    """Records hold more than command lines."""
    original = json.dumps({"password": 'a"b', "apiKey": "c", "user": "bob"})

    assert '{"password": X, "apiKey": X, "user": "bob"}'.replace("X", MARK) == Redactor(defaults=True).text(
        original
    )
