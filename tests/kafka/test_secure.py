"""`run` and `config check --broker` on Apache Kafka with TLS, SCRAM and ACLs."""

import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from tests.deploy.tools import without_ours
from tests.kafka.services import until
from tests.support.brokers import free_ports
from tests.support.secure_kafka import SecureCluster, started
from tests.support.topics import create

pytestmark = [pytest.mark.kafka, pytest.mark.xdist_group("kafka-secure")]

PASSWORD = "correct horse"  # noqa: S105 - of users that live as long as the test

HOSTS = 20

# What docs/deploy.md grants.
RIGHTS = (
    (AclOperation.READ, ResourceType.TOPIC, "events", False),
    (AclOperation.DESCRIBE_CONFIGS, ResourceType.TOPIC, "events", False),
    (AclOperation.READ, ResourceType.TOPIC, "eventcluster.", True),
    (AclOperation.WRITE, ResourceType.TOPIC, "eventcluster.", True),
    (AclOperation.DESCRIBE_CONFIGS, ResourceType.TOPIC, "eventcluster.", True),
    (AclOperation.READ, ResourceType.GROUP, "eventcluster", True),
    (AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, "eventcluster-", True),
    (AclOperation.DESCRIBE, ResourceType.TRANSACTIONAL_ID, "eventcluster-", True),
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureCluster]:
    """One broker for this file; its topics are what the service needs, `events` keyed by host."""
    running = started(tmp_path_factory.mktemp("certificates"))
    compact = {"cleanup.policy": "compact"}
    stamped = {"message.timestamp.type": "LogAppendTime", "retention.ms": str(8 * 86_400_000)}
    make(running, "events", 4, stamped)
    make(running, "eventcluster.anomalies", 4)
    make(running, "eventcluster.dead-letters", 1)
    make(running, "eventcluster.state", 4, compact)
    write(running, "events", [(f"host-{n % HOSTS}", n % HOSTS) for n in range(200)])
    yield running
    running.stop()


def make(cluster: SecureCluster, topic: str, partitions: int, config: dict[str, str] | None = None) -> None:
    """Create a topic."""
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    new = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=config or {})
    create(admin, new, 30)


def write(cluster: SecureCluster, topic: str, keyed: list[tuple[str, int]]) -> None:
    """Process creations, one for each (host, key number)."""
    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    for host, key in keyed:
        data = {"NewProcessName": r"C:\Windows\System32\whoami.exe", "CommandLine": "whoami"}
        event = {"event_id": 4688, "computer_name": host, "event_data": data}
        record = {"@timestamp": "2026-01-01T00:00:00Z", "host": {"name": host}, "winlog": event}
        producer.produce(topic, json.dumps(record).encode(), key=str(key).encode())
    producer.flush(30)


def user(cluster: SecureCluster, *, without: ResourceType | AclOperation | None = None) -> str:
    """A new user that may do what docs/deploy.md grants, but for one kind of resource or one operation."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    cluster.add_user(name, PASSWORD)
    for operation, kind, resource, prefixed in RIGHTS:
        if without not in (kind, operation):
            cluster.allow(name, operation, kind, resource, prefixed=prefixed)
    return name


def write_config(
    cluster: SecureCluster, folder: Path, name: str, given: dict[str, object], **sections: object
) -> Path:
    """A config for that user, but for the password."""
    properties = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": name,
        "ssl.ca.location": str(cluster.certificates / "ca.crt"),
    }
    kafka = {"bootstrap_servers": cluster.secure, "input_topics": ["events"], "properties": properties}
    config = folder / "eventcluster.yaml"
    config.write_text(yaml.safe_dump({"kafka": kafka | given, **sections}))
    return config


def with_password(folder: Path, secret_text: str = PASSWORD) -> dict[str, str]:
    """An environment that names a file with the password."""
    secret = folder / "password"
    secret.write_text(f"{secret_text}\n")
    return without_ours() | {"EVENTCLUSTER_KAFKA_PROPERTY_SASL_PASSWORD_FILE": str(secret)}


def config_check(
    cluster: SecureCluster, folder: Path, name: str, secret_text: str = PASSWORD, **given: object
) -> tuple[int, str]:
    """Exit code and output of `eventcluster config check --broker`; given: keys of the section kafka."""
    config = write_config(cluster, folder, name, given)
    command = [sys.executable, "-m", "processor", "config", "check", str(config), "--broker"]
    done = subprocess.run(
        command,
        env=with_password(folder, secret_text),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=250,
    )
    return done.returncode, done.stdout


def anomalies(cluster: SecureCluster, most: int) -> int:
    """How many committed anomalies there are, of so many at most."""
    config = {"bootstrap.servers": cluster.bootstrap, "group.id": uuid.uuid4().hex}
    consumer = Consumer(config | {"auto.offset.reset": "earliest", "isolation.level": "read_committed"})
    consumer.assign([TopicPartition("eventcluster.anomalies", number, 0) for number in range(4)])
    try:
        return len(consumer.consume(most, 5.0))
    finally:
        consumer.close()


def test_the_service_runs_with_the_documented_rights(cluster: SecureCluster, tmp_path: Path) -> None:
    """Over TLS with SCRAM it publishes, exactly once, and stops; the password is nowhere in its log."""
    [port] = free_ports(1)
    sections: dict[str, object] = {"web": {"port": port}, "warmup": {"span": "0s", "events": 0}}
    config = write_config(cluster, tmp_path, user(cluster), {"start": "earliest"}, **sections)
    log = tmp_path / "log"
    command = [sys.executable, "-m", "processor", "run", "--config", str(config)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=with_password(tmp_path), stdout=out, stderr=out)
    try:
        until(
            lambda: anomalies(cluster, HOSTS) == HOSTS or process.poll() is not None,
            "all are published",
        )
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    finally:
        process.kill()

    assert code == 0, log.read_text()
    assert anomalies(cluster, HOSTS + 1) <= HOSTS
    assert PASSWORD not in log.read_text()


def test_a_user_with_the_documented_rights_is_good(cluster: SecureCluster, tmp_path: Path) -> None:
    """Every finding is good, over TLS with SCRAM, the password from a file."""
    code, said = config_check(cluster, tmp_path, user(cluster))

    assert code == 0, said
    assert "advice" not in said
    assert f"each of {HOSTS} scopes is in one partition" in said
    assert "LogAppendTime" in said


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (ResourceType.TOPIC, "topic events"),
        (ResourceType.GROUP, "grant group: Read"),
        (ResourceType.TRANSACTIONAL_ID, "grant TransactionalId: Write"),
    ],
)
def test_a_missing_right_is_named(
    cluster: SecureCluster, tmp_path: Path, kind: ResourceType, named: str
) -> None:
    """Topic, group and transactional id, each without its ACLs."""
    code, said = config_check(cluster, tmp_path, user(cluster, without=kind))

    assert code == 1, said
    assert named in said
    assert "Traceback" not in said


def test_a_wrong_password_is_told_as_such(cluster: SecureCluster, tmp_path: Path) -> None:
    """The brokers' own words, and no traceback."""
    code, said = config_check(cluster, tmp_path, user(cluster), "wrong")

    assert code == 1, said
    assert "authentication" in said.lower()
    assert "Traceback" not in said


def test_a_scope_in_two_partitions_is_wrong_and_named(cluster: SecureCluster, tmp_path: Path) -> None:
    """Round-robin keys spread host-1 over the partitions."""
    topic = "eventcluster.round-robin"
    make(cluster, topic, 4)
    write(cluster, topic, [("host-1", n) for n in range(40)] + [("host-2", 5)] * 10)

    code, said = config_check(cluster, tmp_path, user(cluster), input_topics=[topic])

    assert code == 1, said
    assert "1 of 2 scopes are in several partitions ('host-1' in 0, 1, 2, 3)" in said
    assert "message.timestamp.type=LogAppendTime" in said


def test_a_compacted_output_is_wrong(cluster: SecureCluster, tmp_path: Path) -> None:
    """Compaction would keep one anomaly of each host."""
    make(cluster, "eventcluster.compacted", 1, {"cleanup.policy": "compact"})
    compacted = {"anomalies_topic": "eventcluster.compacted"}

    code, said = config_check(cluster, tmp_path, user(cluster), **compacted)

    assert code == 1, said
    assert "topic eventcluster.compacted: it is compacted" in said


def test_every_setting_that_does_harm_is_named(cluster: SecureCluster, tmp_path: Path) -> None:
    """A compacted, short-lived input stamped by producers; a narrow state topic that is not compacted."""
    spoilt = {"cleanup.policy": "compact,delete", "retention.ms": "86400000"}
    make(cluster, "eventcluster.spoilt-input", 4, spoilt)
    make(cluster, "eventcluster.spoilt-state", 1)
    inputs = ["eventcluster.spoilt-input"]

    code, said = config_check(
        cluster, tmp_path, user(cluster), input_topics=inputs, state_topic="eventcluster.spoilt-state"
    )

    assert code == 1, said
    findings = said.splitlines()
    for level, text in (
        ("advice", "set message.timestamp.type=LogAppendTime"),
        ("wrong", "it is compacted, so events are lost: set cleanup.policy=delete"),
        ("advice", "it keeps 1 d, a start without state reads 7.01 d; set retention.ms="),
        ("advice", "no event in it yet, so its keys cannot be checked"),
        ("wrong", "--entity-name eventcluster.spoilt-state --add-config cleanup.policy=compact"),
        ("wrong", "--alter --topic eventcluster.spoilt-state --partitions 4"),
    ):
        assert any(each.startswith(level) and text in each for each in findings), (text, said)


def test_without_describe_configs_it_says_what_it_cannot_see(cluster: SecureCluster, tmp_path: Path) -> None:
    """Advice, for the service works without."""
    code, said = config_check(cluster, tmp_path, user(cluster, without=AclOperation.DESCRIBE_CONFIGS))

    assert code == 0, said
    assert "advice: topic events: its settings cannot be seen: grant DescribeConfigs" in said


def test_a_missing_topic_comes_with_the_command_that_creates_it(
    cluster: SecureCluster, tmp_path: Path
) -> None:
    """And is only advice where the service may create it."""
    missing = {"anomalies_topic": "eventcluster.elsewhere"}

    code, said = config_check(cluster, tmp_path, user(cluster), **missing)
    allowed, advised = config_check(cluster, tmp_path, user(cluster), **missing, create_topics=True)

    assert code == 1, said
    assert f"--bootstrap-server {cluster.secure} --create --topic eventcluster.elsewhere" in said
    assert allowed == 0, advised
    assert "will be created" in advised
