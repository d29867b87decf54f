"""What people who look at the page cost the stream: throughput with ten of them against none."""

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from processor.study.simulate import stream
from tests.kafka.services import Given, Service, Topics

pytestmark = [pytest.mark.soak, pytest.mark.kafka]

CLIENTS = 10
RECORDS = 2_000_000
ODD_EVERY = 1_500
PHASE_S = 2.0
# Each round reads the backlog from its beginning, so that it lasts however fast the service is.
ROUNDS = 4
PAIRS = 2

# As the page does: status once a second, the list when there is something new; ETags, gzip, one connection
# each. One cheap process, for it shares the service's processors: what a browser does is not measured.
LOOKING = r"""
import gzip, re, socket, sys, time
host, count = sys.argv[1], int(sys.argv[2])
name, port = host.split(":")
ask = "GET %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip\r\nIf-None-Match: %s\r\n\r\n"
class Looker:
    def __init__(self):
        self.socket, self.tags, self.seen = socket.create_connection((name, int(port))), {}, None
    def ask(self, path):
        self.socket.sendall((ask % (path, host, self.tags.get(path, ""))).encode())
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.socket.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        head = head.decode().lower()
        length = re.search(r"content-length: (\d+)", head)
        while length and len(body) < int(length[1]):
            body += self.socket.recv(65536)
        assert head.startswith(("http/1.1 200", "http/1.1 304")), head
        self.tags[path] = re.search(r"etag: (\S+)", head)[1]
        return gzip.decompress(body) if "content-encoding: gzip" in head else body
    def look(self):
        body = self.ask("/api/status")
        seen = re.search(rb'"seen":(\d+)', body)[1] if body else self.seen
        if seen != self.seen:
            self.ask("/api/episodes?limit=20")
            self.seen = seen
lookers = [Looker() for _ in range(count)]
start = time.monotonic()
for turn in range(10**6):
    for number, looker in enumerate(lookers):
        time.sleep(max(0, start + turn + number / count - time.monotonic()))
        looker.look()
    if not turn:
        print("looking", flush=True)
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
    looking = None
    if clients:
        address = service.address.split("/")[2]
        command = [sys.executable, "-c", LOOKING, address, str(clients)]
        looking = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        if looking is not None and looking.stdout is not None:
            with looking.stdout as told:
                assert told.readline() == b"looking\n", "nobody looked"
        before = counted(service)
        time.sleep(PHASE_S)  # what is measured
        after = counted(service)
        assert looking is None or looking.poll() is None, "nobody looked"
    finally:
        if looking is not None:
            looking.kill()
            looking.wait()
    return Phase(*(late - early for early, late in zip(before, after, strict=True)))


def ratio(pairs: Sequence[tuple[Phase, Phase]], rate: Callable[[Phase], float]) -> float:
    """The median over pairs of the rate with clients to that without, of the same few seconds."""
    return round(statistics.median(rate(looked_at) / rate(alone) for looked_at, alone in pairs), 3)


def pairs(topics: Topics, folder: Path, number: int) -> Iterator[tuple[Phase, Phase]]:
    """With and without clients, of one service that catches up with the whole backlog."""
    service = Service(
        topics,
        folder,
        kafka={"group_id": f"{topics.group}-{number}"},
        sections={"warmup": {"span": "0s", "events": 0}, "metrics": {"clusters_every": "15s"}},
    ).start()
    try:
        service.wait(lambda: service.total("eventcluster_events_total") > 50_000, "50,000 events")
        for pair in range(PAIRS):
            # With and without, then without and with: what drifts weighs on both alike.
            order = [CLIENTS, 0] if (number + pair) % 2 else [0, CLIENTS]
            phases = {clients: phase(service, clients) for clients in order}
            yield phases[CLIENTS], phases[0]
        assert service.total("eventcluster_events_total") < RECORDS, "the backlog was too short"
    finally:
        service.end()


def test_ten_who_look_cost_less_than_a_twentieth_of_the_throughput(kafka: str, tmp_path: Path) -> None:
    """Catching up with a backlog on Apache Kafka, in turns with and without clients."""
    topics = Topics(kafka, 1)
    topics.write(0, backlog())
    try:
        measured = [pair for number in range(ROUNDS) for pair in pairs(topics, tmp_path, number)]
    finally:
        topics.close()
    ratios = {
        "wall": ratio(measured, lambda each: each.events / each.wall_s),
        "cpu": ratio(measured, lambda each: each.events / each.cpu_s),
    }
    rate = statistics.median(each.events / each.wall_s for _, each in measured)
    sys.stdout.write(f"events/s alone {rate:,.0f}; with {CLIENTS} clients / without: {ratios}\n")

    assert ratios["cpu"] >= 0.95
