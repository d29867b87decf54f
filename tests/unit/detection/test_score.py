"""The score ranks: each thing it measures only ever raises or only ever lowers it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.detection.novelty import Novelty
from processor.detection.verdict import Assessment, Reason, Signs, is_service, is_systems_own, score
from processor.events.event import PROCESS, Event

PLAIN = Signs(process=True, service=True, disguised=(), told=1.0)
KNOWN = Novelty(same_place=True)
NEW = Reason.NEW_SINGLETON_CLUSTER
OUTSIDE = Reason.OUTSIDE_CLUSTERS

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
    distance_in_eps=DISTANCES,
    similar=st.integers(0, 20),
    novelty=NOVELTIES,
    signs=SIGNS,
)


def seen(distance: float | None, novelty: Novelty, signs: Signs) -> Assessment:
    """An event so many eps away that has no like."""
    return Assessment(None, distance, 0, novelty, signs)


@given(st.sampled_from(Reason), SEEN)
def test_a_score_is_a_whole_number_from_0_to_100(reason: Reason, event: Assessment) -> None:
    """Whatever is measured, the same for the same."""
    points = score(reason, event)

    assert 0 <= points <= 100
    assert points == score(reason, event)


@given(st.sampled_from(Reason), SEEN)
def test_each_measure_moves_the_score_one_way(reason: Reason, event: Assessment) -> None:
    """Farther, newer, a person's, disguised: never lower. More of its kind: never higher."""
    points = score(reason, event)
    novelty, signs = event.novelty, event.signs

    if event.distance_in_eps is not None:
        assert points <= score(reason, replace(event, distance_in_eps=event.distance_in_eps * 2))
    assert points >= score(reason, replace(event, similar=event.similar + 1))
    for newer in (
        replace(novelty, new_name=True),
        replace(novelty, new_place=True),
        replace(novelty, alike="x"),
    ):
        assert points <= score(reason, replace(event, novelty=newer))
    for plainer in (
        replace(signs, disguised=LIKE_SVCHOST),
        replace(signs, service=False),
        replace(signs, told=signs.told * 2),
    ):
        assert points <= score(reason, replace(event, signs=plainer))


@pytest.mark.parametrize(
    ("points", "reason", "distance", "novelty", "signs"),
    [
        (40, OUTSIDE, 1.0, KNOWN, PLAIN),
        (65, OUTSIDE, 64.0, KNOWN, PLAIN),
        (65, OUTSIDE, 1e6, KNOWN, PLAIN),
        (60, OUTSIDE, 1.0, KNOWN, replace(PLAIN, service=False)),
        (100, OUTSIDE, 64.0, KNOWN, replace(PLAIN, service=False)),
        (85, OUTSIDE, 64.0, KNOWN, replace(PLAIN, process=False)),
        (55, NEW, None, KNOWN, PLAIN),
        (65, NEW, None, Novelty(new_name=True), PLAIN),
        (70, NEW, None, Novelty(new_name=True, new_place=True), PLAIN),
        (90, NEW, None, Novelty(new_name=True, new_place=True), replace(PLAIN, service=False)),
        (65, OUTSIDE, None, Novelty(new_name=True, new_place=True), PLAIN),
        (95, NEW, None, KNOWN, replace(PLAIN, disguised=LIKE_SVCHOST)),
        (70, NEW, None, Novelty(new_name=True, new_place=True), replace(PLAIN, process=False)),
        (90, NEW, None, Novelty(new_name=True, new_place=True, alike="a"), replace(PLAIN, process=False)),
        (59, NEW, None, KNOWN, replace(PLAIN, told=100.0)),
        (40, Reason.RARE_CLUSTER, 0.0, KNOWN, PLAIN),
    ],
)
def test_the_documented_points(
    points: int, reason: Reason, distance: float | None, novelty: Novelty, signs: Signs
) -> None:
    """As docs/detection.md tells them."""
    assert points == score(reason, seen(distance, novelty, signs))


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
