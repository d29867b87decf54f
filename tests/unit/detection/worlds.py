"""Streams and settings that state is tested with, and the segments that a recorder cuts of them."""

import random
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from processor.detection import segments, state
from processor.detection.detector import Detector, Judgement
from processor.detection.settings import (
    DetectorSettings,
    EpisodeSettings,
    KindSettings,
    ScopeSettings,
    WarmupSettings,
    WindowSettings,
)
from processor.events.event import KINDS, LOGON, PROCESS, Event, Kind

MINUTE = 60_000
ORIGIN = segments.Origin("events", 3, "an-id")
CHUNK = 200


class Length:
    """One column, the command line's length; gated by the program, or not at all."""

    name = "length"
    version = 1
    columns: tuple[str, ...] = ("length",)
    sketched = False

    def __init__(self, kind: Kind, *, gated: bool) -> None:
        self.kind: Kind = kind
        name = "executable_masked" if kind == PROCESS else "account"
        self.gate_parts: tuple[str, ...] = (name, "system_session") if gated else ()
        self.part_versions: tuple[int, ...] = ()

    def measure(self, event: Event) -> tuple[tuple[str | bool, ...], tuple[int, ...]]:
        """The program or the account and the session; the length of the command line."""
        name = event.executable if self.kind == PROCESS else event.account
        gate = (name.lower(), event.system_session) if self.gate_parts else ()
        return gate, (len(event.command_line), len(event.command_line) % 2)

    def vector(self, counts: tuple[int, ...]) -> tuple[float, ...]:
        """The length as a float."""
        return (float(counts[0]),)


@dataclass(frozen=True)
class World:
    """A kind of stream and of settings."""

    seed: int
    gated: bool
    min_samples: int
    rare: int
    max_vectors: int
    max_scopes: int
    keep: int
    warm: bool
    part_events: int

    def settings(self) -> DetectorSettings:
        """An hour in panes of ten minutes; both kinds."""
        kinds: dict[Kind, KindSettings] = {
            kind: KindSettings(
                Length(kind, gated=self.gated), 1.0, self.min_samples, self.rare, "sliding_dbscan"
            )
            for kind in KINDS
        }
        return DetectorSettings(
            kinds=kinds,
            scope=ScopeSettings("host.name", ()),
            window=WindowSettings(60 * MINUTE, 10 * MINUTE, 5 * MINUTE),
            warmup=WarmupSettings(20 * MINUTE, 5, publish=False)
            if self.warm
            else WarmupSettings(0, 0, publish=False),
            episode=EpisodeSettings(
                15 * MINUTE, 60 * MINUTE, (60, 90), {PROCESS: ("folder",), LOGON: ("account",)}, self.keep
            ),
            min_score=0,
            max_vectors=self.max_vectors,
            max_scopes=self.max_scopes,
            max_segment_events=self.part_events,
        )

    def events(self, length: int) -> list[tuple[Event, int]]:
        """Events and their Kafka timestamps: mostly repeats; late ones, forged times, silences."""
        chance = random.Random(self.seed)  # noqa: S311 - a story, no secret
        now = 100 * 24 * 60 * MINUTE
        pace = chance.choice((1_000, 20_000, 200_000))
        found = []
        for _ in range(length):
            now += chance.randrange(pace)
            if chance.random() < 0.01:
                now += chance.choice((30, 70, 300)) * MINUTE
            time: int | None = now
            if chance.random() < 0.1:
                time = now - chance.randrange(120 * MINUTE)
            elif chance.random() < 0.05:
                time = now + chance.randrange(10 * MINUTE)
            elif chance.random() < 0.05:
                time = None
            host = f"h{min(chance.randrange(8), chance.randrange(8))}"
            size = chance.choice((3, 4, 5, 9, 10, 20)) if chance.random() < 0.9 else chance.randrange(200)
            folder = chance.choice(("C:\\a", "C:\\b", "C:\\Users\\x"))
            text = chance.choice("abc") * size
            kind: Kind = PROCESS if chance.random() < 0.7 else LOGON
            found.append(
                (
                    Event(
                        kind=kind,
                        format="sysmon" if chance.random() < 0.9 else "ecs",
                        code="1",
                        time=time,
                        host=host,
                        executable=f"{folder}\\p{chance.randrange(4)}.exe",
                        command_line=text,
                        account=f"u{chance.randrange(5)}",
                        system_session=chance.random() < 0.5,
                        parent_executable=f"{folder}\\p{chance.randrange(4)}.exe",
                    ),
                    now,
                )
            )
        return found


WORLDS = st.builds(
    World,
    seed=st.integers(0, 2**32),
    gated=st.booleans(),
    min_samples=st.integers(1, 4),
    rare=st.sampled_from((0, 0, 2, 3)),
    max_vectors=st.sampled_from((20, 60, 100_000)),
    max_scopes=st.sampled_from((3, 5, 100)),
    keep=st.integers(0, 2),
    warm=st.booleans(),
    part_events=st.sampled_from((7, 50, 100_000)),
)


def identify(value: bytes, offset: int) -> str:
    """An id that tells the record."""
    return f"{value!r}@{offset}"


def judged(detector: Detector, stream: list[tuple[Event, int]], start: int, end: int) -> list[Judgement]:
    """The judgements of the records [start, end); an engine's row numbers are its own affair."""
    found = []
    for offset, (event, timestamp) in enumerate(stream[start:end], start):
        judgement = detector.observe(event, b"v", offset, timestamp)
        anomaly = judgement.anomaly
        if anomaly is not None:
            judgement = replace(judgement, anomaly=replace(anomaly, case=replace(anomaly.case, row=0)))
        found.append(judgement)
    return found


def segments_of(world: World, cuts: list[int]) -> tuple[list[segments.Segment], DetectorSettings]:
    """The segments of a stream cut at these offsets."""
    settings = world.settings()
    stream = world.events(cuts[-1])
    detector = Detector(settings, identify)
    recorder = state.Recorder(detector, settings, ORIGIN, list, start=0)
    found, done = [], 0
    for cut in cuts:
        judged(detector, stream, done, cut)
        found.append(recorder.cut(cut))
        done = cut
    return found, settings


PLAIN = World(1, True, 2, 0, 100_000, 100, 1, False, 100_000)
