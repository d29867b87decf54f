"""What is said of one anomalous event: the reason, the score, the facts that a record is made of."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from math import log, log2

from processor.clustering.walks import NearestCore
from processor.detection.episodes import EpisodePlace
from processor.detection.novelty import Novelty
from processor.events.event import PROCESS, Event
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
    service : the operating system's own, not a person's (is_systems_own)
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

    distance : to the nearest core vector of the gate, in feature units; None where the gate has none
    apart : to the nearest one beyond eps, in eps; the same of an event outside the clusters
    similar : other live events within eps
    company : whether the gate holds live events that are not of the event's cluster
    crowd : of a logon that has its like, live events of other accounts from its source address
    novelty, signs : what is new in its scope, and what it shows by itself
    suspect : what started it made an anomaly of a high score in the open episode
    core : the nearest one, for the explanation; good until the next event
    """

    distance: float | None
    apart: float | None
    similar: int
    company: bool
    novelty: Novelty
    signs: Signs
    suspect: bool
    crowd: int = 0
    core: NearestCore | None = field(default=None, compare=False)


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
# Accounts of window managers and font drivers, one a session; services and application pools by domain.
# Not "NT AUTHORITY": its anonymous logon comes from afar, its services are known by their sessions.
_WINDOWS_OWN = re.compile(r"(?:dwm|umfd)-\d+")
_WINDOWS_DOMAINS = frozenset({"nt service", "iis apppool", "nt virtual machine"})
# Distance, in eps, from which on a greater one adds nothing.
_FAR = 64.0


def is_service(event: Event) -> bool:
    """Whether an event belongs to a session of the operating system's own accounts, not to a person's."""
    return event.system_session or event.logon_id in _SERVICE_SESSIONS


def is_systems_own(event: Event) -> bool:
    """Whether the operating system itself, not a person, runs a process or started it, or logs on.

    4688 names the session of the creator, Sysmon that of the new process: what svchost starts for a person
    is the system's in the one and the person's in the other, but for the parent. Whoever logs on as root
    from afar is a person.
    """
    if event.kind == PROCESS:
        return is_service(event) or event.parent_executable.lower().endswith(_LAUNCHERS)
    return (is_service(event) and not event.source_ip) or _is_machine(event)


def _is_machine(event: Event) -> bool:
    r"""Whether an account is a computer's or one that Windows makes for its own sessions.

    `CORP\WEB1$` is a computer; `WEB1\intern$` on WEB1 is a local account that hides from `net user`.
    """
    domain, _, name = event.account.lower().rpartition("\\")
    if name.endswith("$"):
        return not domain or domain != event.host.lower().partition(".")[0]
    return _WINDOWS_OWN.fullmatch(name) is not None or domain in _WINDOWS_DOMAINS


def score(seen: Assessment) -> int:
    """How unusual, 0-100, whole: a sum of points, each rising with what it measures.

    Where the gate has clusters elsewhere: 40 just beyond eps to 65 at 64 eps, with the logarithm of the
    distance; a person's to 85. Else a place of its own: 55, 10 more for what has not been here in any
    session, 5 more for a folder (10 for a source address) that nothing else of the window has; 5 less where
    the gate has been seen, but in other forms or without a cluster yet; up to 4 more for a command line
    longer than the path, with the logarithm of how much. Then 20 more for what a person does, 20 for a name
    that looks like one of the window, 10 for what a suspect program started, and at least 95 where the path
    imitates a system program. A person's logon has 25 less than a process, the system's own 50. Each doubling
    of the events within eps takes 10; of those of other accounts from a repeated logon's address 3.
    """
    novelty, signs = seen.novelty, seen.signs
    person = not signs.service
    if seen.apart is not None:
        points = 40.0 + (45.0 if person else 25.0) * min(1.0, log(max(seen.apart, 1.0)) / log(_FAR))
    else:
        new = novelty.new_name or (novelty.elsewhere and not novelty.same_place)
        points = 55.0 + 10.0 * bool(new) + (5.0 if signs.process else 10.0) * novelty.new_place
        points += min(4.0, 2.0 * log(max(signs.told, 1.0))) - 5.0 * seen.company
    points += 20.0 * bool(novelty.alike) + 10.0 * seen.suspect
    points += 20.0 * person if signs.process else 45.0 * person - 50.0
    if signs.disguised:
        points = max(points, 95.0)
    points -= 10.0 * log2(1 + seen.similar) + 3.0 * log2(1 + seen.crowd)
    return max(0, min(100, round(points)))
