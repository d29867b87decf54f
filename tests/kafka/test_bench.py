"""`bench kafka`: all its clients connect as the service does; that a broker is away is told of once."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._resource import ResourceType

from processor import service
from processor.config import Settings
from processor.study.bench import kafka_clients, kafka_orders
from processor.study.bench.kafka_orders import Order, own_settings
from processor.study.bench.workload import mixed
from tests.deploy.tools import without_ours
from tests.support.secure_kafka import SecureCluster, started

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka-secure")]

USER = "bench"
PASSWORD = "correct horse"  # noqa: S105 - of a user that lives as long as the test


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureCluster]:
    """A broker on which a user may do with topics, groups and transactions `bench-...` what it wants."""
    running = started(tmp_path_factory.mktemp("certificates"))
    running.add_user(USER, PASSWORD)
    for kind in (ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID):
        running.allow(USER, AclOperation.ALL, kind, "bench-", prefixed=True)
    yield running
    running.stop()


@pytest.fixture
def settings(cluster: SecureCluster) -> Settings:
    """As of a config that knows the user."""
    properties = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": USER,
        "sasl.password": PASSWORD,
        "ssl.ca.location": str(cluster.certificates / "ca.crt"),
        # Less than the session of a consumer that is no member of a group lasts by default.
        "max.poll.interval.ms": 30_000,
    }
    kafka = {"bootstrap_servers": cluster.secure, "input_topics": ["bench-"], "properties": properties}
    return Settings.model_validate({"version": 1, "kafka": kafka | {"start": "earliest"}})


def test_a_secured_broker_is_measured(settings: Settings) -> None:
    """All write, read and ask with kafka.properties; the parts of the service are all of its CPU."""
    topic, group = kafka_orders.name(), kafka_orders.name()
    own = own_settings(settings, topic, group, group)
    kafka = service.kafka_settings(own)
    kafka_clients.create(kafka, topic, 1)
    kafka_clients.fill(kafka, topic, mixed(20_000, 0.05), lambda _: None)
    kafka_clients.paced(kafka, topic, list(mixed(500, 0.05, lap=1)), 5_000)
    ends = kafka_clients.ends(kafka, topic, 1)

    [ours] = kafka_orders.work([Order(own.model_dump_json(), topic, [1_000], ends, share=1)])
    [read] = kafka_orders.work([Order(own.model_dump_json(), topic, [1_000], ends, "json.loads")])
    with closing(kafka_clients.Arrivals(kafka, f"{topic}.anomalies")) as arrivals:
        late = arrivals.next(0.1)

    assert ends == [20_500]
    assert ours.samples[-1].records == read.samples[-1].records == 19_500
    assert late == []
    assert min(ours.parts.values()) >= 0
    assert sum(ours.parts.values()) == pytest.approx(ours.samples[-1].cpu - ours.samples[0].cpu, abs=0.05)


def test_a_broker_that_does_not_answer_is_one_line() -> None:
    """Of all that the client library has to say of it, the last words."""
    command = [sys.executable, "-m", "processor", "bench", "kafka", "--bootstrap", "127.0.0.1:1"]

    done = subprocess.run(
        command, env=without_ours(), capture_output=True, text=True, check=False, timeout=120
    )

    [line] = done.stderr.splitlines()
    assert line.startswith("error: no answer from the brokers at 127.0.0.1:1 (")
    assert "Connection refused" in line
    assert (done.returncode, done.stdout) == (1, "")
