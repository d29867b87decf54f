"""What is said of one anomalous event: the reason, the score, the facts that a record is made of."""

from dataclasses import dataclass
from enum import StrEnum
from math import log1p

from processor.detection.episodes import EpisodePlace
from processor.events.event import Event
from processor.features.sets import Counts, Gate


class Reason(StrEnum):
    """Why an event is anomalous."""

    OUTSIDE_CLUSTERS = "outside_clusters"
    NEW_SINGLETON_CLUSTER = "new_singleton_cluster"
    RARE_CLUSTER = "rare_cluster"


@dataclass(frozen=True, slots=True)
class Case:
    """An anomalous event, before it is explained.

    value, offset : of its record
    time : the event's, ms (the Kafka timestamp where the source gave none or a forged one)
    gate, counts, row : what the event measures, and the row that stands for it in the engine
    """

    event: Event
    value: bytes
    offset: int
    time: int
    scope: str
    gate: Gate
    counts: Counts
    row: int
    reason: Reason
    late: bool
    clock_skewed: bool
    warmup: bool


@dataclass(frozen=True, slots=True)
class NearestCluster:
    """The cluster an event is nearest to.

    size : its events, counted up to a bound; at_least where the bound cut the count
    exemplar : text of the first event of its nearest core vector
    distance : from the event to that core vector, in eps
    """

    size: int
    at_least: bool
    exemplar: str
    distance: float


@dataclass(frozen=True, slots=True)
class FeatureContrast:
    """One column of the vector: the event's value and the nearest core vector's, None without one."""

    name: str
    actual: float
    typical: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the verdict is what it is, in numbers, facts and one sentence.

    distance : to the nearest core vector of the gate, in feature units; None where the gate has none
    similar : other live events within eps
    """

    sentence: str
    facts: tuple[str, ...]
    features: tuple[FeatureContrast, ...]
    distance: float | None
    nearest: NearestCluster | None
    similar: int


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A case, judged, explained and placed in its episode: all that a record says.

    id : event.id of the record
    window_events, window_span : of the kind's model after this event; span in ms
    """

    id: str
    case: Case
    score: int
    explanation: Explanation
    episode: EpisodePlace
    window_events: int
    window_span: int


def score(reason: Reason, distance_in_eps: float | None, similar: int) -> int:
    """How unusual, 0-100, whole: a function of the verdict alone.

    A place of its own scores 75. Outside the clusters of a known gate: 45 just beyond eps, rising with the
    logarithm of the distance (eps) towards 90; 75 where the gate has no cluster at all. Each other event
    within eps takes 10 off: the emptier the neighbourhood, the higher. A rare cluster starts from 40.
    """
    if reason is Reason.NEW_SINGLETON_CLUSTER:
        base = 75.0
    elif reason is Reason.RARE_CLUSTER:
        base = 40.0
    elif distance_in_eps is None:
        base = 75.0
    else:
        beyond = log1p(max(distance_in_eps - 1.0, 0.0))
        base = 45.0 + 45.0 * beyond / (beyond + 2.0)
    return max(0, min(100, round(base - 10.0 * similar)))
