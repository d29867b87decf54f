"""The score ranks: each thing it measures only ever raises or only ever lowers it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.detection.novelty import Novelty
from processor.detection.verdict import Assessment, Signs, is_service, is_systems_own, score
from processor.events.event import LOGON, PROCESS, Event

PLAIN = Signs(process=True, service=True, disguised=(), told=1.0)
KNOWN = Novelty(same_place=True)

NOVELTIES = st.builds(
    Novelty,
    new_name=st.booleans(),
    new_place=st.booleans(),
    same_place=st.booleans(),
    elsewhere=st.booleans(),
    alike=st.sampled_from(["", "agent.exe"]),
)
LIKE_SVCHOST = ("its name looks like the system program svchost.exe",)
SIGNS = st.builds(
    Signs,
    process=st.booleans(),
    service=st.booleans(),
    disguised=st.sampled_from([(), LIKE_SVCHOST]),
    told=st.floats(0, 1e6),
)
DISTANCES = st.none() | st.floats(1.0, 1e9)


SEEN = st.builds(
    Assessment,
    distance=st.none(),
    apart=DISTANCES,
    similar=st.integers(0, 100_000),
    company=st.booleans(),
    suspect=st.booleans(),
    crowd=st.integers(0, 1000),
    novelty=NOVELTIES,
    signs=SIGNS,
)


@given(SEEN)
def test_a_score_is_a_whole_number_from_0_to_100(event: Assessment) -> None:
    """Whatever is measured, the same for the same."""
    points = score(event)

    assert 0 <= points <= 100
    assert points == score(event)


@given(SEEN)
def test_each_measure_moves_the_score_one_way(event: Assessment) -> None:
    """Farther, newer, a person's, disguised: never lower. More of its kind: never higher."""
    points = score(event)
    novelty, signs = event.novelty, event.signs

    if event.apart is not None:
        assert points <= score(replace(event, apart=event.apart * 2))
    assert points >= score(replace(event, similar=event.similar + 1))
    assert points >= score(replace(event, company=True))
    assert points >= score(replace(event, crowd=event.crowd + 1))
    assert points <= score(replace(event, suspect=True))
    for newer in (
        replace(novelty, new_name=True),
        replace(novelty, new_place=True),
        replace(novelty, alike="x"),
    ):
        assert points <= score(replace(event, novelty=newer))
    for plainer in (
        replace(signs, disguised=LIKE_SVCHOST),
        replace(signs, service=False),
        replace(signs, told=signs.told * 2),
    ):
        assert points <= score(replace(event, signs=plainer))


NEW_HERE = Novelty(new_name=True, new_place=True)
PERSON = replace(PLAIN, service=False)
LOGGED_ON = replace(PERSON, process=False, told=0.0)


@pytest.mark.parametrize(
    ("points", "apart", "company", "novelty", "signs"),
    [
        (40, 1.0, True, KNOWN, PLAIN),
        (65, 64.0, True, KNOWN, PLAIN),
        (65, 1e6, True, KNOWN, PLAIN),
        (60, 1.0, True, KNOWN, PERSON),
        (100, 64.0, True, KNOWN, PERSON),
        (80, 64.0, True, KNOWN, LOGGED_ON),
        (55, None, False, KNOWN, PLAIN),
        (65, None, False, Novelty(new_name=True), PLAIN),
        (70, None, False, NEW_HERE, PLAIN),
        (90, None, False, NEW_HERE, PERSON),
        (65, None, True, NEW_HERE, PLAIN),
        (70, None, False, NEW_HERE, LOGGED_ON),
        (25, None, False, NEW_HERE, replace(LOGGED_ON, service=True)),
        (90, None, False, replace(NEW_HERE, alike="a"), LOGGED_ON),
        (59, None, False, KNOWN, replace(PLAIN, told=100.0)),
    ],
)
def test_the_documented_points(
    points: int, apart: float | None, company: bool, novelty: Novelty, signs: Signs
) -> None:
    """As docs/detection.md tells them, of an event that nothing is like."""
    assert points == score(Assessment(None, apart, 0, company, novelty, signs, suspect=False))


def test_what_a_suspect_starts_has_ten_more_and_a_disguise_95() -> None:
    """A first run of the system's own that a raised program started; one named like svchost."""
    started = Assessment(None, None, 0, company=False, novelty=NEW_HERE, signs=PLAIN, suspect=True)

    assert 80 == score(started)
    assert 95 == score(replace(started, signs=replace(PLAIN, disguised=LIKE_SVCHOST)))


def test_a_repeated_logon_from_a_busy_address_has_three_less_for_each_doubling() -> None:
    """Of the events of others from there."""
    event = Assessment(0.0, None, 1, company=False, novelty=NEW_HERE, signs=LOGGED_ON, suspect=False)

    assert [60, 57, 54] == [score(replace(event, crowd=crowd)) for crowd in (0, 1, 3)]


@pytest.mark.parametrize(("similar", "points"), [(0, 90), (1, 80), (3, 70), (255, 10), (10_000, 0)])
def test_each_doubling_of_its_kind_takes_ten(similar: int, points: int) -> None:
    """A second run of a person's new program is told from the system's first runs; a habit is nothing."""
    event = Assessment(0.0, None, similar, company=False, novelty=NEW_HERE, signs=PERSON, suspect=False)

    assert points == score(event)


@pytest.mark.parametrize(
    ("logon_id", "service"),
    [("0x3e7", True), ("0x3e4", True), ("0x3e5", True), ("0x12345", False), ("", False)],
)
def test_the_operating_systems_sessions_are_known_by_their_ids(logon_id: str, service: bool) -> None:
    """SYSTEM, NETWORK SERVICE and LOCAL SERVICE."""
    event = Event(kind=PROCESS, format="test", code="1", time=0, host="h", logon_id=logon_id)

    assert service == is_service(event)


@pytest.mark.parametrize(
    ("parent", "own"),
    [
        (r"C:\Windows\System32\svchost.exe", True),
        (r"c:\WINDOWS\system32\services.exe", True),
        (r"C:\Users\Public\svchost.exe", False),
        (r"C:\Windows\System32\wbem\WmiPrvSE.exe", False),
        (r"C:\Windows\explorer.exe", False),
        ("", False),
    ],
)
def test_what_the_operating_system_starts_in_a_persons_session_is_its_own(parent: str, own: bool) -> None:
    """So that Sysmon and 4688 of one process, which name different sessions, score alike."""
    event = Event(
        kind=PROCESS, format="test", code="1", time=0, host="h", logon_id="0x12345", parent_executable=parent
    )

    assert own == is_systems_own(event)


@pytest.mark.parametrize(
    ("account", "session", "address", "own"),
    [
        (r"CORP\WEB1$", "0x5f3a1", "192.0.2.1", True),
        (r"WORKGROUP\WEB1$", "0x5f3a1", "", True),
        (r"WEB1\intern$", "0x5f3a1", "", False),
        (r"NT AUTHORITY\SYSTEM", "0x3e7", "", True),
        (r"NT AUTHORITY\ANONYMOUS LOGON", "0x5f3a1", "192.0.2.1", False),
        (r"Window Manager\DWM-12", "0x5f3a1", "", True),
        (r"Font Driver Host\UMFD-0", "0x5f3a1", "", True),
        (r"CORP\dwm-0x", "0x5f3a1", "", False),
        (r"IIS APPPOOL\shop", "0x5f3a1", "", True),
        (r"CORP\ann", "0x5f3a1", "", False),
        ("", "", "", False),
    ],
)
def test_logons_of_computers_and_of_windows_own_accounts_are_no_persons(
    account: str, session: str, address: str, own: bool
) -> None:
    """A local account with a dollar at its end is one: it hides from `net user`."""
    event = Event(
        kind=LOGON, format="test", code="1", time=0, host="web1.corp.example",
        account=account, logon_id=session, source_ip=address,
    )  # fmt: skip

    assert own == is_systems_own(event)


def test_root_from_afar_is_a_person() -> None:
    """Else whoever guesses the root password would rank below a clerk."""
    event = Event(
        kind=LOGON, format="sshd", code="1", time=0, host="web1", account="root", source_ip="192.0.2.1",
        system_session=True,
    )  # fmt: skip

    assert not is_systems_own(event)
