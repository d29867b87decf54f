"""What a detector is told: frozen, in milliseconds, made by the config."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from processor.detection.suppress import Suppression
from processor.events.event import Kind
from processor.features.sets import FeatureSet

EngineName = Literal["sliding_dbscan", "dbstream", "denstream"]


@dataclass(frozen=True, slots=True)
class KindSettings:
    """How one kind of event is clustered."""

    features: FeatureSet
    eps: float
    min_samples: int
    rare_cluster_size: int
    engine: EngineName


@dataclass(frozen=True, slots=True)
class ScopeSettings:
    """Whose behaviour is learned together: an ECS field name or "none", and the renames of its values."""

    by: str
    rewrite: tuple[tuple[re.Pattern[str], str], ...]


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """The sliding window of event time, ms; length is a multiple of pane."""

    length: int
    pane: int
    max_future_skew: int


@dataclass(frozen=True, slots=True)
class WarmupSettings:
    """When a scope's verdicts begin to be published; span in ms of stream time."""

    span: int
    events: int
    publish: bool


@dataclass(frozen=True, slots=True)
class EpisodeSettings:
    """How published anomalies of one scope are grouped; gap and max_length in ms.

    fold : per kind the names of the fold key's parts (folder, system_session, account)
    keep : published anomalies of one fold key in one episode; 0 publishes all
    """

    gap: int
    max_length: int
    escalate_at: tuple[int, ...]
    fold: Mapping[Kind, tuple[str, ...]]
    keep: int


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Everything that decides verdicts. A kind that is not in `kinds` is not read."""

    kinds: Mapping[Kind, KindSettings]
    scope: ScopeSettings
    window: WindowSettings
    warmup: WarmupSettings
    episode: EpisodeSettings
    min_score: int
    max_vectors: int
    max_scopes: int
    max_segment_events: int
    suppress: tuple[Suppression, ...] = ()
