"""The whole configuration: every key, its default, its meaning, its bounds. Durations are ms, sizes bytes."""

from typing import Any, ClassVar, Literal, Self

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from processor.config import fields
from processor.config.build import pipeline_settings
from processor.config.entries import OwnSources, Rewrites, Section, Suppressions
from processor.config.units import DURATION, Duration, Size
from processor.events.event import LOGON, PROCESS, Kind
from processor.features import sets
from processor.pipeline import PipelineSettings

Engine = Literal["sliding_dbscan", "dbstream", "denstream"]
FeatureNames = str | tuple[str, ...]

_ONE_SECOND = 1_000
_FIFTEEN_MINUTES = 900_000


class Batch(Section):
    """How much one poll takes."""

    max_records: int = Field(10_000, ge=1, le=1_000_000, description="records in one batch at most")
    max_wait: Duration = Field(50, ge=1, le=10_000, description="longest wait for a batch's first record")


class Kafka(Section):
    """Where events come from and anomalies go."""

    bootstrap_servers: fields.Brokers = Field("", description="REQUIRED host:port,...")
    input_topics: fields.Topics = Field((), description="REQUIRED keyed by scope.by; LogAppendTime advised")
    anomalies_topic: fields.Topic = Field("eventcluster.anomalies", description="where anomalies go")
    dead_letters_topic: fields.Topic = Field(
        "eventcluster.dead-letters", description="where records go that are broken"
    )
    state_topic: fields.Topic = Field("eventcluster.state", description="where the window's state goes")
    group_id: fields.Identifier = Field("eventcluster", description="consumer group of all instances")
    instance: fields.Identifier | None = Field(
        None, description="null = host name; unique per process, the same after a restart"
    )
    group_protocol: Literal["classic", "consumer"] = Field(
        "classic", description="classic (cooperative-sticky) | consumer (KIP-848)"
    )
    start: Literal["now", "earliest"] = Field(
        "now", description="first start: now = learn what is there, silently | earliest = judge it"
    )
    delivery: Literal["exactly_once", "at_least_once"] = Field(
        "exactly_once", description="exactly_once | at_least_once"
    )
    create_topics: bool = Field(default=False, description="create topics that are missing")
    batch: Batch = Batch()
    transaction_timeout: Duration = Field(
        10_000,
        ge=_ONE_SECOND,
        le=_FIFTEEN_MINUTES,
        description="how long a killed instance can hide others' records",
    )
    properties: fields.Properties = Field({}, description="any librdkafka property: TLS, SASL")

    @model_validator(mode="after")
    def _topics_differ(self) -> Self:
        outputs = [self.anomalies_topic, self.dead_letters_topic, self.state_topic]
        for index, topic in enumerate(outputs):
            if topic in outputs[:index] or topic in self.input_topics:
                raise ValueError(
                    f"must name different topics for input and each output; {topic} is there twice"
                )
        return self


class Input(Section):
    """What is read and how much of it."""

    formats: fields.Formats = Field(
        "auto", description="auto | [windows_security, sysmon, ...]; others are ignored"
    )
    mappings: OwnSources = Field((), max_length=100, description="own sources; see docs/formats.md")
    max_record_size: Size = Field(
        1024**2, ge=1024, le=64 * 1024**2, description="a longer record is rejected"
    )
    max_command_line: int = Field(
        8192, ge=64, le=1_000_000, description="characters used for features; truncation is flagged"
    )


class KindSection(Section):
    """How one kind of event is clustered. Keys left out take the values that suit `features`."""

    kind: ClassVar[Kind]

    enabled: bool = Field(default=True, description="false: events of this kind are ignored")
    features: FeatureNames
    normalize: Literal["none", "l2"] = Field("none", description="none | l2")
    gate: fields.Names
    eps: float = Field(0.1, gt=0, allow_inf_nan=False, description="inclusive, in feature units")
    min_samples: int = Field(2, ge=1, le=1000, description="the event itself counts")
    rare_cluster_size: int = Field(
        0, ge=0, le=1000, description="0 = off; clusters of at most so many events are anomalous"
    )
    engine: Engine = Field("sliding_dbscan", description="sliding_dbscan | dbstream | denstream")

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_features(cls, given: Any) -> Any:
        """normalize, gate and eps of the chosen feature set, where the config does not say."""
        if not isinstance(given, dict) or "features" not in given:
            return given
        try:
            features = _checked_features(cls.kind, given["features"])
        except ValueError:
            # The check of the field itself says what is wrong, at the field's own place.
            return given
        return sets.defaults(cls.kind, features) | given

    @field_validator("features", mode="before")
    @classmethod
    def _features_exist(cls, value: object) -> str | tuple[str, ...]:
        return _checked_features(cls.kind, value)

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        sets.build(self.kind, self.features, self.normalize, self.gate)
        return self

    @field_validator("gate")
    @classmethod
    def _gate_exists(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            fields.one_of(name, tuple(sets.gate_names(cls.kind)))
        return value


class Process(KindSection):
    """How process creations are clustered."""

    kind: ClassVar[Kind] = PROCESS

    features: FeatureNames = Field("command_shape", description="command_shape | msticpy | [feature, ...]")
    gate: fields.Names = Field(
        ("executable_masked", "system_session"), description="[] = none; only equal gates can be neighbours"
    )


class Logon(KindSection):
    """How logons are clustered."""

    kind: ClassVar[Kind] = LOGON

    features: FeatureNames = Field("logon_shape", description="logon_shape | msticpy | [feature, ...]")
    gate: fields.Names = Field(
        ("account", "source_address"), description="[] = none; only equal gates can be neighbours"
    )
    eps: float = Field(0.5, gt=0, allow_inf_nan=False, description="inclusive, in feature units")


class Scope(Section):
    """Whose behaviour is learned together."""

    by: fields.ScopeField = Field("host.name", description="host.name | user.name | none | another ECS field")
    rewrite: Rewrites = Field(
        (), max_length=32, description=r"- {match: '^(.+)-[0-9a-f]{8,10}-[a-z0-9]{5}$', replace: '\1'}"
    )


class Window(Section):
    """The sliding window of event time."""

    length: Duration = Field(7 * 86_400_000, ge=1, description="how much event time is compared with")
    pane: Duration = Field(
        600_000, ge=1, description="what leaves the window at a time; length is a multiple of it"
    )
    max_future_skew: Duration = Field(
        300_000, description="an event further ahead of its Kafka timestamp takes that timestamp"
    )

    @model_validator(mode="after")
    def _whole_panes(self) -> Self:
        if self.length % self.pane:
            length, pane = DURATION.text(self.length), DURATION.text(self.pane)
            raise ValueError(
                f"must have a length that is a multiple of pane, got length {length}, pane {pane}"
            )
        return self


class Warmup(Section):
    """When a scope's anomalies begin to be published, per kind."""

    span: Duration = Field(86_400_000, description="stream time a scope is seen before")
    events: int = Field(20, ge=0, description="events of a scope that are seen before")
    publish: bool = Field(default=False, description="true: publish earlier ones too, marked warmup")


class Fold(Section):
    """Which anomalies of an episode are alike, and how many of them are published."""

    process: fields.FoldParts = Field(("family", "system_session"), description="what makes processes alike")
    logon: fields.FoldParts = Field(("source_address",), description="what makes logons alike")
    keep: int = Field(2, ge=0, description="alike ones published in an episode; 0 = all")


class Episode(Section):
    """How anomalies of one scope are grouped."""

    gap: Duration = Field(900_000, ge=1, description="a longer silence ends the episode")
    max_length: Duration = Field(14_400_000, ge=1, description="an episode is at most this long")
    escalate_at: fields.Scores = Field(
        (70, 90), max_length=10, description="scores; crossing one pages again and is never folded"
    )
    fold: Fold = Fold()


class Output(Section):
    """What is published."""

    format: Literal["ecs"] = Field("ecs", description="ecs")
    min_score: fields.Score = Field(0, description="lower scores are counted, not published")
    original: bool = Field(default=True, description="publish the record as it came, redacted")
    max_original: Size = Field(16 * 1024, le=1024**2, description="cut there")


class Redact(Section):
    """What is taken out of published and stored text, never out of features."""

    defaults: bool = Field(default=True, description="passwords and keys in common command lines")
    rules: Rewrites = Field((), max_length=100, description=r"- {match: '(--pin )\d+', replace: '\1***'}")


class Limits(Section):
    """Bounds on memory, per partition."""

    max_vectors: int = Field(
        1_000_000, ge=1, le=100_000_000, description="the largest scope's oldest parts leave first"
    )
    max_scopes: int = Field(
        50_000, ge=1, le=10_000_000, description="the scope seen longest ago leaves first"
    )


class State(Section):
    """How the window's state is kept."""

    max_segment_events: int = Field(100_000, ge=1, description="events after which a pane's part is closed")


class DeadLetters(Section):
    """Beyond these the service stops."""

    max_ratio: float = Field(0.5, gt=0, le=1, allow_inf_nan=False, description="share of rejected records")
    of_last: int = Field(1000, ge=1, le=1_000_000, description="of so many records")
    max_in_a_row: int = Field(100, ge=1, description="rejected one after another")


class MetricsSection(Section):
    """How often costly metrics are taken."""

    clusters_every: Duration = Field(15_000, ge=100, description="how often components are counted, at most")


class Web(Section):
    """Where the page, /metrics, /livez and /readyz are."""

    host: str = Field("127.0.0.1", min_length=1, description="0.0.0.0 = reachable from other machines")
    port: int = Field(8080, ge=0, le=65_535, description="0 = any free one")
    token: fields.Token = Field(
        "", description="for page and API; without it they are closed to other machines"
    )


class Logging(Section):
    """What is logged, to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug | info | warning | error; debug also shows published records"
    )
    format: Literal["json", "console"] = Field("json", description="json | console")


class Settings(Section):
    """The whole configuration."""

    version: Literal[1] = Field(1, description="of this file's form")
    kafka: Kafka = Kafka()
    input: Input = Input()
    process: Process = Process()
    logon: Logon = Logon()
    scope: Scope = Scope()
    window: Window = Window()
    warmup: Warmup = Warmup()
    episode: Episode = Episode()
    suppress: Suppressions = Field(
        (),
        max_length=1000,
        description=r"- {reason: backup, expires: 2027-01-31, process.executable: 'D:\Backup\*'}",
    )
    output: Output = Output()
    redact: Redact = Redact()
    limits: Limits = Limits()
    state: State = State()
    dead_letters: DeadLetters = DeadLetters()
    metrics: MetricsSection = MetricsSection()
    web: Web = Web()
    logging: Logging = Logging()

    @model_validator(mode="after")
    def _something_to_read(self) -> Self:
        if not self.process.enabled and not self.logon.enabled:
            raise ValueError("must not disable both process and logon: nothing is left to read")
        return self

    def pipeline(self) -> PipelineSettings:
        """What a pipeline is told by these settings."""
        return pipeline_settings(self)


def _checked_features(kind: Kind, value: object) -> str | tuple[str, ...]:
    """`value` where it names a feature set or features of `kind`; raises ValueError listing what there is."""
    names, single = sets.set_names(kind), sets.feature_names(kind)
    if isinstance(value, str) and value in names:
        return value
    if isinstance(value, list | tuple) and value and all(name in single for name in value):
        return fields.distinct(tuple(value))
    raise ValueError(f"must be one of {', '.join(names)}, or a list of {', '.join(single)}")
