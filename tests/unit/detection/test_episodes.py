"""Episodes: grouping by gaps, escalation, folding."""

import pickle

from processor.detection.episodes import Episodes
from processor.detection.settings import EpisodeSettings

MINUTE = 60_000


def episodes(keep: int = 0) -> Episodes:
    """Gap 15 min, at most 4 h, escalating at 70 and 90."""
    fold = {"process": ("folder",), "logon": ("account",)}
    return Episodes(EpisodeSettings(15 * MINUTE, 240 * MINUTE, (70, 90), fold, keep))  # type: ignore[arg-type]


def test_anomalies_with_small_gaps_share_the_id_of_the_first() -> None:
    """The episode's id is its first anomaly's id; index counts up."""
    e = episodes()
    places = [e.place("h", f"id{n}", n * 14 * MINUTE, 10, ()) for n in range(3)]

    assert [("id0", 0), ("id0", 1), ("id0", 2)] == [(p.id, p.index) for p in places if p]


def test_a_gap_opens_a_new_episode() -> None:
    """Gaps below episode.gap only."""
    e = episodes()
    e.place("h", "id0", 0, 10, ())
    place = e.place("h", "id1", 15 * MINUTE, 10, ())

    assert place is not None
    assert ("id1", 0, 15 * MINUTE) == (place.id, place.index, place.started)


def test_an_episode_ends_at_its_maximum_length() -> None:
    """A benign anomaly every 14 minutes cannot keep one episode open for ever."""
    e = episodes()
    ids = [e.place("h", f"id{n}", n * 10 * MINUTE, 10, ()) for n in range(26)]

    assert ["id0"] * 25 + ["id25"] == [place.id for place in ids if place]


def test_scopes_have_episodes_of_their_own() -> None:
    """Nothing that happens on one host changes another's episodes."""
    e = episodes()
    e.place("a", "id0", 0, 10, ())
    place = e.place("b", "id1", 1, 10, ())

    assert place is not None
    assert ("id1", 0) == (place.id, place.index)


def test_the_first_record_to_cross_a_threshold_escalates_and_later_ones_do_not() -> None:
    """Each threshold pages once; jumping over both counts once."""
    e = episodes()
    scores = (10, 75, 72, 95, 99)
    escalated = [place.escalated for n, s in enumerate(scores) if (place := e.place("h", str(n), n, s, ()))]

    assert [False, True, False, True, False] == escalated


def test_more_of_one_fold_key_are_counted_and_told_in_the_next_record() -> None:
    """With keep = 2 the third and fourth of a folder are folded; another folder's record tells how many."""
    e = episodes(keep=2)
    same = [e.place("h", str(n), n, 10, ("C:\\App",)) for n in range(4)]
    other = e.place("h", "4", 4, 10, ("C:\\Other",))

    assert [True, True, False, False] == [place is not None for place in same]
    assert other is not None
    assert (2, 2) == (other.index, other.folded)


def test_an_escalating_anomaly_is_never_folded() -> None:
    """An attack from a noisy folder is published when it crosses a threshold."""
    e = episodes(keep=1)
    e.place("h", "0", 0, 10, ("k",))
    folded = e.place("h", "1", 1, 10, ("k",))
    escalating = e.place("h", "2", 2, 80, ("k",))

    assert folded is None
    assert escalating is not None
    assert (True, 1) == (escalating.escalated, escalating.folded)


def test_only_published_anomalies_keep_an_episode_open() -> None:
    """A folded anomaly does not extend the gap."""
    e = episodes(keep=1)
    e.place("h", "0", 0, 10, ("k",))
    e.place("h", "1", 10 * MINUTE, 10, ("k",))
    place = e.place("h", "2", 16 * MINUTE, 10, ("k",))

    assert place is not None
    assert ("2", 0) == (place.id, place.index)


def test_ended_episodes_are_forgotten() -> None:
    """Memory holds the open episodes only."""
    e = episodes()
    for n in range(1000):
        e.place(f"h{n}", str(n), n * MINUTE, 10, ())

    assert len(pickle.dumps(e)) < 4_000


def test_an_escalating_anomaly_counts_as_one_of_those_kept() -> None:
    """With keep = 2: one that escalates and one more, then the rest is folded."""
    e = episodes(keep=2)
    places = [e.place("h", str(n), n, 80, ("k",)) for n in range(4)]

    assert [True, True, False, False] == [place is not None for place in places]


def test_a_program_with_a_high_score_is_suspect_until_its_episode_ends() -> None:
    """Folded or not, whatever the case of its path; a low score, a logon and another host make none."""
    e = episodes(keep=1)
    e.place("h", "0", 0, 95, ("k",), program=r"C:\Users\Public\A.exe")
    e.place("h", "1", 1, 80, ("k",), program=r"C:\b.exe")
    e.place("h", "2", 2, 79, ("l",), program=r"C:\c.exe")
    e.place("h", "3", 3, 95, ("m",))

    suspect = [e.suspects("h", 4, path) for path in (r"c:\users\public\a.exe", r"C:\B.EXE", r"C:\c.exe", "")]
    assert [True, True, False, False] == suspect
    assert not e.suspects("other", 4, r"C:\b.exe")
    assert not e.suspects("h", 3 + 15 * MINUTE, r"C:\b.exe")


def test_suspects_are_bounded_in_number_and_length() -> None:
    """Of a flood of new programs the first hundred, of a path of any length 512 characters."""
    e = episodes()
    paths = ["C:\\" + "x" * 5_000 + f"{n}.exe" for n in range(200)]
    for n, path in enumerate(paths):
        e.place("h", str(n), n, 95, (), program=path)

    ((_, kept),) = e.export_suspects()
    assert (100, 512) == (len(kept), max(map(len, kept)))
    assert [n < 100 for n in range(200)] == [e.suspects("h", 200, path) for path in paths]
