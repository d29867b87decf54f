"""Names made to be taken for others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.detection.masquerade import (
    disguises,
    fold,
    has_near,
    imitated_folder,
    imitated_system_program,
    one_off,
    usual_system_folder,
)


@pytest.mark.parametrize(
    ("name", "imitated"),
    [
        ("suchost.exe", "svchost.exe"),
        ("svch0st.exe", "svchost.exe"),
        ("svhost.exe", "svchost.exe"),
        ("scvhost.exe", "svchost.exe"),
        ("lsasss.exe", "lsass.exe"),
        ("isass.exe", "lsass.exe"),
        ("lsas.exe", "lsass.exe"),
        ("csrs.exe", "csrss.exe"),
        ("certuti1.exe", "certutil.exe"),
        ("certuti.exe", "certutil.exe"),
        ("powershe11.exe", "powershell.exe"),
        ("svchosts.exe", "svchost.exe"),
        ("exp1orer.exe", "explorer.exe"),
        ("rund1l32.exe", "rundll32.exe"),
        ("rund1132.exe", "rundll32.exe"),
        ("5vch05t.exe", "svchost.exe"),
        ("\u0441md.exe", "cmd.exe"),
    ],
)
def test_a_name_like_a_system_programs_is_told(name: str, imitated: str) -> None:
    """One letter off, digits or Cyrillic letters for letters."""
    assert imitated == imitated_system_program(name)


@pytest.mark.parametrize(
    "name",
    [
        "svchost.exe",
        "cscript.exe",
        "wscript.exe",
        "net1.exe",
        "net2.exe",
        "pythonw.exe",
        "explorer1.exe",
        "nginx.exe",
        "regsvr64.exe",
        "service.exe",
        "sms.exe",
        "mountd",
        "gpasswd",
    ],
)
def test_a_systems_own_program_and_a_strangers_imitate_nothing(name: str) -> None:
    """Windows has both cscript and wscript, one letter apart; a number at the end is a version."""
    assert imitated_system_program(name) is None


def test_a_folder_like_a_system_folder_is_told() -> None:
    """The demo attack's `W!ndows`."""
    assert ("w!ndows", "windows") == imitated_folder(r"c:\w!ndows\system32")
    assert imitated_folder(r"c:\windows\system32") is None


@pytest.mark.parametrize(
    ("path", "imitated"),
    [
        (r"c:\windowss", ("windowss", "windows")),
        (r"c:\widnows\system32", ("widnows", "windows")),
        (r"\\?\c:\windws\temp", ("windws", "windows")),
        (r"\device\harddiskvolume3\wimdows", ("wimdows", "windows")),
        ("c:\\windows \\system32", ("windows ", "windows")),
        (r"c:\windows\sytem32", ("sytem32", "system32")),
        (r"c:\windows\syswov64", ("syswov64", "syswow64")),
        (r"c:\programdate", None),
        (r"c:\programdeta\a", ("programdeta", "programdata")),
        (r"c:\windows\system", None),
        (r"c:\windows\system64", None),
        (r"c:\windows\systemapps", None),
        (r"c:\windows\systemtemp", None),
        (r"c:\windows\sysnative", None),
        (r"c:\windows\system32\wbem", None),
        (r"c:\windows.old\windows", None),
        (r"c:\windows10upgrade", None),
        (r"c:\windows.~bt", None),
        (r"c:\window", None),
        (r"c:\user", None),
        (r"c:\programfiles\a", None),
        (r"c:\program files (x86)\a", None),
        (r"c:\programs\a", None),
        (r"d:\backup\sytem32", None),
        (r"c:\tools\windows\usres", None),
        ("/usr/bin", None),
        ("", None),
    ],
)
def test_a_system_folder_is_imitated_at_its_own_place_alone(
    path: str, imitated: tuple[str, str] | None
) -> None:
    """One letter off on a drive or in the Windows folder; Windows' own neighbours of them are none."""
    assert imitated == imitated_folder(path)


@pytest.mark.parametrize(
    ("name", "folder", "usual"),
    [
        ("svchost.exe", r"c:\users\public", r"\windows\system32"),
        ("svchost.exe", r"c:\windows\system32", None),
        ("svchost.exe", r"\systemroot\system32", None),
        ("csrss.exe", r"%systemroot%\system32", None),
        ("conhost.exe", r"\\?\c:\windows\system32", None),
        ("wmiprvse.exe", r"d:\windows\system32\wbem", None),
        ("powershell.exe", r"c:\windows\syswow64\windowspowershell\v1.0", None),
        ("explorer.exe", r"c:\windows", None),
        ("explorer.exe", r"c:\windows\temp", r"\windows"),
        ("cmd.exe", "", None),
        ("agent.exe", r"c:\users\public", None),
        ("sshd", "/usr/sbin", None),
        ("sshd", "/srv", "/usr/sbin"),
        ("bash", "/srv", "/usr/bin"),
        ("nginx", "/srv", None),
    ],
)
def test_a_system_program_belongs_in_its_folder(name: str, folder: str, usual: str | None) -> None:
    """Whatever stands before the Windows folder: a drive, a device, a variable."""
    assert usual == usual_system_folder(name, folder)


def test_all_that_a_path_shows_is_told_at_once() -> None:
    """A clause each."""
    assert (
        "the folder w!ndows looks like windows",
        r"reg.exe belongs in C:\Windows\System32",
    ) == disguises(r"C:\W!ndows\System32\reg.exe")
    assert ("its path holds characters that turn or hide text",) == disguises("C:\\a\\\u202ecod.scr")
    assert () == disguises(r"C:\Windows\System32\reg.exe")


@pytest.mark.parametrize("name", ["lsass", "csrss", "svchost", "certutil", "wscript", "explorer", "taskmgr"])
@given(st.data())
def test_a_system_programs_name_with_one_letter_changed_imitates_one(name: str, data: st.DataObject) -> None:
    """Wherever the letter is: missing, added, exchanged or swapped with its neighbour."""
    place = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("bdkqxz"))
    head, tail = name[:place], name[place:]
    swapped = head + tail[1::-1] + tail[2:]
    changed = data.draw(st.sampled_from([head + letter + tail, head + letter + tail[1:], swapped]))
    if changed != name:
        assert imitated_system_program(changed + ".exe") is not None
    shorter = head + tail[1:]
    assert imitated_system_program(shorter + ".exe") is not None or shorter == "script"


@given(st.text("abcdefgh", min_size=6, max_size=12), st.data())
def test_names_one_letter_off_find_each_other(name: str, data: st.DataObject) -> None:
    """For each change before the last letter of the stem."""
    place = data.draw(st.integers(0, len(name) - 2))
    letter = data.draw(st.sampled_from("abcdefgh"))
    other = data.draw(
        st.sampled_from(
            [
                name[:place] + letter + name[place + 1 :],
                name[:place] + letter + name[place:],
                name[:place] + name[place + 1 :],
            ]
        )
    )

    assert (other != name) == (fold(other + ".exe") in set(one_off(name + ".exe")))


@given(st.text(max_size=60))
def test_any_text_can_be_folded_and_is_never_cut(name: str) -> None:
    """Names are the attacker's: no character breaks it."""
    assert isinstance(fold(name), str)
    assert disguises(name) is not None


@given(st.text("abcdehm01. \\@", min_size=1, max_size=14), st.booleans())
def test_no_name_one_letter_away_is_spared(name: str, account: bool) -> None:
    """What rules out a whole scope's names at once rules out none that one_off makes."""
    assert all(has_near(name, [near], account=account) for near in one_off(name, account=account))
