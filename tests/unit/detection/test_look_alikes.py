"""Which names are said to be like others of the window: records of a replay, from the file to the anomaly."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from processor.config import Settings
from processor.study.replay import Request, replay

SYSTEM32 = "C:\\Windows\\System32\\"


def process(day: int, second: int, executable: str) -> dict[str, Any]:
    """A record of 4688; below "/" the same in ECS."""
    time = f"2027-01-{day:02d}T00:{second // 60:02d}:{second % 60:02d}Z"
    if executable.startswith("/"):
        return {
            "@timestamp": time,
            "event": {"category": ["process"], "type": ["start"], "kind": "event"},
            "host": {"name": "deb-1", "os": {"type": "linux"}},
            "user": {"name": "bob", "id": "1000"},
            "process": {"executable": executable, "command_line": executable, "pid": 5},
        }
    return {
        "EventID": 4688,
        "TimeGenerated": time,
        "Computer": "srv-1",
        "SubjectUserName": "bob",
        "SubjectLogonId": "0x123",
        "NewProcessName": executable,
        "CommandLine": executable,
    }


def logon(day: int, second: int, account: str, domain: str = "CORP") -> dict[str, Any]:
    """A record of 4624, from the network."""
    return {
        "EventID": 4624,
        "TimeGenerated": f"2027-01-{day:02d}T00:{second // 60:02d}:{second % 60:02d}Z",
        "Computer": "srv-1",
        "TargetUserName": account,
        "TargetDomainName": domain,
        "TargetLogonId": "0x333",
        "SubjectUserName": "-",
        "SubjectLogonId": "0x0",
        "LogonType": 3,
        "IpAddress": "10.0.0.5",
        "AuthenticationPackageName": "NTLM",
    }


def last(tmp_path: Path, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The anomaly that a replay writes for the last record."""
    history, found = tmp_path / "events.jsonl", tmp_path / "anomalies.jsonl"
    history.write_text("".join(json.dumps(record) + "\n" for record in records))
    settings = Settings.model_validate({"warmup": {"publish": True}, "episode": {"fold": {"keep": 0}}})
    replay(Request([history], anomalies=found), settings, lambda _done, _total: None)
    anomaly: dict[str, Any] = json.loads(found.read_text().splitlines()[-1])
    assert len(records) - 1 == anomaly["anomaly"]["source"]["offset"]
    return anomaly


def after(tmp_path: Path, known: str, new: str) -> dict[str, Any]:
    """What is said of a program that is run two days after three runs of another."""
    return last(tmp_path, [*(process(1, second, known) for second in range(3)), process(3, 0, new)])


@pytest.mark.parametrize(
    ("known", "new"),
    [
        (SYSTEM32 + "cacls.exe", SYSTEM32 + "icacls.exe"),
        (SYSTEM32 + "cscript.exe", SYSTEM32 + "wscript.exe"),
        (SYSTEM32 + "netstat.exe", SYSTEM32 + "nbtstat.exe"),
        (SYSTEM32 + "tracert.exe", SYSTEM32 + "tracerpt.exe"),
        (SYSTEM32 + "agentsvc.exe", "C:\\Windows\\SysWOW64\\agantsvc.exe"),
        ("/usr/bin/mount", "/usr/bin/umount"),
        ("/usr/bin/egrep", "/usr/bin/fgrep"),
        ("/bin/egrep", "/usr/bin/zgrep"),
        ("/usr/sbin/pvcreate", "/usr/sbin/lvcreate"),
        ("/usr/bin/passwd", "/usr/bin/gpasswd"),
        ("/usr/bin/id", "/usr/bin/ld"),
    ],
)
def test_a_systems_own_programs_are_no_look_alikes_of_one_another(
    tmp_path: Path, known: str, new: str
) -> None:
    """A first run scores what it is worth: 85, and 90 in a folder that is new too; a look-alike had 100."""
    anomaly = after(tmp_path, known, new)

    assert "easily taken" not in anomaly["message"]
    assert "looks like" not in anomaly["message"]
    assert anomaly["event"]["risk_score"] <= 90


@pytest.mark.parametrize(
    ("known", "new", "said"),
    [
        ("/usr/bin/egrep", "/home/bob/fgrep", "easily taken for egrep"),
        ("/usr/bin/gcore", "/usr/bin/gc0re", "easily taken for gcore"),
        ("/opt/agent/monitor", "/usr/bin/monitar", "easily taken for monitor"),
        ("C:\\App\\monitor.exe", SYSTEM32 + "m0nitor.exe", "easily taken for monitor.exe"),
        (SYSTEM32 + "cscript.exe", SYSTEM32 + "cscr1pt.exe", "looks like the system program cscript.exe"),
        (SYSTEM32 + "agentsvc.exe", "C:\\App\\agentzvc.exe", "easily taken for agentsvc.exe"),
    ],
)
def test_a_look_alike_is_told_where_folder_or_letters_give_it_away(
    tmp_path: Path, known: str, new: str, said: str
) -> None:
    """From outside the system's folders, or with a digit for a letter within them."""
    anomaly = after(tmp_path, known, new)

    assert said in anomaly["message"]
    assert anomaly["event"]["risk_score"] >= 90


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("C:\\windowss\\tool.exe", "the folder windowss looks like windows"),
        ("C:\\Windows\\Sytem32\\tool.exe", "the folder sytem32 looks like system32"),
        ("C:\\Users\\Public\\rund1132.exe", "its name looks like the system program rundll32.exe"),
        (SYSTEM32 + "rund1132.exe", "its name looks like the system program rundll32.exe"),
    ],
)
def test_a_path_one_letter_away_from_the_systems_own_is_told(tmp_path: Path, path: str, said: str) -> None:
    """Folders and programs, whatever else ran here."""
    anomaly = after(tmp_path, SYSTEM32 + "tasklist.exe", path)

    assert said in anomaly["message"]
    assert anomaly["event"]["risk_score"] >= 95


def test_programs_that_differ_in_numbers_are_not_said_to_be_the_same(tmp_path: Path) -> None:
    """agent02 never ran before from anywhere; what agentO1 is like is agent01, as it was seen."""
    other = after(tmp_path, "C:\\App\\agent01.exe", "C:\\Users\\Public\\agent02.exe")["message"]
    alike = after(tmp_path, "C:\\App\\Agent01.exe", "C:\\Users\\Public\\agentO1.exe")["message"]
    folder = "C:\\Users\\Public\\rundll32.exe"
    system = after(tmp_path, SYSTEM32 + "rundll32.exe", folder)["message"]

    assert r"programs of this name, numbers aside, run 3 times from c:\app, never before from here" in other
    assert "its name is easily taken for agent01.exe, a program known here" in alike
    assert r"otherwise runs 3 times from c:\windows\system32, never before from here" in system


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ("john.smith", "john.smyth"),
        ("svc.backup", "svc.bakcup"),
        ("svc.backup", "svc.backvp"),
        ("svc.backup", "svc.b4ckup"),
        ("m.mueller", "m.muller"),
        ("administrator", "Administrat0r"),
        ("alice", "\u0430lice"),
    ],
)
def test_an_account_made_to_be_taken_for_another_is_told(tmp_path: Path, known: str, new: str) -> None:
    """Wherever the letter is, behind a dot too."""
    anomaly = last(tmp_path, [*(logon(1, second, known) for second in range(3)), logon(3, 0, new)])

    assert f"easily taken for corp\\{known.lower()}, an account known here" in anomaly["message"]


@pytest.mark.parametrize(
    ("known", "new"),
    [
        ("bob", "rob"),
        ("dan", "jan"),
        ("wei", "lei"),
        ("jsmith", "msmith"),
        ("a.lei", "a.wei"),
        ("john.smith", "john.smith2"),
        ("svc_sql01", "svc_sql02"),
        ("WEB-AX$", "WEB-BX$"),
    ],
)
def test_persons_of_short_names_and_other_initials_are_no_look_alikes(
    tmp_path: Path, known: str, new: str
) -> None:
    """A domain before a name makes it no longer; a number is a number."""
    anomaly = last(tmp_path, [*(logon(1, second, known) for second in range(3)), logon(3, 0, new)])

    assert "easily taken" not in anomaly["message"]


def test_an_account_of_another_domain_is_no_look_alike_and_imitates_across_domains(tmp_path: Path) -> None:
    """The same name is the same; one letter off is one letter off."""
    known = [logon(1, second, "john.smith") for second in range(3)]

    assert "easily taken" not in last(tmp_path, [*known, logon(3, 0, "john.smith", "SRV-1")])["message"]
    assert "easily taken" in last(tmp_path, [*known, logon(3, 0, "john.smyth", "SRV-1")])["message"]


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_names_the_one_with_most_events_is_told(tmp_path: Path, order: int) -> None:
    """Not the look-alike that came before."""
    known = [("administrator", 4), ("adm1nistrator", 2)][::order]
    records = [logon(1, 10 * at, name) for name, events in known for at in range(events)]
    message = last(tmp_path, [*records, logon(3, 0, "Administrat0r")])["message"]

    assert r"easily taken for corp\administrator" in message
