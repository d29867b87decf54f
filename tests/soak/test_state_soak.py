"""Services and brokers killed, stopped and paused at random for minutes: what is published stays the same.

On the way instances come and go, and eps, the features and the number of partitions change once each.
Prints its seed and a report. EVENTCLUSTER_SOAK_SEED replays the order of the failures,
EVENTCLUSTER_SOAK_KILLS, _BROKERS and _REBALANCES say how many at least, EVENTCLUSTER_SOAK_PROTOCOL is the
group protocol, EVENTCLUSTER_SOAK_REPORT names a file for the report.
"""

import json
import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, Literal

import pytest

from tests.kafka.services import Service, Topics, until
from tests.kafka.streams import SECTIONS, stream
from tests.soak.undisturbed import Phase, difference, published
from tests.support.brokers import Cluster
from tests.support.fixtures import own_brokers

PARTITIONS, MORE_PARTITIONS, FEWEST, MOST, PIECE = 6, 8, 2, 4, 100
# An hour between two phases: no episode is open when the config changes.
PAUSE_MINUTES = 60
WITHIN_S = 300.0
OTHER_EPS = {"process": {"eps": 0.4}}
OTHER_FEATURES = {"process": {"eps": 0.4, "features": ["length", "entropy"]}}


@dataclass
class Report:
    """What happened. Anomalies are told apart by event.id; `changed` are those with other bytes or places."""

    seed: int
    protocol: str
    kills: int = 0
    kills_before_ready: int = 0
    pauses: int = 0
    clean_stops: int = 0
    instances_added: int = 0
    instances_removed: int = 0
    rebalances: int = 0
    broker_restarts: int = 0
    ended_by_itself: int = 0
    events: int = 0
    expected: int = 0
    seen: int = 0
    lost: int = 0
    duplicated: int = 0
    changed: int = 0
    restores: dict[str, int] = field(default_factory=dict)
    restore_s_median: float = 0.0
    restore_s_max: float = 0.0
    seconds: float = 0.0


@pytest.fixture
def brokers() -> Iterator[Cluster]:
    """Three nodes of this test alone: it stops them."""
    with own_brokers(3) as cluster:
        yield cluster


class Soak:
    """Instances at work, and what is done to them."""

    def __init__(self, brokers: Cluster, folder: Path, seed: int, protocol: str) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - an order of failures, no secret
        self.report = Report(seed, protocol)
        self.brokers = brokers
        self.folder = folder
        self.topics = Topics(brokers.bootstrap, PARTITIONS, replicas=3)
        self.streams = {number: stream(seed + number, 40_000, number) for number in range(MORE_PARTITIONS)}
        self.minute = 0
        self.sections: Mapping[str, Any] = SECTIONS
        self.all: list[Service] = []
        self.services: list[Service] = []
        for _ in range(3):
            self.add()
        self.phases = {number: [Phase(0, self.services[0].settings)] for number in range(PARTITIONS)}

    def add(self) -> None:
        """One instance more, under the lowest name that is free, as a stateful set does it."""
        taken = {service.instance for service in self.services}
        kafka = {
            "batch": {"max_records": 50},
            "group_protocol": self.report.protocol,
            "properties": {"topic.metadata.refresh.interval.ms": 2000},
        }
        service = Service(
            self.topics,
            self.folder,
            instance=next(name for n in range(MOST) if (name := f"i{n}") not in taken),
            kafka=kafka,
            sections=self.sections,
        )
        self.all.append(service)
        self.services.append(service.start())

    def write(self) -> None:
        """A piece more for every partition."""
        for number in self.topics.written:
            self.topics.write(number, self.streams[number][self.minute : self.minute + PIECE])
        self.minute += PIECE

    def supervise(self) -> None:
        """Start again what has ended by itself; give the state topic the partitions that it lacks."""
        for service in self.services:
            if service.has_ended():
                self.report.ended_by_itself += 1
                if self.topics.partitions(self.topics.state) < len(self.topics.written):
                    self.topics.extend(self.topics.state, len(self.topics.written))
                service.start()

    def fail(self) -> None:
        """One failure of a service, or one more or less of them."""
        service = self.chance.choice(self.services)
        kind = self.chance.random()
        if kind < 0.50:
            self._kill(service)
            service.start()
        elif kind < 0.60:
            self.report.clean_stops += 1
            service.stop()
            service.start()
        elif kind < 0.65:
            self.report.pauses += 1
            self._pause(service)
        elif len(self.services) >= MOST or (kind < 0.80 and len(self.services) > FEWEST):
            self.report.instances_removed += 1
            self.services.remove(service)
            if self.chance.random() < 0.5:
                self._kill(service)
            else:
                service.stop()
        else:
            self.report.instances_added += 1
            self.add()

    def _kill(self, service: Service) -> None:
        self.report.kills += 1
        self.report.kills_before_ready += not service.is_ready()
        service.kill()

    def _pause(self, service: Service) -> None:
        """Longer than its session lasts."""
        assert service.process is not None
        service.process.send_signal(signal.SIGSTOP)
        until(lambda: not self.topics.has_member(service.instance), "its session to end", WITHIN_S)
        service.process.send_signal(signal.SIGCONT)

    def fail_broker(self) -> None:
        """One broker goes away, and comes back when others do its work."""
        node = self.chance.randint(1, 3)
        self.report.broker_restarts += 1
        self.brokers.stop_node(node, kill=self.chance.random() < 0.5)

        def is_replaced() -> bool:
            self.supervise()
            return not self.topics.is_served_by(node)

        until(is_replaced, f"others instead of node {node}", WITHIN_S)
        self.brokers.start_node(node)

    def change(self, sections: Mapping[str, Any], learns: Literal["all", "window"]) -> None:
        """Another config for all, when everything that was written has been judged.

        What is learned again begins with the window of the last segment, and where that is shows in the texts
        of exemplars: a stop puts it at the change, a kill anywhere before.
        """
        self.settle()
        until(self.topics.is_in_sync, "brokers that can take a last commit", WITHIN_S)
        self.sections = {**SECTIONS, **sections}
        for service in self.services:
            if learns == "window" or self.chance.random() < 0.5:
                service.stop()
            else:
                self._kill(service)
            service.configure(self.sections)
        settings = self.services[0].settings
        for number, phases in self.phases.items():
            phases.append(Phase(len(self.topics.written[number]), settings, learns))
        self.minute += PAUSE_MINUTES
        for service in self.services:
            service.start()

    def add_partitions(self) -> None:
        """More of the input's, while everybody works; the state topic follows when somebody asks for it."""
        self.topics.extend(self.topics.events, MORE_PARTITIONS)
        for number in range(PARTITIONS, MORE_PARTITIONS):
            self.phases[number] = [Phase(0, self.services[0].settings)]

    def settle(self) -> None:
        """Until everything has been judged and committed."""

        def is_settled() -> bool:
            self.supervise()
            return self.topics.all_committed()

        until(is_settled, "everything committed", WITHIN_S)

    def compare(self) -> str:
        """Count into the report; an example of a difference, "" where there is none."""
        report, example = self.report, ""
        seen = self.topics.published()
        for number, phases in self.phases.items():
            records = self.topics.written[number]
            expected = published(records, phases, self.topics.events, number)
            found = difference(expected, seen[number])
            report.events += len(records)
            report.expected += len(expected)
            report.seen += len(seen[number])
            report.lost += found.lost
            report.duplicated += found.duplicated
            report.changed += found.changed
            example = example or found.example
        return example

    def count(self) -> None:
        """What the logs tell."""
        report, took = self.report, []
        report.rebalances = self.brokers.rebalances(self.topics.group)
        for service in self.all:
            for origin, seconds in re.findall(
                r'"message": ?"restored".*?"from": ?"(\w+)".*?"seconds": ?([\d.]+)', service.log
            ):
                report.restores[origin] = report.restores.get(origin, 0) + 1
                took.append(float(seconds))
        report.restore_s_median, report.restore_s_max = median(took), max(took)


def steps(soak: Soak, kills: int, restarts: int, rebalances: int) -> Iterator[None]:
    """Failure by failure until there were so many; a third of the way each change."""
    report = soak.report
    changes: list[Callable[[], None]] = [
        lambda: soak.change(OTHER_EPS, "all"),
        soak.add_partitions,
        lambda: soak.change(OTHER_FEATURES, "window"),
    ]
    for turn in count(1):
        shared_out = soak.brokers.rebalances(soak.topics.group)
        done = min(report.kills / kills, report.broker_restarts / restarts, shared_out / rebalances)
        if done >= 1 and not changes:
            return
        if changes and done >= (4 - len(changes)) / 4:
            changes.pop(0)()
        soak.supervise()
        soak.write()
        # Not a wait: the moment at which a failure comes is a matter of chance.
        time.sleep(soak.chance.random() * 3)
        soak.fail()
        if report.broker_restarts < restarts and turn % 4 == 0:
            soak.fail_broker()
        yield


@pytest.mark.soak
@pytest.mark.kafka
def test_nothing_is_lost_or_doubled_whatever_is_killed(brokers: Cluster, tmp_path: Path) -> None:
    """Kills, pauses, broker restarts, members that come and go, changes: the undisturbed records."""

    def told(name: str, default: str) -> str:
        return os.environ.get(f"EVENTCLUSTER_SOAK_{name}", default)

    soak = Soak(brokers, tmp_path, int(told("SEED", "20261123")), told("PROTOCOL", "classic"))
    rebalances = int(told("REBALANCES", "50"))
    began = time.monotonic()
    example = ""
    try:
        for _ in steps(soak, int(told("KILLS", "50")), int(told("BROKERS", "20")), rebalances):
            pass
        soak.settle()
        example = soak.compare()
    finally:
        soak.count()
        soak.report.seconds = round(time.monotonic() - began, 1)
        text = json.dumps(asdict(soak.report))
        print(text)  # noqa: T201 - the soak's report
        if told("REPORT", ""):
            Path(told("REPORT", "")).write_text(text + "\n", encoding="utf-8")
        for service in soak.all:
            service.end()

    report = soak.report
    assert (0, 0, 0) == (report.lost, report.duplicated, report.changed), f"seed {report.seed}\n{example}"
