import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from processor.config import Settings
from processor.errors import StateTopicWrong
from processor.stream.check import Finding, Needs, TopicAnswer, check
from processor.stream.records import Partition, Record, TopicFacts
from processor.stream.state_topic import usable

ALL = frozenset({"read", "write", "describe", "describe_configs"})
WEEK = 7 * 86_400_000
STAMPED = {
    "message.timestamp.type": "LogAppendTime",
    "cleanup.policy": "delete",
    "retention.ms": str(2 * WEEK),
}
PLAIN = {"cleanup.policy": "delete"}
COMPACT = {"cleanup.policy": "compact"}


@dataclass
class Brokers:
    """Answers from what it is made of: an Inspector."""

    topics: Mapping[str, TopicAnswer]
    hosts: Mapping[int, Sequence[str]] = field(default_factory=dict)
    refusing_group: str | None = None

    def topic(self, name: str) -> TopicAnswer | None:
        """One of `topics`."""
        return self.topics.get(name)

    def newest(self, topic: str, partition: int, count: int) -> Sequence[Record]:
        """One process creation of each of the partition's hosts."""
        return [
            Record(Partition(topic, partition), offset, 1_767_225_600_000, None, _creation(host))
            for offset, host in enumerate(self.hosts.get(partition, ()))
        ][:count]

    def group_refused(self) -> str | None:
        """As made."""
        return self.refusing_group

    def transactions_refused(self) -> str | None:
        """Never."""
        return None


def _creation(host: str) -> bytes:
    image = r"C:\a.exe"
    fields = {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Image": image}
    event = fields | {"Hostname": host, "CommandLine": "a", "UtcTime": "2026-01-01 00:00:00.000"}
    return json.dumps(event).encode()


GOOD = {
    "events": TopicAnswer(2, STAMPED, ALL),
    "anomalies": TopicAnswer(1, PLAIN, ALL),
    "dead": TopicAnswer(1, PLAIN, ALL),
    "state": TopicAnswer(2, COMPACT, ALL),
}
HOSTS = {0: ["a", "b", "a"], 1: ["c"]}


def needs(**changes: object) -> Needs:
    """Of the default config."""
    usual = Needs(
        bootstrap_servers="kafka:9092",
        inputs=("events",),
        anomalies="anomalies",
        dead_letters="dead",
        state="state",
        creates_topics=False,
        retention=WEEK,
        pipeline=Settings().pipeline(),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def found(changed: Mapping[str, TopicAnswer], hosts: Mapping[int, Sequence[str]] = HOSTS) -> list[Finding]:
    """What is not good, with some topics other than they should be."""
    findings = check(Brokers(GOOD | dict(changed), hosts), needs())
    return [each for each in findings if each.level != "good"]


def test_brokers_as_documented_are_good() -> None:
    """No advice, nothing wrong."""
    assert [] == found({})


@pytest.mark.parametrize(
    ("topic", "answer", "level", "named"),
    [
        ("events", TopicAnswer(2, STAMPED | {"cleanup.policy": "compact"}, ALL), "wrong", "it is compacted"),
        ("events", TopicAnswer(2, STAMPED | {"retention.ms": "1000"}, ALL), "advice", f"retention.ms={WEEK}"),
        ("events", TopicAnswer(2, PLAIN, ALL), "advice", "message.timestamp.type=LogAppendTime"),
        ("events", TopicAnswer(2, None, ALL), "advice", "grant DescribeConfigs"),
        ("events", TopicAnswer(2, STAMPED, frozenset({"describe"})), "wrong", "lacks the rights read"),
        ("anomalies", TopicAnswer(1, COMPACT, ALL), "wrong", "it is compacted"),
        ("dead", TopicAnswer(1, PLAIN, frozenset({"describe"})), "wrong", "lacks the rights write"),
        ("state", TopicAnswer(2, PLAIN, ALL), "wrong", "cleanup.policy=compact"),
        ("state", TopicAnswer(1, COMPACT, ALL), "wrong", "--alter --topic state --partitions 2"),
        ("state", TopicAnswer(2, COMPACT | {"max.message.bytes": "100000"}, ALL), "wrong", "bytes=1048576"),
    ],
)
def test_a_topic_that_is_not_as_it_should_be(topic: str, answer: TopicAnswer, level: str, named: str) -> None:
    """One finding, that says what mends it."""
    [finding] = found({topic: answer})

    assert level == finding.level
    assert f"topic {topic}" in finding.text
    assert named in finding.text


def test_what_check_finds_in_the_state_topic_is_what_ends_the_service() -> None:
    """All of it, word for word, with the commands."""
    answer = TopicAnswer(1, PLAIN | {"max.message.bytes": "100000"}, ALL)
    facts = TopicFacts(1, None, "delete", 100_000)

    findings = found({"state": answer})

    with pytest.raises(StateTopicWrong) as failure:
        usable("state", facts, 2, "kafka:9092")
    assert str(failure.value).split() == " ".join(each.text for each in findings).split()
    tool = "kafka-configs.sh --bootstrap-server kafka:9092 --alter --entity-type topics --entity-name state"
    assert f"{tool} --add-config cleanup.policy=compact" in findings[0].text


def test_a_missing_state_topic_is_created_as_wide_as_the_input() -> None:
    """As printed, the command makes a topic that the next start takes."""
    topics = {name: answer for name, answer in GOOD.items() if name != "state"}

    [finding] = [each for each in check(Brokers(topics, HOSTS), needs()) if each.level != "good"]

    assert finding.text.endswith(
        "--create --topic state --partitions 2 --config cleanup.policy=compact "
        "--config max.message.bytes=1048576"
    )


def test_a_scope_in_two_partitions_is_named() -> None:
    """With its partitions, and how many there are."""
    [finding] = found({}, {0: ["a", "b"], 1: ["b", "c"]})

    assert finding.level == "wrong"
    assert "1 of 3 scopes are in several partitions ('b' in 0, 1)" in finding.text


def test_an_empty_topic_cannot_be_judged() -> None:
    """Said as advice: it is no fault."""
    [finding] = found({}, {})

    assert finding.level == "advice"


def test_without_the_group_keys_are_not_sampled() -> None:
    """The reader is refused too: the group is the one finding."""
    brokers = Brokers(GOOD, HOSTS, refusing_group="GROUP_AUTHORIZATION_FAILED")

    wrong = [each for each in check(brokers, needs()) if each.level != "good"]

    assert ["GROUP_AUTHORIZATION_FAILED: grant group: Read"] == [each.text for each in wrong]


def test_missing_topics_come_with_their_commands() -> None:
    """Input and outputs are wrong, state is advice."""
    findings = check(Brokers({}, {}), needs())

    missing = {each.text.split()[1]: each.level for each in findings if "does not exist" in each.text}
    assert {"events": "wrong", "anomalies": "wrong", "dead": "wrong", "state": "advice"} == missing
    assert all("kafka-topics.sh --bootstrap-server kafka:9092 --create" in f.text for f in findings[:3])
    assert "once the inputs are there" in findings[3].text
