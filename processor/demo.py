"""`eventcluster demo`: a broker, a simulated fleet under attack and the service, all in this process.

The fleet's first day is written as fast as the service takes it: there it learns what is usual. Then
simulated time runs on at a pace, and what the service publishes is read back from the anomalies topic and
compared with what the simulation knows. Nothing else passes between the two.
"""

import logging
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.status import Status
from rich.text import Text

from processor import logs, service
from processor.config import Settings
from processor.errors import UsageError
from processor.stream.embedded import PARTITIONS, EmbeddedCluster
from processor.stream.kafka import KafkaBroker
from processor.stream.records import Commit, Output, Partition
from processor.study.simulate import QUIET, Logged, stream
from processor.study.simulate.score import Score
from processor.study.simulate.world import DAY, HOUR, START

HOSTS: Final = 9
_LONGEST_S: Final = 86_400
# A simulated day takes a minute; with --seconds there is time for this many days.
_DAY_S: Final = 60.0
_DAYS_IN_A_SHORT_DEMO: Final = 1.5
_LIVE_SHARE: Final = 1 / 3
# Records on their way: the embedded broker keeps 5 MiB a partition.
_MAX_LAG: Final = 3_000
_MAX_BATCH: Final = 1_000
_TICK_S: Final = 0.05
_DRAIN_S: Final = 30.0
# Attacks begin a simulated hour later.
_LIVE_FROM: Final = START + QUIET - HOUR

_OPENING: Final = "page at {page}, metrics at {page}metrics; learning the fleet's first day (seed {seed})"

# Beside the addresses, which are the embedded broker's. configs/demo.yaml says the same.
CONFIG: Final[dict[str, Any]] = {
    "kafka": {
        "input_topics": ["events"],
        "start": "earliest",
        "delivery": "at_least_once",
        "group_protocol": "consumer",
        "create_topics": True,
    },
    "metrics": {"clusters_every": "1s"},
    "logging": {"level": "warning", "format": "console"},
}


class Fleet:
    """Writes the simulated records into the input topic, at the pace of simulated time."""

    def __init__(self, broker: KafkaBroker, topic: str, seed: int, score: Score) -> None:
        self._broker = broker
        self._topic = topic
        self._records = stream(seed=seed, hosts=HOSTS)
        self._next = next(self._records)
        self._score = score

    @property
    def time(self) -> int:
        """Simulated time: that of the next record, ms."""
        return self._next.time

    def write(self, until: int, limit: int) -> None:
        """Write what happened before `until` (ms), at most `limit` records."""
        batch: list[Output] = []
        while self._next.time < until and len(batch) < limit:
            batch.append(self._output(self._next))
            self._next = next(self._records)
        if batch:
            self._broker.commit(Commit(batch, {}), _DRAIN_S)

    def _output(self, logged: Logged) -> Output:
        key = logged.host.encode()
        partition = zlib.crc32(key) % PARTITIONS
        self._score.wrote(partition, logged.label)
        return Output(self._topic, key, logged.value, partition=partition, timestamp=logged.time)


class Listener:
    """Reads a topic from its beginning, as whoever alerts would."""

    def __init__(self, broker: KafkaBroker, topic: str) -> None:
        self._broker = broker
        self._next: dict[Partition, int] = {}
        broker.subscribe([topic], self)

    def assigned(self, partitions: Sequence[Partition]) -> None:
        """From the first record on."""
        for partition in partitions:
            self._next[partition] = 0
            self._broker.resume(partition, 0)

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """We are alone in the group: only at the end."""
        for partition in partitions:
            self._next.pop(partition, None)

    lost = revoked

    def out_of_range(self, partition: Partition) -> None:
        """Retention took records before they were read: go on with the oldest."""
        self._broker.resume(partition, self._broker.watermarks(partition, _DRAIN_S).low)

    def waiting(self) -> None:
        """Nobody watches whether we are alive."""

    def values(self, wait_s: float) -> list[bytes]:
        """What was published since."""
        runs = self._broker.poll(_MAX_BATCH, wait_s)
        for run in runs:
            self._next[run.partition] = run.offsets[-1] + 1
        return [value for run in runs for value in run.values if value is not None]

    @property
    def done(self) -> bool:
        """Whether all that is in the topic has been handed out."""
        # Asked anew: what the last fetch said of the end may be older than the last anomaly.
        return bool(self._next) and all(
            self._broker.watermarks(partition, _DRAIN_S).end <= read for partition, read in self._next.items()
        )


class Pace:
    """Which simulated time it is: the first day as fast as it goes, then so many seconds a day.

    The end is a simulated time too: on a slow machine a demo takes longer and shows the same.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._seconds = seconds
        self._live_since: float | None = None
        self._day_s = _DAY_S
        self._end: int | None = None

    @property
    def live(self) -> bool:
        """Whether the first day is over."""
        return self._live_since is not None

    def time(self, reached: int) -> int:
        """Simulated time by now, ms; `reached` is where the fleet is."""
        now = self._clock()
        if self._live_since is None:
            if reached < _LIVE_FROM:
                return _LIVE_FROM
            self._live_since = now
            if self._seconds is not None:
                # However long learning took, a third of the time is for what the demo is to show.
                left = max(self._seconds - (now - self._began), self._seconds * _LIVE_SHARE)
                self._day_s = min(_DAY_S, left / _DAYS_IN_A_SHORT_DEMO)
                self._end = _LIVE_FROM + round(left / self._day_s * DAY)
        by_now = _LIVE_FROM + int((now - self._live_since) / self._day_s * DAY)
        return by_now if self._end is None else min(by_now, self._end)

    def over(self, reached: int) -> bool:
        """Whether all is written that there was time for; `reached` is where the fleet is."""
        return self._end is not None and reached >= self._end


class Runner:
    """The service in a thread of its own, as `run` runs it in the main thread."""

    def __init__(self, settings: Settings, cluster: EmbeddedCluster) -> None:
        broker = KafkaBroker(cluster.settings(settings.kafka.group_id, "demo"))
        self._service = service.build(settings, broker)
        service.prepare(settings, self._service)
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="service")

    def start(self) -> int:
        """Start it; the port of its web server. Raises what it raises."""
        self._thread.start()
        while self._thread.is_alive() and self._service.board.current.state != "live":
            time.sleep(_TICK_S)
        self.check()
        return self._service.web.port

    def check(self) -> None:
        """Raise what ended the service, if anything did."""
        if self._failure is not None:
            raise self._failure

    def judged(self) -> int:
        """Records that it has judged, of all partitions."""
        return sum(each.next_offset for each in self._service.board.current.partitions)

    def stop(self) -> None:
        """Let it commit and leave; returns when it has."""
        self._stop.set()
        self._thread.join()
        self._service.camera.close()

    def _run(self) -> None:
        try:
            self._service.run(self._stop)
        except BaseException as failure:  # noqa: BLE001 (raised again in the main thread)
            self._failure = failure


@dataclass(frozen=True, slots=True)
class Scene:
    """The fleet writes, the service judges, the listener reads what it publishes, the console shows it."""

    runner: Runner
    fleet: Fleet
    listener: Listener
    score: Score
    console: Console

    def play(self, pace: Pace, interrupted: threading.Event, status: Status) -> None:
        """Until the time is over, or somebody interrupts."""
        told = False
        while not interrupted.is_set() and not pace.over(self.fleet.time):
            lag = sum(self.score.written) - self.runner.judged()
            self.fleet.write(pace.time(self.fleet.time), min(_MAX_BATCH, max(0, _MAX_LAG - lag)))
            if pace.live and not told:
                _say(self.console, "the first day is learned; intruders come from now on")
                told = True
            self._show(self.listener.values(_TICK_S if pace.live else 0.0))
            self.runner.check()
            status.update(f"{_clock(self.fleet.time)}, {sum(self.score.written)} events, {lag} on their way")

    def drain(self) -> None:
        """Let the service finish what was written, stop it, and read the rest of what it published."""
        give_up = time.monotonic() + _DRAIN_S
        while self.runner.judged() < sum(self.score.written) and time.monotonic() < give_up:
            self.runner.check()
            self._show(self.listener.values(_TICK_S))
        self.runner.stop()
        self.runner.check()
        while not self.listener.done and time.monotonic() < give_up:
            self._show(self.listener.values(_TICK_S))

    def _show(self, values: Sequence[bytes]) -> None:
        for value in values:
            seen = self.score.published(value)
            label = seen.label
            truth = f"{label.attack} {label.stage}" if label.attack else f"benign: {label.cause}"
            host = seen.host.partition(".")[0]
            line = f"{_clock(seen.time)}  {seen.score:3d}  {host}  [{truth}]  {seen.message}"
            self.console.print(Text(line, style="bold red" if label.attack else "dim"))


def run(*, seconds: float | None, seed: int, port: int) -> int:
    """Show the service at work; the exit code: 1 where less than 80 % of the attacks' steps were found.

    seconds : how long, more on a slow machine; None = until SIGINT or SIGTERM; such an interruption ends it
        with exit code 0
    port : of /metrics, on this host
    """
    if seconds is not None and not 1 <= seconds <= _LONGEST_S:
        raise UsageError(f"--seconds must be from 1 to {_LONGEST_S}, got {seconds:g}")
    console = Console(soft_wrap=True, highlight=False)
    score = Score()
    with ExitStack() as at_end:
        interrupted = at_end.enter_context(_interruptions())
        cluster = EmbeddedCluster()
        at_end.callback(cluster.close)
        settings = configuration(cluster.address, port)
        logs.set_up(settings.logging.level, settings.logging.format)
        # The embedded broker answers some requests never, and librdkafka says so.
        logging.getLogger("processor.librdkafka").setLevel(logging.ERROR)
        runner = Runner(settings, cluster)
        at_end.callback(runner.stop)
        pace = Pace(seconds)
        taken = runner.start()
        _say(console, _OPENING.format(page=f"http://127.0.0.1:{taken}/", seed=seed))
        writer = KafkaBroker(cluster.settings("demo-fleet", "demo-fleet"))
        at_end.callback(writer.close)
        fleet = Fleet(writer, settings.kafka.input_topics[0], seed, score)
        reader = KafkaBroker(cluster.settings("demo-listener", "demo-listener"))
        at_end.callback(reader.close)
        scene = Scene(runner, fleet, Listener(reader, settings.kafka.anomalies_topic), score, console)
        with console.status("") as status:
            scene.play(pace, interrupted, status)
            status.update("the service finishes")
            scene.drain()
    for line in score.lines():
        _say(console, line)
    return 0 if interrupted.is_set() or score.enough else 1


def _say(console: Console, line: str) -> None:
    console.print(Text(line))


def _clock(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%a %H:%M:%S}"


def configuration(address: str, port: int) -> Settings:
    """What the demo runs with: brokers at `address`, metrics on `port`."""
    kafka = {**CONFIG["kafka"], "bootstrap_servers": address}
    return Settings.model_validate({**CONFIG, "kafka": kafka, "web": {"port": port}})


@contextmanager
def _interruptions() -> Iterator[threading.Event]:
    """Set by SIGINT or SIGTERM; a second one ends the process as usual."""
    event = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(each) for each in signals]

    def note(*_: object) -> None:
        event.set()
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)

    for each in signals:
        signal.signal(each, note)
    try:
        yield event
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)
