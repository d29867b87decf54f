"""What is said of an anomaly, judged by the default feature sets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from processor.config import load
from processor.detection.detector import Detector
from processor.detection.verdict import Explanation
from processor.events.event import LOGON, PROCESS, Event

HOUR = 3_600_000


def run(number: int, executable: str, command_line: str = "", *, system: bool = False) -> Event:
    """A process of host h, an hour after the one before."""
    return Event(
        kind=PROCESS,
        format="sysmon",
        code="1",
        time=number * HOUR,
        host="h",
        user_name="ann",
        logon_id="0x3e7" if system else "0x51234",
        system_session=system,
        executable=executable,
        command_line=command_line or executable,
    )


def logon(number: int, account: str, address: str) -> Event:
    """A logon to host h."""
    return Event(
        kind=LOGON, format="windows_security", code="4624", time=number * HOUR, host="h",
        account=account, source_ip=address, logon_type=3, outcome="success",
    )  # fmt: skip


def last(events: list[Event], scope: str = "host.name") -> Explanation:
    """The explanation of the last event, after the others were learned; it must be an anomaly."""
    *before, final = enumerate(events)
    fields = {"WARMUP__PUBLISH": "true", "EPISODE__FOLD__KEEP": "0", "SCOPE__BY": scope}
    config = load(None, {f"EVENTCLUSTER_{name}": value for name, value in fields.items()})
    detector = Detector(config.pipeline().detector, lambda _value, offset: str(offset))
    for offset, event in before:
        detector.observe(event, b"", offset, event.time or 0)
    judgement = detector.observe(final[1], b"", final[0], final[1].time or 0)
    assert judgement.anomaly is not None
    return judgement.anomaly.explanation


OTHER_FORM = (
    "known here, but not like this: 1 separator where 13 are usual and 8 characters where 45 are usual"
)
SVCHOST = r"C:\Windows\System32\svchost.exe"


@pytest.mark.parametrize(
    ("clause", "events"),
    [
        ("first run of a program of this name in 7 days", [run(0, r"C:\a\new.exe")]),
        ("nothing else has run from this folder in 7 days", [run(0, r"C:\a\new.exe")]),
        (
            r"otherwise runs 3 times from c:\tools, never before from here",
            [*(run(n, r"C:\tools\agent.exe") for n in range(3)), run(4, r"C:\Users\Public\agent.exe")],
        ),
        (r"svchost.exe belongs in C:\Windows\System32", [run(0, r"C:\Users\Public\svchost.exe")]),
        ("its name looks like the system program svchost.exe", [run(0, r"C:\Public\svch0st.exe")]),
        (
            "its name is easily taken for monitoragent.exe, a program known here",
            [run(0, r"C:\tools\monitoragent.exe"), run(1, r"C:\tools\monitoragemt.exe")],
        ),
        (
            "known from here, but in 7 days only in the system's own session",
            [run(0, SVCHOST, system=True), run(1, SVCHOST)],
        ),
        (
            "seen before in 7 days, but each time in another form",
            [run(0, r"C:\a\tool.exe", "tool.exe"), run(1, r"C:\a\tool.exe", "tool.exe --some-thing /else")],
        ),
        (
            "programs of this name, numbers aside, were seen in 7 days, each in another form",
            [run(0, r"C:\a\4242.exe", "4242.exe --list"), run(1, r"C:\a\1234.exe", "1234.exe")],
        ),
        (
            OTHER_FORM,
            [
                *(
                    run(n, r"C:\a\tool.exe", r"tool.exe /a /b C:\one\two three.four five/six")
                    for n in range(2)
                ),
                run(3, r"C:\a\tool.exe", "tool.exe"),
            ],
        ),
        ("first logon of this account in 7 days", [logon(0, r"CORP\ann", "10.0.0.1")]),
        (
            "otherwise logs on 2 times from 10.0.0.1, never before from here",
            [*(logon(n, r"CORP\ann", "10.0.0.1") for n in range(2)), logon(3, r"CORP\ann", "10.0.0.9")],
        ),
        (
            r"its name is easily taken for corp\administrator, an account known here",
            [logon(0, r"CORP\Administrator", "10.0.0.1"), logon(1, r"CORP\Adm1nistrator", "10.0.0.9")],
        ),
    ],
)
def test_what_is_new_is_said_as_a_fact_and_in_the_sentence(clause: str, events: list[Event]) -> None:
    """Plain words, a clause each."""
    explanation = last(events)

    assert clause in explanation.facts
    assert clause in explanation.sentence


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.text(max_size=300), st.text(max_size=2000), st.booleans()), min_size=1, max_size=4)
)
def test_a_sentence_is_one_bounded_line_whatever_an_event_holds(texts: list[tuple[str, str, bool]]) -> None:
    """Everything in an event is the attacker's: no line breaks, no endless text."""
    events = [run(n, path or "x", line, system=system) for n, (path, line, system) in enumerate(texts)]
    events.append(run(9, r"C:\never\seen.exe"))
    explanation = last(events)

    for text in (explanation.sentence, *explanation.facts):
        assert text.isprintable()
        assert len(text) < 1500


def test_the_sentence_says_what_started_a_process() -> None:
    """By name; nothing where the source does not tell."""
    event = structs.replace(run(0, r"C:\a\new.exe"), parent_executable=r"C:\Windows\explorer.exe")

    assert r"new.exe run by ann from C:\a on h, started by explorer.exe: " in last([event]).sentence
    assert "started by" not in last([run(0, r"C:\a\new.exe")]).sentence


def test_the_sentence_says_that_what_started_a_process_was_raised_too() -> None:
    """In the same episode only."""
    parent = run(0, r"C:\Users\Public\svchost.exe")
    child = structs.replace(run(0, r"C:\tools\scan.exe"), parent_executable=parent.executable)
    later = structs.replace(run(1, r"C:\tools\scan.exe"), parent_executable=parent.executable)

    clause = "what started it, svchost.exe, is an anomaly of this episode too"
    assert clause in last([parent, child]).facts
    assert clause not in last([parent, later]).facts


def test_a_system_program_s_home_is_told_to_the_last_folder() -> None:
    """PowerShell does not live in System32 itself."""
    facts = last([run(0, r"C:\Users\Public\powershell.exe")]).facts

    assert r"powershell.exe belongs in C:\Windows\System32\WindowsPowerShell\v1.0" in facts


@pytest.mark.parametrize("scope", ["host.name", "user.name", "none"])
def test_the_sentence_names_the_host_whatever_the_scope_is(scope: str) -> None:
    """Nothing runs on an account, and where all hosts are one scope the reader still needs to know which."""
    told = last([run(number, SVCHOST) for number in range(3)] + [run(3, r"C:\Temp\x.exe")], scope)

    assert told.sentence.startswith("x.exe run by ann from C:\\Temp on h: ")
