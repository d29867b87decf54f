"""What the loop shows of itself: gauges, the Status that the web thread reads, the count of clusters."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Literal

from processor.clustering.components import ClusterCounts
from processor.events.event import KINDS, Kind
from processor.metrics import Metrics
from processor.picture.camera import Camera, Counted
from processor.pipeline import Gauges, Pipeline
from processor.status import Board, PartitionStatus, Recent
from processor.stream.broker import Broker
from processor.stream.loop import Loop
from processor.stream.records import Partition
from processor.stream.task import Task

REFRESH_S: Final = 1.0
# A group that gives an instance nothing may never say so.
_JOINED_WITHIN_S: Final = 10.0
_NOTHING: Final = ClusterCounts(clusters=0, singletons=0, clustered_events=0, noise_events=0)


class Observer:
    """Called after every turn of the loop; most turns only show that it turned.

    camera : counts the clusters and takes the picture that the page shows
    """

    def __init__(self, broker: Broker, metrics: Metrics, board: Board, camera: Camera) -> None:
        self._broker = broker
        self._metrics = metrics
        self._board = board
        self._camera = camera
        self._recent = Recent()
        self._started = time.monotonic()
        self._refreshed_at = float("-inf")
        self._clusters_taken_at = self._started
        self._shown: tuple[object, ...] = ()
        self._records = 0
        self._seen: dict[Partition, Gauges] = {}
        board.current = replace(board.current, started_at=time.time())
        metrics.clusters_age_seconds.set_function(lambda: time.monotonic() - self._clusters_taken_at)

    def __call__(self, loop: Loop) -> None:
        """Show what has changed."""
        now = time.monotonic()
        if loop.committed:
            self._recent.add(loop.committed)
            loop.committed.clear()
        self._take_picture(loop, now)
        shown = (self._state(loop, now), tuple(task.live for task in loop.tasks.values()), self._recent.seen)
        if shown != self._shown or now - self._refreshed_at >= REFRESH_S:
            self._refresh(loop, now)
            self._shown = shown
        self._board.current = replace(self._board.current, ticked_at=now)

    def _take_picture(self, loop: Loop, now: float) -> None:
        if loop.stopping:
            return
        live: dict[tuple[str, int], Pipeline] = {
            partition: task.pipeline for partition, task in loop.tasks.items() if task.live
        }
        picture = self._camera.tick(live, now)
        counted = self._camera.take_count()
        if counted is not None:
            self._show_clusters(counted, live.values())
        if picture is not None:
            self._board.current = replace(self._board.current, picture=picture)

    def _refresh(self, loop: Loop, now: float) -> None:
        gauges = {partition: task.pipeline.gauges() for partition, task in loop.tasks.items() if task.live}
        self._show_gauges(gauges)
        state = self._state(loop, now)
        progress = [task.restore.progress for task in loop.tasks.values() if task.restore is not None]
        self._metrics.restore_progress_ratio.set(min(progress, default=1.0))
        self._metrics.ready.set(state == "live")
        ages: list[float] = []
        partitions = tuple(self._partition(task, ages) for _, task in sorted(loop.tasks.items()))
        status = self._board.current
        records = sum(loop.tally.outcomes.values())
        elapsed = now - self._refreshed_at
        if elapsed >= REFRESH_S:
            status = replace(status, events_per_s=(records - self._records) / elapsed)
            self._records, self._refreshed_at = records, now
        times = [task.pipeline.stream_time for task in loop.tasks.values()]
        self._board.current = replace(
            status,
            state=state,
            partitions=partitions,
            lag_s=max(ages, default=None),
            stream_time=max((each for each in times if each is not None), default=None),
            window_events=_by_kind(gauges, "window_events"),
            window_vectors=_by_kind(gauges, "window_vectors"),
            window_span=min((each.window_span for each in gauges.values()), default=0),
            scopes_warmup=sum(each.scopes_warmup for each in gauges.values()),
            scopes_live=sum(each.scopes_live for each in gauges.values()),
            outcomes=dict(loop.tally.outcomes),
            withheld=dict(loop.tally.withheld),
            anomalies=self._recent.current,
            anomalies_seen=self._recent.seen,
        )

    def _state(self, loop: Loop, now: float) -> Literal["starting", "restoring", "live", "stopping"]:
        if loop.stopping:
            return "stopping"
        if not loop.joined and now - self._started < _JOINED_WITHIN_S:
            return "starting"
        return "live" if all(task.live for task in loop.tasks.values()) else "restoring"

    def _partition(self, task: Task, ages: list[float]) -> PartitionStatus:
        topic, number = task.partition
        if task.restore is not None:
            progress = task.restore.progress
            return PartitionStatus(topic, number, "restoring", task.next_offset, progress, None)
        lag = self._broker.lag(task.partition)
        if lag is not None:
            ages.append(_age(task, lag))
            self._metrics.lag_records.labels(topic, str(number)).set(lag)
            self._metrics.lag_seconds.labels(topic, str(number)).set(ages[-1])
        return PartitionStatus(topic, number, "live", task.next_offset, 1.0, lag)

    def _show_gauges(self, gauges: dict[Partition, Gauges]) -> None:
        metrics = self._metrics
        for kind in KINDS:
            metrics.window_events.labels(kind).set(_by_kind(gauges, "window_events")[kind])
            metrics.window_vectors.labels(kind).set(_by_kind(gauges, "window_vectors")[kind])
        span = min((each.window_span for each in gauges.values()), default=0)
        metrics.window_span_seconds.set(span / 1000)
        metrics.scopes.labels("warmup").set(sum(each.scopes_warmup for each in gauges.values()))
        metrics.scopes.labels("live").set(sum(each.scopes_live for each in gauges.values()))
        metrics.scopes_with_two_sources.set(sum(each.scopes_with_two_sources for each in gauges.values()))
        for partition, each in gauges.items():
            before = self._seen.get(partition, each)
            metrics.window_truncated_total.inc(max(0, each.window_truncated - before.window_truncated))
            expired = each.scopes_expired_in_warmup - before.scopes_expired_in_warmup
            metrics.scopes_expired_in_warmup_total.inc(max(0, expired))
        self._seen = gauges

    def _show_clusters(self, counted: Counted, pipelines: Iterable[Pipeline]) -> None:
        self._clusters_taken_at = counted.taken_at
        self._board.current = replace(self._board.current, clusters=counted.clusters)
        for kind in KINDS:
            found = counted.clusters.get(kind, _NOTHING)
            self._metrics.clusters.labels(kind).set(found.clusters)
            self._metrics.singletons.labels(kind).set(found.singletons)
            self._metrics.clustered_events.labels(kind).set(found.clustered_events)
            self._metrics.noise_events.labels(kind).set(found.noise_events)
        partitions_of = Counter(scope for pipeline in pipelines for scope in pipeline.scopes())
        self._metrics.scopes_split.set(sum(count > 1 for count in partitions_of.values()))


def _by_kind(gauges: dict[Partition, Gauges], name: str) -> dict[Kind, int]:
    return {kind: sum(getattr(each, name).get(kind, 0) for each in gauges.values()) for kind in KINDS}


def _age(task: Task, lag: int) -> float:
    """Seconds by which the last record judged is behind the clock while others wait."""
    if not lag or task.last_timestamp is None:
        return 0.0
    return max(0.0, time.time() - task.last_timestamp / 1000)
