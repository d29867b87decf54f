"""A partition's model on paper: cut into segments, and taken over from them by another process. Pure."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from processor.clustering.transfer import Portion
from processor.detection.detector import Detector
from processor.detection.episodes import EpisodeState
from processor.detection.segments import (
    Body,
    DamagedState,
    KindBody,
    Origin,
    Segment,
    columns,
    packed,
    portion_of,
    read,
    writing,
)
from processor.detection.settings import DetectorSettings
from processor.detection.window import WindowState
from processor.events.event import Kind
from processor.features.sets import FeatureSet

# Texts that are redacted at once, before others may go on: some milliseconds.
_TEXTS: Final = 64


def fingerprints(settings: DetectorSettings) -> Mapping[Kind, str]:
    """Of everything that the rows of a kind must have in common with who uses them: features, gate, scope."""
    kinds, scope = _told(settings)
    return {kind: _hash({kind: own, "scope": scope}) for kind, own in kinds.items()}


def usable(links: Sequence[Segment], settings: DetectorSettings) -> Mapping[Kind, int]:
    """The kinds that a chain brings back: kind -> index of the first link that its rows are taken from."""
    kinds, scope = _told(settings)
    # Format 1 knew one fingerprint for all kinds.
    old = _hash({"kinds": kinds, "scope": scope})
    found = {}
    for kind, own in fingerprints(settings).items():
        first = len(links)
        while first and links[first - 1].fingerprints.get(kind) in (own, old):
            first -= 1
        wholes = [index for index in range(first, len(links)) if kind in links[index].whole]
        if first < len(links) and (wholes or not first):
            found[kind] = wholes[-1] if wholes else 0
    return found


class Recorder:
    """Cuts a detector's history into segments."""

    def __init__(
        self,
        detector: Detector,
        settings: DetectorSettings,
        origin: Origin,
        redact: Callable[[Sequence[str]], list[str]],
        *,
        start: int,
        last: Segment | None = None,
        whole: Collection[Kind] = (),
    ) -> None:
        """Begin with an empty detector, or with one that was restored up to the end of `last`.

        start : offset of the first record that the detector is going to get
        redact : applied to exemplars: they are text of events
        whole : kinds that the detector did not get from the chain of `last`: all that it has of them is
            in the first segment
        """
        self._detector = detector
        self._fingerprints = fingerprints(settings)
        self._whole = frozenset(whole)
        self._origin = origin
        self._redact = redact
        self._previous = last.digest if last else b""
        self._noted = last.part if last else -1
        self.start = start
        for kind, engine in detector.engines.items():
            if kind not in self._whole:
                engine.export()

    def begin(self, end: int) -> Generator[None, None, Segment]:
        """Take everything since the last segment; `end` is the offset behind the last record observed.

        What it gives works the segment out, piece by piece, while the detector goes on. It has to be
        exhausted before the next one is begun.
        """
        window = self._detector.window.export(self._noted)
        portions = {kind: self._portion(kind) for kind in self._detector.engines}
        body = Body(
            topic=self._origin.topic,
            topic_id=self._origin.topic_id,
            partition=self._origin.partition,
            start=self.start,
            end=end,
            fingerprints=dict(self._fingerprints),
            whole=sorted(self._whole),
            previous=self._previous,
            stream_time=window.stream_time,
            part=window.part,
            horizon=window.horizon,
            floor=end if (floor := self._detector.window.first_offset) is None else floor,
            events_in_part=window.events_in_part,
            opened=window.opened,
            kinds={kind: self._kind(kind, portion) for kind, portion in portions.items()},
            episodes=[
                (*episode[:7], [(list(key), count) for key, count in episode.seen])
                for episode in self._detector.episodes.export()
            ],
            suspects=self._detector.episodes.export_suspects(),
        )
        self.start, self._noted = end, window.part
        self._whole = frozenset()
        return self._work_out(body, portions)

    def cut(self, end: int) -> Segment:
        """As `begin`, and the segment at once."""
        working = self.begin(end)
        while True:
            try:
                next(working)
            except StopIteration as done:
                segment: Segment = done.value
                return segment

    def _work_out(
        self, body: Body, portions: Mapping[Kind, Portion | None]
    ) -> Generator[None, None, Segment]:
        for kind, portion in portions.items():
            if portion is None:
                continue
            own = body.kinds[kind]
            own.arrays, own.counts = packed(portion), columns(portion.counts.T.ravel())
            for at in range(0, len(portion.exemplars), _TEXTS):
                yield
                own.exemplars += self._redact(portion.exemplars[at : at + _TEXTS])
        segment = yield from writing(body)
        self._previous = segment.digest
        return segment

    def _portion(self, kind: Kind) -> Portion | None:
        return self._detector.engines[kind].export(everything=kind in self._whole)

    def _kind(self, kind: Kind, portion: Portion | None) -> KindBody:
        """Of a portion, but for what takes long: its columns and texts."""
        histories = self._detector.histories[kind]
        own = portion or Portion(np.zeros(0, np.int64), np.zeros(0, np.int64))
        return KindBody(
            arrays=None,
            counts=b"",
            width=own.counts.shape[1],
            scopes=list(own.scopes),
            gates=[list(gate) for gate in own.gates],
            exemplars=[],
            withdrawn=dict(own.withdrawn),
            truncated=own.truncated,
            histories=list(histories.export(0 if kind in self._whole else max(0, self._noted))),
            histories_size=len(histories),
        )


def restore(detector: Detector, links: Sequence[Segment], kinds: Mapping[Kind, int]) -> Iterator[float]:
    """Let an empty detector be the model at the end of a chain, piece by piece.

    kinds : those to restore, as `usable` says
    Yields the share done. Raises DamagedState: the detector is of no use then.
    """
    bodies = [read(link.payload) for link in links]
    last = bodies[-1]
    with _damaged():
        opened = [part for body in bodies for part in body.opened if part[0] >= last.horizon]
        detector.window.adopt(
            WindowState(last.stream_time, last.part, last.horizon, last.events_in_part, opened)
        )
        detector.episodes.adopt(
            EpisodeState(*each[:7], [(tuple(key), count) for key, count in each[7]]) for each in last.episodes
        )
        detector.episodes.adopt_suspects(last.suspects)
        for number, (kind, first) in enumerate(kinds.items()):
            for share in _restore_kind(detector, kind, bodies[first:]):
                yield (number + share) / len(kinds)
    detector.rebuild_known()


def complete(detector: Detector, segment: Segment, kinds: Collection[Kind]) -> None:
    """Give a detector kinds that it did not restore, from a whole segment of the same window.

    Raises DamagedState: the detector is of no use then.
    """
    with _damaged():
        for kind in kinds:
            for _ in _restore_kind(detector, kind, [read(segment.payload)]):
                pass
    detector.rebuild_known()


@contextlib.contextmanager
def _damaged() -> Iterator[None]:
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise DamagedState(f"{type(error).__name__}: {error}") from error


def _restore_kind(detector: Detector, kind: Kind, bodies: Sequence[Body]) -> Iterator[float]:
    engine = detector.engines[kind]
    own: dict[str, int] = {}
    for body in bodies:
        own.update(body.kinds[kind].withdrawn)
    seen: Portion | None = None
    for number, body in enumerate(bodies):
        held = body.kinds[kind]
        portion = portion_of(held)
        if portion is not None:
            seen = portion
            for _ in engine.adopt(portion, detector.window.horizon, own):
                yield number / len(bodies)
        detector.histories[kind].adopt(held.histories, held.histories_size)
        yield number / len(bodies)
    if seen is not None:
        engine.adopted(int(seen.numbers[-1]), int(seen.outsides[-1]), detector.window.horizon)


def _told(settings: DetectorSettings) -> tuple[dict[Kind, list[object]], list[object]]:
    """What fingerprints are made of: features and gate of each kind, and the scope."""
    kinds: dict[Kind, list[object]] = {kind: _told_of(own.features) for kind, own in settings.kinds.items()}
    return kinds, [settings.scope.by, [[p.pattern, p.flags, by] for p, by in settings.scope.rewrite]]


def _told_of(features: FeatureSet) -> list[object]:
    told: list[object] = [features.name, features.version, features.columns, features.gate_parts]
    # One that is below the set's own changes values, too. State of all ones was written without them.
    return [*told, features.part_versions] if set(features.part_versions) - {1} else told


def _hash(told: object) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]
