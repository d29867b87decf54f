"""Clusters are counted now and then, from a snapshot and in a thread of their own: never on the hot path."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from processor.clustering import components
from processor.clustering.components import ClusterCounts, Snapshot
from processor.events.event import Kind
from processor.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Counted:
    """Clusters over all partitions, by kind, and the monotonic time of the snapshot."""

    clusters: Mapping[Kind, ClusterCounts]
    taken_at: float


class Census:
    """Counts the clusters of some pipelines, one count at a time."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._result: Counted | None = None
        self._failure: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Whether a count is under way."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, pipelines: Iterable[Pipeline]) -> None:
        """Take snapshots here and now, count them elsewhere."""
        taken_at = time.monotonic()
        snapshots = [item for pipeline in pipelines for item in pipeline.snapshots().items()]
        # A daemon: a long count does not keep the process from ending.
        self._thread = threading.Thread(
            target=self._count, args=(snapshots, taken_at), name="census", daemon=True
        )
        self._thread.start()

    def take(self) -> Counted | None:
        """The result of a count that has ended since last asked; raises what the count raised."""
        if self._failure is not None:
            raise self._failure
        result, self._result = self._result, None
        return result

    def _count(self, snapshots: list[tuple[Kind, Snapshot]], taken_at: float) -> None:
        try:
            self._result = Counted(summed(snapshots), taken_at)
        except BaseException as failure:  # noqa: BLE001 - the loop raises it
            self._failure = failure


def summed(snapshots: Iterable[tuple[Kind, Snapshot]]) -> Mapping[Kind, ClusterCounts]:
    """Clusters of each kind, added up over partitions: no cluster reaches across two."""
    totals: dict[Kind, Counter[str]] = {}
    for kind, snapshot in snapshots:
        found = components.count(snapshot)
        total = totals.setdefault(kind, Counter())
        for name in ("clusters", "singletons", "clustered_events", "noise_events"):
            total[name] += getattr(found, name)
    return {
        kind: ClusterCounts(
            clusters=total["clusters"],
            singletons=total["singletons"],
            clustered_events=total["clustered_events"],
            noise_events=total["noise_events"],
        )
        for kind, total in totals.items()
    }
