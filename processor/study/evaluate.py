"""`eventcluster evaluate`: labelled streams through the pipeline that `run` runs, and what came of it.

Verdicts of scopes in warm-up are published, marked; `--skip N` leaves the first N events of each stream out
of the figures (they are fed). An event with label 2 is fed and never scored.

A stage counts as paged where one of its events is published in an episode that an attack's own event began,
or that escalated after a benign event had begun it. Stages all of whose events repeat an event of the window
exactly (executable and command line; account, address and type of a logon) are listed apart: no detector of
novelty sees them. A benign episode is one that a benign event began.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from processor.config import Settings
from processor.events.event import KINDS, PROCESS, Event, Kind
from processor.pipeline import Pipeline, PipelineSettings, Scored
from processor.study import curves, rivals
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
from processor.study.ranking import average_precision, precision_at, precision_recall, recall_above, threshold

Progress = Callable[[int, int], None]

OURS: Final = "eventcluster"
MSTICPY: Final = "msticpy"
HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
BUDGETS: Final = (0.001, 0.01, 0.05)
FIRST: Final = (10, 50, 100)
HIGH_SCORE: Final = 90


@dataclass(frozen=True, slots=True)
class Request:
    """What to evaluate: streams and their labels; `source` None takes each source of processes in turn.

    skip : events at the start of each stream that are fed and not scored
    report : where to write the plots, HTML
    """

    files: Sequence[Path]
    labels: Sequence[Path]
    source: str | None = None
    skip: int = 0
    rivals: bool = True
    report: Path | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A published anomaly."""

    episode: str
    index: int
    escalated: bool
    warmup: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """One event and what the detector made of it.

    place : its number in the stream; repeat : it repeats an event of the window exactly
    score : 0 where it is no anomaly
    """

    record: Labelled
    place: int
    repeat: bool
    score: float
    warmup: bool
    alert: Alert | None


class _Episode(msgspec.Struct):
    id: str
    index: int
    escalated: bool


class _Anomaly(msgspec.Struct):
    score: int
    warmup: bool
    episode: _Episode


class _Record(msgspec.Struct):
    anomaly: _Anomaly


_record: Final = msgspec.json.Decoder(_Record)


@dataclass(frozen=True, slots=True)
class Row:
    """One detector on one kind of one stream: the figures by their JSON names.

    curve : recall and precision at each score, the highest first
    """

    name: str
    source: str
    kind: Kind
    detector: str
    figures: Mapping[str, Any]
    curve: Sequence[tuple[float, float]] = ()

    def document(self) -> dict[str, Any]:
        """The row as `--json` writes it."""
        return {
            "name": self.name,
            "source": self.source,
            "kind": self.kind,
            "detector": self.detector,
            **self.figures,
        }


@dataclass(slots=True)
class Evaluation:
    """All rows of a run."""

    rows: list[Row] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """What `--json` writes."""
        return {"streams": [row.document() for row in self.rows]}

    def lines(self) -> list[str]:
        """A table in Markdown: one line a row."""
        titles = [title for title, _, _ in _TABLE]
        said = [" | ".join(("", *titles, "")).strip(), "|---" * len(titles) + "|"]
        for row in self.rows:
            document = row.document()
            cells = [_cell(document.get(name), form) for _, name, form in _TABLE]
            said.append(" | ".join(("", *cells, "")).strip())
        return said


_TABLE: Final = (
    ("stream", "name", ""),
    ("source", "source", ""),
    ("kind", "kind", ""),
    ("detector", "detector", ""),
    ("benign alerts/host-day", "benign_alerts_per_host_day", ".2f"),
    ("benign episodes/host-day", "benign_episodes_per_host_day", ".2f"),
    ("stages", "stages", "d"),
    ("stage recall", "stage_recall", ".3f"),
    ("event recall", "event_recall", ".3f"),
    ("AP", "average_precision", ".3f"),
    ("P@100", "precision_at_100", ".2f"),
    ("benign >= 90 per 1,000", "benign_high_per_1000", ".2f"),
)


def _cell(value: object, form: str) -> str:
    if value is None:
        return "-"
    return format(value, form) if form else str(value)


def evaluate(request: Request, settings: Settings, progress: Progress) -> Evaluation:
    """Run every stream through the pipeline and its rivals. Raises UsageError for files it cannot read."""
    truths = read_labels(request.labels)
    ours = settings.pipeline()
    evaluation = Evaluation()
    scored: list[tuple[Row, list[Judged]]] = []
    for number, path in enumerate(request.files):
        progress(number, len(request.files))
        stream = read_stream(path, truths, ours)
        for source, records in select(stream, request.source).items():
            for detector, judged in _detectors(records, settings, request):
                pages = pages_of(judged)
                for kind in KINDS:
                    own = [each for each in judged if each.record.event.kind == kind]
                    if detector == rivals.FAILED_LOGON and kind == PROCESS:
                        continue
                    if any(each.place >= request.skip for each in own):
                        figures = measure(own, request.skip, pages)
                        if detector not in (OURS, MSTICPY):
                            # A rival scores every event: only a threshold makes an anomaly.
                            del figures["event_recall_with_folded"]
                        row = Row(stream_name(path), source, kind, detector, figures)
                        scored.append((row, [each for each in own if each.place >= request.skip]))
    progress(len(request.files), len(request.files))
    evaluation.rows = [_with_budgets(row, judged, scored) for row, judged in scored]
    if request.report is not None:
        curves.write(request.report, evaluation.rows)
    return evaluation


def _detectors(
    records: list[Labelled], settings: Settings, request: Request
) -> list[tuple[str, list[Judged]]]:
    """Each detector's name and what it made of the stream, ours first."""
    ours = judge(records, settings.pipeline())
    found = [(OURS, ours)]
    if request.rivals:
        msticpy = settings.model_copy(update=rivals.msticpy_sections())
        found.append((MSTICPY, judge(records, msticpy.pipeline())))
        found += [
            (rival.name, _as_judged(rival, ours, settings, request.skip))
            for rival in rivals.scores(records, settings.window.length)
        ]
    return found


def judge(records: Sequence[Labelled], settings: PipelineSettings) -> list[Judged]:
    """The stream through the pipeline as configured, and once more with nothing folded for the ranking."""
    detector = settings.detector
    shown = replace(detector, warmup=replace(detector.warmup, publish=True))
    all_published = replace(shown, min_score=0, episode=replace(shown.episode, keep=0))
    as_configured = Pipeline(replace(settings, detector=shown), "events", 0)
    for_scores = Pipeline(replace(settings, detector=all_published), "events", 0)
    last_seen: dict[tuple[object, ...], int] = {}
    judged = []
    for place, record in enumerate(records):
        published = _published(as_configured, record, place)
        ranked = _published(for_scores, record, place)
        key = _identity(record.event)
        repeat = record.time - last_seen.get(key, -(10**18)) <= detector.window.length
        last_seen[key] = record.time
        alert = None
        if published is not None:
            episode = published.episode
            alert = Alert(episode.id, episode.index, episode.escalated, published.warmup)
        judged.append(
            Judged(
                record,
                place,
                repeat,
                0.0 if ranked is None else max(ranked.score, 0.5),
                ranked is not None and ranked.warmup,
                alert,
            )
        )
    return judged


def _published(pipeline: Pipeline, record: Labelled, place: int) -> _Anomaly | None:
    outcome = pipeline.process(record.value, place, record.time)
    if not isinstance(outcome, Scored) or outcome.published is None:
        return None
    return _record.decode(outcome.published.value).anomaly


def _identity(event: Event) -> tuple[object, ...]:
    """What makes two events exact repeats."""
    if event.kind == PROCESS:
        return event.host, event.executable.lower(), event.command_line
    return event.host, event.account.lower(), event.source_ip, event.logon_type, event.authentication_package


def _as_judged(rival: rivals.Rival, ours: Sequence[Judged], settings: Settings, skip: int) -> list[Judged]:
    """A rival's scores as alerts, in episodes by the same gap.

    One that has no threshold takes the one at which it has as many benign alerts as we have anomalies.
    """
    limits = dict.fromkeys(KINDS, 0.0)
    if not rival.decides:
        for kind in KINDS:
            benign = [
                each
                for each in ours
                if each.place >= skip and each.record.event.kind == kind and each.record.truth.label == BENIGN
            ]
            limits[kind] = rivals.limit(
                [rival.scores[each.place] for each in benign], sum(each.score > 0 for each in benign)
            )
    episodes = rivals.Gaps(settings.episode.gap, settings.episode.max_length)
    judged = []
    for each, score in zip(ours, rival.scores, strict=True):
        alert = None
        event = each.record.event
        if score > limits[event.kind]:
            episode, index = episodes.place(event.host, each.record.time, each.place)
            alert = Alert(episode, index, escalated=False, warmup=False)
        judged.append(replace(each, score=score, warmup=False, alert=alert))
    return judged


def measure(judged: Sequence[Judged], skip: int, pages: frozenset[str]) -> dict[str, Any]:
    """The figures of one kind of events of one stream, by their JSON names.

    pages : episodes of the whole stream in which an attack is paged (pages_of)
    """
    scored = [each for each in judged if each.place >= skip and each.record.truth.label != LEFT_OUT]
    first = [each for each in judged if each.place < skip and each.record.truth.label != LEFT_OUT]
    benign = [each for each in scored if each.record.truth.label == BENIGN]
    attacks = [each for each in scored if each.record.truth.label == ATTACK]
    alerts = [each for each in scored if each.alert is not None]
    false_alerts = [each for each in benign if each.alert is not None]
    days = host_days([each for each in judged if each.place >= skip])
    false_episodes = [each for each in false_alerts if each.alert is not None and each.alert.index == 0]
    after_warmup = [each for each in false_alerts if each.alert is not None and not each.alert.warmup]
    warm = [each for each in benign if not each.warmup]
    high = [each for each in warm if each.score >= HIGH_SCORE]
    stages = _stages(attacks, pages)
    ranking = [each.score for each in scored], [each.record.truth.label == ATTACK for each in scored]
    return {
        "events": len(scored),
        "attacks": len(attacks),
        "host_days": days,
        "alerts": len(alerts),
        "benign_alerts": len(false_alerts),
        "benign_episodes": len(false_episodes),
        "benign_alerts_per_host_day": _per(len(false_alerts), days),
        "benign_episodes_per_host_day": _per(len(false_episodes), days),
        "benign_alerts_per_host_day_after_warmup": _per(len(after_warmup), days),
        "event_recall": _per(sum(each.alert is not None for each in attacks), len(attacks)),
        "event_recall_with_folded": _per(sum(each.score > 0 for each in attacks), len(attacks)),
        **stages,
        "precision": _per(sum(each.record.truth.label == ATTACK for each in alerts), len(alerts)),
        "precision_at": {str(number): precision_at(*ranking, number) for number in FIRST},
        "precision_at_100": precision_at(*ranking, 100),
        "stages_in_first_100": _stages_in_first(scored, 100),
        "average_precision": average_precision(*ranking),
        "benign_high": len(high),
        "benign_high_per_1000": _per(1000 * len(high), len(warm)),
        "alerts_per_hour": _per_hour(scored),
        "first": {
            "events": len(first),
            "benign_alerts": sum(
                each.alert is not None for each in first if each.record.truth.label == BENIGN
            ),
            "benign_alerts_per_host_day": _per(
                sum(each.alert is not None for each in first if each.record.truth.label == BENIGN),
                host_days([each for each in judged if each.place < skip]),
            ),
        },
    }


def pages_of(judged: Sequence[Judged]) -> frozenset[str]:
    """Episodes that page for an attack in them: not begun by a benign event, or escalated after that."""
    pages = set()
    for each in judged:
        if each.alert is not None:
            begins = each.alert.index == 0 and each.record.truth.label != BENIGN
            if begins or (each.alert.index > 0 and each.alert.escalated):
                pages.add(each.alert.episode)
    return frozenset(pages)


def _stages(attacks: Sequence[Judged], pages: frozenset[str]) -> dict[str, Any]:
    by_stage: dict[str, list[Judged]] = defaultdict(list)
    for each in attacks:
        by_stage[each.record.truth.stage].append(each)
    new = {stage for stage, events in by_stage.items() if not all(each.repeat for each in events)}
    published, paged = set(), set()
    for stage, events in by_stage.items():
        for each in events:
            if each.alert is not None:
                published.add(stage)
                if each.alert.episode in pages:
                    paged.add(stage)
    return {
        "stages": len(new),
        "stage_recall": _per(len(new & paged), len(new)),
        "stage_recall_published": _per(len(new & published), len(new)),
        "stages_missed": sorted(new - paged),
        "exact_repeat_stages": len(by_stage) - len(new),
        "exact_repeat_stages_paged": len(paged - new),
    }


def _stages_in_first(scored: Sequence[Judged], first: int) -> int:
    ranked = sorted(scored, key=lambda each: (-each.score, each.place))[:first]
    return len({each.record.truth.stage for each in ranked if each.record.truth.label == ATTACK})


def host_days(judged: Sequence[Judged]) -> float:
    """Days for which hosts were watched: first event to last of each, without silences over 7 d."""
    total = 0
    last: dict[str, int] = {}
    for each in judged:
        host, time = each.record.event.host, each.record.time
        gap = time - last.get(host, time)
        if gap <= 7 * DAY:
            total += gap
        last[host] = time
    return total / DAY


def _per_hour(scored: Sequence[Judged]) -> dict[str, float]:
    """Alerts in an hour with events: the median and the most."""
    hours = Counter({each.record.time // HOUR: 0 for each in scored})
    hours.update(each.record.time // HOUR for each in scored if each.alert is not None)
    counts = list(hours.values())
    return {"median": statistics.median(counts), "max": max(counts)} if counts else {"median": 0, "max": 0}


def _with_budgets(row: Row, judged: Sequence[Judged], scored: Sequence[tuple[Row, list[Judged]]]) -> Row:
    """The row with its recall at alert budgets; thresholds come from other streams where there are any."""
    others = [
        each.score
        for other, theirs in scored
        if other.kind == row.kind and other.detector == row.detector and other.name != row.name
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


def _per(count: float, of: float) -> float | None:
    return count / of if of else None
