"""`eventcluster evaluate`: labelled streams through the pipeline that `run` runs, and what came of it.

As configured: of a host in warm-up nothing is published unless warmup.publish says so, and figures of what is
published are of the others; beside them stand the same figures were warm-up published. `--skip N` leaves the
first N events of each stream out of the figures, `--skip NAME=N` of that one (they are fed). An event with
label 2 is fed and never scored.

A stage counts as paged where one of its events is published in an episode that an attack's own event began,
or that escalated after another event had begun it. Stages all of whose events repeat an event of the window
exactly (executable and command line; account, address and type of a logon) are listed apart: no detector of
novelty sees them. So are stages of which all that was new came before their host was live. A benign episode
is one that a benign event began.

Rankings are of every event by its score, as the rivals' are; those "of anomalies" are of what would be
published, all else at 0.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec

from processor.config import Settings
from processor.detection.detector import Detector
from processor.detection.episodes import Episodes
from processor.errors import UsageError
from processor.events.event import KINDS, PROCESS, Event, Kind
from processor.pipeline import Late, Outcome, Pipeline, PipelineSettings, Scored
from processor.study import curves, rivals
from processor.study.evaluation import OURS, Evaluation, Row
from processor.study.figures import Alert, Judged, measure, pages
from processor.study.labelled import (
    ATTACK,
    BENIGN,
    LEFT_OUT,
    Labelled,
    read_labels,
    read_stream,
    select,
    stream_name,
)
from processor.study.ranking import precision_recall, recall_above, threshold

Progress = Callable[[int, int], None]

MSTICPY: Final = "msticpy"
BUDGETS: Final = (0.001, 0.01, 0.05)


@dataclass(frozen=True, slots=True)
class Request:
    """What to evaluate: streams and their labels; `source` None takes each source of processes in turn.

    skip : events at the start of each stream that are fed and not scored; skip_of of those named there
    report : where to write the plots, HTML
    """

    files: Sequence[Path]
    labels: Sequence[Path]
    source: str | None = None
    skip: int = 0
    skip_of: Mapping[str, int] = field(default_factory=dict)
    rivals: bool = True
    report: Path | None = None

    def __post_init__(self) -> None:
        """Raise UsageError for a stream that is not there."""
        names = [stream_name(path) for path in self.files]
        unknown = [name for name in self.skip_of if name not in names]
        if unknown:
            raise UsageError(f"--skip {unknown[0]}: no stream of this name; there are {', '.join(names)}")


def read_skips(texts: Sequence[str]) -> tuple[int, dict[str, int]]:
    """What `--skip` says: N for all streams, NAME=N for one. Raises UsageError for anything else."""
    every, named = 0, {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        if not number.isascii() or not number.isdecimal() or bool(equals) != bool(name):
            raise UsageError(f"--skip is N or NAME=N, N >= 0 events, got {text!r}")
        if name:
            named[name] = int(number)
        else:
            every = int(number)
    return every, named


class _Episode(msgspec.Struct):
    id: str
    index: int
    escalated: bool


class _Anomaly(msgspec.Struct):
    episode: _Episode


class _Record(msgspec.Struct):
    anomaly: _Anomaly


_record: Final = msgspec.json.Decoder(_Record)


def evaluate(request: Request, settings: Settings, progress: Progress) -> Evaluation:
    """Run every stream through the pipeline and its rivals. Raises UsageError for files it cannot read."""
    truths = read_labels(request.labels)
    ours = settings.pipeline()
    evaluation = Evaluation()
    scored: list[tuple[Row, list[Judged]]] = []
    for number, path in enumerate(request.files):
        progress(number, len(request.files))
        stream = read_stream(path, truths, ours)
        name = stream_name(path)
        skip = request.skip_of.get(name, request.skip)
        for source, records in select(stream, request.source).items():
            for detector, judged in _detectors(records, settings, skip, rivals_too=request.rivals):
                scored += _rows(name, source, detector, judged, skip)
    progress(len(request.files), len(request.files))
    backgrounds = {(row.name, row.source, row.kind): _background(judged) for row, judged in scored}
    evaluation.rows = [_with_budgets(row, judged, scored, backgrounds) for row, judged in scored]
    if request.report is not None:
        curves.write(request.report, evaluation.rows)
    return evaluation


def _rows(
    name: str, source: str, detector: str, judged: list[Judged], skip: int
) -> Iterator[tuple[Row, list[Judged]]]:
    """What one detector made of a stream: its figures, kind by kind, and the events that they are of."""
    paged = pages(judged)
    for kind in KINDS:
        own = [each for each in judged if each.record.event.kind == kind]
        seen = [each for each in own if each.place >= skip]
        if not seen or (detector == rivals.FAILED_LOGON and kind == PROCESS):
            continue
        figures = measure(own, skip, paged)
        if detector not in (OURS, MSTICPY):
            # A rival scores every event: only a threshold makes an anomaly.
            del figures["average_precision_of_anomalies"]
            for published in (figures, figures["warmup_published"]):
                del published["event_recall_with_folded"]
        yield Row(name, source, kind, detector, figures), seen


def _detectors(
    records: list[Labelled], settings: Settings, skip: int, *, rivals_too: bool
) -> list[tuple[str, list[Judged]]]:
    """Each detector's name and what it made of the stream, ours first."""
    ours = judge(records, settings.pipeline())
    found = [(OURS, ours)]
    if rivals_too:
        msticpy = settings.model_copy(update=rivals.msticpy_sections())
        found.append((MSTICPY, judge(records, msticpy.pipeline())))
        found += [
            (rival.name, _as_judged(rival, ours, settings, skip))
            for rival in rivals.scores(records, settings.window.length)
        ]
    return found


def judge(records: Sequence[Labelled], settings: PipelineSettings) -> list[Judged]:
    """The stream through the pipeline as configured, with warm-up published, and with nothing folded."""
    detector = settings.detector
    shown = replace(detector, warmup=replace(detector.warmup, publish=True))
    all_published = replace(shown, min_score=0, episode=replace(shown.episode, keep=0))
    as_configured, cold, for_scores = (
        Pipeline(replace(settings, detector=told), "events", 0) for told in (detector, shown, all_published)
    )
    for_scores.detector.followed = True
    last_seen: dict[tuple[object, ...], int] = {}
    judged = []
    for place, record in enumerate(records):
        outcome = for_scores.process(record.value, place, record.time)
        key = _identity(record.event)
        repeat = record.time - last_seen.get(key, -(10**18)) <= detector.window.length
        last_seen[key] = record.time
        live = _is_live(for_scores.detector)
        judged.append(
            Judged(
                record=record,
                place=place,
                repeat=repeat,
                score=_score(outcome, for_scores),
                anomalous=isinstance(outcome, Scored) and outcome.published is not None,
                live=live,
                heard=live or detector.warmup.publish,
                alert=_alert(as_configured.process(record.value, place, record.time)),
                cold_alert=_alert(cold.process(record.value, place, record.time)),
            )
        )
    return judged


def _is_live(detector: Detector) -> bool:
    """Whether the scope of the event learned last has its warm-up behind it; a late event's counts as not."""
    last = detector.last
    return last is not None and detector.histories[last.event.kind].of(last.scope).live


def _alert(outcome: Outcome) -> Alert | None:
    if not isinstance(outcome, Scored) or outcome.published is None:
        return None
    episode = _record.decode(outcome.published.value).anomaly.episode
    return Alert(episode.id, episode.index, episode.escalated)


def _score(outcome: Outcome, pipeline: Pipeline) -> float:
    """Of the event processed last; an anomaly's is above 0, a suppressed or late event's 0."""
    if not isinstance(outcome, Scored):
        return 0.0
    if outcome.published is not None:
        return max(outcome.published.score, 0.5)
    withheld = isinstance(outcome, Late) or outcome.fate
    return 0.0 if withheld else float(pipeline.detector.score_of_last())


def _identity(event: Event) -> tuple[object, ...]:
    """What makes two events exact repeats."""
    if event.kind == PROCESS:
        return event.host, event.executable.lower(), event.command_line
    return event.host, event.account.lower(), event.source_ip, event.logon_type, event.authentication_package


def _as_judged(rival: rivals.Rival, ours: Sequence[Judged], settings: Settings, skip: int) -> list[Judged]:
    """A rival's scores as alerts, in episodes, folded and escalated by the rule that holds for ours.

    One that has no threshold takes those at which it has as many benign alerts as we have anomalies, and as
    many beyond each score that escalates. One that only decides never escalates.
    """
    told = settings.pipeline().detector
    fold_key = Detector(told, lambda _value, offset: str(offset)).fold_key
    steps = {kind: _steps(rival, kind, ours, told.episode.escalate_at, skip) for kind in KINDS}
    as_configured, cold = Episodes(told.episode), Episodes(told.episode)

    def alert(episodes: Episodes, each: Judged, points: int) -> Alert | None:
        event = each.record.event
        place = episodes.place(event.host, str(each.place), each.record.time, points, fold_key(event))
        return None if place is None else Alert(place.id, place.index, place.escalated)

    judged = []
    for each, score in zip(ours, rival.scores, strict=True):
        reached = [points for limit, points in steps[each.record.event.kind] if score > limit]
        judged.append(
            replace(
                each,
                score=score,
                anomalous=score > 0,
                alert=alert(as_configured, each, max(reached)) if reached and each.heard else None,
                cold_alert=alert(cold, each, max(reached)) if reached else None,
            )
        )
    return judged


def _steps(
    rival: rivals.Rival, kind: Kind, ours: Sequence[Judged], escalate_at: Sequence[int], skip: int
) -> list[tuple[float, int]]:
    """Scores that a rival's exceed to be an alert, and to be worth so many of our points."""
    if rival.decides:
        return [(0.0, 0)]
    benign = [
        each
        for each in ours
        if each.place >= skip and each.record.event.kind == kind and each.record.truth.label == BENIGN
    ]
    scores = [rival.scores[each.place] for each in benign]
    return [
        (rivals.limit(scores, sum(each.anomalous and each.score >= points for each in benign)), points)
        for points in (0, *escalate_at)
    ]


Background = frozenset[tuple[object, ...]]


def _background(judged: Sequence[Judged]) -> Background:
    """Its benign events, each with its time: what tells that two streams have a background in common."""
    benign = (each.record for each in judged if each.record.truth.label == BENIGN)
    return frozenset((record.time, *_identity(record.event)) for record in benign)


def _with_budgets(
    row: Row,
    judged: Sequence[Judged],
    scored: Sequence[tuple[Row, list[Judged]]],
    backgrounds: Mapping[tuple[str, str, Kind], Background],
) -> Row:
    """The row with its recall at alert budgets.

    Thresholds come from the other streams that share no event with this one, where there are any.
    """
    own_background = backgrounds[row.name, row.source, row.kind]
    others = [
        each.score
        for other, theirs in scored
        if (other.kind, other.detector) == (row.kind, row.detector)
        and other.name != row.name
        and own_background.isdisjoint(backgrounds[other.name, other.source, other.kind])
        for each in theirs
        if each.record.truth.label == BENIGN
    ]
    own = [each for each in judged if each.record.truth.label != LEFT_OUT]
    scores = [each.score for each in own]
    attacks = [each.record.truth.label == ATTACK for each in own]
    benign = others or [each.score for each in own if each.record.truth.label == BENIGN]
    recall = {f"{budget:.1%}": recall_above(scores, attacks, threshold(benign, budget)) for budget in BUDGETS}
    figures = {**row.figures, "recall_at_budget": recall, "budget_from_other_streams": bool(others)}
    return replace(row, figures=figures, curve=precision_recall(scores, attacks))
