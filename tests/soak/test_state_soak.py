"""Services and brokers killed, stopped and paused at random for minutes: what is published stays the same.

Prints its seed and a report. EVENTCLUSTER_SOAK_SEED replays the order of the failures,
EVENTCLUSTER_SOAK_KILLS and EVENTCLUSTER_SOAK_BROKERS say how many, EVENTCLUSTER_SOAK_REPORT names a file
for the report.
"""

import json
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from tests.kafka.services import Service, Topics
from tests.kafka.test_state import SECTIONS, stream
from tests.support.brokers import Cluster, Unavailable

PARTITIONS, INSTANCES, PIECE = 6, 3, 100
WITHIN_S = 300.0


@dataclass
class Report:
    """What happened; `lost` and `duplicated` are records of the anomalies topic."""

    seed: int
    kills: int = 0
    pauses: int = 0
    clean_stops: int = 0
    broker_stops: int = 0
    ended_by_itself: int = 0
    assignments: int = 0
    events: int = 0
    expected: int = 0
    seen: int = 0
    lost: int = 0
    duplicated: int = 0
    different_order: int = 0
    restores: dict[str, int] = field(default_factory=dict)
    restore_seconds_max: float = 0.0
    seconds: float = 0.0


@pytest.fixture
def brokers() -> Iterator[Cluster]:
    """Three nodes of this test alone: it stops them."""
    try:
        cluster = Cluster(3)
    except Unavailable as missing:
        pytest.skip(str(missing))
    cluster.start()
    yield cluster
    cluster.stop()


class Soak:
    """Three instances at work, and what is done to them."""

    def __init__(self, brokers: Cluster, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - an order of failures, no secret
        self.report = Report(seed)
        self.brokers = brokers
        self.topics = Topics(brokers.bootstrap, PARTITIONS, replicas=3)
        self.records = {number: stream(seed + number, 20_000, number) for number in range(PARTITIONS)}
        self.all: list[Service] = []
        self.services = [self._service(folder, number) for number in range(INSTANCES)]
        self.ends = {service.config: 0 for service in self.services}

    def _service(self, folder: Path, number: int) -> Service:
        kafka = {"batch": {"max_records": 50}}
        service = Service(self.topics, folder, instance=f"i{number}", kafka=kafka, sections=SECTIONS)
        self.all.append(service)
        return service.start()

    def write(self) -> None:
        """A piece more for every partition."""
        for number, records in self.records.items():
            done = len(self.topics.written[number])
            self.topics.write(number, records[done : done + PIECE])

    def supervise(self) -> None:
        """Start again what has ended by itself."""
        for service in self.services:
            if service.has_ended():
                self.report.ended_by_itself += 1
                service.start()

    def fail(self) -> None:
        """One failure of a service."""
        service = self.chance.choice(self.services)
        kind = self.chance.random()
        if service.process is None or service.has_ended():
            return
        if kind < 0.75:
            self.report.kills += 1
            service.kill()
            service.start()
        elif kind < 0.95:
            self.report.clean_stops += 1
            service.stop()
            service.start()
        else:
            self.report.pauses += 1
            service.process.send_signal(signal.SIGSTOP)
            time.sleep(12)
            service.process.send_signal(signal.SIGCONT)

    def fail_broker(self) -> None:
        """One broker goes away for a moment."""
        node = self.chance.randint(1, 3)
        self.report.broker_stops += 1
        self.brokers.stop_node(node, kill=self.chance.random() < 0.5)
        self.write_slowly()
        self.brokers.start_node(node)

    def write_slowly(self) -> None:
        """Work while something is away."""
        for _ in range(3):
            time.sleep(0.5)
            self.supervise()

    def finish(self) -> None:
        """Let everything be committed; compare."""
        deadline = time.monotonic() + WITHIN_S
        while not self.topics.all_committed():
            assert time.monotonic() < deadline, "not everything was committed"
            self.supervise()
            time.sleep(0.5)
        report = self.report
        published, expected = self.topics.published(), self.topics.expected(self.services[0].settings)
        for number, wanted in expected.items():
            seen = published[number]
            report.expected += len(wanted)
            report.seen += len(seen)
            report.lost += len(set(wanted) - set(seen))
            report.duplicated += len(seen) - len(set(seen))
            report.different_order += wanted != seen
            report.events += len(self.topics.written[number])
        for service in self.all:
            report.assignments += service.log.count('"partitions assigned"')
            for origin, seconds in re.findall(
                r'"message": ?"restored".*?"from": ?"(\w+)".*?"seconds": ?([\d.]+)', service.log
            ):
                report.restores[origin] = report.restores.get(origin, 0) + 1
                report.restore_seconds_max = max(report.restore_seconds_max, float(seconds))


@pytest.mark.soak
@pytest.mark.kafka
def test_nothing_is_lost_or_doubled_whatever_is_killed(brokers: Cluster, tmp_path: Path) -> None:
    """Kills, clean stops, pauses beyond the session, broker restarts: the undisturbed records, in order."""
    seed = int(os.environ.get("EVENTCLUSTER_SOAK_SEED", "20261123"))
    kills = int(os.environ.get("EVENTCLUSTER_SOAK_KILLS", "50"))
    stops = int(os.environ.get("EVENTCLUSTER_SOAK_BROKERS", "20"))
    soak = Soak(brokers, tmp_path, seed)
    began = time.monotonic()
    try:
        while soak.report.kills < kills or soak.report.broker_stops < stops:
            soak.supervise()
            soak.write()
            time.sleep(soak.chance.random() * 3)
            if soak.report.kills < kills:
                soak.fail()
            if soak.report.broker_stops * kills < stops * soak.report.kills:
                soak.fail_broker()
        soak.finish()
    finally:
        soak.report.seconds = round(time.monotonic() - began, 1)
        text = json.dumps(asdict(soak.report))
        print(text)  # noqa: T201 - the soak's report
        if "EVENTCLUSTER_SOAK_REPORT" in os.environ:
            Path(os.environ["EVENTCLUSTER_SOAK_REPORT"]).write_text(text + "\n", encoding="utf-8")
        for service in soak.all:
            service.end()

    report = soak.report
    assert (0, 0, 0) == (report.lost, report.duplicated, report.different_order), f"seed {seed}"
