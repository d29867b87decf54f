"""The immutable Status that the loop swaps and the web thread reads."""

import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from processor.clustering.components import ClusterCounts
from processor.events.event import Kind
from processor.picture.picture import Picture
from processor.pipeline import Published

# What is kept of the anomalies published: the newest, bounded in number and in bytes.
MAX_ANOMALIES: Final = 10_000
MAX_ANOMALY_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One assigned partition: `progress` of its restore in [0, 1]; lag in records, None while unknown."""

    topic: str
    partition: int
    state: Literal["restoring", "live"]
    next_offset: int
    progress: float
    lag: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """What the service is and knows at one moment. What is not known yet is empty or None.

    started_at : wall clock, s since 1970
    events_per_s : over the last seconds; lag_s : age of the oldest record not read yet
    stream_time : highest event time, ms; window_span : ms
    outcomes, withheld : records since the start by outcome; anomalous verdicts not published, by why
    anomalies : the newest of those published, oldest first; anomalies_seen : how many there were in all
    """

    state: Literal["starting", "restoring", "live", "stopping"] = "starting"
    ticked_at: float = field(default_factory=time.monotonic)
    partitions: tuple[PartitionStatus, ...] = ()
    clusters: Mapping[Kind, ClusterCounts] = field(default_factory=dict)
    started_at: float = 0.0
    events_per_s: float = 0.0
    lag_s: float | None = None
    stream_time: int | None = None
    window_events: Mapping[Kind, int] = field(default_factory=dict)
    window_vectors: Mapping[Kind, int] = field(default_factory=dict)
    window_span: int = 0
    scopes_warmup: int = 0
    scopes_live: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    withheld: Mapping[str, int] = field(default_factory=dict)
    anomalies: tuple[Published, ...] = ()
    anomalies_seen: int = 0
    picture: Picture | None = None


class Board:
    """Holds the current Status: one reference, swapped by the loop, read by the web thread."""

    def __init__(self) -> None:
        self.current = Status()


class Recent:
    """The anomalies published last, kept by the loop.

    current : oldest first, a tuple that is never changed
    seen : how many there were in all
    """

    def __init__(self, limit: int = MAX_ANOMALIES, max_bytes: int = MAX_ANOMALY_BYTES) -> None:
        self._limit = limit
        self._max_bytes = max_bytes
        self._kept: deque[Published] = deque()
        self._bytes = 0
        self.current: tuple[Published, ...] = ()
        self.seen = 0

    def add(self, published: Iterable[Published]) -> None:
        """Take in what was published, in its order."""
        before = self.seen
        for each in published:
            self._kept.append(each)
            self._bytes += len(each.value)
            self.seen += 1
            while len(self._kept) > self._limit or self._bytes > self._max_bytes:
                self._bytes -= len(self._kept.popleft().value)
        if self.seen != before:
            self.current = tuple(self._kept)
