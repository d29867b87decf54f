"""What can go wrong between one instance and its brokers."""

import logging
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from processor.errors import RunError
from processor.stream.broker import CommitAborted
from processor.stream.kafka import KafkaBroker
from processor.stream.librdkafka import KafkaSettings
from processor.stream.records import Committed, Output, Partition
from tests.contract.worlds import KafkaWorld, Member, commit, read_all, until
from tests.kafka import services

SESSION = {"session.timeout.ms": 2000, "heartbeat.interval.ms": 300}


class Stand:
    """One member of a group that has one partition, and a topic to write to."""

    def __init__(self, bootstrap: str, timeout_ms: int, properties: dict[str, Any], protocol: Any) -> None:
        self.world = KafkaWorld(bootstrap, "classic", "exactly_once")
        self.partition = Partition(self.world.topic(1), 0)
        self.outputs = self.world.topic(1)
        self.world.write(self.partition, [b"1", b"2"])
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self._group = uuid.uuid4().hex
        self.broker = KafkaBroker(
            KafkaSettings(bootstrap, self._group, "one", protocol, "exactly_once", timeout_ms, properties)
        )
        self.member = Member(self.broker, [self.partition.topic])
        until(lambda: len(self.member.records) == 2, self.member)

    def commit(self, outputs: int = 1) -> None:
        """So many outputs and the partition's next offset."""
        records = [Output(self.outputs, b"k", b"%d" % number) for number in range(outputs)]
        commit(self.broker, records, {self.partition: Committed(2)})

    def stable_end(self) -> int:
        """Where the outputs end for committed readers: before a transaction that is open."""
        where = TopicPartition(self.outputs, 0)
        asked = {where: OffsetSpec.latest()}  # type: ignore[no-untyped-call]
        committed = IsolationLevel.READ_COMMITTED
        answer = self._admin.list_offsets(asked, isolation_level=committed)[where].result(60)
        return int(answer.offset)

    def has_members(self) -> bool:
        """Whether the brokers know anybody in the group."""
        told = self._admin.describe_consumer_groups([self._group])[self._group].result(60)
        return bool(told.members)

    def written(self) -> list[bytes | None]:
        """What committed readers see."""
        return [record.value for record in read_all(self.broker, self.outputs, 1)]


MakeStand = Callable[..., Stand]


@pytest.fixture
def stand(kafka: str) -> Iterator[MakeStand]:
    """Makes stands that are closed with the test."""
    made: list[Stand] = []

    def make(timeout_ms: int = 10_000, protocol: str = "classic", **properties: Any) -> Stand:
        named = {name.replace("_", "."): value for name, value in properties.items()}
        session = SESSION if protocol == "classic" else {}
        made.append(Stand(kafka, timeout_ms, {**session, **named}, protocol))
        return made[-1]

    yield make
    for each in made:
        each.broker.close()
        each.world.close()


class Late:
    """A producer whose transactions are ended after the brokers have, as by a process that was stopped."""

    def __init__(self, producer: Any, stand: Stand) -> None:
        self._producer = producer
        self._stand = stand

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    def commit_transaction(self, timeout: float) -> None:
        self._producer.flush(timeout)
        services.until(lambda: self._stand.stable_end() > 0, "the brokers have ended the transaction")
        self._producer.commit_transaction(timeout)


def test_a_transaction_that_the_brokers_aborted_for_its_age_is_told_as_such(stand: MakeStand) -> None:
    """It ends the process, since nobody can tell from here whether it was committed; it was not."""
    one = stand(timeout_ms=1000)
    committer = one.broker._committer  # noqa: SLF001 - the only way to be late
    committer._producer = Late(committer._producer, one)  # type: ignore[assignment]  # noqa: SLF001

    with pytest.raises(RunError, match=r"longer than kafka\.transaction_timeout.* judged again"):
        one.commit()

    assert [] == one.written()


def test_a_queue_that_is_full_is_waited_for(stand: MakeStand, caplog: pytest.LogCaptureFixture) -> None:
    """A thousand outputs through a queue of ten: all there, in order; said once."""
    one = stand(queue_buffering_max_messages=10)

    with caplog.at_level(logging.WARNING):
        one.commit(outputs=1000)

    assert [b"%d" % number for number in range(1000)] == one.written()
    assert 1 == caplog.text.count("producer queue is full")


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_member_that_was_away_for_too_long_joins_again(
    stand: MakeStand, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    """max.poll.interval exceeded: what it tries to commit is aborted, not taken for another process's."""
    one = stand(protocol=protocol, max_poll_interval_ms=2500)
    services.until(lambda: not one.has_members(), "the brokers to have given it up")

    if protocol == "classic":
        with pytest.raises(CommitAborted):
            one.commit()
    with caplog.at_level(logging.WARNING):
        until(lambda: one.partition in one.member.given_back, one.member)
    until(lambda: one.partition in one.member.owned, one.member)
    one.commit()

    assert [b"0"] == one.written()
    assert "away for longer than max.poll.interval.ms" in caplog.text


def test_facts_of_a_topic_are_asked_again_until_they_are_told(
    stand: MakeStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A topic id that was not told in passing would let state look like another topic's."""
    one = stand()
    admin = one.broker._admin  # noqa: SLF001 - brokers fail so when they have just started
    ask, asked = admin.describe_topics, []

    def hesitate(*arguments: Any, **options: Any) -> Any:
        asked.append(1)
        if len(asked) == 1:
            options["request_timeout"] = 0.000001
        return ask(*arguments, **options)

    monkeypatch.setattr(admin, "describe_topics", hesitate)
    topic = one.partition.topic

    facts = one.broker.describe([topic])[topic]

    assert (True, 2) == (facts.id != "", len(asked))
