"""The Detection dashboard, for the people who read anomalies."""

from typing import Final

from deploy.grafana.board import Board, Panel, Query, Row

_ON: Final = 'instance=~"$instance"'

DETECTION: Final = Board(
    uid="eventcluster-detection",
    title="eventcluster / Detection",
    description="What is found: clusters, noise, anomalies and what is held back.",
    rows=(
        Row(
            "Now",
            (
                Panel(
                    "Clusters",
                    "Clusters in all windows. 0 with a full window: nothing is alike, see the runbooks.",
                    (Query(f"sum by (kind) (eventcluster_clusters{{{_ON}}})", "{{kind}}"),),
                    "stat",
                ),
                Panel(
                    "Singletons",
                    "Vectors with no other event within eps. Each was an anomaly once, or came in warm-up.",
                    (Query(f"sum by (kind) (eventcluster_singletons{{{_ON}}})", "{{kind}}"),),
                    "stat",
                ),
                Panel(
                    "Noise",
                    "Share of the window's events that belong to no cluster. A healthy fleet is below 5 %.",
                    (Query("job_kind:eventcluster_noise:ratio", "{{kind}}"),),
                    "stat",
                    "percentunit",
                ),
                Panel(
                    "Anomalies, 24 h",
                    "Records published to the anomalies topic.",
                    (
                        Query(
                            f"sum by (kind) (increase(eventcluster_anomalies_total{{{_ON}}}[24h]))",
                            "{{kind}}",
                        ),
                    ),
                    "stat",
                ),
                Panel(
                    "Episodes, 24 h",
                    "Things to look at: anomalies of one scope, close in time, are one episode.",
                    (Query(f"sum(increase(eventcluster_episodes_total{{{_ON}}}[24h]))"),),
                    "stat",
                ),
                Panel(
                    "Scopes live",
                    "Share of the scopes that are past their warm-up; the others are learned, not published.",
                    (
                        Query(
                            f'sum(eventcluster_scopes{{state="live", {_ON}}})'
                            f" / (sum(eventcluster_scopes{{{_ON}}}) > 0)"
                        ),
                    ),
                    "stat",
                    "percentunit",
                ),
            ),
        ),
        Row(
            "Anomalies",
            (
                Panel(
                    "Anomalies by kind and reason",
                    "A step in new_singleton_cluster is new software; one in outside_clusters is new use.",
                    (
                        Query(
                            "sum by (kind, reason) "
                            f"(rate(eventcluster_anomalies_total{{{_ON}}}[$__rate_interval])) * 3600",
                            "{{kind}} {{reason}}",
                        ),
                    ),
                    "stack",
                ),
                Panel(
                    "Episodes an hour",
                    "What an analyst has to look at in an hour, against the mean of a day.",
                    (
                        Query("job:eventcluster_episodes:rate1h * 3600", "an hour"),
                        Query(
                            f"sum(increase(eventcluster_episodes_total{{{_ON}}}[24h])) / 24", "mean of a day"
                        ),
                    ),
                ),
                Panel(
                    "Scores",
                    "Risk scores of published anomalies. All at the low end: raise output.min_score.",
                    (
                        Query(
                            "sum by (le) "
                            f"(increase(eventcluster_anomaly_score_bucket{{{_ON}}}[$__rate_interval]))",
                            "{{le}}",
                        ),
                    ),
                    "heatmap",
                ),
                Panel(
                    "Held back",
                    "Anomalies not published: folded into their episode, suppressed by the allow-list, in "
                    "warm-up, or below output.min_score; an hour.",
                    (
                        Query(
                            f"sum(rate(eventcluster_folded_total{{{_ON}}}[$__rate_interval])) * 3600",
                            "folded",
                        ),
                        Query(
                            f"sum(rate(eventcluster_suppressed_total{{{_ON}}}[$__rate_interval])) * 3600",
                            "suppressed",
                        ),
                        Query(
                            "sum by (why) "
                            f"(rate(eventcluster_withheld_total{{{_ON}}}[$__rate_interval])) * 3600",
                            "{{why}}",
                        ),
                    ),
                    "stack",
                ),
                Panel(
                    "Anomalies per 1,000 events",
                    "By kind, over an hour: the rate that tuning aims at.",
                    (
                        Query(
                            "1000 * job_kind:eventcluster_anomalies:rate1h"
                            " / (sum by (job, kind) (rate(eventcluster_events_total[1h])) > 0)",
                            "{{kind}}",
                        ),
                    ),
                ),
                Panel(
                    "Scopes by state",
                    "Warm-up that never ends: hosts are short-lived, see scope.rewrite.",
                    (Query(f"sum by (state) (eventcluster_scopes{{{_ON}}})", "{{state}}"),),
                    "stack",
                ),
            ),
        ),
        Row(
            "Clustering",
            (
                Panel(
                    "Clusters and singletons",
                    "Both level off once a window's length has been seen; growth without end: eps too small.",
                    (
                        Query(f"sum by (kind) (eventcluster_clusters{{{_ON}}})", "{{kind}} clusters"),
                        Query(f"sum by (kind) (eventcluster_singletons{{{_ON}}})", "{{kind}} singletons"),
                    ),
                ),
                Panel(
                    "Clustered and noise events",
                    "Events in the window by what they belong to.",
                    (
                        Query(
                            f"sum by (kind) (eventcluster_clustered_events{{{_ON}}})", "{{kind}} clustered"
                        ),
                        Query(f"sum by (kind) (eventcluster_noise_events{{{_ON}}})", "{{kind}} noise"),
                    ),
                    "stack",
                ),
                Panel(
                    "Distinct vectors",
                    "What memory is used for, about 150 bytes each.",
                    (Query(f"sum by (kind) (eventcluster_window_vectors{{{_ON}}})", "{{kind}}"),),
                ),
            ),
        ),
        Row(
            "Input",
            (
                Panel(
                    "Events by format",
                    "Judged events a second. A format that stops: its shipper or its hosts have stopped.",
                    (
                        Query(
                            "sum by (kind, format) "
                            f"(rate(eventcluster_events_total{{{_ON}}}[$__rate_interval])) > 0",
                            "{{kind}} {{format}}",
                        ),
                    ),
                    "stack",
                    "eps",
                ),
                Panel(
                    "Late and skewed events",
                    "Older than the window, and from the future, a second.",
                    (
                        Query(
                            "sum(rate("
                            f'eventcluster_events_total{{outcome="late", {_ON}}}[$__rate_interval]))',
                            "late",
                        ),
                        Query(
                            f"sum(rate(eventcluster_clock_skewed_total{{{_ON}}}[$__rate_interval]))", "skewed"
                        ),
                    ),
                    "lines",
                    "eps",
                ),
                Panel(
                    "What is wrong with the input",
                    "Scopes in several partitions, scopes with two sources of one kind, scopes that left "
                    "before they were live (an hour). All should be 0.",
                    (
                        Query(f"max(eventcluster_scopes_split{{{_ON}}})", "split"),
                        Query(f"sum(eventcluster_scopes_with_two_sources{{{_ON}}})", "two sources"),
                        Query(
                            f"sum(increase(eventcluster_scopes_expired_in_warmup_total{{{_ON}}}[1h]))",
                            "expired in warm-up",
                        ),
                    ),
                ),
            ),
        ),
    ),
)
