"""Recorded streams through the real service, killed and restarted, against one undisturbed pipeline."""

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import DBSCAN

from processor.config import Settings
from processor.events.event import KINDS, Event
from processor.events.formats import Decoder
from tests.kafka.services import Given, Service, Topics

MakeTopics = Callable[[int], Topics]
MakeService = Callable[..., Service]


def recorded(shared: Path, name: str) -> Iterator[Given]:
    """The lines of a stream, with the event's time as Kafka timestamp and the host as key."""
    with gzip.open(shared / "data" / "events" / f"{name}.jsonl.gz", "rb") as lines:
        for line in lines:
            fields = json.loads(line)
            time = datetime.fromisoformat(fields["_t"])
            host = str(fields.get("Computer") or fields.get("Hostname") or "")
            yield Given(line.rstrip(b"\n"), int(time.timestamp() * 1000), host.encode())


def oracle_clusters(settings: Settings, topics: Topics) -> dict[str, int]:
    """Clusters by kind as scikit-learn counts them in windows that hold every event."""
    told = settings.pipeline()
    decoder = Decoder(
        formats=told.formats, max_record_size=told.max_record_size, max_command_line=told.max_command_line
    )
    groups: dict[tuple[object, ...], list[tuple[float, ...]]] = defaultdict(list)
    for partition, records in topics.written.items():
        for record in records:
            event = decoder.decode(record.value)
            if isinstance(event, Event) and event.kind in told.detector.kinds:
                features = told.detector.kinds[event.kind].features
                gate, counts = features.measure(event)
                groups[event.kind, partition, event.host, gate].append(features.vector(counts))
    totals = dict.fromkeys(KINDS, 0)
    for (kind, *_), vectors in groups.items():
        chosen = told.detector.kinds[kind]  # type: ignore[index]
        points, weights = np.unique(np.array(vectors), axis=0, return_counts=True)
        squares = np.zeros((len(points), len(points)))
        for column in points.T:
            difference = column[:, None] - column[None, :]
            squares += difference * difference
        found = DBSCAN(eps=chosen.eps**2, min_samples=chosen.min_samples, metric="precomputed").fit(
            squares, sample_weight=weights
        )
        totals[kind] += len(set(found.labels_) - {-1})  # type: ignore[index]
    return {str(kind): total for kind, total in totals.items()}


@pytest.mark.parametrize(
    ("stream", "partitions", "options"),
    [
        ("mstic_win1", 1, {"base": "eventcluster.yaml"}),
        ("mstic_win1", 1, {"base": "msticpy.yaml", "kafka": {"batch": {"max_records": 97}}}),
        # Half an hour is less than the default warm-up: its anomalies are published marked.
        ("apt29_day1", 3, {"base": "eventcluster.yaml", "sections": {"warmup": {"publish": True}}}),
        ("apt29_day1", 3, {"base": "msticpy.yaml", "kafka": {"batch": {"max_records": 50}}}),
    ],
)
def test_killed_and_restarted_service_publishes_what_one_pipeline_does(  # noqa: PLR0917
    shared: Path,
    make_topics: MakeTopics,
    make_service: MakeService,
    stream: str,
    partitions: int,
    options: dict[str, object],
) -> None:
    """Byte for byte, in order, in every partition; clusters are scikit-learn's; SIGTERM ends it in time."""
    records = list(recorded(shared, stream))
    hosts = sorted({record.key or b"" for record in records})
    topics = make_topics(partitions)
    middle = len(records) // 2
    earlier, later = (
        [[r for r in part if hosts.index(r.key or b"") % partitions == n] for n in range(partitions)]
        for part in (records[:middle], records[middle:])
    )
    for number, part in enumerate(earlier):
        topics.write(number, part)
    first = make_service(topics, **options).start()
    first.wait(lambda: bool(topics.committed()), "something committed")
    first.kill()

    for number, part in enumerate(later):
        topics.write(number, part)
    second = make_service(topics, **options).start()
    second.wait(topics.all_committed, "everything committed")

    expected = topics.expected(second.settings)
    assert expected == topics.published()
    assert sum(map(len, expected.values())) > 0
    clusters = oracle_clusters(second.settings, topics)
    second.wait(
        lambda: clusters == {str(kind): second.metric("eventcluster_clusters", kind=kind) for kind in KINDS},
        f"clusters {clusters}",
    )
    assert 0 == second.stop(), second.log
