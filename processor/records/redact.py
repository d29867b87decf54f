r"""Secrets out of published and stored text; features never see the redacted form.

The default rules know the forms in which passwords, keys and tokens stand on command lines, also inside a
record's JSON (`\"`, `\\`). Where a form is ambiguous more is redacted rather than less: `-p` is
a password only after programs that take it so, `/p:Name=value` is a build's property.

Every pattern is linear in the text: repeats are bounded or end at a character that they cannot hold. A rule's
pattern is tried only where one of its needles occurs.
"""

import re
from collections.abc import Sequence
from typing import Final

MARK: Final = "[redacted]"

# A value: quoted, quoted inside JSON, or a bare word. An unclosed quote is a value to the end.
_VALUE: Final = (
    r'(?:"(?:[^"\\]|\\.){0,4096}"?'
    r"|'[^']{0,4096}'?"
    r'|\\"(?:[^"\\]|\\[^"]){0,4096}(?:\\")?'
    r"""|(?:[^\s"'&;,|<>\\]|\\[^"\s]){1,4096})"""
)
_END: Final = r'(?:\.exe)?(?:\\?"|\')?'
# Programs that take -p PASSWORD, -pw PASSWORD, /p PASSWORD.
_SEPARATE: Final = (
    r"(?:psexec(?:64)?|paexec|sshpass|plink|pscp|psftp|kitty|docker|podman|buildah|helm|az|schtasks|tasklist|taskkill|"
    r"systeminfo|driverquery|getmac|winrs|winrm|wmic|rdesktop|crackmapexec|cme|netexec|nxc|evil-winrm|wmiexec(?:\.py)?|"
    r"smbexec(?:\.py)?|atexec(?:\.py)?|bloodhound-python|htpasswd|mongo(?:sh|dump|restore)?|"
    r"sqlcmd|osql|bcp|at|runas)"
)
_SWITCH: Final = r"(?:-p|-pw|/p|/rp|-rp|--pass)"
# Programs that take -pPASSWORD in one word.
_ATTACHED: Final = r"(?:mysql\w{0,16}|mariadb[\w-]{0,16}|7za?|7zr|rar|winrar|unrar)"
_ARGUMENTS: Final = r"(?=\s)[^|\n]{0,512}?\s"

_NAMED: Final = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|account[-_]?key|access[-_]?key(?!id)|shared[-_]?access[-_]?key|"
    r"client[-_]?secret|private[-_]?key|storepass|keypass|signature|credentials?"
)


def _rule(needles: str, pattern: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    return tuple(needles.split()), re.compile(f"({pattern}){_VALUE}", re.IGNORECASE)


_WORDS: Final = "pass pwd secret token key signature credential"
_RULES: Final = (
    # name=value, name: value, "name": "value"; a working directory is no password.
    _rule(
        _WORDS,
        rf'(?:{_NAMED})(?:\\?")?\s{{0,3}}(?:=|:(?!//))(?!=)\s{{0,3}}(?!/home|/root|/usr|/var|/tmp|/opt|/etc)',
    ),
    # --name value, -name value, /name value
    _rule(_WORDS, rf"(?<![^\s\"'])(?:--?|/)[\w-]{{0,32}}(?:{_NAMED})\s{{1,3}}(?![-/]\w|\\?\")"),
    _rule(_WORDS, rf"(?<![^\s\"'])(?:--?|/)[\w-]{{0,32}}(?:{_NAMED})\s{{1,3}}(?=\\?\")"),
    # /p:value, but not /p:Property=value; /pw:, -pw=
    _rule("p: p= pw: pw=", r"(?<![^\s\"'])(?:--?|/)pw?[:=](?![A-Za-z_][\w.]{0,128}=)"),
    _rule("-p /p /rp -rp --pass", rf"(?<![\w-]){_SEPARATE}{_END}{_ARGUMENTS}{_SWITCH}\s{{1,3}}(?![-/]\w)"),
    _rule("-p -hp", rf"(?<![\w-]){_ATTACHED}{_END}{_ARGUMENTS}-h?p(?!\s|ort|rotocol)"),
    _rule("user", r'(?<![\w-])net1?(?:\.exe)?(?:\\?")?\s{1,8}user\s{1,8}[^\s/]{1,256}\s{1,8}(?!/|\*)'),
    _rule(
        "use",
        r'(?<![\w-])net1?(?:\.exe)?(?:\\?")?\s{1,8}use\s{1,8}(?:[a-z*]:?\s{1,8})?\\\\[^\s]{1,512}\s{1,8}(?!/|\*)',
    ),
    # user:password of curl, user%password of smbclient
    _rule(
        "curl",
        rf"(?<![\w-])curl{_END}{_ARGUMENTS}(?:-u|--user|--proxy-user|-U)[\s=]{{0,3}}(?:\\?[\"'])?[^\s:\"']{{1,256}}:",
    ),
    _rule(
        "smbclient rpcclient",
        r"(?<![\w-])(?:smb|rpc)client[^|\n]{0,512}?\s-U\s{0,3}(?:\\?[\"'])?[^\s%\"']{1,256}%",
    ),
    _rule("pass:", r"(?<![\w])pass:"),
    _rule("ldapsearch ldapmodify", rf"(?<![\w-])ldap(?:search|modify){_ARGUMENTS}-w\s{{1,3}}"),
    _rule("redis-cli", rf"(?<![\w-])redis-cli{_ARGUMENTS}-a\s{{1,3}}"),
    _rule("bearer", r"(?<!\w)bearer\s{1,3}"),
    _rule(
        "authorization",
        r"authorization(?:\\?\")?\s{0,3}[:=]\s{0,3}(?:\\?\")?(?:basic|token|apikey|negotiate)\s{1,3}",
    ),
    _rule("sig=", r"(?<!\w)sig="),
    _rule("securestring", r"convertto-securestring\s{1,3}(?:-string\s{1,3})?"),
)
# Secrets that show themselves, whatever stands before them.
_SHOWN: Final = tuple(
    (tuple(needles.split()), re.compile(pattern), replacement)
    for needles, pattern, replacement in (
        ("://", r"(://[^\s/:@\"']{0,256}:)[^\s/@\"']{1,256}(?=@)", rf"\1{MARK}"),
        (".py", r"(\.py\s[^|\n]{0,512}?[\w.-]{1,64}/[\w.$-]{1,64}:)[^\s@\"']{1,256}(?=@)", rf"\1{MARK}"),
        ("eyj", r"(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,4096}(?:\.[\w-]{0,4096})?", MARK),
        ("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"(?<!\w)(?:gh[pousr]|github_pat)_\w{20,255}", MARK),
        ("xox", r"(?<!\w)xox[abeprs]-[\w-]{10,255}", MARK),
        ("glpat-", r"(?<!\w)glpat-[\w-]{16,255}", MARK),
        ("private key-----", r"(-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----)[^-]{1,16384}", rf"\1{MARK}"),
    )
)


class Redactor:
    """Replaces secrets by `[redacted]`.

    defaults : passwords, keys, tokens and credentials in URLs, in common command-line forms
    rules : own patterns and their replacements, applied after the defaults
    """

    def __init__(self, *, defaults: bool, rules: Sequence[tuple[re.Pattern[str], str]] = ()) -> None:
        self._defaults = defaults
        self._rules = tuple(rules)

    def text(self, text: str) -> str:
        """The text without its secrets."""
        if self._defaults:
            text = _without_secrets(text)
        return self.name(text)

    def name(self, name: str) -> str:
        """An account or another name under the own rules alone: the defaults are about command lines."""
        for pattern, replacement in self._rules:
            name = pattern.sub(replacement, name)
        return name


def _without_secrets(text: str) -> str:
    lowered = text.lower()
    for needles, pattern in _RULES:
        if any(needle in lowered for needle in needles):
            text = pattern.sub(rf"\1{MARK}", text)
    for needles, pattern, replacement in _SHOWN:
        if any(needle in lowered for needle in needles):
            text = pattern.sub(replacement, text)
    return text
