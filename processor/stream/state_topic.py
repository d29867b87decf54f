"""The state topic: a model's segments, never ahead of the committed offset, and read back at a restore.

One compacted topic, as many partitions as the inputs have; the state of an input's partition is in the same
partition of it. Keys are (group, topic, partition, start offset, chunk).
"""

import json
import logging
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from processor.detection import segments, state
from processor.detection.detector import Detector
from processor.detection.settings import DetectorSettings
from processor.errors import StateTopicWrong
from processor.events.event import Kind
from processor.stream import topics
from processor.stream.broker import Broker
from processor.stream.records import Output, Partition, Record, TopicFacts

log = logging.getLogger(__name__)

# Brokers refuse records above 1 MB by default.
CHUNK_BYTES: Final = 512 * 1024
_RECORD_BYTES: Final = 2 * CHUNK_BYTES
# With a size of its own: the brokers' default may be less than a chunk.
TOPIC_CONFIG: Final = {"cleanup.policy": "compact", "max.message.bytes": str(_RECORD_BYTES)}


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Where state goes and what it is of.

    partitions : of the state topic
    topic_ids : of the input topics, "" where the broker does not tell
    redact : applied to text of events
    extends : whether the state topic may be given more partitions
    bootstrap_servers : named in commands that are told
    min_records, min_seconds : a segment is closed at a new pane, but not below so much
    """

    topic: str
    partitions: int
    group: str
    topic_ids: Mapping[str, str]
    detector: DetectorSettings
    redact: Callable[[Sequence[str]], list[str]]
    extends: bool = False
    min_records: int = 1000
    min_seconds: float = 60.0
    bootstrap_servers: str = "$KAFKA"

    def make_room(self, broker: Broker, partition: Partition) -> None:
        """See that the state topic has a partition that the input was given while we work.

        Raises StateTopicWrong where it has not, BrokerUnreachable.
        """
        if partition.number < self.partitions:
            return
        # Another instance may have seen to it.
        facts = broker.describe([self.topic, partition.topic])
        there, wanted = facts[self.topic].partitions, facts[partition.topic].partitions
        if there < wanted and self.extends:
            topics.extend(broker, self.topic, wanted)
            there = broker.describe([self.topic])[self.topic].partitions
        if partition.number >= there:
            raise StateTopicWrong(_too_few(self.topic, there, wanted, self.bootstrap_servers))

    def origin(self, partition: Partition) -> segments.Origin:
        """Which log a model of the partition is of."""
        return segments.Origin(partition.topic, partition.number, self.topic_ids.get(partition.topic, ""))


class _Key(NamedTuple):
    start: int
    chunk: int


class Held:
    """What the state topic holds of one partition: built record by record."""

    def __init__(self, settings: StateSettings, partition: Partition) -> None:
        self._settings = settings
        self._partition = partition
        self._values: dict[_Key, bytes] = {}
        # Whether the chain that was asked for last ends before a segment that was committed.
        self.broken = False

    def take(self, records: Iterable[Record]) -> None:
        """Records of the state partition, in order: the newest of a key wins."""
        for record in records:
            key = self._key(record.key)
            if key is None:
                continue
            self._values.pop(key, None)
            if record.value is not None:
                self._values[key] = record.value

    @property
    def keys(self) -> set[_Key]:
        """Everything of ours that is there."""
        return set(self._values)

    @property
    def empty(self) -> bool:
        """Whether there is nothing of ours."""
        return not self._values

    def chain(self, until: int) -> list[segments.Segment]:
        """The segments that a restore at offset `until` or before begins with; [] = none that is of use."""
        settings = self._settings.detector
        origin = self._settings.origin(self._partition)
        fitting, refused = [], {}
        for start in [key.start for key in self._values if key.chunk == 0]:
            try:
                segment = self._segment(start)
            except segments.DamagedState as damage:
                refused[start] = str(damage)
                continue
            if segment.origin != origin:
                refused[start] = "it is of another topic of that name"
            elif not state.usable([segment], settings):
                refused[start] = "it is of other features, gates or scopes"
            else:
                fitting.append(segment)
        links = segments.chain(fitting, until)
        kinds = state.usable(links, settings)
        if refused or (fitting and kinds.keys() != settings.kinds.keys()):
            why = next(iter(refused.values()), "no whole chain of segments ends at the committed offset")
            if links and not refused:
                why = f"other features or gate: {' '.join(sorted(settings.kinds.keys() - kinds.keys()))}"
            told = {"segments": len(fitting), "refused": len(refused), "why": why, "used": len(links)}
            log.warning("state is not used, or not all of it", extra={**told, **_where(self._partition)})
        links = links if kinds else []
        behind = {segment.start: segment.end for segment in fitting if segment.end <= until}
        behind |= {start: until for start in refused if start < until}
        self._tell_gap(links, behind)
        return links

    def _tell_gap(self, links: Sequence[segments.Segment], behind: Mapping[int, int]) -> None:
        """Say where the chain ends before segments that were committed; behind: start -> end of each."""
        beyond = [end for start, end in behind.items() if links and start >= links[-1].end]
        self.broken = bool(beyond)
        if beyond:
            told = {"from": links[-1].end, "to": max(beyond), "then": "learned from the log"}
            log.warning(
                "state has a gap: what lies behind it is not used", extra=told | _where(self._partition)
            )

    def _segment(self, start: int) -> segments.Segment:
        first = self._values[_Key(start, 0)]
        chunks = [self._values.get(_Key(start, n), b"") for n in range(segments.chunk_count(first))]
        return segments.join(chunks)

    def _key(self, key: bytes | None) -> _Key | None:
        """Start and chunk of a key of this group's state of this partition; others write what they like."""
        try:
            group, topic, number, start, chunk = json.loads(key or b"")
        except (ValueError, TypeError, RecursionError):
            return None
        ours = (group, topic, number) == (self._settings.group, *self._partition)
        return _Key(start, chunk) if ours and isinstance(start, int) and isinstance(chunk, int) else None


class Keeper:
    """Writes one partition's state: says when a segment is due, and works it out."""

    def __init__(
        self,
        settings: StateSettings,
        partition: Partition,
        detector: Detector,
        start: int,
        *,
        links: list[segments.Segment],
        whole: Collection[Kind] = (),
        held: set[_Key],
        now: float,
    ) -> None:
        """Begin behind a restored chain, or at `start` with an empty detector.

        whole : kinds that were not taken from the chain
        held : keys that the topic has; those that are not of the chain are taken away
        """
        self._settings = settings
        self._partition = partition
        self._detector = detector
        last = links[-1] if links else None
        self._recorder = state.Recorder(
            detector,
            settings.detector,
            settings.origin(partition),
            settings.redact,
            start=start,
            last=last,
            whole=whole,
        )
        self._live: dict[int, tuple[int, int]] = {}
        for link in links:
            self._live[link.start] = (link.part, len(link.chunks(CHUNK_BYTES)))
        kept = {_Key(begin, n) for begin, (_, chunks) in self._live.items() for n in range(chunks)}
        self._stale = held - kept
        self._horizon = self._horizon_committed = 0
        self._part = detector.window.part
        self._records = 0
        self._cut_at = self._observed_at = now
        self._making: Generator[None, None, segments.Segment] | None = None

    def observed(self, records: int, now: float) -> None:
        """So many records more have been processed."""
        self._records += records
        self._observed_at = now

    def due(self, now: float) -> bool:
        """Whether a segment should be closed: a new pane, many records, or nothing new for a while."""
        if not self._records or self.making:
            return False
        if self._records >= self._settings.detector.max_segment_events:
            return True
        settings = self._settings
        if now - self._observed_at >= settings.min_seconds:
            return True
        enough = self._records >= settings.min_records or now - self._cut_at >= settings.min_seconds
        return enough and self._detector.window.part != self._part

    def committed(self) -> None:
        """Everything cut so far has been committed, with its offsets."""
        self._horizon_committed = self._horizon

    @property
    def behind(self) -> bool:
        """Whether something was processed that no written segment holds."""
        return self._records > 0 or self.making

    @property
    def making(self) -> bool:
        """Whether a segment has been begun."""
        return self._making is not None

    def begin(self, end: int, now: float) -> None:
        """Close the segment at offset `end`; `work` writes it."""
        if end <= self._recorder.start:
            return
        self._making = self._recorder.begin(end)
        self._part = self._detector.window.part
        self._records = 0
        self._cut_at = now

    def work(self, pieces: int | None = None) -> list[Output]:
        """Go on with the segment that was begun, for so many pieces; what to write of it, [] = not ready yet.

        To be written in a transaction whose offset is its end or behind it.
        """
        while self._making is not None and pieces != 0:
            try:
                next(self._making)
            except StopIteration as made:
                self._making = None
                return self._written(made.value)
            pieces = None if pieces is None else pieces - 1
        return []

    def cut(self, end: int, now: float) -> list[Output]:
        """Close the segment at offset `end`; what to write, also of one that was begun before."""
        outputs = self.work()
        self.begin(end, now)
        return outputs + self.work()

    def _written(self, segment: segments.Segment) -> list[Output]:
        chunks = segment.chunks(CHUNK_BYTES)
        written = {_Key(segment.start, number) for number in range(len(chunks))}
        gone = self._stale - written
        for start, (part, number) in list(self._live.items()):
            # What had left at the last cut committed: a restore finds its chain wherever it happens.
            if part < self._horizon_committed:
                del self._live[start]
                gone |= {_Key(start, chunk) for chunk in range(number)}
        self._live[segment.start] = (segment.part, len(chunks))
        self._stale = set()
        self._horizon = segment.horizon
        outputs = [self._output(_Key(segment.start, n), chunk) for n, chunk in enumerate(chunks)]
        return outputs + [self._output(key, None) for key in sorted(gone)]

    def _output(self, key: _Key, value: bytes | None) -> Output:
        name = json.dumps([self._settings.group, *self._partition, *key], separators=(",", ":")).encode()
        return Output(self._settings.topic, name, value, partition=self._partition.number)


def usable(topic: str, facts: TopicFacts | None, partitions: int, bootstrap_servers: str) -> bool:
    """Whether state can be kept in the topic: False, with a warning, where there is none.

    Raises StateTopicWrong with the commands that mend a topic that would lose state.
    """
    if facts is None:
        log.warning(
            "no state topic: every start learns the window from the log again",
            extra={"topic": topic, "create": creation(topic, partitions, bootstrap_servers)},
        )
        return False
    if wrong := faults(topic, facts, partitions, bootstrap_servers):
        raise StateTopicWrong("\n".join(wrong))
    return True


def creation(topic: str, partitions: int, bootstrap_servers: str) -> str:
    """The command that creates the topic as it has to be."""
    config = " ".join(f"--config {name}={value}" for name, value in TOPIC_CONFIG.items())
    tool = f"kafka-topics.sh --bootstrap-server {bootstrap_servers}"
    return f"{tool} --create --topic {topic} --partitions {partitions} {config}"


def faults(topic: str, facts: TopicFacts, partitions: int, bootstrap_servers: str) -> list[str]:
    """Why state would be lost in the topic, each with the command that mends it.

    partitions : of the inputs
    """
    tool = f"kafka-configs.sh --bootstrap-server {bootstrap_servers} --alter --entity-type topics"
    add = f"Mend it with\n  {tool} --entity-name {topic} --add-config"
    policy, size = facts.cleanup_policy, facts.max_message_bytes
    found = []
    if policy is not None and policy != "compact":
        why = "state would be deleted or pile up"
        found.append(f"topic {topic} has cleanup.policy={policy}: {why}. {add} cleanup.policy=compact")
    if size is not None and size < _RECORD_BYTES - 100_000:
        why = f"topic {topic} takes records of {size} bytes, state needs more"
        found.append(f"{why}. {add} max.message.bytes={_RECORD_BYTES}")
    if facts.partitions < partitions:
        found.append(_too_few(topic, facts.partitions, partitions, bootstrap_servers))
    return found


def _too_few(topic: str, there: int, wanted: int, bootstrap_servers: str) -> str:
    tool = f"kafka-topics.sh --bootstrap-server {bootstrap_servers}"
    return (
        f"topic {topic} has {there} partitions, the input {wanted}. Mend it with\n"
        f"  {tool} --alter --topic {topic} --partitions {wanted}"
    )


def _where(partition: Partition) -> dict[str, object]:
    return {"topic": partition.topic, "partition": partition.number}
