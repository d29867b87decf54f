"""Why an event is anomalous: contrast with the nearest cluster, facts, and one plain sentence.

Everything said is read from the event, the window's live rows and the open episode, so that a restored
model says the same.
"""

from collections.abc import Callable
from math import expm1
from typing import Final

from processor.clustering.engine import Engine
from processor.clustering.walks import NearestCore
from processor.detection import exemplars
from processor.detection.masquerade import is_system_program
from processor.detection.novelty import Known, Place
from processor.detection.verdict import (
    Assessment,
    Case,
    Explanation,
    FeatureContrast,
    NearestCluster,
    Reason,
)
from processor.events.event import PROCESS, Event, folder, program_name
from processor.features.sets import Counts, FeatureSet
from processor.features.text import mask_path

# Events of the nearest cluster that are counted; more are "at least" so many.
_SIZE_LIMIT = 1000
# Characters of an event's own text inside a sentence.
_QUOTED = 120
# Columns that a sentence names: those that make most of the distance.
_NAMED_COLUMNS = 2


def explain(
    case: Case, seen: Assessment, features: FeatureSet, engine: Engine, known: Known, *, window: int
) -> Explanation:
    """Explain one verdict from the window's rows alone.

    known : names and places of the kind's scopes
    window : its length, ms, for the sentence
    """
    core = None if seen.core is None else engine.counted(case.scope, case.row, seen.core, _SIZE_LIMIT)
    nearest = None
    if core is not None:
        text = exemplars.read(core.exemplar).text
        nearest = NearestCluster(core.size, core.at_least, text, core.distance / engine.eps)
    contrasts = _contrasts(features, case.counts, core)
    # Said only of what opens a place of its own.
    opens = case.reason is Reason.NEW_SINGLETON_CLUSTER
    places = known.places(case.scope, case.gate, engine) if opens and seen.novelty.elsewhere else ()
    within = f"in {_duration(window)}"
    clauses = (
        *seen.signs.disguised,
        *_origin(case.event, seen),
        *_news(case, seen, places, within),
        *_comparison(case, contrasts, nearest, within),
    )
    told = f"; command line: {_quote(case.event.command_line)}" if case.event.command_line else ""
    end = "" if told.endswith("...") else "."
    return Explanation(
        sentence=f"{_subject(case.event)}: {'; '.join(clauses)}{told}{end}",
        facts=clauses,
        features=contrasts,
        nearest=nearest,
    )


def _contrasts(features: FeatureSet, counts: Counts, core: NearestCore | None) -> tuple[FeatureContrast, ...]:
    actual = features.vector(counts)
    typical: tuple[float | None, ...] = (None,) * len(actual)
    if core is not None:
        typical = features.vector(core.counts)
    columns = zip(features.columns, actual, typical, strict=True)
    return tuple(FeatureContrast(name, own, usual) for name, own, usual in columns)


def _subject(event: Event) -> str:
    host = f" on {_quote(event.host)}" if event.host else ""
    if event.kind == PROCESS:
        who = "the system" if event.system_session else _quote(event.user_name or "an unnamed user")
        path = folder(event.executable)
        where = f" from {_quote(path)}" if path else ""
        parent = program_name(event.parent_executable)
        started = f", started by {_quote(parent)}" if parent else ""
        return f"{_quote(program_name(event.executable))} run by {who}{where}{host}{started}"
    verb = "Failed logon" if event.outcome == "failure" else "Logon"
    source = f" from {_quote(event.source_ip)}" if event.source_ip else ""
    return f"{verb} of {_quote(event.account or event.user_name)}{source}{host}"


def _origin(event: Event, seen: Assessment) -> list[str]:
    """What is known of the program that started it, a clause."""
    if not seen.suspect:
        return []
    parent = _quote(program_name(event.parent_executable))
    return [f"what started it, {parent}, is an anomaly of this episode too"]


def _news(case: Case, seen: Assessment, places: tuple[Place, ...], within: str) -> list[str]:
    """What is new, a clause each; empty where the gate does not tell names and places."""
    novelty = seen.novelty
    process = case.event.kind == PROCESS
    clauses = []
    if novelty.alike and not seen.signs.disguised:
        what = "a program" if process else "an account"
        clauses.append(f"its name is easily taken for {_quote(novelty.alike)}, {what} known here")
    if case.reason is not Reason.NEW_SINGLETON_CLUSTER:
        return clauses
    if novelty.new_name:
        clauses.append(
            f"first run of a program of this name {within}"
            if process
            else f"first logon of this account {within}"
        )
    elif novelty.same_place:
        seldom = "never" if case.event.system_session else "only"
        known = "known from here" if process else "known"
        aside = ", numbers aside" if process and _is_numbered(case.event) else ""
        clauses.append(f"{known}{aside}, but {within} {seldom} in the system's own session")
    elif places:
        clauses.append(_usual_places(places, case.event))
    if novelty.new_place and (folder(case.event.executable) or case.event.source_ip):
        clauses.append(
            f"nothing else has run from this folder {within}"
            if process
            else f"no other account has logged on from this address {within}"
        )
    return clauses or [f"nothing like it {within}"]


def _is_numbered(event: Event) -> bool:
    """Whether a program's name has numbers, which its gate masks: agent01 and agent02 share one."""
    name = program_name(event.executable).lower()
    # Nobody's rundll32 is another's rundll64.
    return not is_system_program(name) and mask_path(name) != name


def _usual_places(places: tuple[Place, ...], event: Event) -> str:
    r"""`runs 412 times from C:\Windows\System32, never before from here`."""
    most, process = places[0], event.kind == PROCESS
    times = f"{'at least ' if most.at_least else ''}{most.events:,} time{'s' * (most.events != 1)}"
    others = len(places) - 1
    more = f" (and from {others} other place{'s' * (others != 1)})" if others else ""
    where = (
        _quote(_unmasked(most.place)) if most.place else "no known folder" if process else "this host itself"
    )
    if process and _is_numbered(event):
        return f"programs of this name, numbers aside, run {times} from {where}{more}, never before from here"
    verb = "runs" if process else "logs on"
    return f"otherwise {verb} {times} from {where}{more}, never before from here"


def _unmasked(place: str) -> str:
    """A masked folder with the numbers back that never differ."""
    return place.replace("system#", "system32").replace("syswow#", "syswow64")


def _comparison(
    case: Case, contrasts: tuple[FeatureContrast, ...], nearest: NearestCluster | None, within: str
) -> list[str]:
    """How it differs from its like, a clause each."""
    if case.reason is Reason.NEW_SINGLETON_CLUSTER:
        return []
    if case.reason is Reason.RARE_CLUSTER:
        size = nearest.size if nearest is not None else 1
        return [f"one of only {size} such events {within}"]
    if nearest is None:
        if case.event.kind == PROCESS and _is_numbered(case.event):
            return [f"programs of this name, numbers aside, were seen {within}, each in another form"]
        return [f"seen before {within}, but each time in another form"]
    size_text = f"{'at least ' if nearest.at_least else ''}{nearest.size:,}"
    return [
        f"known here, but not like this: {_strongest(contrasts)}",
        f"the nearest, {nearest.distance:.3g} eps away, are {size_text} like {_quote(nearest.exemplar)}",
    ]


def _strongest(contrasts: tuple[FeatureContrast, ...]) -> str:
    """The columns that differ most."""
    apart = sorted(
        (
            (abs(c.actual - c.typical), c)
            for c in contrasts
            if c.typical is not None and c.actual != c.typical
        ),
        key=lambda entry: -entry[0],
    )
    if not apart:
        return "no single measure stands out"
    largest = apart[0][0]
    named = [column for distance, column in apart[:_NAMED_COLUMNS] if distance * 2 >= largest]
    return " and ".join(_in_words(column) for column in named)


def _in_words(column: FeatureContrast) -> str:
    typical = 0.0 if column.typical is None else column.typical
    words = _WORDS.get(column.name)
    if words is None:
        return f"{column.name} is {column.actual:.4g} where {typical:.4g} is usual"
    actual, usual = words(column.actual), words(typical)
    return actual if actual == usual else f"{actual} where {usual.split(' ')[0]} are usual"


def _counted(number: float, what: str) -> str:
    count = round(number)
    return f"{count:,} {what}{'s' * (count != 1)}"


def _quote(text: str) -> str:
    """Untrusted text on one line, at most _QUOTED characters."""
    line = text[:_QUOTED]
    if not line.isprintable():
        line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(text) <= _QUOTED else line + "..."


def _duration(window: int) -> str:
    for unit, size in (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1_000)):
        if window % size == 0:
            count = window // size
            return f"{count} {unit}{'s' * (count != 1)}"
    return f"{window} ms"


# Columns of the shape sets, turned back into what a reader can count.
_WORDS: Final[dict[str, Callable[[float], str]]] = {
    "delimiters": lambda value: _counted(expm1(value), "separator"),
    "length": lambda value: _counted(expm1(value), "character"),
    "entropy": lambda value: f"{4.0 * value:.1f} bits of randomness a character",
    "special_share": lambda value: f"{10.0 * value:.0f}% special characters",
    "case_flips": lambda value: f"{20.0 * value:.0f} changes of case in 100 characters",
}
