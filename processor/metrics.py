"""Every Prometheus metric of the service, in one place, with what it means and what to do about it.

Label sets are closed: no host, user, process or other text from an event is ever a label. Every series exists
at 0 from the start, so that a rate never misses its first increase; a partition's series exist while it is
assigned.
"""

import itertools
import math
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

import processor
from processor.detection.verdict import Reason
from processor.events.event import KINDS
from processor.events.event import REASONS as REJECT_REASONS
from processor.events.formats import FORMATS

PREFIX: Final = "eventcluster"
OUTCOMES: Final = ("scored", "late")
WITHHELD: Final = ("warmup", "below_min_score")
SCOPE_STATES: Final = ("warmup", "live")
TRANSACTION_RESULTS: Final = ("committed", "aborted")
RESTORE_SOURCES: Final = ("state", "log", "none")

_MEMORY_LIMITS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
_SCORES: Final = (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_RESTORE_SECONDS: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
_RECORDS: Final = (1, 10, 100, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000)


class Metrics:
    """The service's metrics: attributes are named as exported, without the prefix `eventcluster_`.

    registry : where they are registered and scraped from; one Metrics per registry
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        # A global switch of the library: each counter would otherwise export a second series, its birthday.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry
        ProcessCollector(registry=registry)
        self._register_events()
        self._register_anomalies()
        self._register_clusters()
        self._register_window()
        self._register_scopes()
        self._register_loop()
        self._register_delivery()
        self._register_restore()
        self._register_build()

    def add_partition(self, topic: str, partition: int) -> None:
        """Bring an assigned partition's series into being, at 0."""
        self.lag_records.labels(topic, str(partition)).set(0)
        self.lag_seconds.labels(topic, str(partition)).set(0)

    def drop_partition(self, topic: str, partition: int) -> None:
        """Remove a revoked partition's series: another instance exports them now."""
        self.lag_records.remove_by_labels({"topic": topic, "partition": str(partition)})
        self.lag_seconds.remove_by_labels({"topic": topic, "partition": str(partition)})

    def _register_events(self) -> None:
        self.events_total = self._counter(
            "events",
            "Process and logon events judged, by kind, input format and outcome (late: older than the "
            "window, judged but not learned). Many late: records reach Kafka after more than window.length.",
            kind=KINDS,
            format=FORMATS,
            outcome=OUTCOMES,
        )
        self.records_ignored_total = self._counter(
            "records_ignored",
            "Records that are neither a process creation nor a logon, or of a format or kind that is not "
            "read. High is fine on a mixed topic; all of them: input.formats or process/logon.enabled is "
            "wrong.",
        )
        self.records_rejected_total = self._counter(
            "records_rejected",
            "Records that should be an event but are broken, by reason; each is in the dead-letter topic. "
            "When it rises: `eventcluster dead-letters show`, then mend the producer.",
            reason=REJECT_REASONS,
        )
        self.clock_skewed_total = self._counter(
            "clock_skewed",
            "Events more than window.max_future_skew ahead of their Kafka timestamp, which was taken "
            "instead. When it rises: a host's clock is wrong, or somebody forges times.",
        )

    def _register_anomalies(self) -> None:
        self.anomalies_total = self._counter(
            "anomalies",
            "Anomalies published, by kind and reason. Sudden rise: an attack, or a rollout; see "
            "episodes_total.",
            kind=KINDS,
            reason=tuple(Reason),
        )
        self.anomaly_score = self._histogram(
            "anomaly_score",
            "Risk score, 0 to 100, of published anomalies. Much weight at the low end: raise "
            "output.min_score.",
            _SCORES,
            kind=KINDS,
        )
        self.episodes_total = self._counter(
            "episodes",
            "Episodes opened: the number of things for an analyst to look at. Too many: see "
            "docs/configuration.md on eps, rare_cluster_size, warmup and scope.rewrite.",
        )
        self.folded_total = self._counter(
            "folded",
            "Anomalies counted in their episode but not published, since it holds episode.fold.keep of the "
            "same kind of thing already. High is fine: it is what folding is for.",
            kind=KINDS,
        )
        self.suppressed_total = self._counter(
            "suppressed",
            "Anomalies held back by the allow-list `suppress`. High: look whether an entry matches too much.",
            kind=KINDS,
        )
        self.withheld_total = self._counter(
            "withheld",
            "Anomalous verdicts not published because their scope is still warming up or their score is "
            "below output.min_score. Never falling with why=warmup: hosts are short-lived, see "
            "scope.rewrite.",
            kind=KINDS,
            why=WITHHELD,
        )

    def _register_clusters(self) -> None:
        self.clusters = self._gauge(
            "clusters",
            "Clusters in the windows of the assigned partitions, by kind, counted every "
            "metrics.clusters_every. Growing without end: events share no shape; look at gate and eps.",
            kind=KINDS,
        )
        self.singletons = self._gauge(
            "singletons",
            "Vectors in the window with no other event within eps, by kind. High against clusters: eps is "
            "too small, or the features are noisy.",
            kind=KINDS,
        )
        self.clustered_events = self._gauge(
            "clustered_events", "Events in the window that belong to a cluster, by kind.", kind=KINDS
        )
        self.noise_events = self._gauge(
            "noise_events",
            "Events in the window that belong to no cluster, by kind. High against clustered_events: see "
            "singletons.",
            kind=KINDS,
        )
        self.clusters_age_seconds = self._gauge(
            "clusters_age_seconds",
            "Seconds since clusters, singletons, clustered_events and noise_events were counted. Far above "
            "metrics.clusters_every: the window is too large for the machine's spare CPU.",
        )

    def _register_window(self) -> None:
        self.window_events = self._gauge(
            "window_events",
            "Events in the windows of the assigned partitions, by kind: all that the next event is compared "
            "with.",
            kind=KINDS,
        )
        self.window_vectors = self._gauge(
            "window_vectors",
            "Distinct (scope, vector) pairs in the window, by kind: what memory is used for, about 150 "
            "bytes each. Near limits.max_vectors: more partitions, or a shorter window.",
            kind=KINDS,
        )
        self.window_span_seconds = self._gauge(
            "window_span_seconds",
            "Seconds of event time that the shortest window of the assigned partitions covers. Below "
            "window.length long after the start: the topic retains less, or limits.max_vectors bites.",
        )
        self.window_truncated_total = self._counter(
            "window_truncated",
            "Times that a scope lost its oldest events early because limits.max_vectors was reached. When "
            "it rises: raise the limit, or find the scope that floods.",
        )
        self.log_append_time = self._gauge_of(
            "log_append_time",
            "1 where the input topic has message.timestamp.type=LogAppendTime, else 0: there a producer can "
            "forge the Kafka timestamp too, and with it move the window. Set LogAppendTime on the topic.",
            "topic",
        )

    def _register_scopes(self) -> None:
        self.scopes = self._gauge(
            "scopes",
            "Scopes (hosts, by default) in the windows, by state. Mostly warmup after days: see "
            "scope.rewrite.",
            state=SCOPE_STATES,
        )
        self.scopes_split = self._gauge(
            "scopes_split",
            "Scopes seen in more than one assigned partition. Above 0: key the input topic by scope.by; "
            "until then each partition learns a part of the scope and alerts are many times too many.",
        )
        self.scopes_with_two_sources = self._gauge(
            "scopes_with_two_sources",
            "Scopes whose window holds events of one kind in two formats. Above 0: the same things are "
            "reported twice (Sysmon and 4688, say); name one of them in input.formats.",
        )
        self.scopes_expired_in_warmup_total = self._counter(
            "scopes_expired_in_warmup",
            "Scopes whose window emptied before they were live: nothing of theirs could ever be published. "
            "When it rises: lower warmup, or fold short-lived hosts with scope.rewrite.",
        )

    def _register_loop(self) -> None:
        self.lag_records = self._gauge_of(
            "lag_records",
            "Records between the next one to process and the partition's end. Growing: more partitions and "
            "instances.",
            "topic",
            "partition",
        )
        self.lag_seconds = self._gauge_of(
            "lag_seconds",
            "Age in seconds of the last record processed while records are waiting, else 0. Growing: see "
            "lag_records.",
            "topic",
            "partition",
        )
        self.batch_seconds = self._histogram(
            "batch_seconds",
            "Seconds that one batch took from bytes to verdicts. Near kafka.batch.max_wait and above is "
            "normal only while catching up.",
            _SECONDS,
        )
        self.batch_records = self._histogram(
            "batch_records",
            "Records in one batch. At kafka.batch.max_records: the service is catching up.",
            _RECORDS,
        )
        self.partitions_assigned = self._gauge(
            "partitions_assigned",
            "Partitions of the input topics that this instance works on. 0 for long: more instances than "
            "partitions.",
        )
        self.rebalances_total = self._counter(
            "rebalances",
            "Times that the group's coordinator changed this instance's partitions. Rising steadily: "
            "instances come and go, or a batch takes longer than max.poll.interval.ms.",
        )
        self.ready = self._gauge(
            "ready", "1 when every assigned partition is restored and live, else 0; the same as /readyz."
        )

    def _register_delivery(self) -> None:
        self.commit_seconds = self._histogram(
            "commit_seconds",
            "Seconds that one commit of outputs and offsets took. Above 0.1 at the median: the brokers are "
            "slow.",
            _SECONDS,
        )
        self.transactions_total = self._counter(
            "transactions",
            "Commits of outputs and offsets, by result. Aborted ones are sent again, nothing is lost; "
            "rising steadily: brokers or group are unstable.",
            result=TRANSACTION_RESULTS,
        )
        self.dead_letters_total = self._counter(
            "dead_letters",
            "Records written to the dead-letter topic, by reason. See records_rejected_total.",
            reason=REJECT_REASONS,
        )
        self.state_bytes_total = self._counter(
            "state_bytes", "Bytes of window state written to the state topic. High: raise window.pane."
        )

    def _register_restore(self) -> None:
        self.restore_seconds = self._histogram(
            "restore_seconds",
            "Seconds from a partition's assignment until it was live. High: without usable state the window "
            "is learned from the log again.",
            _RESTORE_SECONDS,
        )
        self.restore_progress_ratio = self._gauge(
            "restore_progress_ratio",
            "Share, 0 to 1, that the least advanced restoring partition has restored; 1 when none is "
            "restoring.",
        )
        self.restores_total = self._counter(
            "restores",
            "Partitions restored, by where the window came from: the state topic, the input log, or nothing "
            "was there. `log` rising with restarts: see the log for why the state was not used.",
            **{"from": RESTORE_SOURCES},
        )

    def _register_build(self) -> None:
        self.instance_info = self._gauge_of(
            "instance_info",
            "Always 1; the label is kafka.instance. Two targets with one value fence each other: give each "
            "its own.",
            "kafka_instance",
        )
        self.memory_limit_bytes = self._gauge(
            "memory_limit_bytes",
            "The container's memory limit in bytes, +Inf without one. process_resident_memory_bytes near "
            "it: see limits.max_vectors.",
        )
        self.memory_limit_bytes.set(_memory_limit())
        self.build_info = self._gauge_of(
            "build_info", "Always 1; the labels say what is running.", "version", "python", "confluent_kafka"
        )
        self.build_info.labels(
            processor.__version__, platform.python_version(), _installed("confluent-kafka")
        ).set(1)

    def _counter(self, name: str, help_text: str, **labels: tuple[str, ...]) -> Counter:
        metric = Counter(f"{PREFIX}_{name}", help_text, tuple(labels), registry=self.registry)
        _start_series(metric, labels)
        return metric

    def _gauge(self, name: str, help_text: str, **labels: tuple[str, ...]) -> Gauge:
        metric = self._gauge_of(name, help_text, *labels)
        _start_series(metric, labels)
        return metric

    def _gauge_of(self, name: str, help_text: str, *labels: str) -> Gauge:
        """A gauge whose series come and go with what they describe."""
        return Gauge(f"{PREFIX}_{name}", help_text, labels, registry=self.registry)

    def _histogram(
        self, name: str, help_text: str, buckets: tuple[float, ...], **labels: tuple[str, ...]
    ) -> Histogram:
        metric = Histogram(
            f"{PREFIX}_{name}", help_text, tuple(labels), registry=self.registry, buckets=buckets
        )
        _start_series(metric, labels)
        return metric


def _start_series(metric: Counter | Gauge | Histogram, labels: dict[str, tuple[str, ...]]) -> None:
    """Bring every combination of label values into being, at 0."""
    if labels:
        for values in itertools.product(*labels.values()):
            metric.labels(*values)


def _memory_limit() -> float:
    """Bytes that the control group allows (version 2, then 1); infinite where nothing is said."""
    for file in _MEMORY_LIMITS:
        try:
            text = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        # Version 1 says "no limit" by a number close to 2**63.
        return float(text) if text.isdecimal() and int(text) < 2**62 else math.inf
    return math.inf


def _installed(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "none"
