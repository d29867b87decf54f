"""What a batch's outcomes add to the metrics: one increment a batch and series, never one an event."""

from collections import Counter
from collections.abc import Sequence

from processor.metrics import Metrics
from processor.pipeline import Ignored, Late, Outcome, Rejected, Scored


class Tally:
    """Counts outcomes: those that publish nothing are shared instances, and equal themselves only."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.outcomes: Counter[str] = Counter()
        self.withheld: Counter[str] = Counter()

    def add(self, outcomes: Sequence[Outcome]) -> list[int]:
        """Count a batch; places of the outcomes that need to be looked at one by one.

        Those are the rejected ones and those with something to publish.
        """
        notable: set[Outcome] = set()
        for outcome, count in Counter(outcomes).items():
            if isinstance(outcome, Scored):
                self._scored(outcome, count)
                if outcome.published is not None:
                    notable.add(outcome)
            elif isinstance(outcome, Rejected):
                self._metrics.records_rejected_total.labels(outcome.reason).inc(count)
                self.outcomes["rejected"] += count
                notable.add(outcome)
            elif isinstance(outcome, Ignored):
                self._metrics.records_ignored_total.inc(count)
                self.outcomes["ignored"] += count
        return [place for place, outcome in enumerate(outcomes) if outcome in notable] if notable else []

    def _scored(self, outcome: Scored, count: int) -> None:
        metrics = self._metrics
        name = "late" if isinstance(outcome, Late) else "scored"
        self.outcomes[name] += count
        metrics.events_total.labels(outcome.kind, outcome.format, name).inc(count)
        if outcome.clock_skewed:
            metrics.clock_skewed_total.inc(count)
        match outcome.fate:
            case "published" if outcome.published is not None:
                metrics.anomalies_total.labels(outcome.kind, outcome.reason).inc(count)
                metrics.anomaly_score.labels(outcome.kind).observe(outcome.published.score)
                if outcome.published.opens_episode:
                    metrics.episodes_total.inc()
            case "folded":
                metrics.folded_total.labels(outcome.kind).inc(count)
                self.withheld["folded"] += count
            case "suppressed":
                metrics.suppressed_total.labels(outcome.kind).inc(count)
                self.withheld["suppressed"] += count
            case "warmup" | "below_min_score":
                metrics.withheld_total.labels(outcome.kind, outcome.fate).inc(count)
                self.withheld[outcome.fate] += count
            case _:
                pass
