"""Redaction: which rules apply where, and what it may cost."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.records.original import closed, opened
from processor.records.redact import MARK, Redactor
from tests.unit.records.secret_forms import FORMS


def test_own_rules_apply_after_the_defaults() -> None:
    """A site's own identifiers, in texts and in names; the defaults are not for names."""
    redactor = Redactor(defaults=True, rules=[(re.compile(r"\bEMP\d+"), "EMP")])

    assert f"user EMP --password {MARK}" == redactor.text("user EMP4711 --password x")
    assert "CORP\\EMP token=x" == redactor.name("CORP\\EMP4711 token=x")


def test_without_defaults_only_own_rules_apply() -> None:
    """redact.defaults: false."""
    assert "--password x" == Redactor(defaults=False).text("--password x")


@given(st.text(st.sampled_from("pasword-/=:\\\"' @.netusr"), max_size=300))
def test_no_text_raises_or_grows_by_more_than_its_marks(text: str) -> None:
    """Whatever the quotes, separators and halves of words."""
    redacted = Redactor(defaults=True).text(text)

    assert len(redacted) <= len(text) * (len(MARK) + 1)


WORST = [
    *("--password ", "psexec ", "psexec -p -x ", "mysql -", "mysql -pport ", "://a:", "://", "eyJaaaaaaaaa."),
    *(
        "net user a ",
        "net use \\\\a ",
        '"',
        "\\",
        '\\"',
        "password=",
        "curl -u a",
        ".py a/b:",
        "bearer ",
        "a" * 50,
    ),
    *(
        "-p a ",
        "-p a",
        "mkdir -p a ",
        "net user ",
        "net user /a ",
        "net use /u:",
        "echo a ",
        "echo a|",
        "netsh key=",
    ),
    *(
        "reg add /v pass ",
        "-name pass ",
        "$pw=",
        "$",
        "networkcredential(",
        "vault login -a ",
        "snmpget -c ",
        "zip -P ",
    ),
    *(
        "openssl -k ",
        "openssl passwd -a ",
        "config set token ",
        "/setcredentials a ",
        "sudo -S ",
        "impacket-a a/b:",
    ),
    *("-----BEGIN PRIVATE KEY-----", "smbclient -U ", "/p:a.b", "authorization: basic", "-", "passw"),
    *("&quot;", "password=&quot;", "password=&#39;&", "net user &quot;a "),
]


@pytest.mark.parametrize("piece", WORST)
def test_time_is_linear_in_the_text(piece: str) -> None:
    """What an attacker writes cannot hold the stream up: 256 KiB of the worst, all rules in play."""
    redactor = Redactor(defaults=True)
    text = (piece * (262_144 // len(piece)))[:262_144] + "\n" + " ".join(form for form, _ in FORMS)
    start = time.process_time()
    redactor.text(text)

    assert time.process_time() - start < 20


@pytest.mark.parametrize("piece", ["\\", "\\\\t", "\\u0027", "\\t", '\\"'])
def test_a_record_is_opened_in_linear_time(piece: str) -> None:
    """4 MiB of escapes, four times what can be published of a record."""
    start = time.process_time()
    closed(opened("{" + piece * (4 * 2**20 // len(piece))))

    assert time.process_time() - start < 60
