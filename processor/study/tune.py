"""`eventcluster tune`: from history and an alert budget to settings, many of them tried in one pass.

Each record is decoded once and observed by one detector for each combination of eps, min_samples (of
processes) and window length; logons keep theirs, for their distances are equal or not. Nothing is folded or
withheld in that pass; for every score threshold the episodes are then told from the anomalies that reach
it.

History holds no labels: what it raises is taken to be benign, as nearly all of it is. Chosen is, within the
budget, one more min_samples than configured where a moderate threshold pays for it: on labelled streams that
finds the second attack like the first with fewer alerts. Then the lowest threshold; then the longest window;
then the eps nearest to the configured. Larger eps than twice the configured are not tried: they lose attacks
(docs/detection.md).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import Any, Final

import yaml

from processor.config import Settings
from processor.detection.detector import Detector
from processor.detection.episodes import Episodes, FoldKey
from processor.detection.settings import DetectorSettings, KindSettings
from processor.errors import OutputFailed, UsageError
from processor.events.event import PROCESS, Event
from processor.picture.distances import k_distances
from processor.picture.picture import KDistance
from processor.pipeline import PipelineSettings
from processor.study.history import Progress, read_history

DAY: Final = 86_400_000
THRESHOLDS: Final = (0, 40, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95)
# Of the configured eps, min_samples and window length.
_EPS_FACTORS: Final = (0.25, 0.5, 1.0, 1.5, 2.0)
_MORE_SAMPLES: Final = (0, 1)
_WINDOW_SHARES: Final = (1, 7)
# Up to this threshold a larger min_samples loses no stage of the labelled streams; at 70 it does.
_MODERATE: Final = 60


@dataclass(frozen=True, slots=True)
class Request:
    """What to tune on and for; one of the two budgets is given. config is the file that --out builds on."""

    files: Sequence[Path]
    episodes_per_host_day: float | None = None
    alerts_per_host_day: float | None = None
    config: Path | None = None
    out: Path | None = None
    report: Path | None = None

    def __post_init__(self) -> None:
        """Raise UsageError where there is no budget, or two."""
        budgets = [
            each for each in (self.episodes_per_host_day, self.alerts_per_host_day) if each is not None
        ]
        if len(budgets) != 1:
            raise UsageError("give either --episodes-per-host-day N or --alerts-per-host-day N")
        if not budgets[0] >= 0:
            raise UsageError(f"a budget is >= 0, got {budgets[0]:g}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One combination; window in ms."""

    window: int
    eps: float
    min_samples: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a setting at a threshold would have raised, a host and day after warm-up."""

    setting: Setting
    min_score: int
    alerts: float
    episodes: float


@dataclass(frozen=True, slots=True)
class _Raised:
    """An anomaly of a live scope."""

    scope: str
    id: str
    time: int
    score: int
    fold_key: FoldKey


@dataclass(frozen=True, slots=True)
class Tuning:
    """The costs of all combinations, the one chosen (None: none is within the budget), the k-distances.

    untimed : events that were left out for having no time
    """

    costs: tuple[Cost, ...]
    chosen: Cost | None
    host_days: float
    distances: tuple[KDistance, ...]
    budget: str
    untimed: int = 0

    def lines(self) -> list[str]:
        """The trade-off as it is printed: Markdown."""
        said = [f"{self.host_days:.1f} host-days after warm-up; budget: {self.budget}", ""]
        if self.untimed:
            said[1:1] = [f"{self.untimed:,} events without a time of their own were left out"]
        if self.chosen is None:
            said.append("No setting is within the budget. The cheapest of each threshold:")
        else:
            said.append(f"chosen: {_told(self.chosen)}")
            said.append("the same setting at other thresholds:")
        said += [
            "",
            "| min_score | window | eps | min_samples | alerts/host-day | episodes/host-day |",
            "|---|---|---|---|---|---|",
        ]
        for threshold in THRESHOLDS:
            beside = [
                cost
                for cost in self.costs
                if cost.min_score == threshold
                and (self.chosen is None or cost.setting == self.chosen.setting)
            ]
            cost = min(beside, key=lambda cost: (cost.alerts, cost.episodes, cost.setting.eps))
            said.append(
                f"| {threshold} | {_days(cost.setting.window)} | {cost.setting.eps:g} "
                f"| {cost.setting.min_samples} | {cost.alerts:.2f} | {cost.episodes:.2f} |"
            )
        return said


def tune(request: Request, settings: Settings, progress: Progress) -> Tuning:
    """Try all combinations on the files' events and write what --out and --report ask for.

    Raises UsageError where no host is seen for longer than warm-up takes.
    """
    told = settings.pipeline()
    if PROCESS not in told.detector.kinds:
        raise UsageError("tune sets eps and min_samples of processes, and process.enabled is false")
    combinations = [
        Setting(window, eps, min_samples)
        for window, eps, min_samples in itertools.product(
            _windows(told.detector), _eps(told.detector), _min_samples(told.detector)
        )
    ]
    events, untimed = read_history(request.files, told, progress)
    raised, host_days, distances = _observe(events, told, combinations)
    if not host_days:
        raise UsageError(
            "no host is seen for longer than its warm-up: give more history, or shorten warmup.span and "
            "warmup.events"
        )
    costs = tuple(
        _cost(setting, threshold, anomalies, told.detector, host_days)
        for setting, anomalies in zip(combinations, raised, strict=True)
        for threshold in THRESHOLDS
    )
    tuning = Tuning(
        costs,
        _choose(request, costs, told.detector.kinds[PROCESS]),
        host_days,
        distances,
        _budget(request),
        untimed,
    )
    _write_asked(request, tuning)
    return tuning


def _write_asked(request: Request, tuning: Tuning) -> None:
    if request.out is not None:
        if tuning.chosen is None:
            least = min(tuning.costs, key=lambda cost: (cost.alerts, cost.episodes, cost.min_score))
            raise UsageError(
                f"{request.out}: not written, for no setting is within {tuning.budget}; "
                f"the quietest is {_told(least)}"
            )
        _write(request.out, as_config(tuning.chosen, request.config))
    if request.report is not None:
        _write(request.report, _report(tuning))


def _windows(detector: DetectorSettings) -> list[int]:
    """The configured length and shorter ones, whole panes each."""
    length, pane = detector.window.length, detector.window.pane
    return sorted({max(pane, length // share // pane * pane) for share in _WINDOW_SHARES})


def _eps(detector: DetectorSettings) -> list[float]:
    return [float(f"{detector.kinds[PROCESS].eps * factor:.3g}") for factor in _EPS_FACTORS]


def _min_samples(detector: DetectorSettings) -> list[int]:
    return [detector.kinds[PROCESS].min_samples + more for more in _MORE_SAMPLES]


def _detector(told: PipelineSettings, setting: Setting) -> Detector:
    """A detector with the setting that folds, withholds and suppresses nothing beyond the allow-list."""
    detector = told.detector
    process = replace(detector.kinds[PROCESS], eps=setting.eps, min_samples=setting.min_samples)
    return Detector(
        replace(
            detector,
            kinds={**detector.kinds, PROCESS: process},
            window=replace(detector.window, length=setting.window),
            warmup=replace(detector.warmup, publish=False),
            episode=replace(detector.episode, keep=0),
            min_score=0,
        ),
        lambda _value, offset: str(offset),
    )


def _observe(
    events: Sequence[tuple[int, Event]], told: PipelineSettings, combinations: Sequence[Setting]
) -> tuple[list[list[_Raised]], float, tuple[KDistance, ...]]:
    """Each combination's anomalies, the host-days after warm-up, the configured setting's k-distances."""
    detectors = [_detector(told, setting) for setting in combinations]
    configured = Detector(told.detector, lambda _value, offset: str(offset))
    raised: list[list[_Raised]] = [[] for _ in combinations]
    watched = _Watched(told.detector)
    for offset, (timestamp, event) in enumerate(events):
        configured.observe(event, b"", offset, timestamp, learn_only=True)
        learned = configured.last
        if learned is not None:
            watched.saw(learned.scope, timestamp)
        for detector, found in zip(detectors, raised, strict=True):
            anomaly = detector.observe(event, b"", offset, timestamp).anomaly
            if anomaly is not None:
                now = detector.window.stream_time or timestamp
                found.append(
                    _Raised(anomaly.case.scope, anomaly.id, now, anomaly.score, detector.fold_key(event))
                )
    distances = tuple(
        k_distances(kind, [engine.snapshot()])
        for kind, engine in configured.engines.items()
        if engine.live_events
    )
    return raised, watched.days(), distances


class _Watched:
    """How long each scope is watched after its warm-up."""

    def __init__(self, detector: DetectorSettings) -> None:
        self._warmup = detector.warmup
        self._scopes: dict[str, tuple[int, int, int | None, int]] = {}

    def saw(self, scope: str, time: int) -> None:
        """Count one event of a scope at `time`, ms."""
        first, count, live, _ = self._scopes.get(scope, (time, 0, None, time))
        count += 1
        if live is None and count >= self._warmup.events and time - first >= self._warmup.span:
            live = time
        self._scopes[scope] = (first, count, live, time)

    def days(self) -> float:
        """Days from the end of each scope's warm-up to its last event."""
        return sum(last - live for _, _, live, last in self._scopes.values() if live is not None) / DAY


def _cost(
    setting: Setting, threshold: int, raised: Sequence[_Raised], detector: DetectorSettings, host_days: float
) -> Cost:
    """Alerts and episodes as the configured folding would publish the anomalies that reach the threshold."""
    episodes = Episodes(detector.episode)
    alerts = begun = 0
    for each in raised:
        if each.score >= threshold:
            place = episodes.place(each.scope, each.id, each.time, each.score, each.fold_key)
            if place is not None:
                alerts += 1
                begun += place.index == 0
    return Cost(setting, threshold, alerts / host_days, begun / host_days)


def _choose(request: Request, costs: Sequence[Cost], configured: KindSettings) -> Cost | None:
    """Within the budget the most that is told apart, and what is nearest to the configured."""

    def order(cost: Cost) -> tuple[float, ...]:
        setting = cost.setting
        more = setting.min_samples - configured.min_samples
        return (
            -more if cost.min_score <= _MODERATE else more,
            cost.min_score,
            -setting.window,
            abs(log(setting.eps / configured.eps)),
            setting.eps,
        )

    within = (
        cost
        for cost in costs
        if (request.episodes_per_host_day is None or cost.episodes <= request.episodes_per_host_day)
        and (request.alerts_per_host_day is None or cost.alerts <= request.alerts_per_host_day)
    )
    return min(within, key=order, default=None)


def as_config(chosen: Cost, config: Path | None) -> str:
    """The config file given, with what was chosen in it; alone where none is given."""
    document: dict[str, Any] = {"version": 1}
    if config is not None:
        document |= yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    for section, values in (
        ("process", {"eps": chosen.setting.eps, "min_samples": chosen.setting.min_samples}),
        ("window", {"length": _days(chosen.setting.window)}),
        ("output", {"min_score": chosen.min_score}),
    ):
        document[section] = {**(document.get(section) or {}), **values}
    told = f"# Made by `eventcluster tune`: {_told(chosen)}\n"
    if config is None:
        told += "# What was chosen alone: `run` needs kafka.bootstrap_servers and kafka.input_topics, too.\n"
    return told + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _told(cost: Cost) -> str:
    setting = cost.setting
    chosen = f"eps {setting.eps:g}, min_samples {setting.min_samples}, window {_days(setting.window)}"
    raised = f"{cost.alerts:.2f} alerts in {cost.episodes:.2f} episodes a host and day"
    return f"{chosen}, min_score {cost.min_score}: {raised}"


def _budget(request: Request) -> str:
    if request.episodes_per_host_day is not None:
        return f"{request.episodes_per_host_day:g} episodes a host and day"
    return f"{request.alerts_per_host_day:g} alerts a host and day"


def _days(window: int) -> str:
    for unit, size in (("d", DAY), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if window % size == 0:
            return f"{window // size}{unit}"
    return f"{window}ms"


def _report(tuning: Tuning) -> str:
    """One HTML file, plotly's JavaScript in it: the trade-off curve and the sorted k-distances."""
    from plotly import graph_objects  # noqa: PLC0415 - half a second, for a report alone
    from plotly.subplots import make_subplots  # noqa: PLC0415

    titles = ["alerts a host and day, by score threshold"]
    titles += [
        f"{each.kind}: distance to the {each.k}. nearest other event, in feature units; eps is the line"
        for each in tuning.distances
    ]
    figure = make_subplots(rows=len(titles), cols=1, subplot_titles=titles)
    shown = tuning.chosen or min(tuning.costs, key=lambda cost: (cost.alerts, cost.setting.eps))
    for eps in sorted({cost.setting.eps for cost in tuning.costs}):
        curve = [cost for cost in tuning.costs if cost.setting == replace(shown.setting, eps=eps)]
        figure.add_trace(
            graph_objects.Scatter(
                x=[cost.min_score for cost in curve], y=[cost.alerts for cost in curve], name=f"eps {eps:g}"
            ),
            row=1,
            col=1,
        )
    for row, each in enumerate(tuning.distances, 2):
        figure.add_trace(
            graph_objects.Scatter(y=each.distances, name=f"{each.kind} k-distance"), row=row, col=1
        )
        figure.add_hline(y=each.eps, line_dash="dash", row=row, col=1)
    figure.update_layout(height=420 * len(titles), title=tuning.lines()[0])
    return str(figure.to_html(include_plotlyjs=True, full_html=True))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputFailed(f"{path}: {error.strerror or error}") from error
