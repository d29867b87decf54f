"""The figures of an evaluation: what one detector made of one kind of events of one stream."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class Judged:
    """One event and what the detector made of it.

    place : its number in the stream; repeat : it repeats an event of the window exactly
    score : how unusual, an anomaly or not; anomalous : what would be published were nothing folded
    live : its scope's warm-up was over; heard : so, or warm-up is published as configured
    alert : what was published, as configured; cold_alert : were warm-up published
    """

    record: Labelled
    place: int
    repeat: bool
    score: float
    anomalous: bool
    live: bool
    heard: bool
    alert: Alert | None
    cold_alert: Alert | None


@dataclass(frozen=True, slots=True)
class Pages:
    """Episodes of a stream in which an attack is paged (pages_of): as configured, were warm-up published."""

    configured: frozenset[str]
    cold: frozenset[str]


def with_warmup(judged: Sequence[Judged]) -> list[Judged]:
    """The same events as they were judged were warm-up published."""
    return [replace(each, heard=True, alert=each.cold_alert) for each in judged]


def pages(judged: Sequence[Judged]) -> Pages:
    """Both sets of episodes of one detector's stream, all kinds together."""
    return Pages(pages_of(judged), pages_of(with_warmup(judged)))


def measure(judged: Sequence[Judged], skip: int, paged: Pages) -> dict[str, Any]:
    """The figures of one kind of events of one stream, by their JSON names.

    What is published is as configured: of hosts in warm-up nothing, unless warmup.publish says so, and then
    neither their time nor their attacks count. `warmup_published` has those figures were it all published.
    Rankings are of every event, in warm-up too.
    """
    scored = [each for each in judged if each.place >= skip and each.record.truth.label != LEFT_OUT]
    first = [each for each in with_warmup(judged) if each.place < skip]
    hits = [each.record.truth.label == ATTACK for each in scored]
    ranking = [each.score for each in scored], hits
    return {
        **_published([each for each in judged if each.place >= skip], paged.configured),
        "warmup_published": _published(
            with_warmup([each for each in judged if each.place >= skip]), paged.cold
        ),
        "precision_at": {str(number): precision_at(*ranking, number) for number in FIRST},
        "precision_at_100": precision_at(*ranking, 100),
        "stages_in_first_100": _stages_in_first(scored, 100),
        "average_precision": average_precision(*ranking),
        "average_precision_of_anomalies": average_precision([_if_anomalous(each) for each in scored], hits),
        **_calibration(scored),
        "first": _first(first),
    }


def _published(judged: Sequence[Judged], paged: frozenset[str]) -> dict[str, Any]:
    """What readers of the published records would have had, of hosts that were heard."""
    scored = [each for each in judged if each.record.truth.label != LEFT_OUT]
    heard = [each for each in scored if each.heard]
    benign = [each for each in heard if each.record.truth.label == BENIGN]
    attacks = [each for each in heard if each.record.truth.label == ATTACK]
    alerts = [each for each in heard if each.alert is not None]
    false_alerts = [each for each in benign if each.alert is not None]
    false_episodes = [each for each in false_alerts if each.alert is not None and each.alert.index == 0]
    days = host_days([each for each in judged if each.heard])
    return {
        "events": len(scored),
        "attacks": sum(each.record.truth.label == ATTACK for each in scored),
        "events_in_warmup": len(scored) - len(heard),
        "host_days": days,
        "alerts": len(alerts),
        "alert_rate": _per(len(alerts), len(heard)),
        "alerts_per_host_day": _per(len(alerts), days),
        "benign_alerts": len(false_alerts),
        "benign_episodes": len(false_episodes),
        "benign_alerts_per_host_day": _per(len(false_alerts), days),
        "benign_episodes_per_host_day": _per(len(false_episodes), days),
        "event_recall": _per(sum(each.alert is not None for each in attacks), len(attacks)),
        "event_recall_with_folded": _per(sum(each.anomalous for each in attacks), len(attacks)),
        **_stages([each for each in scored if each.record.truth.label == ATTACK], paged),
        "precision": _per(sum(each.record.truth.label == ATTACK for each in alerts), len(alerts)),
        "alerts_per_hour": _per_hour(heard),
        "worst_day": _worst_day(false_alerts),
    }


def pages_of(judged: Sequence[Judged]) -> frozenset[str]:
    """Episodes that page for an attack in them: begun by an attack, or escalated after another event began.

    Whoever is paged for something harmless, be it benign or not decidable (label 2), may stop reading there.
    """
    found = set()
    for each in judged:
        if each.alert is not None:
            begins = each.alert.index == 0 and each.record.truth.label == ATTACK
            if begins or (each.alert.index > 0 and each.alert.escalated):
                found.add(each.alert.episode)
    return frozenset(found)


def _stages(attacks: Sequence[Judged], paged: frozenset[str]) -> dict[str, Any]:
    """Stages that are new; those that were so in warm-up alone, and those that only repeat, are apart."""
    by_stage: dict[str, list[Judged]] = defaultdict(list)
    for each in attacks:
        by_stage[each.record.truth.stage].append(each)
    new = {stage for stage, events in by_stage.items() if not all(each.repeat for each in events)}
    heard = {stage for stage in new if any(each.heard and not each.repeat for each in by_stage[stage])}
    alerts = [(each.record.truth.stage, each.alert) for each in attacks if each.alert is not None]
    published = {stage for stage, _ in alerts}
    found = {stage for stage, alert in alerts if alert.episode in paged}
    return {
        "stages": len(heard),
        "stage_recall": _per(len(heard & found), len(heard)),
        "stage_recall_published": _per(len(heard & published), len(heard)),
        "stages_missed": sorted(heard - found),
        "stages_in_warmup": len(new - heard),
        "stage_recall_with_warmup": _per(len(new & found), len(new)),
        "exact_repeat_stages": len(by_stage) - len(new),
        "exact_repeat_stages_paged": len(found - new),
    }


def _calibration(scored: Sequence[Judged]) -> dict[str, Any]:
    """How many benign events of hosts that are warm score high; None where no host is."""
    warm = [each for each in scored if each.live and each.record.truth.label == BENIGN]
    high = sum(each.score >= HIGH_SCORE for each in warm)
    return {
        "benign_warm_events": len(warm),
        "benign_high": high,
        "benign_high_per_1000": _per(1000 * high, len(warm)),
    }


def _first(first: Sequence[Judged]) -> dict[str, Any]:
    """Of the events that are skipped, were warm-up published: what a cold start costs."""
    benign = [each for each in first if each.record.truth.label == BENIGN]
    alerts = sum(each.alert is not None for each in benign)
    return {
        "events": sum(each.record.truth.label != LEFT_OUT for each in first),
        "benign_alerts": alerts,
        "benign_alerts_per_host_day": _per(alerts, host_days(first)),
    }


def _if_anomalous(each: Judged) -> float:
    return each.score if each.anomalous else 0.0


def _stages_in_first(scored: Sequence[Judged], first: int) -> int:
    """Of the anomalies, fewer where there are fewer: what is found by who reads the highest scores."""
    anomalies = [each for each in scored if _if_anomalous(each) > 0]
    ranked = sorted(anomalies, key=lambda each: (-each.score, each.place))[:first]
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
