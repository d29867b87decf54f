"""Secrets do not leave in published text, and what is no secret stays."""

import html
import json
from collections.abc import Callable

import pytest

from processor.records.original import closed, opened
from processor.records.redact import MARK, Redactor
from tests.unit.records.secret_forms import FORMS, PLAIN

SECRETS = ("hunter2", "a b", "abc/+d==", "abc==", "ab%2Fc", "abcdefghijk", "YWxhZGRpbjpvcGVu", "me:pass@")


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


WRITERS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: json.dumps({"CommandLine": text, "User": "bob"}),
    "every character escaped": lambda text: (
        '{"CommandLine": "' + "".join(f"\\u{ord(each):04x}" for each in text) + '"}'
    ),
    "as .NET writes": lambda text: (
        json.dumps({"CommandLine": text})
        .replace('\\"', "\\u0022")
        .replace("'", "\\u0027")
        .replace("&", "\\u0026")
        .replace("<", "\\u003C")
        .replace(">", "\\u003E")
        .replace("+", "\\u002B")
    ),
    "as PHP writes": lambda text: json.dumps({"CommandLine": text}).replace("/", "\\/"),
    "tabs between words": lambda text: json.dumps({"CommandLine": text.replace(" ", "\t")}),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_secrets_go_from_the_record_as_it_came(text: str, expected: str, write: Callable[[str], str]) -> None:
    """Inside JSON, with any writer's escapes: event.original keeps the form and loses the secret."""
    redacted = closed(Redactor(defaults=True).text(opened(write(text))))

    assert MARK in redacted
    assert [] == [word for word in SECRETS if word in redacted.replace("\\t", " ")]
    assert redacted.startswith('{"CommandLine": "')


@pytest.mark.parametrize(("text", "expected"), [form for form in FORMS if "<<<" not in form[0]])
def test_secrets_go_from_xml(text: str, expected: str) -> None:
    """Its quotes are entities."""
    redacted = Redactor(defaults=True).text(f"<Data Name='CommandLine'>{html.escape(text)}</Data>")

    assert MARK in redacted
    assert [] == [word for word in SECRETS if word in redacted]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_is_still_the_same_json(text: str, write: Callable[[str], str]) -> None:
    """Opened and closed, a record means what it meant."""
    record = write(text)

    assert json.loads(record) == json.loads(closed(opened(record)))
    assert ["a\\b\tc\n\x01"] == json.loads(closed(opened(r'{"x": ["a\u005Cb\tc\n\u0001"]}')))["x"]


def test_text_that_is_no_json_is_not_opened() -> None:
    """A backslash is a backslash in a log line."""
    line = r"Jan 1 sshd: C:\temp\u0027 https:\/x"

    assert line == closed(opened(line))


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
