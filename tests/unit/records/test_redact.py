"""Secrets do not leave in published text."""

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.records.redact import MARK, Redactor

# The text, and what is published of it with X for the mark.
FORMS = [
    ("app --password hunter2 -v", "app --password X -v"),
    ("app --db-password hunter2 -v", "app --db-password X -v"),
    ("app /password:hunter2", "app /password:X"),
    ('app --token="a b" x', "app --token=X x"),
    ("app --password 'a b' x", "app --password X x"),
    ("set DB_PASSWORD=hunter2&&run", "set DB_PASSWORD=X&&run"),
    ("Server=x;User Id=sa;Password=hunter2;Encrypt=yes", "Server=x;User Id=sa;Password=X;Encrypt=yes"),
    ("Server=x;Pwd=hunter2;", "Server=x;Pwd=X;"),
    ("DefaultEndpoints;AccountKey=abc/+d==;x", "DefaultEndpoints;AccountKey=X;x"),
    ("az storage --account-key abc== -n x", "az storage --account-key X -n x"),
    ("https://a.blob.example/?sv=1&sig=ab%2Fc&se=2", "https://a.blob.example/?sv=1&sig=X&se=2"),
    ("curl -H 'Authorization: Bearer abcdefghijk'", "curl -H 'Authorization: Bearer X'"),
    ("curl -H 'Authorization: Basic YWxhZGRpbjpvcGVu'", "curl -H 'Authorization: Basic X'"),
    ("curl -s -u bob:hunter2 https://x.example", "curl -s -u bob:X https://x.example"),
    ("git clone https://me:pass@example.com/x", "git clone https://me:X@example.com/x"),
    ("psexec.exe \\\\h -u CORP\\bob -p hunter2 cmd", "psexec.exe \\\\h -u CORP\\bob -p X cmd"),
    ('"C:\\t\\PsExec64.exe" \\\\h -u bob -p "a b" cmd', '"C:\\t\\PsExec64.exe" \\\\h -u bob -p X cmd'),
    ("sshpass -p hunter2 ssh -p 22 h", "sshpass -p X ssh -p 22 h"),
    ("plink -ssh bob@h -pw hunter2 id", "plink -ssh bob@h -pw X id"),
    ("docker login -u bob -p hunter2 r.example", "docker login -u bob -p X r.example"),
    ("schtasks /create /s h /u bob /p hunter2 /tn x", "schtasks /create /s h /u bob /p X /tn x"),
    ("schtasks /create /ru bob /rp hunter2 /tn x", "schtasks /create /ru bob /rp X /tn x"),
    ("mysqldump -u root -phunter2 db", "mysqldump -u root -pX db"),
    ("7z a -phunter2 x.7z y", "7z a -pX x.7z y"),
    ("rar a -hphunter2 x.rar y", "rar a -hpX x.rar y"),
    ("net user bob hunter2 /add", "net user bob X /add"),
    ("net.exe use Z: \\\\h\\share hunter2 /user:bob", "net.exe use Z: \\\\h\\share X /user:bob"),
    ("xfreerdp /v:h /u:bob /p:hunter2", "xfreerdp /v:h /u:bob /p:X"),
    ("winrs -r:h -u:bob -p:hunter2 cmd", "winrs -r:h -u:bob -p:X cmd"),
    ("cmdkey /add:h /user:bob /pass:hunter2", "cmdkey /add:h /user:bob /pass:X"),
    ("smbclient //h/c -U bob%hunter2", "smbclient //h/c -U bob%X"),
    ("python wmiexec.py CORP/bob:hunter2@10.0.0.1", "python wmiexec.py CORP/bob:X@10.0.0.1"),
    ("ldapsearch -x -D cn=a -w hunter2 -b dc=x", "ldapsearch -x -D cn=a -w X -b dc=x"),
    ("redis-cli -h h -a hunter2 ping", "redis-cli -h h -a X ping"),
    ("openssl rsa -passin pass:hunter2", "openssl rsa -passin pass:X"),
    ("ConvertTo-SecureString 'hunter2' -AsPlainText", "ConvertTo-SecureString X -AsPlainText"),
    ("x ghp_abcdefghijklmnopqrstuvwxyz0123456789 y", "x X y"),
    ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl y", "x X y"),
    ("app --password 'unclosed and more", "app --password X"),
]
# Nothing here is a secret.
PLAIN = [
    "mkdir -p /srv/data",
    "ssh -p 22 host",
    "cp -p a b",
    "net use",
    "net user",
    "net user bob /domain",
    "net use Z: \\\\h\\share /user:bob",
    "net user bob * /add",
    "MSBuild.exe x.sln /p:Configuration=Release /p:Platform=x64",
    "PWD=/home/bob OLDPWD=/tmp ls",
    "C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s Schedule",
    "TokenElevationType=1",
    "ls --passive",
    "keytool -list",
    "mysql -u root -p db",
    "git log --pretty=oneline -p",
    "type C:\\secrets\\list.txt",
    "https://example.com:8080/a@b",
    "cmd /c echo key",
    'schtasks.exe /Create /TN x /TR "powershell.exe -NonI -W hidden -c x"',
]


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_secrets_in_common_forms_are_redacted_and_the_rest_stays(text: str, expected: str) -> None:
    """The form stays readable; only the secret goes."""
    assert expected.replace("X", MARK) == Redactor(defaults=True).text(text)


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


def test_own_rules_apply_after_the_defaults() -> None:
    """A site's own identifiers, in texts and in names; the defaults are not for names."""
    redactor = Redactor(defaults=True, rules=[(re.compile(r"\bEMP\d+"), "EMP")])

    assert f"user EMP --password {MARK}" == redactor.text("user EMP4711 --password x")
    assert "CORP\\EMP token=x" == redactor.name("CORP\\EMP4711 token=x")


def test_without_defaults_only_own_rules_apply() -> None:
    """redact.defaults: false."""
    assert "--password x" == Redactor(defaults=False).text("--password x")


@given(st.text(st.sampled_from("pasword-/=:\\\"' @.netusr"), max_size=300))
def test_redacting_twice_changes_nothing_more_than_marks(text: str) -> None:
    """No input raises, and no input grows beyond what the marks add."""
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
    *("-----BEGIN PRIVATE KEY-----", "smbclient -U ", "/p:a.b", "authorization: basic", "-", "passw"),
]


@pytest.mark.parametrize("piece", WORST)
def test_time_is_linear_in_the_text(piece: str) -> None:
    """What an attacker writes cannot hold the stream up: 256 KiB of the worst, all rules in play."""
    redactor = Redactor(defaults=True)
    text = (piece * (262_144 // len(piece)))[:262_144] + "\n" + " ".join(form for form, _ in FORMS)
    start = time.process_time()
    redactor.text(text)

    assert time.process_time() - start < 20
