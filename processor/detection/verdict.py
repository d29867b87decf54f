"""What is said of one anomalous event: the reason, the score, the facts that a record is made of."""

from dataclasses import dataclass
from enum import StrEnum
from math import log

from processor.detection.episodes import EpisodePlace
from processor.detection.novelty import Novelty
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
class Signs:
    """What an event shows by itself, whatever the window holds.

    process : it is a process creation
    service : the operating system itself runs or started it (is_systems_own)
    disguised : what in its path imitates a system program's, a clause each
    told : how many times as long as the executable's path the command line is; 0 without either
    """

    process: bool
    service: bool
    disguised: tuple[str, ...]
    told: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the score is made of.

    distance, distance_in_eps : to the nearest core vector of the gate, in feature units and in eps; None
        where the gate has none
    similar : other live events within eps
    novelty, signs : what is new in its scope, and what it shows by itself
    """

    distance: float | None
    distance_in_eps: float | None
    similar: int
    novelty: Novelty
    signs: Signs


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the verdict is what it is: facts and one sentence, contrasts with the nearest cluster."""

    sentence: str
    facts: tuple[str, ...]
    features: tuple[FeatureContrast, ...]
    nearest: NearestCluster | None


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A case, judged, explained and placed in its episode: all that a record says.

    id : event.id of the record
    window_events, window_span : of the kind's model after this event; span in ms
    """

    id: str
    case: Case
    score: int
    assessment: Assessment
    explanation: Explanation
    episode: EpisodePlace
    window_events: int
    window_span: int


# Sessions of the operating system's own accounts: SYSTEM, NETWORK SERVICE, LOCAL SERVICE (well-known LUIDs).
_SERVICE_SESSIONS = frozenset({"0x3e7", "0x3e4", "0x3e5"})
# What Windows itself starts programs with, also in people's sessions: services, COM servers, logon, boot.
_LAUNCHERS = tuple(
    rf"\windows\system32\{name}.exe" for name in ("services", "svchost", "winlogon", "wininit", "smss")
)
# Distance, in eps, from which on a greater one adds nothing.
_FAR = 64.0


def is_service(event: Event) -> bool:
    """Whether an event belongs to a session of the operating system's own accounts, not to a person's."""
    return event.system_session or event.logon_id in _SERVICE_SESSIONS


def is_systems_own(event: Event) -> bool:
    """Whether the operating system itself, not a person, runs a process or started it.

    4688 names the session of the creator, Sysmon that of the new process: what svchost starts for a person
    is the system's in the one and the person's in the other, but for the parent.
    """
    return is_service(event) or event.parent_executable.lower().endswith(_LAUNCHERS)


def score(reason: Reason, seen: Assessment) -> int:
    """How unusual, 0-100, whole: a sum of points, each rising with what it measures.

    Outside the clusters of a known gate: 40 just beyond eps to 85 at 64 eps, with the logarithm of the
    distance; to 65 for a process of the operating system itself. A place of its own: 55 (a logon 50), 10
    more for what has not been here in any session, 5 more for a folder (10 for a source address) that
    nothing else of the window has; 5 less where the gate has been seen but has no cluster yet; up to 4 more
    for a command line longer than the path, with the logarithm of how much. A rare cluster: 40. Then 20
    more for a process of a person, 20 for a name that looks like one of the window, and at least 95 where
    the path imitates a system program. Each similar event takes 10.
    """
    novelty, signs = seen.novelty, seen.signs
    own = signs.process and signs.service
    if reason is Reason.RARE_CLUSTER:
        points = 40.0
    elif seen.distance_in_eps is not None:
        points = 40.0 + (25.0 if own else 45.0) * min(1.0, log(max(seen.distance_in_eps, 1.0)) / log(_FAR))
    else:
        new = novelty.new_name or (novelty.elsewhere and not novelty.same_place)
        points = 55.0 if signs.process else 50.0
        points += 10.0 * bool(new) + (5.0 if signs.process else 10.0) * novelty.new_place
        points -= 5.0 * (reason is Reason.OUTSIDE_CLUSTERS)
        points += min(4.0, 2.0 * log(max(signs.told, 1.0)))
    points += 20.0 * (signs.process and not own) + 20.0 * bool(novelty.alike)
    if signs.disguised:
        points = max(points, 95.0)
    return max(0, min(100, round(points - 10.0 * seen.similar)))
