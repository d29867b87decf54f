"""One partition's records to outcomes: bytes in; scored, late, ignored or rejected out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from processor.detection.settings import DetectorSettings
from processor.events.event import Kind

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What a pipeline is told: frozen, made by the config.

    formats : the formats read, None = all; events of others are ignored
    max_record_size : bytes; a longer record is rejected
    max_command_line : characters used for features
    original : whether event.original is published, cut at max_original bytes
    config_hash : names, in every record, the settings that decided it
    """

    detector: DetectorSettings
    formats: frozenset[str] | None
    max_record_size: int
    max_command_line: int
    original: bool
    max_original: int
    config_hash: str


@dataclass(frozen=True, slots=True)
class Published:
    """An anomaly, ready to produce."""

    id: str
    kind: Kind
    reason: str
    score: int
    opens_episode: bool
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Scored:
    """A process or logon event that was judged and learned; `late` events are judged only.

    Outcomes without anything to publish are shared instances: count them by identity.
    fate : what became of an anomalous verdict, "" where the event is clustered
        published | folded | suppressed | warmup | below_min_score
    """

    kind: Kind
    format: str
    clock_skewed: bool = False
    fate: str = ""
    reason: str = ""
    published: Published | None = None


@dataclass(frozen=True, slots=True)
class Late(Scored):
    """Older than the window: judged as if learned, then withdrawn."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Neither a process creation nor a logon, or of a format or kind that is not read."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """What should be an event but is broken: a dead letter. `reason` is one of events.event.REASONS."""

    reason: str
    field: str
    message: str


Outcome = Scored | Late | Ignored | Rejected


class Pipeline:
    """The model of one partition: a pure function of the records processed so far and the settings."""

    def __init__(self, settings: PipelineSettings, topic: str, partition: int) -> None:
        raise NotImplementedError

    def process(
        self,
        value: bytes | None,
        offset: int,
        timestamp: int,
        headers: Headers | None = None,
        *,
        learn_only: bool = False,
    ) -> Outcome:
        """Judge and learn one record.

        timestamp : the record's Kafka timestamp, ms since epoch
        learn_only : history: the event is learned (warm-up counts it) but opens no episode and publishes nothing
        """
        raise NotImplementedError
