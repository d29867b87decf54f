"""The immutable Status that the loop swaps and the web thread reads."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from processor.events.event import Kind


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
class ClusterCounts:
    """What the last count of components found, over all assigned partitions."""

    clusters: int
    singletons: int
    clustered_events: int
    noise_events: int


@dataclass(frozen=True, slots=True)
class Status:
    """What the service is and knows at one moment."""

    state: Literal["starting", "restoring", "live", "stopping"] = "starting"
    ticked_at: float = field(default_factory=time.monotonic)
    partitions: tuple[PartitionStatus, ...] = ()
    clusters: Mapping[Kind, ClusterCounts] = field(default_factory=dict)


class Board:
    """Holds the current Status: one reference, swapped by the loop, read by the web thread."""

    def __init__(self) -> None:
        self.current = Status()
