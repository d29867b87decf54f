"""What came of a replay, counted and said."""

import heapq
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from processor.clustering import components
from processor.events.event import Event, Kind
from processor.pipeline import Ignored, Late, Outcome, Published, Rejected

# Anomalies said in the summary: those with the highest scores.
_HIGHEST: Final = 10


class Told(NamedTuple):
    """An anomaly worth a line: highest score first, then the earlier record."""

    score: int
    negative_number: int
    time: str
    host: str
    message: str


@dataclass(slots=True)
class Summary:
    """What came of a replay. The four outcomes add up to the records read."""

    scored: int = 0
    late: int = 0
    ignored: int = 0
    rejected: int = 0
    learned_before: int = 0
    episodes: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    counts: dict[Kind, components.ClusterCounts] = field(default_factory=dict)
    highest: list[Told] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    @property
    def records(self) -> int:
        """Records read from FILES."""
        return self.scored + self.late + self.ignored + self.rejected

    def count(self, outcome: Outcome) -> None:
        """Count what became of one record."""
        if isinstance(outcome, Ignored):
            self.ignored += 1
            return
        if isinstance(outcome, Rejected):
            self.rejected += 1
            self.rejections[outcome.reason] += 1
            return
        if isinstance(outcome, Late):
            self.late += 1
        else:
            self.scored += 1
        if outcome.published is not None:
            self.reasons[outcome.reason] += 1
            self.episodes += outcome.published.opens_episode
        elif outcome.fate:
            self.withheld[outcome.fate] += 1

    def tell(self, published: Published, number: int) -> None:
        """Keep an anomaly, of record `number`, if it is among the highest so far."""
        if len(self.highest) == _HIGHEST and published.score <= self.highest[0].score:
            return
        text = msgspec.json.decode(published.value)
        told = Told(
            published.score, -number, text["@timestamp"], _plain(text["host"]["name"]), text["message"]
        )
        (heapq.heappush if len(self.highest) < _HIGHEST else heapq.heappushpop)(self.highest, told)

    def show(self, number: int, outcome: Outcome, event: Event | None) -> None:
        """Keep what record `number` became: the event that was read from it, or why there is none."""
        if event is not None:
            what = json.dumps({name: value for name, value in msgspec.structs.asdict(event).items() if value})
        else:
            what = f"rejected: {outcome.message}" if isinstance(outcome, Rejected) else "ignored"
        self.shown.append(f"record {number}: {_plain(what)}")

    def lines(self) -> list[str]:
        """The summary as it is printed."""
        highest = sorted(self.highest, reverse=True)
        told = [f"{each.score:3d}  {each.time}  {each.host}  {each.message}" for each in highest]
        return [*self.shown, *self.totals(), *told]

    def totals(self) -> list[str]:
        """The numbers alone."""
        outcomes = {name: getattr(self, name) for name in ("scored", "late", "ignored", "rejected")}
        said = [f"records {self.records}: {_listed(outcomes)}"]
        if self.learned_before:
            said.append(f"history {self.learned_before} records learned before")
        said += [
            f"{kind}: {count.clusters} clusters, {count.singletons} singletons, "
            f"{count.noise_events} noise events, {count.clustered_events} clustered events"
            for kind, count in self.counts.items()
        ]
        by_reason = _listed(self.reasons)
        said.append(
            f"anomalies {self.reasons.total()} in {self.episodes} episode{'' if self.episodes == 1 else 's'}"
            + (by_reason and f": {by_reason}")
        )
        if self.withheld:
            said.append(f"not published: {_listed(self.withheld)}")
        if self.rejections:
            said.append(f"rejected: {_listed(self.rejections)}")
        return said


def _plain(text: str) -> str:
    """Untrusted text for a terminal: no control characters."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
