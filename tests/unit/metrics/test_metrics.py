import re

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from processor.events.event import KINDS
from processor.events.formats import FORMATS
from processor.metrics import Metrics

# What DESIGN section 8 promises: name (without prefix) and label names.
PROMISED = {
    "events_total": {"kind", "format", "outcome"},
    "records_ignored_total": set(),
    "records_rejected_total": {"reason"},
    "clock_skewed_total": set(),
    "anomalies_total": {"kind", "reason"},
    "anomaly_score": {"kind"},
    "episodes_total": set(),
    "folded_total": {"kind"},
    "suppressed_total": {"kind"},
    "clusters": {"kind"},
    "singletons": {"kind"},
    "clustered_events": {"kind"},
    "noise_events": {"kind"},
    "clusters_age_seconds": set(),
    "window_events": {"kind"},
    "window_vectors": {"kind"},
    "window_span_seconds": set(),
    "window_truncated_total": set(),
    "scopes": {"state"},
    "scopes_split": set(),
    "scopes_expired_in_warmup_total": set(),
    "log_append_time": {"topic"},
    "lag_records": {"topic", "partition"},
    "lag_seconds": {"topic", "partition"},
    "batch_seconds": set(),
    "batch_records": set(),
    "commit_seconds": set(),
    "transactions_total": {"result"},
    "rebalances_total": set(),
    "partitions_assigned": set(),
    "restore_seconds": set(),
    "restore_progress_ratio": set(),
    "restores_total": {"from"},
    "dead_letters_total": {"reason"},
    "state_bytes_total": set(),
    "build_info": {"version", "python", "confluent_kafka"},
    "ready": set(),
}


@pytest.fixture
def metrics() -> Metrics:
    """Metrics in a registry of their own."""
    return Metrics(CollectorRegistry())


def exported(metrics: Metrics) -> str:
    """The text that Prometheus scrapes."""
    return generate_latest(metrics.registry).decode()


@pytest.mark.parametrize("name", PROMISED)
def test_every_promised_metric_is_there_with_its_labels(name: str, metrics: Metrics) -> None:
    """Dashboards and alerts call the metrics by name and label: both are a contract."""
    metric = getattr(metrics, name)

    assert PROMISED[name] == set(metric._labelnames)  # noqa: SLF001  # the library has no public way
    assert f"\n# HELP eventcluster_{name} " in exported(metrics)


def test_every_series_with_closed_labels_exists_at_zero(metrics: Metrics) -> None:
    """A rate over a series that appears late misses its first increase."""
    text = exported(metrics)

    for kind in KINDS:
        for form in FORMATS:
            for outcome in ("scored", "late"):
                labels = f'format="{form}",kind="{kind}",outcome="{outcome}"'
                assert f"eventcluster_events_total{{{labels}}} 0.0" in text
        assert f'eventcluster_clusters{{kind="{kind}"}} 0.0' in text
        assert f'eventcluster_anomaly_score_count{{kind="{kind}"}} 0.0' in text
        assert f'eventcluster_anomalies_total{{kind="{kind}",reason="outside_clusters"}} 0.0' in text
    for source in ("state", "log", "none"):
        assert f'eventcluster_restores_total{{from="{source}"}} 0.0' in text
    assert "eventcluster_ready 0.0" in text


def test_help_says_what_it_means_and_more_than_the_name(metrics: Metrics) -> None:
    """Who is woken up at night reads the help: it is a sentence."""
    for name, text in re.findall(r"# HELP eventcluster_(\w+) (.*)", exported(metrics)):
        assert len(text.split()) >= 8, name
        assert text.endswith("."), name


def test_a_partitions_series_live_while_it_is_assigned(metrics: Metrics) -> None:
    """A revoked partition's lag is exported by its new owner only."""
    metrics.add_partition("events", 3)
    assigned = exported(metrics)
    metrics.drop_partition("events", 3)
    revoked = exported(metrics)

    assert 'eventcluster_lag_records{partition="3",topic="events"} 0.0' in assigned
    assert 'eventcluster_lag_seconds{partition="3",topic="events"} 0.0' in assigned
    assert 'partition="3"' not in revoked


def test_dropping_a_partition_that_never_was_is_no_error(metrics: Metrics) -> None:
    """A partition may be lost before it was counted."""
    metrics.drop_partition("events", 3)


def test_two_services_in_one_process_do_not_mix() -> None:
    """Each Metrics has its own registry: the demo and tests run several."""
    first, second = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    first.episodes_total.inc()

    assert "eventcluster_episodes_total 1.0" in exported(first)
    assert "eventcluster_episodes_total 0.0" in exported(second)


def test_counters_have_no_birthday_series(metrics: Metrics) -> None:
    """The library's `_created` series would double the number of series for nothing."""
    assert "_created" not in exported(metrics)
