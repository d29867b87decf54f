"""The Service dashboard, for the people who run it."""

from typing import Final

from deploy.grafana.board import Board, Panel, Query, Row

_ON: Final = 'instance=~"$instance"'
_RATE: Final = "[$__rate_interval]"


def _quantiles(metric: str) -> tuple[Query, ...]:
    return tuple(
        Query(
            f"histogram_quantile({quantile}, sum by (le) (rate({metric}_bucket{{{_ON}}}{_RATE})))",
            f"p{quantile * 100:.0f}",
        )
        for quantile in (0.5, 0.9, 0.99)
    )


SERVICE: Final = Board(
    uid="eventcluster-service",
    title="eventcluster / Service",
    description="How it runs: rates, lag, latency, delivery, restores, memory.",
    rows=(
        Row(
            "Now",
            (
                Panel(
                    "Instances ready",
                    "Instances whose partitions are all live, of those that answer.",
                    (
                        Query(f"sum(eventcluster_ready{{{_ON}}})", "ready"),
                        Query(f"count(eventcluster_ready{{{_ON}}})", "up"),
                    ),
                    "stat",
                ),
                Panel(
                    "Version",
                    "What runs; two versions side by side only during an update.",
                    (Query(f"count by (version) (eventcluster_build_info{{{_ON}}})", "{{version}}"),),
                    "stat",
                ),
                Panel(
                    "Records a second",
                    "Of every outcome: judged, ignored, rejected.",
                    (Query("job:eventcluster_records:rate5m"),),
                    "stat",
                    "rps",
                ),
                Panel(
                    "Lag",
                    "Age of the oldest unjudged record: how late an alert comes.",
                    (Query(f"max(eventcluster_lag_seconds{{{_ON}}})"),),
                    "stat",
                    "s",
                ),
                Panel(
                    "Commit p99",
                    "Over five minutes. Above 0.1 s: the brokers are slow.",
                    (Query("job:eventcluster_commit_seconds:p99_5m"),),
                    "stat",
                    "s",
                ),
                Panel(
                    "Window",
                    "Event time that the shortest window covers; window.length once the service is warm.",
                    (Query(f"min(eventcluster_window_span_seconds{{{_ON}}})"),),
                    "stat",
                    "s",
                ),
            ),
        ),
        Row(
            "Rates and lag",
            (
                Panel(
                    "Records by outcome",
                    "Every record read has exactly one outcome.",
                    (
                        Query(
                            f"sum by (outcome) (rate(eventcluster_events_total{{{_ON}}}{_RATE}))",
                            "{{outcome}}",
                        ),
                        Query(f"sum(rate(eventcluster_records_ignored_total{{{_ON}}}{_RATE}))", "ignored"),
                        Query(f"sum(rate(eventcluster_records_rejected_total{{{_ON}}}{_RATE}))", "rejected"),
                    ),
                    "stack",
                    "rps",
                ),
                Panel(
                    "Records by instance",
                    "Unequal: the keys are uneven, or partitions do not divide by instances.",
                    (Query(f"instance:eventcluster_records:rate5m{{{_ON}}}", "{{instance}}"),),
                    "stack",
                    "rps",
                ),
                Panel(
                    "Lag in records",
                    "By partition. One alone: one scope floods. All of them: more partitions and instances.",
                    (
                        Query(
                            f"max by (topic, partition) (eventcluster_lag_records{{{_ON}}})",
                            "{{topic}}/{{partition}}",
                        ),
                    ),
                ),
                Panel(
                    "Lag in seconds",
                    "By partition: how late an alert of it comes.",
                    (
                        Query(
                            f"max by (topic, partition) (eventcluster_lag_seconds{{{_ON}}})",
                            "{{topic}}/{{partition}}",
                        ),
                    ),
                    "lines",
                    "s",
                ),
                Panel(
                    "Partitions",
                    "Assigned to each instance.",
                    (Query(f"eventcluster_partitions_assigned{{{_ON}}}", "{{instance}}"),),
                    "stack",
                ),
                Panel(
                    "Rebalances",
                    "Changes of assignment, an hour. Steady: see EventclusterRebalanceStorm.",
                    (
                        Query(
                            f"sum by (instance) (increase(eventcluster_rebalances_total{{{_ON}}}[1h]))",
                            "{{instance}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Latency and stages",
            (
                Panel(
                    "Batch: bytes to verdicts",
                    "Seconds a batch takes in the pipeline.",
                    _quantiles("eventcluster_batch_seconds"),
                    "lines",
                    "s",
                ),
                Panel(
                    "Records in a batch",
                    "At kafka.batch.max_records the service is catching up.",
                    _quantiles("eventcluster_batch_records"),
                ),
                Panel(
                    "Commit: outputs and offsets",
                    "Seconds a commit takes.",
                    _quantiles("eventcluster_commit_seconds"),
                    "lines",
                    "s",
                ),
                Panel(
                    "Where the time goes",
                    "Share of wall time in the pipeline and in commits; together near 1: no reserve left.",
                    (
                        Query(
                            f"sum by (instance) (rate(eventcluster_batch_seconds_sum{{{_ON}}}{_RATE}))",
                            "pipeline",
                        ),
                        Query(
                            f"sum by (instance) (rate(eventcluster_commit_seconds_sum{{{_ON}}}{_RATE}))",
                            "commit",
                        ),
                    ),
                    "stack",
                    "percentunit",
                ),
                Panel(
                    "Age of the cluster counts",
                    "Verdicts do not depend on them. High: the window is large for the machine's spare CPU.",
                    (Query(f"eventcluster_clusters_age_seconds{{{_ON}}}", "{{instance}}"),),
                    "lines",
                    "s",
                ),
            ),
        ),
        Row(
            "Delivery",
            (
                Panel(
                    "Transactions",
                    "Commits a second by result; aborted ones are sent again.",
                    (
                        Query(
                            f"sum by (result) (rate(eventcluster_transactions_total{{{_ON}}}{_RATE}))",
                            "{{result}}",
                        ),
                    ),
                    "stack",
                    "ops",
                ),
                Panel(
                    "Rejected and dead-lettered",
                    "By reason, an hour. The two agree: what is rejected is kept.",
                    (
                        Query(
                            f"sum by (reason) (increase(eventcluster_records_rejected_total{{{_ON}}}[1h]))",
                            "rejected {{reason}}",
                        ),
                        Query(
                            f"sum by (reason) (increase(eventcluster_dead_letters_total{{{_ON}}}[1h]))",
                            "dead letter {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Dead letters, all time",
                    "Since the instances started.",
                    (Query(f"sum(eventcluster_dead_letters_total{{{_ON}}})"),),
                    "stat",
                ),
                Panel(
                    "Commits aborted",
                    "Share over ten minutes.",
                    (Query("job:eventcluster_aborted:ratio10m"),),
                    "stat",
                    "percentunit",
                ),
            ),
        ),
        Row(
            "State and restores",
            (
                Panel(
                    "Restores by origin",
                    "Partitions restored an hour; `log` with each restart: state was not used, see the log.",
                    (
                        Query(
                            f"sum by (from) (increase(eventcluster_restores_total{{{_ON}}}[1h]))", "{{from}}"
                        ),
                    ),
                    "stack",
                ),
                Panel(
                    "Restore time",
                    "Mean seconds from assignment to live, over an hour.",
                    (
                        Query(
                            f"sum(increase(eventcluster_restore_seconds_sum{{{_ON}}}[1h]))"
                            f" / (sum(increase(eventcluster_restore_seconds_count{{{_ON}}}[1h])) > 0)",
                            "mean",
                        ),
                    ),
                    "lines",
                    "s",
                ),
                Panel(
                    "Restore progress",
                    "Of the least advanced partition; 1 when none restores.",
                    (Query(f"eventcluster_restore_progress_ratio{{{_ON}}}", "{{instance}}"),),
                    "lines",
                    "percentunit",
                ),
                Panel(
                    "State written",
                    "Bytes a second to the state topic.",
                    (Query(f"sum(rate(eventcluster_state_bytes_total{{{_ON}}}{_RATE}))"),),
                    "lines",
                    "Bps",
                ),
            ),
        ),
        Row(
            "Memory and window",
            (
                Panel(
                    "Memory",
                    "Resident, and the container's limit where there is one.",
                    (
                        Query(f'process_resident_memory_bytes{{job="eventcluster", {_ON}}}', "{{instance}}"),
                        Query(f"eventcluster_memory_limit_bytes{{{_ON}}} < +Inf", "{{instance}} limit"),
                    ),
                    "lines",
                    "bytes",
                ),
                Panel(
                    "CPU",
                    "Cores used.",
                    (
                        Query(
                            f'rate(process_cpu_seconds_total{{job="eventcluster", {_ON}}}{_RATE})',
                            "{{instance}}",
                        ),
                    ),
                ),
                Panel(
                    "Events in the window",
                    "By kind.",
                    (Query(f"sum by (kind) (eventcluster_window_events{{{_ON}}})", "{{kind}}"),),
                    "stack",
                ),
                Panel(
                    "Window truncated",
                    "Scopes that lost their oldest events to limits.max_vectors, an hour.",
                    (
                        Query(
                            f"sum by (instance) (increase(eventcluster_window_truncated_total{{{_ON}}}[1h]))",
                            "{{instance}}",
                        ),
                    ),
                ),
                Panel(
                    "LogAppendTime",
                    "1 where the input topic stamps records itself; 0: producers can forge times.",
                    (Query(f"min by (topic) (eventcluster_log_append_time{{{_ON}}})", "{{topic}}"),),
                    "stat",
                ),
                Panel(
                    "Open files",
                    "File descriptors in use.",
                    (Query(f'process_open_fds{{job="eventcluster", {_ON}}}', "{{instance}}"),),
                ),
            ),
        ),
    ),
)
