"""The detector of one partition: reasons, late events, clock skew, warm-up; same events, same verdicts."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.detection.detector import Detector, Judgement
from processor.detection.settings import (
    DetectorSettings,
    EngineName,
    EpisodeSettings,
    KindSettings,
    ScopeSettings,
    WarmupSettings,
    WindowSettings,
)
from processor.detection.verdict import Reason
from processor.events.event import PROCESS, Event, Kind

MINUTE = 60_000
SIMPLE = KindSettings(features=None, eps=1.0, min_samples=2, rare_cluster_size=0, engine="sliding_dbscan")  # type: ignore[arg-type]


class Length:
    """A feature set of one column, the command line's length, gated by the executable."""

    name = "length"
    version = 1
    kind: Kind = PROCESS
    columns: tuple[str, ...] = ("length",)
    gate_parts: tuple[str, ...] = ("program",)
    part_versions: tuple[int, ...] = (1, 1)
    sketched = False

    def measure(self, event: Event) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Gate: the executable; counts: characters of the command line."""
        return (event.executable,), (len(event.command_line),)

    def vector(self, counts: tuple[int, ...]) -> tuple[float, ...]:
        """The length as a float."""
        return (float(counts[0]),)


def settings(**changes: object) -> DetectorSettings:
    """Judged from the first event, one hour of window in panes of ten minutes, nothing folded."""
    base = DetectorSettings(
        kinds={PROCESS: replace(SIMPLE, features=Length())},
        scope=ScopeSettings("host.name", ()),
        window=WindowSettings(60 * MINUTE, 10 * MINUTE, 5 * MINUTE),
        warmup=WarmupSettings(0, 0, publish=False),
        episode=EpisodeSettings(15 * MINUTE, 240 * MINUTE, (70, 90), {PROCESS: ("folder",), "logon": ()}, 0),
        min_score=0,
        max_vectors=1000,
        max_scopes=100,
        max_segment_events=1000,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def event(length: int, time: int | None = 0, exe: str = "a.exe", host: str = "h") -> Event:
    """A process creation whose command line has `length` characters."""
    return Event(
        kind=PROCESS,
        format="sysmon",
        code="1",
        time=time,
        host=host,
        executable=exe,
        command_line="x" * length,
    )


def identify(_value: bytes, offset: int) -> str:
    """An id that names the offset."""
    return f"id{offset}"


def observe(
    events: Iterable[Event], own: DetectorSettings | None = None, timestamp: int = 0
) -> list[Judgement]:
    """Judgements of events whose records carry `timestamp`, or their own time where that is later."""
    detector = Detector(own or settings(), identify)
    return [detector.observe(e, b"", offset, max(timestamp, e.time or 0)) for offset, e in enumerate(events)]


def test_the_first_of_a_gate_is_a_singleton_and_a_known_gate_in_another_form_is_outside() -> None:
    """Both reasons are noise; what else lives in the gate tells them apart."""
    reasons = [j.reason for j in observe([event(5), event(5), event(50), event(5, exe="b.exe")])]

    assert [
        Reason.NEW_SINGLETON_CLUSTER,
        None,
        Reason.OUTSIDE_CLUSTERS,
        Reason.NEW_SINGLETON_CLUSTER,
    ] == reasons


def test_scopes_share_nothing() -> None:
    """The scope is the first part of the gate."""
    reasons = [j.reason for j in observe([event(5), event(5), event(5, host="other")])]

    assert [Reason.NEW_SINGLETON_CLUSTER, None, Reason.NEW_SINGLETON_CLUSTER] == reasons


def test_with_min_samples_one_a_cluster_of_exactly_this_event_is_a_singleton() -> None:
    """Every event is a core then; one without a neighbour opened its own cluster."""
    own = settings(kinds={PROCESS: replace(SIMPLE, features=Length(), min_samples=1)})
    reasons = [j.reason for j in observe([event(5), event(5), event(50)], own)]

    assert [Reason.NEW_SINGLETON_CLUSTER, None, Reason.NEW_SINGLETON_CLUSTER] == reasons


def test_a_small_cluster_is_rare_where_that_is_asked_for() -> None:
    """rare_cluster_size: 2 flags the second event that makes a cluster, not the third."""
    own = settings(kinds={PROCESS: replace(SIMPLE, features=Length(), rare_cluster_size=2)})
    reasons = [j.reason for j in observe([event(5), event(5), event(5)], own)]

    assert [Reason.NEW_SINGLETON_CLUSTER, Reason.RARE_CLUSTER, None] == reasons


def test_a_member_of_a_cluster_is_scored_where_a_study_asks() -> None:
    """As what it is without its own kind, ten less for each doubling of that."""
    detector = Detector(settings(), identify)
    detector.followed = True
    scores = []
    for offset, each in enumerate([event(5), event(50), event(50), event(5), event(5), event(5)]):
        detector.observe(each, b"", offset, 0)
        scores.append(detector.score_of_last())

    first, other, again, *more = scores
    assert first > other
    assert 10 == other - again
    assert sorted(more, reverse=True) == more


def test_a_second_run_that_is_no_cluster_yet_is_seen_and_like_one() -> None:
    """min_samples 3: five less for a gate without a cluster, ten for the run before."""
    own = settings(kinds={PROCESS: replace(SIMPLE, features=Length(), min_samples=3)})
    scores = [j.anomaly.score for j in observe([event(5), event(5)], own) if j.anomaly]

    assert 15 == scores[0] - scores[1]


def test_a_late_event_has_no_score_to_ask_for() -> None:
    """It is not in the window."""
    detector = Detector(settings(), identify)
    for offset, each in enumerate([event(5, 1000 * MINUTE), event(50, 0)]):
        detector.observe(each, b"", offset, 1000 * MINUTE)

    with pytest.raises(LookupError, match="late"):
        detector.score_of_last()


def test_what_left_the_window_is_new_again() -> None:
    """A repeat after more than the window's length opens its place anew."""
    reasons = [j.reason for j in observe([event(5), event(5), event(5, time=71 * MINUTE)])]

    assert [Reason.NEW_SINGLETON_CLUSTER, None, Reason.NEW_SINGLETON_CLUSTER] == reasons


def test_a_late_event_is_judged_as_if_learned_and_leaves_nothing_behind() -> None:
    """One far in the past is judged against the window; a later repeat of it is still new."""
    now = 1000 * MINUTE
    judged = observe([event(5, now), event(50, 0), event(50, now)])

    assert [(False, Reason.NEW_SINGLETON_CLUSTER), (True, Reason.OUTSIDE_CLUSTERS)] == [
        (j.late, j.reason) for j in judged[:2]
    ]
    assert (False, Reason.OUTSIDE_CLUSTERS) == (judged[2].late, judged[2].reason)


def test_a_time_too_far_ahead_of_the_record_is_replaced_by_its_timestamp() -> None:
    """A forged future time cannot flush the window: the next event still finds its repeats."""
    detector = Detector(settings(), identify)
    forged = detector.observe(event(5, time=10**12), b"", 0, 1000)
    after = detector.observe(event(5, time=1000), b"", 1, 1000)

    assert (True, None) == (forged.clock_skewed, after.reason)


def test_an_event_without_a_time_takes_the_records_timestamp() -> None:
    """Not skewed: it never claimed anything."""
    detector = Detector(settings(), identify)
    judged = detector.observe(event(5, time=None), b"", 0, 7 * MINUTE)

    assert (7 * MINUTE, False) == (detector.window.stream_time, judged.clock_skewed)


def test_verdicts_of_a_scope_in_warmup_are_counted_and_not_published() -> None:
    """The fate says so; nothing opens an episode."""
    own = settings(warmup=WarmupSettings(0, 3, publish=False))
    fates = [j.fate for j in observe([event(5), event(50), event(500)], own)]

    assert ["warmup", "warmup", "published"] == fates


def test_published_warmup_verdicts_say_that_they_are() -> None:
    """warmup.publish: true."""
    own = settings(warmup=WarmupSettings(0, 3, publish=True))
    warmup = [j.anomaly.case.warmup for j in observe([event(5), event(50), event(500)], own) if j.anomaly]

    assert [True, True, False] == warmup


def test_history_is_learned_and_publishes_nothing() -> None:
    """A repeat of history is clustered; the first live anomaly opens the first episode."""
    detector = Detector(settings(), identify)
    history = detector.observe(event(5), b"", 0, 0, learn_only=True)
    repeat = detector.observe(event(5), b"", 1, 0)
    live = detector.observe(event(50), b"", 2, 0)

    assert ("history", None) == (history.fate, repeat.reason)
    assert live.anomaly is not None
    assert ("id2", 0) == (live.anomaly.episode.id, live.anomaly.episode.index)


def test_anomalies_below_the_minimum_score_are_counted_and_not_published() -> None:
    """output.min_score."""
    judged = observe([event(5)], settings(min_score=99))

    assert ("below_min_score", None) == (judged[0].fate, judged[0].anomaly)


def test_more_scopes_than_allowed_forget_the_one_seen_longest_ago() -> None:
    """limits.max_scopes: a forgotten host's repeat is new again; the others keep what they know."""
    own = settings(max_scopes=2)
    events = [event(5, host=h) for h in ("a", "b", "b")] + [event(5, 11 * MINUTE, host=h) for h in "bca"]
    reasons = [j.reason for j in observe(events, own)]

    new = Reason.NEW_SINGLETON_CLUSTER
    assert [new, new, None, None, new, new] == reasons


def test_the_explanation_contrasts_the_event_with_the_nearest_cluster() -> None:
    """Nearest core, its size and exemplar, distance in eps, actual against typical."""
    judged = observe([event(5), event(5), event(5), event(8)])

    anomaly = judged[3].anomaly
    assert anomaly is not None
    assert anomaly.explanation.nearest is not None
    nearest = anomaly.explanation.nearest
    assert (3, False, "xxxxx", 3.0) == (nearest.size, nearest.at_least, nearest.exemplar, nearest.distance)
    assert [("length", 8.0, 5.0)] == [(f.name, f.actual, f.typical) for f in anomaly.explanation.features]


@pytest.mark.parametrize("by", ["none", "user.name"])
def test_the_scope_may_be_another_field_or_none(by: str) -> None:
    """Hosts share one model then."""
    own = settings(scope=ScopeSettings(by, ()))
    reasons = [j.reason for j in observe([event(5), event(5, host="other")], own)]

    assert [Reason.NEW_SINGLETON_CLUSTER, None] == reasons


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 400), st.sampled_from("ab"), st.sampled_from("hi")),
        max_size=60,
    )
)
def test_the_same_events_give_the_same_judgements(raw: list[tuple[int, int, str, str]]) -> None:
    """No hidden state: a second detector agrees in everything that is published."""
    events = [event(length, minute * MINUTE, exe, host) for length, minute, exe, host in raw]

    assert observe(events) == observe(events)


@pytest.mark.parametrize("engine", ["dbstream", "denstream"])
def test_a_rival_engine_flags_a_far_point_and_not_a_repeat(engine: EngineName) -> None:
    """What opens a micro-cluster of its own is a singleton there; what the window saw before is not."""
    own = settings(kinds={PROCESS: replace(SIMPLE, features=Length(), engine=engine)})
    reasons = [j.reason for j in observe([event(5)] * 20 + [event(500), event(5)], own)]

    assert Reason.NEW_SINGLETON_CLUSTER == reasons[20]
    assert reasons[21] is None
