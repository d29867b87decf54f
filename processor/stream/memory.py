"""A broker in this process's memory, for tests: groups, transactions and failures without a network."""

import bisect
import itertools
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from processor.errors import Fenced, OutputFailed
from processor.stream.broker import CommitAborted, Membership, OutputRefused
from processor.stream.records import Commit, Committed, Partition, Record, Run, TopicFacts, Watermarks


class MemoryCluster:
    """Topics, groups and committed offsets, shared by the MemoryBrokers of one test.

    max_record_size : bytes; a larger output is refused
    aborts : how many of the next commits abort
    """

    def __init__(self, *, max_record_size: int = 1_000_000) -> None:
        self.max_record_size = max_record_size
        self.aborts = 0
        self._logs: dict[Partition, list[Record]] = {}
        self._ends: dict[Partition, int] = {}
        self._partitions: dict[str, int] = {}
        self._offsets: dict[tuple[str, Partition], Committed] = {}
        self._members: dict[str, list[MemoryBroker]] = defaultdict(list)
        self._instances: dict[str, MemoryBroker] = {}
        self._turns = itertools.count()

    def create(self, topic: str, partitions: int) -> None:
        """Make an empty topic."""
        self._partitions[topic] = partitions
        for number in range(partitions):
            self._logs[Partition(topic, number)] = []
            self._ends[Partition(topic, number)] = 0

    def extend(self, topic: str, partitions: int) -> None:
        """Add empty partitions."""
        for number in range(self._partitions[topic], partitions):
            self._logs[Partition(topic, number)] = []
            self._ends[Partition(topic, number)] = 0
        self._partitions[topic] = partitions

    def partitions(self, topic: str) -> int | None:
        """A topic's partition count, None where there is no such topic."""
        return self._partitions.get(topic)

    def append(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        partition: int | None = None,
        timestamp: int = 0,
        headers: Iterable[tuple[str, bytes | None]] = (),
    ) -> int:
        """Write one record as a producer would; its offset."""
        if partition is None:
            count = self._partitions[topic]
            partition = next(self._turns) % count if key is None else zlib.crc32(key) % count
        where = Partition(topic, partition)
        offset = self._ends[where]
        self._ends[where] = offset + 1
        self._logs[where].append(Record(where, offset, timestamp, key, value, list(headers) or None))
        return offset

    def trim(self, partition: Partition, low: int) -> None:
        """Forget what is before offset `low`, as retention does."""
        self._logs[partition] = [each for each in self._logs[partition] if each.offset >= low]

    def records(self, topic: str) -> list[Record]:
        """All records of a topic, partition by partition."""
        return [
            each for number in range(self._partitions[topic]) for each in self._logs[Partition(topic, number)]
        ]

    def slice(self, partition: Partition, start: int, end: int, limit: int) -> list[Record]:
        """At most `limit` records of the offsets [start, end)."""
        log = self._logs[partition]
        first = bisect.bisect_left(log, start, key=lambda record: record.offset)
        return [each for each in log[first : first + limit] if each.offset < end]

    def watermarks(self, partition: Partition) -> Watermarks:
        """First offset kept and the end."""
        log, end = self._logs[partition], self._ends[partition]
        return Watermarks(log[0].offset if log else end, end)

    def committed(self, group: str, partition: Partition) -> Committed | None:
        """A group's position."""
        return self._offsets.get((group, partition))

    def join(self, member: "MemoryBroker") -> None:
        """Add a member: every member's share changes."""
        self._members[member.group].append(member)
        self._share(member.group)

    def leave(self, member: "MemoryBroker") -> None:
        """Take a member out: the others get its share."""
        if member in self._members[member.group]:
            self._members[member.group].remove(member)
            self._share(member.group)

    def expel(self, member: "MemoryBroker") -> None:
        """A member was killed: its partitions are free, and it is told nothing."""
        member.owned = frozenset()
        self.leave(member)

    def owned_by_others(self, member: "MemoryBroker") -> frozenset[Partition]:
        """What the other members have not given back yet."""
        others = (each.owned for each in self._members[member.group] if each is not member)
        return frozenset(itertools.chain.from_iterable(others))

    def enter(self, instance: str, member: "MemoryBroker") -> None:
        """Give an instance name to its newest holder: earlier ones are fenced."""
        self._instances[instance] = member

    def holds(self, instance: str, member: "MemoryBroker") -> bool:
        """Whether `member` is the newest holder of its instance name."""
        return self._instances.get(instance) is member

    def settle(self, group: str, commit: Commit) -> None:
        """Write a whole commit, or nothing of it."""
        if self.aborts:
            self.aborts -= 1
            raise CommitAborted("the test wants it so")
        for index, each in enumerate(commit.outputs):
            if each.size > self.max_record_size:
                raise OutputRefused(index, f"{each.size} bytes > {self.max_record_size}")
            if each.topic not in self._partitions:
                raise OutputFailed(f"no topic {each.topic}")
        for each in commit.outputs:
            self.append(
                each.topic,
                each.value,
                key=each.key,
                partition=each.partition,
                timestamp=each.timestamp or 0,
                headers=each.headers,
            )
        for partition, position in commit.offsets.items():
            self._offsets[group, partition] = position

    def _share(self, group: str) -> None:
        members = self._members[group]
        every = sorted({each for member in members for each in self._wanted(member)})
        for turn, member in enumerate(members):
            share = [each for place, each in enumerate(every) if place % len(members) == turn]
            member.target = frozenset(share)

    def _wanted(self, member: "MemoryBroker") -> Iterable[Partition]:
        for topic in member.topics:
            yield from (Partition(topic, number) for number in range(self._partitions.get(topic, 0)))


class MemoryBroker:
    """A member of one group of a MemoryCluster. Rebalances are cooperative and take place in `poll`."""

    def __init__(self, cluster: MemoryCluster, *, group: str = "group", instance: str = "one") -> None:
        self.group = group
        self.instance = instance
        self.topics: tuple[str, ...] = ()
        self.target: frozenset[Partition] = frozenset()
        self.owned: frozenset[Partition] = frozenset()
        self._cluster = cluster
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._membership: Membership | None = None
        cluster.enter(instance, self)

    def describe(self, topics: Sequence[str]) -> Mapping[str, TopicFacts]:
        """Facts of those topics that exist."""
        counts = {topic: self._cluster.partitions(topic) for topic in topics}
        return {topic: TopicFacts(count, None) for topic, count in counts.items() if count is not None}

    def create(self, topic: str, partitions: int | None, config: Mapping[str, str]) -> None:
        """Create a topic, of one partition where the count is left to the broker."""
        del config
        self._cluster.create(topic, partitions or 1)

    def extend(self, topic: str, partitions: int) -> None:
        """Give a topic more partitions."""
        self._cluster.extend(topic, partitions)

    def subscribe(self, topics: Sequence[str], membership: Membership) -> None:
        """Join the group."""
        self.topics = tuple(topics)
        self._membership = membership
        self._cluster.join(self)

    def poll(self, max_records: int, timeout_s: float) -> list[Run]:
        """Records that are there already: nothing arrives while a single thread waits."""
        del timeout_s
        self._check_instance()
        self._rebalance()
        batch: list[Run] = []
        room = max_records
        for partition in sorted(self.owned - self._paused):
            position, marks = self._positions[partition], self._cluster.watermarks(partition)
            if not marks.low <= position <= marks.end:
                self._paused.add(partition)
                if self._membership is not None:
                    self._membership.out_of_range(partition)
                continue
            records = self._cluster.slice(partition, position, marks.end, room)
            if records:
                self._positions[partition] = records[-1].offset + 1
                room -= len(records)
                batch.append(Run.of(records))
        return batch

    def resume(self, partition: Partition, offset: int) -> None:
        """Deliver from `offset` on."""
        self._positions[partition] = offset
        self._paused.discard(partition)

    def pause(self, partition: Partition) -> None:
        """Deliver nothing until `resume`."""
        self._paused.add(partition)

    def committed(self, partition: Partition, timeout_s: float) -> Committed | None:
        """The group's position."""
        del timeout_s
        return self._cluster.committed(self.group, partition)

    def watermarks(self, partition: Partition, timeout_s: float) -> Watermarks:
        """First offset kept and the end."""
        del timeout_s
        return self._cluster.watermarks(partition)

    def offset_at(self, partition: Partition, timestamp: int, timeout_s: float) -> int | None:
        """First offset with a timestamp >= `timestamp`."""
        del timeout_s
        marks = self._cluster.watermarks(partition)
        records = self._cluster.slice(partition, marks.low, marks.end, marks.end)
        return next((each.offset for each in records if each.timestamp >= timestamp), None)

    def lag(self, partition: Partition) -> int | None:
        """Records not handed out yet."""
        position = self._positions.get(partition)
        return None if position is None else max(0, self._cluster.watermarks(partition).end - position)

    def reader(self, partition: Partition, start: int, end: int) -> "MemoryReader":
        """A reader of the offsets [start, end)."""
        return MemoryReader(self._cluster, partition, start, end)

    def commit(self, commit: Commit, timeout_s: float) -> None:
        """All of it or nothing."""
        del timeout_s
        self._check_instance()
        self._cluster.settle(self.group, commit)

    def close(self) -> None:
        """Give the partitions back and leave the group."""
        if self._membership is not None and self.owned:
            self._membership.revoked(sorted(self.owned))
        self.owned = frozenset()
        self._cluster.leave(self)

    def _check_instance(self) -> None:
        if not self._cluster.holds(self.instance, self):
            raise Fenced(f"another process runs with kafka.instance {self.instance}")

    def _rebalance(self) -> None:
        if self._membership is None or self.owned == self.target:
            return
        gone = sorted(self.owned - self.target)
        if gone:
            self._membership.revoked(gone)
        new = sorted(self.target - self.owned - self._cluster.owned_by_others(self))
        self.owned = (self.owned & self.target) | frozenset(new)
        for partition in gone:
            self._positions.pop(partition, None)
            self._paused.discard(partition)
        if new:
            self._paused.update(new)
            self._membership.assigned(new)


class MemoryReader:
    """Reads a range of one partition."""

    def __init__(self, cluster: MemoryCluster, partition: Partition, start: int, end: int) -> None:
        marks = cluster.watermarks(partition)
        self._cluster = cluster
        self._partition = partition
        self._end = min(end, marks.end)
        self.position = max(start, marks.low)

    def read(self, max_records: int, timeout_s: float) -> list[Record]:
        """The next records of the range."""
        del timeout_s
        records = self._cluster.slice(self._partition, self.position, self._end, max_records)
        self.position = records[-1].offset + 1 if records else self._end
        return records

    @property
    def done(self) -> bool:
        """Whether the range has been read."""
        return self.position >= self._end

    def close(self) -> None:
        """Nothing is held."""
