"""What a simulation injected, and what of it was found."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from processor.stream.embedded import PARTITIONS
from processor.study.simulate.world import Label

# The share of an attack's steps that has to be found.
ENOUGH: Final = 0.8


@dataclass(frozen=True, slots=True)
class Seen:
    """An anomaly as it was published, and what the simulation knows of its event."""

    label: Label
    host: str
    time: int
    score: int
    message: str


@dataclass(slots=True)
class Score:
    """What was injected and what was found. A step is an attack's stage; one published event finds it."""

    labels: list[dict[int, Label]] = field(default_factory=lambda: [{} for _ in range(PARTITIONS)])
    injected: dict[tuple[str, str], None] = field(default_factory=dict)
    found: set[tuple[str, str]] = field(default_factory=set)
    benign_alerts: Counter[str] = field(default_factory=Counter)
    benign_episodes: Counter[str] = field(default_factory=Counter)
    written: list[int] = field(default_factory=lambda: [0] * PARTITIONS)

    @property
    def enough(self) -> bool:
        """Whether enough of the injected steps were found; nothing injected is nothing missed."""
        return len(self.found) >= ENOUGH * len(self.injected)

    def wrote(self, partition: int, label: Label) -> None:
        """Take in that the next record of `partition` was written."""
        # Routine background needs no entry: what is missing is background.
        if label.attack or label.cause != "agent":
            self.labels[partition][self.written[partition]] = label
        if label.attack:
            self.injected[label.attack, label.stage] = None
        self.written[partition] += 1

    def published(self, value: bytes) -> Seen:
        """Take in one record of the anomalies topic."""
        record = msgspec.json.decode(value)
        anomaly = record["anomaly"]
        source = anomaly["source"]
        label = self.labels[source["partition"]].get(source["offset"], Label(cause="agent"))
        opens = anomaly["episode"]["index"] == 0
        if label.attack:
            self.found.add((label.attack, label.stage))
        else:
            self.benign_alerts[label.cause] += 1
            self.benign_episodes[label.cause] += opens
        risk, host = record["event"]["risk_score"], record["host"]["name"]
        moment = int(datetime.fromisoformat(record["@timestamp"]).timestamp() * 1000)
        return Seen(label, host, moment, risk, record["message"])

    def lines(self) -> list[str]:
        """The summary."""
        attacks = {attack for attack, _ in self.injected}
        said = [f"events {sum(self.written)}, attacks {len(attacks)}"]
        if self.injected:
            share = len(self.found) / len(self.injected)
            said.append(f"attack steps found {len(self.found)} of {len(self.injected)} ({share:.0%})")
        else:
            said.append("no attack began in this time: give more --seconds")
        missed = [f"{attack} {stage}" for attack, stage in self.injected if (attack, stage) not in self.found]
        if missed:
            said.append(f"missed: {', '.join(missed)}")
        causes = ", ".join(
            f"{cause} {alerts} in {self.benign_episodes[cause]}"
            for cause, alerts in self.benign_alerts.items()
        )
        alerts, episodes = self.benign_alerts.total(), self.benign_episodes.total()
        said.append(f"benign alerts {alerts} in {episodes} episodes" + (f": {causes}" if causes else ""))
        return said
