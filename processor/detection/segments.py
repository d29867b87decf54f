"""The format of a partition's state: segments, one after the other. Pure.

A segment holds what a contiguous offset range [start, end) added to the model, and the small parts of the
model (stream time, open episodes, evictions) as they stand at its end. Each names the one before by digest,
so that a chain of segments is one model's history or it is no chain. Columnar, zstd, versioned, checksummed.
"""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from processor.clustering.transfer import Portion
from processor.detection.warmup import HistoryState
from processor.events.event import Kind

VERSION: Final = 2
_MAGIC: Final = b"ECST"
_DIGEST: Final = 16
_HEAD: Final = len(_MAGIC) + 1 + 2 + 2 + _DIGEST
_LEVEL: Final = 3
# Bytes that are compressed at once, before others may go on: some milliseconds.
_PIECE: Final = 1 << 18
# Bytes; a segment of 100,000 distinct command lines of the longest kind takes a third of it.
_MAX_BODY: Final = 1 << 30
_ARRAYS: Final = ("numbers", "outsides", "part", "vector", "count", "scope", "gate", "exemplar", "first")
# Of these every entry is near the one before.
_RISING: Final = frozenset({"numbers", "outsides", "part", "vector", "first"})


class DamagedState(ValueError):
    """What is read is no segment of this version, or does not continue the one before."""


class KindBody(msgspec.Struct):
    """What a segment says of one kind: packed columns and the texts that they name by index."""

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


class Body(msgspec.Struct):
    """What a segment says; times in ms."""

    topic: str
    topic_id: str
    partition: int
    start: int
    end: int
    previous: bytes
    stream_time: int | None
    part: int
    horizon: int
    floor: int
    events_in_part: int
    opened: list[tuple[int, int, int]]
    kinds: dict[Kind, KindBody]
    episodes: list[tuple[str, str, int, int, int, int, int, list[tuple[list[Any], int]]]]
    fingerprints: dict[Kind, str] = {}
    whole: list[Kind] = []
    suspects: list[tuple[str, list[str]]] = []
    # Of format 1: that of all kinds together.
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which log a model is of; the id is "" where the broker does not tell."""

    topic: str
    partition: int
    topic_id: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One link of the chain.

    fingerprints : what the rows of each kind are of
    whole : kinds of which it has all that is in the window, not only what is new
    floor : offset from which on events are in the window at its end
    part : the current part's serial at its end, horizon : the oldest in the window's
    """

    origin: Origin
    fingerprints: Mapping[Kind, str]
    whole: frozenset[Kind]
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
    if not heads:
        raise DamagedState("a segment of no chunks")
    if [head[0] for head in heads] != list(range(len(chunks))) or {head[1:] for head in heads} != {
        (len(chunks), heads[0][2])
    }:
        raise DamagedState("chunks are missing or of several segments")
    payload = b"".join(chunk[_HEAD:] for chunk in chunks)
    digest = _digest(payload)
    if digest != heads[0][2]:
        raise DamagedState("the checksum differs")
    return _segment(read(payload), payload, digest)


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


def portion_of(held: KindBody) -> Portion | None:
    """What an engine can adopt; None where it never learned anything."""
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


def writing(body: Body) -> Generator[None, None, Segment]:
    """Works out the segment that says this, piece by piece."""
    said = memoryview(msgspec.msgpack.encode(body))
    packer = zstandard.ZstdCompressor(level=_LEVEL).compressobj(size=len(said))
    pieces = []
    for at in range(0, len(said), _PIECE):
        pieces.append(packer.compress(said[at : at + _PIECE]))
        yield
    payload = b"".join([*pieces, packer.flush()])
    return _segment(body, payload, _digest(payload))


def _segment(body: Body, payload: bytes, digest: bytes) -> Segment:
    return Segment(
        origin=Origin(body.topic, body.partition, body.topic_id),
        fingerprints=body.fingerprints or dict.fromkeys(body.kinds, body.fingerprint),
        whole=frozenset(body.whole),
        start=body.start,
        end=body.end,
        previous=body.previous,
        digest=digest,
        floor=body.floor,
        part=body.part,
        horizon=body.horizon,
        payload=payload,
    )


def read(payload: bytes) -> Body:
    """What a segment's payload says; raises DamagedState."""
    try:
        size = zstandard.get_frame_parameters(payload).content_size
        if size > _MAX_BODY:
            raise DamagedState(f"a segment of {size} bytes")
        return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(payload), type=Body)
    except (zstandard.ZstdError, msgspec.DecodeError, MemoryError, RecursionError) as error:
        raise DamagedState(str(error)) from error


def _head(chunk: bytes) -> tuple[int, int, bytes]:
    """(index, chunks of its segment, digest)."""
    if len(chunk) < _HEAD or chunk[:4] != _MAGIC:
        raise DamagedState("not a chunk of state")
    if not 1 <= chunk[4] <= VERSION:
        raise DamagedState(f"state of format {chunk[4]}; this version reads up to {VERSION}")
    return int.from_bytes(chunk[5:7], "big"), int.from_bytes(chunk[7:9], "big"), chunk[9:_HEAD]


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST).digest()


def packed(portion: Portion) -> dict[str, bytes]:
    """Its arrays but for the counts."""
    return {
        name: columns(np.diff(values, prepend=0) if name in _RISING else values)
        for name in _ARRAYS
        for values in (getattr(portion, name),)
    }


def _unpacked(name: str, packed: bytes) -> NDArray[np.int64]:
    values = _uncolumns(packed)
    return np.cumsum(values) if name in _RISING else values


def columns(values: NDArray[np.int64]) -> bytes:
    """All lowest bytes, then all second lowest ...: runs of zeros, which compress to nothing."""
    return np.ascontiguousarray(values, "<i8").view(np.uint8).reshape(-1, 8).T.tobytes()


def _uncolumns(packed: bytes) -> NDArray[np.int64]:
    turned = np.frombuffer(packed, np.uint8).reshape(8, -1).T
    return np.ascontiguousarray(turned).view("<i8").ravel().astype(np.int64)
