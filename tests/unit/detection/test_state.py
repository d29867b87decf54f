"""State on paper: what is restored from segments judges the rest of a stream as if nothing had happened."""

import base64
import json
from collections.abc import Mapping
from dataclasses import astuple, replace
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from processor.detection import segments, state
from processor.detection.detector import Detector, Judgement
from processor.detection.settings import (
    DetectorSettings,
    ScopeSettings,
    WindowSettings,
)
from processor.events.event import KINDS, LOGON, PROCESS, Event, Kind
from processor.features import sets
from tests.unit.detection.worlds import (
    CHUNK,
    MINUTE,
    ORIGIN,
    PLAIN,
    WORLDS,
    World,
    identify,
    judged,
    segments_of,
)


def restored(settings: DetectorSettings, links: list[segments.Segment]) -> Detector:
    """A detector at the end of the chain, read back from what would be written."""
    read = [segments.join(link.chunks(CHUNK)) for link in links]
    detector = Detector(settings, identify)
    links = segments.chain(read, read[-1].end)
    for _ in state.restore(detector, links, state.usable(links, settings)):
        pass
    return detector


@given(world=WORLDS, cuts=st.lists(st.tuples(st.integers(1, 150), st.booleans()), min_size=1, max_size=12))
@effort(max_examples=25, deadline=None)
def test_restored_detector_judges_as_the_undisturbed_one(world: World, cuts: list[tuple[int, bool]]) -> None:
    """Cut at random points and restored at some: every judgement, anomaly and count stays the same."""
    settings = world.settings()
    length = sum(size for size, _ in cuts) + 100
    stream = world.events(length)
    undisturbed = Detector(settings, identify)
    expected = judged(undisturbed, stream, 0, length)

    detector = Detector(settings, identify)
    recorder = state.Recorder(detector, settings, ORIGIN, list, start=0)
    cut: list[segments.Segment] = []
    actual: list[Judgement] = []
    for size, killed in cuts:
        actual += judged(detector, stream, len(actual), len(actual) + size)
        cut.append(recorder.cut(len(actual)))
        if killed:
            detector = restored(settings, cut)
            recorder = state.Recorder(detector, settings, ORIGIN, list, start=len(actual), last=cut[-1])
    actual += judged(detector, stream, len(actual), length)

    assert expected == actual
    for kind, engine in undisturbed.engines.items():
        mine = detector.engines[kind]
        assert (engine.live_events, engine.live_vectors) == (mine.live_events, mine.live_vectors)
        assert sorted(engine.scopes) == sorted(mine.scopes)
        histories, own = undisturbed.histories[kind], detector.histories[kind]
        live = [each for each in histories.export(0) if each.last_part >= undisturbed.window.horizon]
        assert live == [each for each in own.export(0) if each.last_part >= undisturbed.window.horizon]
    assert undisturbed.episodes.export() == detector.episodes.export()
    assert undisturbed.episodes.export_suspects() == detector.episodes.export_suspects()
    assert undisturbed.window.export(-1) == detector.window.export(-1)


def test_what_a_suspect_starts_is_suspicious_after_a_restore_too() -> None:
    """The programs of an open episode are kept with it."""
    settings = PLAIN.settings()
    detector = Detector(settings, identify)
    recorder = state.Recorder(detector, settings, ORIGIN, list, start=0)
    disguised = Event(
        PROCESS, "sysmon", "1", 0, "h", executable="C:\\x\\svchost.exe", command_line="svchost.exe"
    )
    started = Event(
        PROCESS, "sysmon", "1", 1, "h",
        executable="C:\\y\\tool.exe", command_line="tool.exe", parent_executable="C:\\X\\SVCHOST.EXE",
    )  # fmt: skip
    judged(detector, [(disguised, 0)], 0, 1)

    again = restored(settings, [recorder.cut(1)])

    (before,), (after,) = ([each.observe(started, b"v", 1, 1).anomaly] for each in (detector, again))
    assert before is not None
    assert after is not None
    assert (100, True) == (before.score, before.assessment.suspect)
    assert (before.score, before.explanation) == (after.score, after.explanation)


def test_a_segment_is_of_its_end_however_long_it_is_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The detector goes on meanwhile: what comes later is in the next one, and in no other."""
    monkeypatch.setattr(state, "_TEXTS", 1)
    whole, settings = segments_of(PLAIN, [60, 120])
    stream = PLAIN.events(120)
    detector = Detector(settings, identify)
    recorder = state.Recorder(detector, settings, ORIGIN, list, start=0)
    judged(detector, stream, 0, 60)

    working = recorder.begin(60)
    done = 60
    found: list[segments.Segment] = []
    while not found:
        try:
            next(working)
        except StopIteration as ended:
            found.append(ended.value)
        else:
            judged(detector, stream, done, done + 1)
            done += 1
    judged(detector, stream, done, 120)
    found.append(recorder.cut(120))

    assert done > 62
    assert whole == found


def test_segment_is_read_back_as_it_was_written() -> None:
    """Through chunks of a bounded size, in whatever number."""
    (first, *_), _ = segments_of(PLAIN, [100])
    chunks = first.chunks(CHUNK)

    assert first == segments.join(chunks)
    assert (len(chunks), True) == (segments.chunk_count(chunks[0]), max(map(len, chunks)) <= CHUNK + 50)


@pytest.mark.parametrize(
    "damage",
    [
        lambda chunks: chunks[:-1],
        lambda chunks: chunks[::-1],
        lambda chunks: [chunks[0][:-1], *chunks[1:]],
        lambda chunks: [chunks[0][:-1] + bytes([chunks[0][-1] ^ 1]), *chunks[1:]],
        lambda chunks: [b"", *chunks[1:]],
        lambda chunks: [b"x" * 100, *chunks[1:]],
        lambda chunks: [chunk[:4] + bytes([segments.VERSION + 1]) + chunk[5:] for chunk in chunks],
    ],
)
def test_damaged_segment_is_recognised(damage: object) -> None:
    """Missing, swapped, cut, altered, foreign or newer chunks: said, never misread."""
    (first, *_), _ = segments_of(PLAIN, [100])

    with pytest.raises(segments.DamagedState):
        segments.join(damage(first.chunks(CHUNK)))  # type: ignore[operator]


def test_payload_that_is_no_segment_is_recognised() -> None:
    """A right checksum over something else."""
    payload = zstandard.compress(msgspec.msgpack.encode({"topic": 1}))
    (first, *_), _ = segments_of(PLAIN, [100])
    forged = replace(first, payload=payload, digest=segments._digest(payload))  # noqa: SLF001 - what a forger would do

    with pytest.raises(segments.DamagedState):
        segments.join(forged.chunks(CHUNK))


def test_chain_begins_where_the_window_does_and_ends_before_the_position() -> None:
    """Older links have left; a newer one is of records not committed."""
    world = replace(PLAIN, seed=3)
    cuts = list(range(50, 1050, 50))
    found, _ = segments_of(world, cuts)

    links = segments.chain(found, 970)

    assert (950, True) == (links[-1].end, links[0].start <= links[-1].floor < links[0].end)
    assert links == found[19 - len(links) : 19]


def test_chain_ends_at_a_gap_or_at_another_history() -> None:
    """A lost link, or one that another model wrote, is not gone over: what is before it serves."""
    found, _ = segments_of(PLAIN, [5, 10, 15])
    other, _ = segments_of(replace(PLAIN, seed=9), [5, 10])

    assert [found[0]] == segments.chain([found[0], found[2]], 15)
    assert [found[0]] == segments.chain([found[0], other[1]], 10)
    assert found == segments.chain([found[0], other[0], found[1], other[1], found[2]], 15)


def test_other_features_gates_or_scopes_have_another_fingerprint() -> None:
    """eps, min_samples and warm-up have not."""
    same, settings = PLAIN.settings(), replace(PLAIN, min_samples=3, warm=True).settings()
    gated = replace(PLAIN, gated=False).settings()
    scoped = replace(same, scope=ScopeSettings("user.name", ()))

    assert state.fingerprints(same) == state.fingerprints(settings)
    found = [state.fingerprints(each) for each in (same, gated, scoped)]
    assert all(len({each[kind] for each in found}) == 3 for kind in KINDS)


@pytest.mark.parametrize("place", range(7))
def test_a_part_of_a_set_in_another_version_has_another_fingerprint(place: int) -> None:
    """Also where the set's own version, the highest, stays what it is; the other kind's stays."""

    def told(parts: tuple[int, ...]) -> Mapping[Kind, str]:
        features = sets.build(PROCESS, "command_shape", "none", ("executable_masked", "system_session"))
        features.part_versions = parts
        same = PLAIN.settings()
        kinds = {**same.kinds, PROCESS: replace(same.kinds[PROCESS], features=features)}
        return state.fingerprints(replace(same, kinds=kinds))

    raised, other = ([3 if at == each else 1 for at in range(7)] for each in (place, (place + 1) % 7))
    found = [told(tuple(parts)) for parts in ([1] * 7, raised, other)]

    assert len({each[PROCESS] for each in found}) == 3
    assert len({each[LOGON] for each in found}) == 1


def test_shorter_window_drops_what_is_too_old_for_it() -> None:
    """The restored span fits the new length; the oldest parts leave."""
    found, settings = segments_of(PLAIN, [400])
    shorter = replace(settings, window=WindowSettings(20 * MINUTE, 10 * MINUTE, 5 * MINUTE))

    detector = restored(shorter, found)

    assert detector.window.span <= 30 * MINUTE
    assert sum(e.live_events for e in detector.engines.values()) < 400


FIXTURES = Path(__file__).parent / "state"


def facts(detector: Detector) -> dict[str, object]:
    """What a restored model can be told by."""
    return {
        "window": list(astuple(detector.window.export(-1))),
        "episodes": [list(each) for each in detector.episodes.export()],
        "kinds": {
            kind: {
                "events": engine.live_events,
                "vectors": engine.live_vectors,
                "scopes": sorted(engine.scopes),
                "histories": [list(each) for each in detector.histories[kind].export(0)],
            }
            for kind, engine in detector.engines.items()
        },
    }


@pytest.mark.parametrize("version", range(1, segments.VERSION + 1))
def test_state_of_every_format_version_is_restored(version: int) -> None:
    """What an earlier release wrote: never deleted, never rewritten; a new version adds a file."""
    written = json.loads((FIXTURES / f"v{version}.json").read_text(encoding="utf-8"))
    links = [segments.join([base64.b64decode(chunk) for chunk in chunks]) for chunks in written["segments"]]
    detector = Detector(PLAIN.settings(), identify)

    links = segments.chain(links, links[-1].end)
    for _ in state.restore(detector, links, state.usable(links, PLAIN.settings())):
        pass

    assert written["facts"] == json.loads(json.dumps(facts(detector)))
