"""A partition's model on paper: segments, one after the other, that another process goes on from. Pure.

A segment holds what a contiguous offset range [start, end) added to the model, and the small parts of the
model (stream time, open episodes, evictions) as they stand at its end. Each names the one before by digest,
so that a chain of segments is one model's history or it is no chain. Columnar, zstd, versioned, checksummed.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from processor.clustering.transfer import Portion
from processor.detection.detector import Detector
from processor.detection.episodes import EpisodeState
from processor.detection.settings import DetectorSettings
from processor.detection.warmup import HistoryState
from processor.detection.window import WindowState
from processor.events.event import Kind

VERSION: Final = 1
_MAGIC: Final = b"ECST"
_DIGEST: Final = 16
_HEAD: Final = len(_MAGIC) + 1 + 2 + 2 + _DIGEST
_LEVEL: Final = 3
# Bytes; a segment of 100,000 distinct command lines of the longest kind takes a third of it.
_MAX_BODY: Final = 1 << 30
_ARRAYS: Final = ("numbers", "outsides", "part", "vector", "count", "scope", "gate", "exemplar", "first")
# Of these every entry is near the one before.
_RISING: Final = frozenset({"numbers", "outsides", "part", "vector", "first"})


class DamagedState(ValueError):
    """What is read is no segment of this version, or does not continue the one before."""


class _Kind(msgspec.Struct):
    arrays: dict[str, bytes] | None
    counts: bytes
    width: int
    scopes: list[str]
    gates: list[list[Any]]
    exemplars: list[str]
    withdrawn: dict[str, int]
    truncated: int
    histories: list[HistoryState]
    histories_size: int


class _Body(msgspec.Struct):
    """What a segment says; times in ms."""

    topic: str
    topic_id: str
    partition: int
    start: int
    end: int
    fingerprint: str
    previous: bytes
    stream_time: int | None
    part: int
    horizon: int
    floor: int
    events_in_part: int
    opened: list[tuple[int, int, int]]
    kinds: dict[Kind, _Kind]
    episodes: list[tuple[str, str, int, int, int, int, int, list[tuple[list[Any], int]]]]


@dataclass(frozen=True, slots=True)
class Origin:
    """Which log a model is of; the id is "" where the broker does not tell."""

    topic: str
    partition: int
    topic_id: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One link of the chain.

    floor : offset from which on events are in the window at its end
    part : the current part's serial at its end, horizon : the oldest in the window's
    """

    origin: Origin
    fingerprint: str
    start: int
    end: int
    previous: bytes
    digest: bytes
    floor: int
    part: int
    horizon: int
    payload: bytes

    def chunks(self, size: int) -> list[bytes]:
        """The values that are written: each at most `size` bytes and a header."""
        pieces = [self.payload[i : i + size] for i in range(0, len(self.payload), size)]
        head = _MAGIC + bytes([VERSION])
        number = len(pieces).to_bytes(2, "big")
        return [
            head + index.to_bytes(2, "big") + number + self.digest + piece
            for index, piece in enumerate(pieces)
        ]


def chunk_count(chunk: bytes) -> int:
    """How many chunks the segment of this one has; raises DamagedState."""
    return _head(chunk)[1]


def join(chunks: Sequence[bytes]) -> Segment:
    """The segment of these chunks, in order; raises DamagedState."""
    heads = [_head(chunk) for chunk in chunks]
    if [head[0] for head in heads] != list(range(len(chunks))) or {head[1:] for head in heads} != {
        (len(chunks), heads[0][2])
    }:
        raise DamagedState("chunks are missing or of several segments")
    payload = b"".join(chunk[_HEAD:] for chunk in chunks)
    digest = _digest(payload)
    if digest != heads[0][2]:
        raise DamagedState("the checksum differs")
    return _segment(_body(payload), payload, digest)


def fingerprint(settings: DetectorSettings) -> str:
    """Of everything that state must have in common with who uses it: features, gates, scope."""
    told = {
        "kinds": {
            kind: [own.features.name, own.features.version, own.features.columns, own.features.gate_parts]
            for kind, own in settings.kinds.items()
        },
        "scope": [settings.scope.by, [[p.pattern, p.flags, by] for p, by in settings.scope.rewrite]],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


class Recorder:
    """Cuts a detector's history into segments."""

    def __init__(
        self,
        detector: Detector,
        settings: DetectorSettings,
        origin: Origin,
        redact: Callable[[str], str],
        *,
        start: int,
        last: Segment | None = None,
    ) -> None:
        """Begin with an empty detector, or with one that was restored up to the end of `last`.

        start : offset of the first record that the detector is going to get
        redact : applied to exemplars: they are text of events
        """
        self._detector = detector
        self._fingerprint = fingerprint(settings)
        self._origin = origin
        self._redact = redact
        self._previous = last.digest if last else b""
        self._noted = last.part if last else -1
        self.start = start
        for engine in detector.engines.values():
            engine.export()

    def cut(self, end: int) -> Segment:
        """Everything since the last cut; `end` is the offset behind the last record observed."""
        window = self._detector.window.export(self._noted)
        body = _Body(
            topic=self._origin.topic,
            topic_id=self._origin.topic_id,
            partition=self._origin.partition,
            start=self.start,
            end=end,
            fingerprint=self._fingerprint,
            previous=self._previous,
            stream_time=window.stream_time,
            part=window.part,
            horizon=window.horizon,
            floor=end if (floor := self._detector.window.first_offset) is None else floor,
            events_in_part=window.events_in_part,
            opened=window.opened,
            kinds={kind: self._kind(kind) for kind in self._detector.engines},
            episodes=[
                (*episode[:7], [(list(key), count) for key, count in episode.seen])
                for episode in self._detector.episodes.export()
            ],
        )
        payload = zstandard.ZstdCompressor(level=_LEVEL).compress(msgspec.msgpack.encode(body))
        segment = _segment(body, payload, _digest(payload))
        self.start, self._previous, self._noted = end, segment.digest, window.part
        return segment

    def _kind(self, kind: Kind) -> _Kind:
        portion = self._detector.engines[kind].export()
        histories = self._detector.histories[kind]
        own = portion or Portion(np.zeros(0, np.int64), np.zeros(0, np.int64))
        return _Kind(
            arrays=None if portion is None else {name: _packed(name, getattr(own, name)) for name in _ARRAYS},
            counts=_columns(own.counts.T.ravel()),
            width=own.counts.shape[1],
            scopes=list(own.scopes),
            gates=[list(gate) for gate in own.gates],
            exemplars=[self._redact(exemplar) for exemplar in own.exemplars],
            withdrawn=dict(own.withdrawn),
            truncated=own.truncated,
            histories=list(histories.export(max(0, self._noted))),
            histories_size=len(histories),
        )


def chain(segments: Sequence[Segment], until: int) -> list[Segment]:
    """The newest whole chain that ends at `until` or before: what its window needs, oldest first.

    segments : in the order in which they were written
    """
    by_digest = {segment.digest: segment for segment in segments}
    for newest in reversed(segments):
        if newest.end > until:
            continue
        links = [newest]
        while links[-1].start > newest.floor and links[-1].previous:
            before = by_digest.get(links[-1].previous)
            if before is None or before.end != links[-1].start:
                break
            links.append(before)
        if links[-1].start <= newest.floor or not links[-1].previous:
            return links[::-1]
    return []


def restore(detector: Detector, links: Sequence[Segment]) -> Iterator[float]:
    """Let an empty detector be the model at the end of a chain, piece by piece.

    Yields the share done. Raises DamagedState: the detector is of no use then.
    """
    bodies = [_body(link.payload) for link in links]
    last = bodies[-1]
    try:
        opened = [part for body in bodies for part in body.opened if part[0] >= last.horizon]
        detector.window.adopt(
            WindowState(last.stream_time, last.part, last.horizon, last.events_in_part, opened)
        )
        detector.episodes.adopt(
            EpisodeState(*each[:7], [(tuple(key), count) for key, count in each[7]]) for each in last.episodes
        )
        yield from _restore_kinds(detector, bodies)
    except (LookupError, TypeError, ValueError) as error:
        raise DamagedState(f"{type(error).__name__}: {error}") from error
    detector.rebuild_known()


def _restore_kinds(detector: Detector, bodies: Sequence[_Body]) -> Iterator[float]:
    horizon = bodies[-1].horizon
    for kind, engine in detector.engines.items():
        own: dict[str, int] = {}
        for body in bodies:
            own.update(body.kinds[kind].withdrawn)
        seen: Portion | None = None
        for number, body in enumerate(bodies):
            held = body.kinds[kind]
            portion = _portion(held)
            if portion is not None:
                seen = portion
                for _ in engine.adopt(portion, horizon, own):
                    yield number / len(bodies)
            detector.histories[kind].adopt(held.histories, held.histories_size)
            yield number / len(bodies)
        if seen is not None:
            engine.adopted(int(seen.numbers[-1]), int(seen.outsides[-1]), detector.window.horizon)


def _portion(held: _Kind) -> Portion | None:
    if held.arrays is None:
        return None
    arrays = {name: _unpacked(name, held.arrays[name]) for name in _ARRAYS}
    counts = _uncolumns(held.counts).reshape(held.width, len(arrays["scope"])).T
    return Portion(
        **arrays,
        counts=counts,
        scopes=tuple(held.scopes),
        gates=tuple(tuple(gate) for gate in held.gates),
        exemplars=tuple(held.exemplars),
        withdrawn=held.withdrawn,
        truncated=held.truncated,
    )


def _segment(body: _Body, payload: bytes, digest: bytes) -> Segment:
    return Segment(
        origin=Origin(body.topic, body.partition, body.topic_id),
        fingerprint=body.fingerprint,
        start=body.start,
        end=body.end,
        previous=body.previous,
        digest=digest,
        floor=body.floor,
        part=body.part,
        horizon=body.horizon,
        payload=payload,
    )


def _body(payload: bytes) -> _Body:
    try:
        size = zstandard.get_frame_parameters(payload).content_size
        if size > _MAX_BODY:
            raise DamagedState(f"a segment of {size} bytes")
        return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(payload), type=_Body)
    except (zstandard.ZstdError, msgspec.DecodeError, MemoryError) as error:
        raise DamagedState(str(error)) from error


def _head(chunk: bytes) -> tuple[int, int, bytes]:
    """(index, chunks of its segment, digest)."""
    if len(chunk) < _HEAD or chunk[:4] != _MAGIC:
        raise DamagedState("not a chunk of state")
    if chunk[4] != VERSION:
        raise DamagedState(f"state of format {chunk[4]}; this version reads {VERSION}")
    return int.from_bytes(chunk[5:7], "big"), int.from_bytes(chunk[7:9], "big"), chunk[9:_HEAD]


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST).digest()


def _packed(name: str, values: NDArray[np.int64]) -> bytes:
    return _columns(np.diff(values, prepend=0) if name in _RISING else values)


def _unpacked(name: str, packed: bytes) -> NDArray[np.int64]:
    values = _uncolumns(packed)
    return np.cumsum(values) if name in _RISING else values


def _columns(values: NDArray[np.int64]) -> bytes:
    """All lowest bytes, then all second lowest ...: runs of zeros, which compress to nothing."""
    return np.ascontiguousarray(values, "<i8").view(np.uint8).reshape(-1, 8).T.tobytes()


def _uncolumns(packed: bytes) -> NDArray[np.int64]:
    turned = np.frombuffer(packed, np.uint8).reshape(8, -1).T
    return np.ascontiguousarray(turned).view("<i8").ravel().astype(np.int64)
