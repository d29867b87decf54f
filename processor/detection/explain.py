"""Why an event is anomalous: contrast with the nearest cluster, facts, and one plain sentence."""

from processor.clustering.engine import Engine, NearestCore
from processor.detection.verdict import Case, Explanation, FeatureContrast, NearestCluster, Reason
from processor.events.event import PROCESS, Event, folder, program_name
from processor.features.sets import Counts, FeatureSet

# Events of the nearest cluster that are counted; more are "at least" so many.
_SIZE_LIMIT = 1000
# Characters of an event's own text inside a sentence.
_QUOTED = 120


def exemplar(event: Event) -> str:
    """The text that stands for an event's vector in later explanations."""
    if event.kind == PROCESS:
        return event.command_line or event.executable
    return f"{event.account or event.user_name} from {event.source_ip or 'this host'}"


def explain(case: Case, features: FeatureSet, engine: Engine, window: int) -> Explanation:
    """Explain one verdict from the window's rows alone.

    window : its length, ms, for the sentence
    """
    core = engine.nearest_cluster(case.scope, case.row, _SIZE_LIMIT)
    nearest = None
    if core is not None:
        nearest = NearestCluster(core.size, core.at_least, core.exemplar, core.distance / engine.eps)
    contrasts = _contrasts(features, case.counts, core)
    return Explanation(
        sentence=_sentence(case, contrasts, nearest, _days(window)),
        facts=_facts(case, nearest, _days(window)),
        features=contrasts,
        distance=None if core is None else core.distance,
        nearest=nearest,
        similar=engine.neighbours(case.scope, case.row, learned=not case.late),
    )


def _contrasts(features: FeatureSet, counts: Counts, core: NearestCore | None) -> tuple[FeatureContrast, ...]:
    actual = features.vector(counts)
    typical: tuple[float | None, ...] = (None,) * len(actual)
    if core is not None:
        typical = features.vector(core.counts)
    columns = zip(features.columns, actual, typical, strict=True)
    return tuple(FeatureContrast(name, own, usual) for name, own, usual in columns)


def _sentence(
    case: Case, contrasts: tuple[FeatureContrast, ...], nearest: NearestCluster | None, window: str
) -> str:
    event = case.event
    subject = _subject(event) + (f" on {_quote(case.scope)}" if case.scope else "")
    if case.reason is Reason.NEW_SINGLETON_CLUSTER:
        return f"{subject}: nothing like it in {window}{_told(event)}."
    if case.reason is Reason.RARE_CLUSTER and nearest is not None:
        return f"{subject}: one of only {nearest.size} such events in {window}{_told(event)}."
    what = "this program" if event.kind == PROCESS else "this account and source"
    known = f"{what} is known" if case.gate else "others are known"
    if nearest is None:
        return f"{subject}: {known}, but it has no regular form yet{_told(event)}."
    size = f"{'at least ' if nearest.at_least else ''}{nearest.size}"
    return (
        f"{subject}: {known}, but not in this form; {_strongest(contrasts)}"
        f"nearest are {size} like {_quote(nearest.exemplar)}{_told(event)}."
    )


def _subject(event: Event) -> str:
    if event.kind == PROCESS:
        who = "the system" if event.system_session else _quote(event.user_name or "an unnamed user")
        path = folder(event.executable)
        return (
            f"{_quote(program_name(event.executable))} run by {who}{f' from {_quote(path)}' if path else ''}"
        )
    verb = "Failed logon" if event.outcome == "failure" else "Logon"
    source = f" from {_quote(event.source_ip)}" if event.source_ip else ""
    return f"{verb} of {_quote(event.account or event.user_name)}{source}"


def _told(event: Event) -> str:
    return f"; command line: {_quote(event.command_line)}" if event.command_line else ""


def _strongest(contrasts: tuple[FeatureContrast, ...]) -> str:
    """The column that differs most, as a clause; empty where nothing can be compared."""
    apart = [
        (abs(c.actual - c.typical), c) for c in contrasts if c.typical is not None and c.actual != c.typical
    ]
    if not apart:
        return ""
    _, column = max(apart, key=lambda entry: entry[0])
    return f"{column.name} is {column.actual:.4g} where {column.typical:.4g} is typical; "


def _facts(case: Case, nearest: NearestCluster | None, window: str) -> tuple[str, ...]:
    facts = []
    if case.reason is Reason.NEW_SINGLETON_CLUSTER and case.gate:
        where = f" on {_quote(case.scope)}" if case.scope else ""
        facts.append(f"first {_deed(case.event)}{where} in {window}")
    if nearest is not None:
        facts.append(f"{nearest.distance:.3g} eps from the nearest cluster")
    return tuple(facts)


def _deed(event: Event) -> str:
    if event.kind == PROCESS:
        return f"run of {_quote(event.executable)}"
    source = f" from {_quote(event.source_ip)}" if event.source_ip else ""
    return f"logon of {_quote(event.account or event.user_name)}{source}"


def _quote(text: str) -> str:
    """Untrusted text on one line, at most _QUOTED characters."""
    line = "".join(character if character.isprintable() else "?" for character in text[: _QUOTED + 1])
    return line if len(text) <= _QUOTED else line[:_QUOTED] + "..."


def _days(window: int) -> str:
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)):
        if window % size == 0:
            return f"{window // size} {unit}"
    return f"{window} ms"
