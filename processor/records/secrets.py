r"""The forms in which passwords, keys and tokens stand on command lines.

Each also as it stands inside a record's JSON (`\"`, `\\`) or XML (`&quot;`). Where a form is ambiguous more
is redacted rather than less: any `-p WORD` goes, but for ports, paths and programs known to mean something
else by it. `/p:Name=value` is a build's property.

Every pattern is linear in the text: repeats are bounded or end at a character that they cannot hold. A rule's
pattern is tried only where its gate lets it: the words that it cannot do without are looked for first, in the
text in lower case with every blank a space, which costs a hundredth of the pattern.
"""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

MARK: Final = "[redacted]"

# A value: quoted, quoted inside JSON or XML, or a bare word. An unclosed quote is a value to the end.
_VALUE: Final = (
    r'(?:"(?:[^"\\]|\\.){0,4096}"?'
    r"|'[^']{0,4096}'?"
    r'|\\"(?:[^"\\]|\\[^"]){0,4096}(?:\\")?'
    r"|&(?:quot|apos|#3[49]|#x2[27]);(?:[^&<]|&(?!quot|apos|#)){0,4096}(?:&(?:quot|apos|#3[49]|#x2[27]);)?"
    r"""|(?:[^\s"'&;,|<>\\]|\\[^"\s]){1,4096})"""
)
_END: Final = r'(?:\.exe)?(?:\\?"|\')?'
# A word, quoted or not, that is not the secret.
_WORD: Final = r"(?:\\?\"[^\"\n]{1,256}\"|'[^'\n]{1,256}'|&quot;[^&\n]{1,256}&quot;|[^\s/\"'][^\s\"']{0,256})"
# Programs that take -p PASSWORD, -pw PASSWORD, /p PASSWORD; others do so behind "login".
_SEPARATE: Final = (
    "psexec psexec64 paexec sshpass plink pscp psftp kitty schtasks tasklist taskkill systeminfo driverquery "
    "getmac winrs winrm wmic rdesktop crackmapexec cme netexec nxc evil-winrm wmiexec wmiexec.py smbexec "
    "smbexec.py atexec atexec.py bloodhound-python htpasswd mongo mongosh mongodump mongorestore sqlcmd osql "
    "bcp signtool certutil useradd usermod"
)
_SEPARATE_NAMES: Final = _SEPARATE.split()
_SEPARATE_PROGRAM: Final = (
    rf"(?:{'|'.join(map(re.escape, _SEPARATE_NAMES))}|"
    r"(?:docker|podman|buildah|nerdctl|registry|az)\s{1,3}login)"
)
# A name within another is found with it.
_SEPARATE_WORDS: Final = "|".join(
    [name for name in _SEPARATE_NAMES if sum(part in name for part in _SEPARATE_NAMES) == 1] + [" login"]
)
_SWITCH: Final = r"(?:-p|-pw|/p|/rp|-rp|--pass)"
# Programs that take -pPASSWORD in one word.
_ATTACHED: Final = r"(?:mysql\w{0,16}|mariadb[\w-]{0,16}|7za?|7zr|rar|winrar|unrar|sshpass)"
# Programs that take -P PASSWORD or -PPASSWORD, and mean something else by -p.
_CAPITAL: Final = r"(?:sqlcmd|osql|isql|bcp|ipmitool|zip|unzip|7z)"
_ARGUMENTS: Final = r"(?=\s)[^|\n]{0,512}?\s"
_SWITCHES: Final = r"(?:[-/][^\s]{1,64}\s{1,8}){0,4}"

_NAMED: Final = (
    r"pass(?:word|wd|phrase|wort)?|pwd|kennwort|secret|token|api[-_]?key|account[-_]?key|access[-_]?key(?!id)|"
    r"shared[-_]?access[-_]?key|(?:secret|encryption|master|signing|session|auth)[-_]?key|client[-_]?secret|"
    r"private[-_]?key|storepass|keypass|signature|credentials?"
)


class Gate(NamedTuple):
    """What a text (lower case, every blank a space) holds wherever a pattern can find something in it.

    groups : one word of each; the rarest first
    search : and what this finds, told the text and which of all gates' words are in it
    """

    groups: tuple[frozenset[str], ...]
    search: Callable[[str, AbstractSet[str]], object] | None = None

    def lets(self, lowered: str, held: AbstractSet[str]) -> bool:
        """Whether the pattern has to be tried.

        held : of all gates' words those that are in the text
        """
        if any(map(held.isdisjoint, self.groups)):
            return False
        return self.search is None or bool(self.search(lowered, held))


class Rule(NamedTuple):
    """One form of a secret: where it is looked for, and what stands in its place."""

    gate: Gate
    pattern: re.Pattern[str]
    stand_in: str


def _has(*groups: str) -> Gate:
    """One word of each group, the rarest first; words are set apart by |."""
    return Gate(tuple(frozenset(each.split("|")) for each in groups))


def _rule(gate: str | Gate, pattern: str) -> Rule:
    """What stands before a value, and what lets it be looked for."""
    compiled = re.compile(f"({pattern}){_VALUE}", re.IGNORECASE)
    return Rule(_has(gate) if isinstance(gate, str) else gate, compiled, rf"\1{MARK}")


# What a name of _NAMED ends with. Patterns that begin with letters are found several times as fast.
_ENDINGS: Final = {
    "pass": "pass(?:word|wd|phrase|wort)?",
    "credential": "credentials?",
    **{name: name for name in ("pwd", "kennwort", "secret", "token", "key", "signature")},
}
_ASSIGNED: Final = r'(?:\\?"|&quot;)?\s{0,3}[=:]'


def _named(behind: str) -> Callable[[str, AbstractSet[str]], bool]:
    """Whether a text has a name and this behind it."""
    searches = [(name, re.compile(ending + behind).search) for name, ending in _ENDINGS.items()]

    def search(lowered: str, held: AbstractSet[str]) -> bool:
        return any(name in held and find(lowered) for name, find in searches)

    return search


_IS_ASSIGNED: Final = Gate((frozenset(_ENDINGS),), _named(_ASSIGNED))
_IS_SWITCH: Final = Gate((frozenset(_ENDINGS),), _named(r"\s"))
_BEFORE: Final = (
    _rule("setcredentials", r"/setcredentials\s{1,8}(?:\S{1,256}\s{1,8}){4}"),
    # name=value, name: value, "name": "value"; a working directory is no password.
    _rule(
        _IS_ASSIGNED,
        rf'(?:{_NAMED})(?:\\?"|&quot;)?\s{{0,3}}(?:=|:(?!//))(?!=)\s{{0,3}}(?!/home|/root|/usr|/var|/tmp|/opt|/etc)',
    ),
    # --name value, -name value, /name value
    _rule(_IS_SWITCH, rf"(?<![^\s\"'])(?:--?|/)[\w-]{{0,32}}(?:{_NAMED})\s{{1,3}}(?![-/]\w|\\?\")"),
    _rule(_IS_SWITCH, rf"(?<![^\s\"'])(?:--?|/)[\w-]{{0,32}}(?:{_NAMED})\s{{1,3}}(?=\\?\")"),
    _rule(
        _has(" set ", "config"),
        rf"\b(?:config|configure)\s{{1,3}}set\s{{1,3}}\S{{0,128}}(?:_auth|{_NAMED})\s{{1,3}}(?!-)",
    ),
    # /p:value, but not /p:Property=value; /pw:, -pw=; -pw value
    _rule("/p:|-p:|/p=|-p=|/pw:|-pw:|/pw=|-pw=", r"(?<![^\s\"'])(?:--?|/)pw?[:=](?![A-Za-z_][\w.]{0,128}=)"),
    _rule("-pw |/pw ", r"(?<![^\s\"'])(?:--?|/)pw\s{1,3}(?![-/]\w)"),
    _rule(
        _has(_SEPARATE_WORDS, "-p|/p|/rp|-rp"),
        rf"(?<![\w-]){_SEPARATE_PROGRAM}{_END}{_ARGUMENTS}{_SWITCH}\s{{1,3}}(?![-/]\w)",
    ),
    _rule(
        _has("mysql|mariadb|7z|rar|sshpass", "-p|-hp"),
        rf"(?<![\w-]){_ATTACHED}{_END}{_ARGUMENTS}(?-i:-h?p)(?!\s|ort|rotocol)",
    ),
    _rule(
        _has("sqlcmd|osql|isql|bcp|ipmitool|zip|7z", "-p"),
        rf"(?<![\w-]){_CAPITAL}{_END}{_ARGUMENTS}(?-i:-P)\s{{0,3}}(?!-)",
    ),
    _rule(
        " user ",
        rf"(?<![\w-])net1?{_END}\s{{1,8}}user\s{{1,8}}{_SWITCHES}{_WORD}\s{{1,8}}{_SWITCHES}(?!/|\*)",
    ),
    _rule(
        " use ",
        rf"(?<![\w-])net1?{_END}\s{{1,8}}use\s{{1,8}}(?:[a-z*]:?\s{{1,8}})?\\\\\S{{1,512}}\s{{1,8}}(?!/|\*)",
    ),
    _rule(
        _has("/u:", " use "),
        rf"(?<![\w-])net1?{_END}\s{{1,8}}use\s[^|&\n]{{1,512}}?/u:\S{{1,256}}\s{{1,8}}(?!/|\*)",
    ),
    _rule(
        _has("/user:", " use "),
        rf"(?<![\w-])net1?{_END}\s{{1,8}}use\s[^|&\n]{{1,512}}?/user:\S{{1,256}}\s{{1,8}}(?!/|\*)",
    ),
    _rule(
        _has("/d", "/v", "reg"),
        r"\breg(?:\.exe)?\s{1,3}add\s[^|\n]{1,256}?/v\s{1,3}\S{0,64}(?:pass|secret|token)[^|\n]{0,64}?/d\s{1,3}",
    ),
    _rule(_has("-value", "-name"), r"-name\s{1,3}\S{0,64}(?:pass|secret|token)[^|\n]{0,256}?-value\s{1,3}"),
    # user:password of curl, user%password of smbclient, user,password of lftp; cookies
    _rule(
        "curl",
        rf"(?<![\w-])curl{_END}{_ARGUMENTS}(?:-u|--user|--proxy-user|-U)[\s=]{{0,3}}(?:\\?[\"'])?[^\s:\"']{{1,256}}:",
    ),
    _rule("curl", rf"(?<![\w-])curl{_END}{_ARGUMENTS}(?:(?-i:-b)|--cookie)[\s=]{{1,3}}"),
    _rule(
        "smbclient|rpcclient",
        r"(?<![\w-])(?:smb|rpc)client[^|\n]{0,512}?\s-U\s{0,3}(?:\\?[\"'])?[^\s%\"']{1,256}%",
    ),
    _rule("smbclient", r"(?<![\w-])smbclient\s{1,3}[/\\]{2,4}\S{1,256}\s{1,3}(?!-)"),
    _rule("lftp", rf"(?<![\w-])lftp{_ARGUMENTS}-u\s{{1,3}}[^\s,]{{1,256}},"),
    _rule("mysqladmin", rf"(?<![\w-])mysqladmin{_END}{_ARGUMENTS}password\s{{1,3}}(?!-)"),
    _rule("nmcli", rf"(?<![\w-])nmcli{_ARGUMENTS}password\s{{1,3}}"),
    _rule("wpa_passphrase", rf"(?<![\w-])wpa_passphrase\s{{1,3}}{_WORD}\s{{1,3}}"),
    _rule("netsh", r"(?<![\w-])netsh(?:\.exe)?\s[^|\n]{0,256}?\bkey=(?!clear\b)"),
    _rule("rasdial", rf"(?<![\w-])rasdial{_END}\s{{1,3}}{_WORD}\s{{1,3}}{_WORD}\s{{1,3}}(?!/)"),
    _rule("htpasswd", r"(?<![\w-])htpasswd\s{1,3}-\w{0,8}b\w{0,8}\s{1,3}(?:\S{1,256}\s{1,3}){2}"),
    _rule("openssl", rf"(?<![\w-])openssl{_END}{_ARGUMENTS}-k\s{{1,3}}"),
    _rule("openssl", rf"(?<![\w-])openssl{_END}\s{{1,3}}passwd\s{{1,3}}{_SWITCHES}(?!-)"),
    _rule("pass:", r"(?<![\w])pass:"),
    _rule("vault", rf"(?<![\w-])vault\s{{1,3}}login\s{{1,3}}{_SWITCHES}(?!-|\w{{1,64}}=)"),
    _rule("--from-literal", r"--from-literal[=\s][\w.-]{1,128}="),
    _rule(
        "ldapsearch|ldapmodify",
        rf"(?<![\w-])ldap(?:search|modify){_ARGUMENTS}(?-i:-[a-zA-Z]{{0,8}}w)\s{{1,3}}",
    ),
    _rule("snmp", rf"(?<![\w-])snmp\w{{1,16}}{_ARGUMENTS}(?-i:-[cAX])\s{{1,3}}"),
    _rule("redis-cli", rf"(?<![\w-])redis-cli{_ARGUMENTS}-a\s{{1,3}}"),
    _rule("<<<", r"(?<![\w-])sudo\s[^|\n]{0,64}?(?-i:-S)\s{1,3}[^|\n]{0,64}?<<<\s{0,3}"),
    # Hashes are as good as the passwords.
    _rule("-hashes", r"(?<![\w-])-{1,2}hashes\s{1,3}"),
    _rule("/ntlm:|/rc4:|/aes", r"(?<![^\s\"'])/(?:ntlm|rc4|aes128|aes256):"),
    _rule(
        _has("winrm|crackmapexec|cme|netexec|nxc", "-h"),
        rf"(?<![\w-])(?:evil-winrm|crackmapexec|cme|netexec|nxc){_ARGUMENTS}(?-i:-H)\s{{1,3}}",
    ),
    _rule("bearer", r"(?<!\w)bearer\s{1,3}"),
    _rule(
        "authorization",
        r"authorization(?:\\?\")?\s{0,3}[:=]\s{0,3}(?:\\?\")?(?:basic|token|apikey|negotiate)\s{1,3}",
    ),
    _rule("sig=", r"(?<!\w)sig="),
    _rule("securestring", r"convertto-securestring\s{1,3}(?:-(?:string|asplaintext|force)\s{1,3}){0,3}"),
    _rule("networkcredential", r"networkcredential\s{0,3}\([^,()\n]{1,256},\s{0,3}"),
    _rule(
        _has("$", "pw|pass|secret|cred"),
        r"\$\w{0,32}(?:pw|pass|pwd|secret|cred)\w{0,16}\s{0,3}=\s{0,3}(?=\\?[\"']|&quot;)",
    ),
)
# echo SECRET | a program that reads it
_ECHO: Final = (
    rf"(echo\s{{1,3}}(?:-[neE]{{1,3}}\s{{1,3}})?){_VALUE}"
    r"(?=\s{0,3}\|[^|\n]{0,128}(?:\s-S\b|--stdin|chpasswd|-stdin|--with-token))"
)
# Secrets that show themselves, whatever stands before them.
_SHOWN: Final = tuple(
    Rule(_has(needles), re.compile(pattern), replacement)
    for needles, pattern, replacement in (
        ("://", r"(://[^\s/:@\"']{0,256}:)[^\s/@\"']{1,256}(?=@)", rf"\1{MARK}"),
        ("://", r"(://)[\w.-]{20,256}(?=@)", rf"\1{MARK}"),
        (
            ".py|impacket-",
            r"((?:\.py|impacket-\w{1,32})\s[^|\n]{0,512}?[\w.-]{1,64}/[\w.$-]{1,64}:)[^\s@\"']{1,256}(?=@)",
            rf"\1{MARK}",
        ),
        (
            "echo",
            _ECHO,
            rf"\1{MARK}",
        ),
        ("eyj", r"(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{8,4096}(?:\.[\w-]{0,4096})?", MARK),
        ("ghp_|gho_|ghu_|ghs_|ghr_|github_pat_", r"(?<!\w)(?:gh[pousr]|github_pat)_\w{20,255}", MARK),
        ("xox", r"(?<!\w)xox[abeprs]-[\w-]{10,255}", MARK),
        ("glpat-|npm_|pypi-|hvs.", r"(?<!\w)(?:glpat-|npm_|pypi-|hvs\.)[\w-]{16,255}", MARK),
        ("sk_|rk_", r"(?<!\w)[sr]k_(?:live|test)_\w{16,255}", MARK),
        ("aiza", r"(?<!\w)AIza[\w-]{35}(?![\w-])", MARK),
        ("private key-----", r"(-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----)[^-]{1,16384}", rf"\1{MARK}"),
    )
)
RULES: Final[tuple[Rule, ...]] = (*_BEFORE, *_SHOWN)

# -p and a word that is neither a port, a list of them, a path, a switch nor a variable.
_SHORT: Final = re.compile(
    r"(?<![^\s\"'])(-p\s{1,3})(?!\\?[\"']?(?:[-/.~*$%]|[A-Za-z]:\\|\\(?!\")|\d[\d:,./-]{0,64}(?:[\s\"'\\]|$)))"
    + _VALUE
)
# Programs that mean something else by -p.
_OTHERWISE: Final = (
    "mkdir cp rsync install ps pkill kill pgrep tar cpio ssh scp sftp nc ncat nmap masscan grep egrep "
    "fgrep git perl ruby pytest make less man ls lsof xargs bash sh zsh read declare export trap touch "
    "tee patch sed svchost docker podman nerdctl kubectl tmux screen cargo npm npx yarn pnpm tsc go cmake "
    "dotnet msbuild tcpdump tshark strace gdb perf top netstat ss fuser renice taskset ionice dpkg rpm "
    "udevadm systemctl journalctl mount mysql mysqldump mysqladmin mysqlimport mysqlshow mariadb "
    "mariadb-dump psql pg_dump pg_restore pg_dumpall createdb 7z rar unzip zip ipmitool redis-cli az pass"
)
_OTHER_PROGRAMS: Final = frozenset(_OTHERWISE.split())
_WORDS_BEFORE: Final = re.compile(r"(?<![\w.-])([\w-]{2,16})(?:\.exe)?(?:\\?\"|')?(?=\s)")
_COMMAND_BEGINS: Final = re.compile(r"[|&;\n]")
_LOOK_BACK: Final = 160


def without_short_switch(text: str) -> str:
    """The text without the words behind -p, where they may be passwords."""

    def mark(found: re.Match[str]) -> str:
        before = _COMMAND_BEGINS.split(text[max(0, found.start() - _LOOK_BACK) : found.start()])[-1]
        known = not _OTHER_PROGRAMS.isdisjoint(_WORDS_BEFORE.findall(before.lower()))
        return found[0] if known else found[1] + MARK

    return _SHORT.sub(mark, text)
