"""What else could be done with the same streams: scores of other unsupervised detectors, event by event.

Each sees what ours sees: the executable, the command line, the session, the host; never the user's name,
`_id`, `_t`, `_src`, or which fields a record has. All of them score an event before they learn it.
"""

import math
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from processor.config.model import Logon, Process
from processor.events.event import LOGON, PROCESS, Event
from processor.features import sets
from processor.features.text import mask_path
from processor.study.labelled import Labelled

# IsolationForest is fitted anew after so many events, on at most so many before.
_REFIT: Final = 500
_FITTED_ON: Final = 5_000

FAILED_LOGON: Final = "every failed logon"


def msticpy_sections() -> dict[str, Any]:
    """The config sections of the source technique, for Settings.model_copy(update=...)."""
    return {
        "process": Process.model_validate({"features": "msticpy"}),
        "logon": Logon.model_validate({"features": "msticpy"}),
    }


@dataclass(frozen=True, slots=True)
class Rival:
    """A rival's name and scores, one an event, higher is more unusual.

    decides : every score above 0 is an alert; else the threshold is the evaluator's to choose
    """

    name: str
    scores: list[float]
    decides: bool


def scores(records: Sequence[Labelled], window: int) -> Iterator[Rival]:
    """Each rival in turn; window in ms."""
    yield Rival("first seen: path", _first_seen(records, window, _path), decides=True)
    yield Rival(
        "first seen: masked command line", _first_seen(records, window, _masked_command), decides=True
    )
    yield Rival("rarity", _rarity(records, window), decides=False)
    yield Rival("HalfSpaceTrees", _half_space_trees(records, window), decides=False)
    forest = _isolation_forest(records, window)
    if forest is not None:
        yield Rival("IsolationForest", forest, decides=False)
    failed = [float(record.event.outcome == "failure") for record in records]
    if any(failed):
        yield Rival(FAILED_LOGON, failed, decides=True)


def limit(benign: Sequence[float], allowed: int) -> float:
    """The score that at most `allowed` of the benign ones exceed."""
    ranked = sorted(benign, reverse=True)
    return ranked[allowed] if allowed < len(ranked) else -math.inf


def _path(event: Event) -> tuple[object, ...]:
    if event.kind == PROCESS:
        return event.kind, event.host, mask_path(event.executable)
    return event.kind, event.host, event.account.lower(), event.source_ip


def _masked_command(event: Event) -> tuple[object, ...]:
    """Path and command line without numbers, ids and addresses; of a logon its type and package as well."""
    if event.kind == PROCESS:
        return (*_path(event), mask_path(event.command_line))
    return (*_path(event), event.logon_type, event.authentication_package)


class _Counts:
    """How often each key occurred in the window."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._events: deque[tuple[int, tuple[object, ...]]] = deque()
        self.counts: Counter[tuple[object, ...]] = Counter()

    def before(self, time: int, key: tuple[object, ...]) -> int:
        """Occurrences of `key` in the window before this one, which is then counted."""
        while self._events and time - self._events[0][0] > self._window:
            self.counts[self._events.popleft()[1]] -= 1
        known = self.counts[key]
        self.counts[key] += 1
        self._events.append((time, key))
        return known


def _first_seen(records: Sequence[Labelled], window: int, key: Any) -> list[float]:
    counts = _Counts(window)
    return [float(counts.before(record.time, key(record.event)) == 0) for record in records]


def _rarity(records: Sequence[Labelled], window: int) -> list[float]:
    """Surprise, in nats, at the path on the host and at the masked command line given the path."""
    hosts, paths, commands = _Counts(window), _Counts(window), _Counts(window)
    found = []
    for record in records:
        event = record.event
        on_host = hosts.before(record.time, (event.kind, event.host))
        of_path = paths.before(record.time, _path(event))
        of_command = commands.before(record.time, _masked_command(event))
        found.append(math.log((on_host + 2) / (of_path + 1)) + math.log((of_path + 2) / (of_command + 1)))
    return found


def _vectors(records: Sequence[Labelled], window: int) -> list[tuple[float, ...]]:
    """Plain numbers of an event, of as many columns for either kind.

    Of a process the shape columns, the parity technique's path score and the session; of a logon its type and
    package, and how often its account, its address and both together were seen in the window. The parity
    technique's number of an account is the account's name, which tells attackers from users by itself.
    """
    process = sets.build(
        PROCESS,
        ("delimiters", "length", "entropy", "special_share", "case_flips", "pathLogScore"),
        "none",
        (),
    )
    logon = sets.build(LOGON, ("logon_type", "authentication_package"), "none", ())
    accounts, addresses, both = _Counts(window), _Counts(window), _Counts(window)
    found = []
    for record in records:
        event = record.event
        session = float(event.system_session)
        if event.kind == PROCESS:
            found.append((*process.vector(process.measure(event)[1]), session))
            continue
        account, address = (event.host, event.account.lower()), (event.host, event.source_ip)
        seen = (
            accounts.before(record.time, account),
            addresses.before(record.time, address),
            both.before(record.time, (*account, *address)),
        )
        known = tuple(math.log1p(count) for count in seen)
        found.append((*logon.vector(logon.measure(event)[1]), *known, session, 0.0))
    return found


def _half_space_trees(records: Sequence[Labelled], window: int) -> list[float]:
    """River's HalfSpaceTrees on columns scaled to what has been seen so far, one model a kind."""
    from river import anomaly, preprocessing  # noqa: PLC0415 - a second of imports, for this study alone

    models: Mapping[str, Any] = {
        kind: preprocessing.MinMaxScaler()
        | anomaly.HalfSpaceTrees(n_trees=25, height=8, window_size=250, seed=1)
        for kind in (PROCESS, LOGON)
    }
    found = []
    for record, vector in zip(records, _vectors(records, window), strict=True):
        x = {str(column): value for column, value in enumerate(vector)}
        model = models[record.event.kind]
        found.append(float(model.score_one(x)))
        model.learn_one(x)
    return found


def _isolation_forest(records: Sequence[Labelled], window: int) -> list[float] | None:
    """scikit-learn's IsolationForest, fitted on the events before; None where it is not installed."""
    try:
        from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - a development tool
    except ImportError:
        return None
    vectors = np.array(_vectors(records, window))
    found = [0.0] * len(records)
    for kind in (PROCESS, LOGON):
        places = [number for number, record in enumerate(records) if record.event.kind == kind]
        for start in range(_REFIT, len(places), _REFIT):
            before = places[max(0, start - _FITTED_ON) : start]
            after = places[start : start + _REFIT]
            forest = IsolationForest(n_estimators=100, random_state=1).fit(vectors[before])
            for place, score in zip(after, -forest.score_samples(vectors[after]), strict=True):
                found[place] = float(score)
    return found
