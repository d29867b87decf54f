"""The figures of an evaluation: what one detector made of one kind of events of one stream."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from processor.study.labelled import ATTACK, BENIGN, LEFT_OUT, Labelled
from processor.study.ranking import average_precision, precision_at

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
FIRST: Final = (10, 50, 100)
HIGH_SCORE: Final = 90


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
    score : how unusual, an anomaly or not; anomalous : what would be published were nothing folded
    """

    record: Labelled
    place: int
    repeat: bool
    score: float
    anomalous: bool
    warmup: bool
    alert: Alert | None


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
    hits = [each.record.truth.label == ATTACK for each in scored]
    ranking = [each.score for each in scored], hits
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
        "event_recall_with_folded": _per(sum(each.anomalous for each in attacks), len(attacks)),
        **stages,
        "precision": _per(sum(each.record.truth.label == ATTACK for each in alerts), len(alerts)),
        "precision_at": {str(number): precision_at(*ranking, number) for number in FIRST},
        "precision_at_100": precision_at(*ranking, 100),
        "stages_in_first_100": _stages_in_first(scored, 100),
        "average_precision": average_precision(*ranking),
        "average_precision_of_anomalies": average_precision([_if_anomalous(each) for each in scored], hits),
        "benign_high": len(high),
        "benign_high_per_1000": _per(1000 * len(high), len(warm)),
        "alerts_per_hour": _per_hour(scored),
        "worst_day": _worst_day(false_alerts),
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


def _if_anomalous(each: Judged) -> float:
    return each.score if each.anomalous else 0.0


def _stages_in_first(scored: Sequence[Judged], first: int) -> int:
    """Of the anomalies: what an analyst would find who reads the highest scores."""
    ranked = sorted(scored, key=lambda each: (-_if_anomalous(each), each.place))[:first]
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


def _worst_day(false_alerts: Sequence[Judged]) -> dict[str, int]:
    """The most benign alerts, and the most episodes that one began, of a host on one day (UTC)."""
    alerts: Counter[tuple[str, int]] = Counter()
    episodes: Counter[tuple[str, int]] = Counter()
    for each in false_alerts:
        day = each.record.event.host, each.record.time // DAY
        alerts[day] += 1
        episodes[day] += each.alert is not None and each.alert.index == 0
    return {"alerts": max(alerts.values(), default=0), "episodes": max(episodes.values(), default=0)}


def _per_hour(scored: Sequence[Judged]) -> dict[str, float]:
    """Alerts in an hour with events: the median and the most."""
    hours = Counter({each.record.time // HOUR: 0 for each in scored})
    hours.update(each.record.time // HOUR for each in scored if each.alert is not None)
    counts = list(hours.values())
    return {"median": statistics.median(counts), "max": max(counts)} if counts else {"median": 0, "max": 0}


def _per(count: float, of: float) -> float | None:
    return count / of if of else None
