"""What people who look at the page cost the stream: throughput with ten of them against none."""

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from processor.study.simulate import stream
from tests.kafka.services import Given, Service, Topics

pytestmark = [pytest.mark.soak, pytest.mark.kafka]

CLIENTS = 10
RECORDS = 3_000_000
ODD_EVERY = 1_500
PHASE_S = 2.5
PAIRS = 4

# As the page does: status once a second, the list when there is something new; ETags, gzip, one connection.
LOOKING = """
import http.client, json, sys, threading, time, gzip
host, count = sys.argv[1], int(sys.argv[2])
def look(start):
    time.sleep(start)
    connection, tags, seen = http.client.HTTPConnection(host), {}, None
    def ask(path):
        headers = {"Accept-Encoding": "gzip", "If-None-Match": tags.get(path, "")}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        tags[path] = answer.headers.get("ETag", "")
        return gzip.decompress(body) if answer.headers.get("Content-Encoding") else body
    while True:
        body = ask("/api/status")
        now = json.loads(body)["anomalies"]["seen"] if body else seen
        if now != seen:
            ask("/api/episodes?limit=20")
            seen = now
        time.sleep(1)
for i in range(count):
    threading.Thread(target=look, args=(i / count,), daemon=True).start()
sys.stdin.read()
"""


@dataclass(frozen=True)
class Phase:
    """What the service did in a while: events, its processor time and the clock's, s."""

    events: float
    cpu_s: float
    wall_s: float


def backlog() -> Iterator[Given]:
    """A fleet's records over and over, a program that nobody knows among them now and then."""
    usual = [Given(each.value, each.time) for each in itertools.islice(stream(seed=3, hosts=6), 20_000)]
    last = usual[-1].timestamp
    for number, record in enumerate(itertools.islice(itertools.cycle(usual), RECORDS)):
        yield odd(number, last) if number % ODD_EVERY == 0 else record


def odd(number: int, time_ms: int) -> Given:
    """The first run of a program, on a host of its own now and then."""
    event = {
        "EventID": 4688,
        "TimeGenerated": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time_ms / 1000)),
        "Computer": f"ws-{number % 17:03d}",
        "SubjectUserName": "ann",
        "SubjectLogonId": "0x1",
        "NewProcessName": f"C:\\Users\\Public\\{number:x}\\tool{number:x}.exe",
        "CommandLine": f"tool{number:x}.exe --number {number}",
    }
    return Given(json.dumps(event).encode(), time_ms)


def counted(service: Service) -> tuple[float, float, float]:
    """Events so far, processor time so far, the clock."""
    assert service.process is not None
    stat = Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(stat[11]) + int(stat[12])
    return service.total("eventcluster_events_total"), ticks / os.sysconf("SC_CLK_TCK"), time.monotonic()


def phase(service: Service, clients: int) -> Phase:
    """Let so many look for a while."""
    looking = subprocess.Popen(
        [sys.executable, "-c", LOOKING, service.address.split("/")[2], str(clients)], stdin=subprocess.PIPE
    )
    try:
        time.sleep(0.5)  # until they have started
        before = counted(service)
        time.sleep(PHASE_S)  # what is measured
        after = counted(service)
    finally:
        looking.kill()
        looking.communicate()
    return Phase(*(late - early for early, late in zip(before, after, strict=True)))


def ratio(phases: list[tuple[int, Phase]], rate: Callable[[Phase], float]) -> float:
    """The median rate with clients over the median rate without."""
    looked_at = statistics.median(rate(each) for clients, each in phases if clients)
    return round(looked_at / statistics.median(rate(each) for clients, each in phases if not clients), 3)


def test_ten_who_look_cost_less_than_a_twentieth_of_the_throughput(kafka: str, tmp_path: Path) -> None:
    """Catching up with a backlog on Apache Kafka, in turns with and without clients."""
    topics = Topics(kafka, 1)
    topics.write(0, backlog())
    sections = {"warmup": {"span": "0s", "events": 0}, "metrics": {"clusters_every": "15s"}}
    service = Service(topics, tmp_path, sections=sections).start()
    try:
        service.wait(lambda: service.total("eventcluster_events_total") > 50_000, "50,000 events")
        # With and without, then without and with: what drifts weighs on both alike.
        order = [CLIENTS, 0, 0, CLIENTS] * (PAIRS // 2)
        phases = [(clients, phase(service, clients)) for clients in order]
        left = RECORDS - service.total("eventcluster_events_total")
    finally:
        service.end()
        topics.close()
    ratios = {
        "wall": ratio(phases, lambda each: each.events / each.wall_s),
        "cpu": ratio(phases, lambda each: each.events / each.cpu_s),
    }
    alone = statistics.mean(each.events / each.wall_s for clients, each in phases if not clients)
    sys.stdout.write(f"events/s alone {alone:,.0f}; with {CLIENTS} clients / without: {ratios}\n")

    assert left > 0, "the backlog was too short: raise RECORDS"
    assert ratios["cpu"] >= 0.95
