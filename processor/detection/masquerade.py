r"""Names that are made to be taken for others: look-alike letters, one letter off, system programs elsewhere.

What is known beforehand is Windows' and Linux's own: the programs that live in the system folders alone, and
those folders' names. Everything else is known from the window. Sources: MITRE ATT&CK T1036.005 (match
legitimate name or location), Unicode UTS #39 (confusables; the Latin look-alikes that occur in file names).
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from processor.events.event import folder, program_name

# Stems shorter than this are one letter away from too much.
_SHORTEST: Final = 5
# Longer names are not looked at: the work for one letter off grows with the square.
_LONGEST: Final = 48

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
# Latin letter -> Cyrillic and Greek letters that look like it in lower case.
_LOOK_ALIKES: Final = {
    "a": "\u0430\u03b1",
    "c": "\u0441",
    "d": "\u0501",
    "e": "\u0435\u03b5",
    "h": "\u04bb\u043d",
    "j": "\u0458",
    "k": "\u03ba\u043a",
    "l": "\u0456\u04cf\u03b9\u0131",
    "m": "\u043c",
    "o": "\u043e\u03bf",
    "p": "\u0440\u03c1",
    "s": "\u0455",
    "t": "\u0442\u03c4",
    "u": "\u03c5",
    "v": "\u0475\u03bd",
    "w": "\u051d",
    "x": "\u0445\u03c7",
    "y": "\u0443",
}
_FOLDED: Final = str.maketrans(
    {"!": "l", "|": "l", "i": "l", "$": "s", "@": "a"}
    | {other: letter for letter, others in _LOOK_ALIKES.items() for other in others}
)
_DIGITS: Final = str.maketrans({"0": "o", "1": "l", "3": "e", "5": "s"})
# In the names of accounts, which have no x64 and no base64: svc.b4ckup.
_ACCOUNT_DIGITS: Final = _DIGITS | {ord("4"): "a"}
_PAIRS: Final = re.compile("rn|vv")
_NUMBER: Final = re.compile("[0-9]+")
_BEFORE_LETTER: Final = re.compile("[0-9]+(?=[a-z])")
# Characters that turn or hide what follows: bidirectional controls, zero widths.
_HIDING: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Programs of system32 alone. Left out are names that other vendors use too (control, query, route, dism) and
# those that the tools of Git and Cygwin bring along (whoami, hostname, expand).
_SYSTEM32: Final = _words(
    "arp attrib audiodg bcdedit bitsadmin cacls certutil cipher cmd cmdkey cmstp conhost consent csrss "
    "cscript ctfmon dfrgui dllhost dwm esentutl eventvwr findstr fodhelper forfiles fsutil ftp gpupdate "
    "icacls ipconfig lodctr logonui logman lsass lsm makecab mmc mobsync msconfig msdt mshta msiexec "
    "nbtstat net net1 netsh netstat nltest nslookup odbcconf ping powershell presentationhost qwinsta "
    "quser reg regini regsvr32 robocopy rundll32 runtimebroker sc schtasks sdclt searchindexer "
    "searchprotocolhost searchfilterhost services sethc sihost slui smss spoolsv sppsvc svchost "
    "systeminfo takeown taskeng taskhost taskhostw taskkill tasklist taskmgr tracert tscon tzutil "
    "unlodctr userinit utilman vds vssadmin vssvc w32tm wbadmin wbemtest werfault wermgr wevtutil "
    "wininit winlogon winrs wmiadap wmic wmiprvse wscript wsmprovhost wuauclt wusa xcopy xwizard "
)
_WINDOWS: Final = ("explorer", "hh", "regedit", "helppane")
_LINUX: Final = _words(
    "agetty auditd bash chmod chown cron crond dbus-daemon init login mount passwd sh sshd su sudo "
    "systemd systemd-journald systemd-logind systemd-udevd umount useradd usermod "
)
_SBIN: Final = frozenset(_words("agetty auditd cron crond init sshd useradd usermod"))

# Programs of Windows, Linux and others that are one letter away from one of those above.
_STRANGERS: Final = frozenset(
    _words(
        "copy.exe rwinsta.exe script.exe service.exe tracerpt.exe tsconfig.exe user.exe winrm.exe wins.exe "
        "getty gpasswd rbash slogin "
    )
)

# Folders in which each system's own programs live, after the drive letter; sub-folders count.
_SYSTEM_FOLDERS: Final = {
    **dict.fromkeys(
        (f"{stem}.exe" for stem in _SYSTEM32),
        _words(
            r"\windows\system32 \windows\syswow64 \windows\sysnative \windows\winsxs \windows\servicing "
            r"\windows\uus \$windows.~bt \windows\system"
        ),
    ),
    **dict.fromkeys(
        (f"{stem}.exe" for stem in _WINDOWS),
        (r"\windows", r"\windows\syswow64", r"\windows\winsxs"),
    ),
}
_SHOWN: Final = {r"\windows\system32": r"C:\Windows\System32", r"\windows": r"C:\Windows"}
# Of those folders' own folders, where these live.
_HOMES: Final = {
    "powershell.exe": r"C:\Windows\System32\WindowsPowerShell\v1.0",
    **dict.fromkeys(("wbemtest.exe", "wmiadap.exe", "wmic.exe", "wmiprvse.exe"), r"C:\Windows\System32\wbem"),
}
_LINUX_FOLDERS: Final = (
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/lib",
    "/lib",
    "/usr/local",
    "/snap",
    "/nix",
)
# Folders that hold the system's programs and no user may write to, numbers masked or not.
_INSTALLED: Final = re.compile(
    r"(?:/usr)?/s?bin|\\windows(?:\\(?:system(?:32|#)(?:\\wbem)?|syswow(?:64|#)|sysnative))?"
)
# Of those below, the ones that stand on a drive; the others stand in the Windows folder.
_ROOT_FOLDERS: Final = ("windows", "program files", "programdata", "users")
_FOLDER_NAMES: Final = ("windows", "system32", "syswow64", "program files", "programdata", "users", "winsxs")
# What may stand before the Windows folder: a drive, a device, an NT path; and that folder's variable.
_DEVICE: Final = re.compile(r"^(?:\\\\[?.]\\|\\\?\?\\)?(?:[a-z]:|\\device\\[^\\]+)?")
_SYSTEM_ROOT: Final = re.compile(r"^(?:%+systemroot%+|\\systemroot)(?=\\|$)")


# Longer names are not worth a place in a cache: its memory is bounded by this times its size.
_CACHED_LENGTH: Final = 512


def fold(name: str, *, account: bool = False) -> str:
    """A name in lower case, letters that look alike made the same, digits within words read as letters.

    Other numbers become "#", as mask_path has them. An account's domain is left out.
    """
    lowered = _alike_letters(bare_account(name) if account else name)
    letters = _ACCOUNT_DIGITS if account else _DIGITS
    read = _BEFORE_LETTER.sub(lambda digits: digits[0].translate(letters), lowered)
    return _NUMBER.sub("#", _paired(read))


def _alike_letters(name: str) -> str:
    """A name in lower case, characters that look like a letter made that letter."""
    lowered = name.lower().translate(_FOLDED)
    if lowered.isascii():
        return lowered
    lowered = unicodedata.normalize("NFKD", lowered)
    return "".join(letter for letter in lowered if not unicodedata.combining(letter))


def _paired(name: str) -> str:
    return _PAIRS.sub(lambda pair: "m" if pair[0] == "rn" else "w", name)


def _as_letters(name: str) -> str:
    """A name read with every 0, 1, 3 and 5 in it as a letter: rund1132.exe as rundll32.exe."""
    return _paired(_alike_letters(name).translate(_DIGITS))


def bare_account(account: str) -> str:
    r"""An account without its domain: `CORP\bob` and `bob@corp.example` are bob."""
    name = account.rpartition("\\")[2]
    head, _, domain = name.rpartition("@")
    return head if head and "." in domain else name


@lru_cache(maxsize=64)
def one_off(name: str, *, account: bool = False) -> tuple[str, ...]:
    """Folded names one letter away from `name`: exchanged, missing, added, or two neighbours swapped.

    The last letter of the stem does not count: python and pythonw, update and updater are relatives. Nor
    does the first of an account: jsmith and msmith are two persons. Nothing where the stem has fewer than
    five letters or more than 48 characters.
    """
    folded = fold(name, account=account)
    if not _is_comparable(folded, account=account):
        return ()
    stem, dot, extension = _stem(folded, account=account)
    rest = dot + extension
    last = len(stem) - 1
    cuts = [(stem[:place], stem[place:] + rest) for place in range(last)]
    inner = cuts[1:] if account else cuts
    return (
        *[head + tail[1:] for head, tail in inner],
        *[head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if tail[0] != tail[1]],
        *[head + letter + tail[1:] for head, tail in inner for letter in _LETTERS if letter != tail[0]],
        *[head + letter + tail for head, tail in inner for letter in _LETTERS],
        *[stem[:last] + letter + stem[last:] + rest for letter in _LETTERS],
    )


def has_near(name: str, names: Iterable[str], *, account: bool = False) -> bool:
    """Whether one of `names` (folded) may be one letter away: where none may, `one_off` is not worth making.

    One letter that differs leaves one half of the stem as it is; all names take a quarter of a millisecond.
    The name itself is not away from itself.
    """
    folded = fold(name, account=account)
    if not _is_comparable(folded, account=account):
        return False
    stem = _stem(folded, account=account)[0]
    half = (len(stem) - 2) // 2
    head, tail = folded[:half], folded[len(stem) - half :]
    return any((near.startswith(head) or near.endswith(tail)) and near != folded for near in names)


def _is_comparable(folded: str, *, account: bool) -> bool:
    """Whether a folded name is long enough to be one letter off by intent, and short enough to look at."""
    stem = _stem(folded, account=account)[0]
    letters = sum(map(str.isalpha, stem)) if account else len(stem)
    return letters >= _SHORTEST and len(stem) <= _LONGEST


def _stem(name: str, *, account: bool = False) -> tuple[str, str, str]:
    """Stem, dot and extension; accounts have no extension: john.smith."""
    if account:
        return name, "", ""
    head, dot, extension = name.rpartition(".")
    return (head, dot, extension) if dot else (name, "", "")


def hides_text(text: str) -> bool:
    """Whether a name has characters that turn its direction or have no width."""
    return not text.isascii() and _HIDING.search(text) is not None


def disguises(executable: str) -> tuple[str, ...]:
    """What in a path is made to be taken for a system program's, a clause each; empty where all is well."""
    lowered = executable.lower()
    name, path = program_name(lowered), folder(lowered)
    found = []
    program = imitated_system_program(name)
    if program is not None:
        found.append(f"its name looks like the system program {program}")
    part = imitated_folder(path)
    if part is not None:
        found.append(f"the folder {part[0]} looks like {part[1]}")
    usual = usual_system_folder(name, path)
    if usual is not None:
        found.append(f"{name} belongs in {_HOMES.get(name) or _SHOWN.get(usual, usual)}")
    if hides_text(executable):
        found.append("its path holds characters that turn or hide text")
    return tuple(found)


def is_system_program(name: str) -> bool:
    """Whether a name (lower case) is that of a program of Windows or Linux that is known beforehand."""
    return name in _SYSTEM_FOLDERS or name in _LINUX or name in _STRANGERS


def in_system_folder(path: str) -> bool:
    """Whether a folder (lower case, numbers masked or not) is one that a system's programs share."""
    return _INSTALLED.fullmatch(_without_device(path)) is not None


def imitated_system_program(name: str) -> str | None:
    """The system program that `name` (lower case) imitates without being one; None where there is none."""
    return _program_cached(name) if len(name) <= _CACHED_LENGTH else _program(name)


def _program(name: str) -> str | None:
    if name in _SYSTEM_FOLDERS or name in _LINUX:
        return None
    alike = _BY_FOLD.get(fold(name))
    if alike is None and name in _STRANGERS:
        return None
    alike = alike or _BY_LETTERS.get(_as_letters(name))
    if alike is not None:
        return alike if _without_digits(alike) != _without_digits(name) else None
    folded = fold(name)
    near = [
        known
        for length in range(len(folded) - 1, len(folded) + 2)
        for shape, known in _BY_LENGTH.get(length, ())
        if _is_one_off(folded, shape) and _without_digits(known) != _without_digits(name)
    ]
    # A letter left out is likelier than one exchanged: svhost is svchost rather than sihost.
    return max(near, key=len, default=None)


def _is_one_off(name: str, known: str) -> bool:
    """Whether a name is a system program's (both folded) but for one letter.

    Exchanged, missing, added or swapped with its neighbour. The longer stem has at least five letters. The
    last letter counts only in names of five letters and more that end in .exe.
    """
    stem, dot, extension = _stem(name)
    usual, usual_dot, usual_extension = _stem(known)
    if (dot, extension) != (usual_dot, usual_extension) or max(len(stem), len(usual)) < _SHORTEST:
        return False
    at = next((at for at, (a, b) in enumerate(zip(stem, usual, strict=False)) if a != b), None)
    if at is None:
        # One letter more or less at the end, which a doubled one (lsas, lsass) is not.
        doubled = max(stem, usual, key=len)[-2:-1] == max(stem, usual, key=len)[-1:]
        return doubled or (len(stem) >= _SHORTEST and extension == "exe")
    rest, theirs = stem[at:], usual[at:]
    if len(rest) == len(theirs) == 1:
        return len(stem) >= _SHORTEST and extension == "exe"
    return (
        rest[1:] == theirs[1:]
        or rest == theirs[1:]
        or rest[1:] == theirs
        or (rest[:2] == theirs[1::-1] and rest[2:] == theirs[2:])
    )


def imitated_folder(path: str) -> tuple[str, str] | None:
    r"""A part of the folder (lower case) that imitates a system folder, and that folder's name.

    `c:\w!ndows\system32` -> ("w!ndows", "windows").
    """
    return _folder_cached(path) if len(path) <= _CACHED_LENGTH else _folder(path)


def _folder(path: str) -> tuple[str, str] | None:
    inner = _without_device(path).split("\\")
    for depth, part in enumerate(inner[1:9], 1):
        if part in _FOLDER_NAMES or len(part) > _LONGEST:
            continue
        near = _near_folder(part, inner, depth)
        if near is not None:
            return part, near
        alike = _FOLDERS_BY_FOLD.get(fold(part))
        if alike is not None and _without_digits(alike) != _without_digits(part):
            return part, alike
    return None


def _near_folder(part: str, path: list[str], depth: int) -> str | None:
    r"""The system folder that `part` is one letter or a hidden blank away from, at that folder's own place.

    path, depth : the folder's parts, and which of them `part` is. `c:\windows \system32` is a way around UAC;
    `c:\programfiles` is a habit.
    """
    if depth > 2 or (depth == 2 and path[1] != "windows" and _near_folder(path[1], path, 1) != "windows"):
        return None
    folded = fold(part)
    for known in _FOLDER_NAMES:
        if (known in _ROOT_FOLDERS) != (depth == 1):
            continue
        if part.strip() == known:
            return known
        other = _without_digits(known) != _without_digits(part) and known.replace(" ", "") != part
        if other and _is_one_off(folded, fold(known)):
            return known
    return None


_program_cached: Final = lru_cache(maxsize=4096)(_program)
_folder_cached: Final = lru_cache(maxsize=4096)(_folder)


def usual_system_folder(name: str, path: str) -> str | None:
    r"""Where a system program belongs that runs from another folder; None where nothing is wrong or known.

    name, path : of the executable and of its folder, lower case. A bare name (no folder) tells nothing.
    """
    if "\\" in path:
        return _usual_windows_folder(name, path)
    if not path or name not in _LINUX:
        return None
    usual = any(path == place or path.startswith(place + "/") for place in _LINUX_FOLDERS)
    return None if usual else "/usr/sbin" if name in _SBIN else "/usr/bin"


def _usual_windows_folder(name: str, path: str) -> str | None:
    usual = _SYSTEM_FOLDERS.get(name)
    if usual is None:
        return None
    inner = _without_device(path)
    # explorer.exe belongs in the Windows folder itself; the others' folders may have folders of their own.
    deep = usual[1:] if name[:-4] in _WINDOWS else usual
    if inner in usual or any(inner.startswith(place + "\\") for place in deep):
        return None
    return usual[0]


def _without_device(path: str) -> str:
    """A folder in lower case without what stands before the Windows folder, that folder by its name."""
    return _DEVICE.sub("", _SYSTEM_ROOT.sub(r"\\windows", path), count=1)


def _without_digits(name: str) -> str:
    return _NUMBER.sub("", name)


_BY_FOLD: Final = {fold(name): name for name in (*_SYSTEM_FOLDERS, *_LINUX)}
_BY_LETTERS: Final = {_as_letters(name): name for name in (*_SYSTEM_FOLDERS, *_LINUX)}
_BY_LENGTH: Final[dict[int, list[tuple[str, str]]]] = {}
for _shape, _known in _BY_FOLD.items():
    _BY_LENGTH.setdefault(len(_shape), []).append((_shape, _known))
_FOLDERS_BY_FOLD: Final = {fold(name): name for name in _FOLDER_NAMES}
