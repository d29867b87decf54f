"""Composition root of `run`: settings in; broker, loop, metrics and web server wired together and run."""

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final, NoReturn

from prometheus_client import CollectorRegistry

import processor
from processor.config import Settings
from processor.errors import BrokerUnreachable
from processor.metrics import Metrics
from processor.picture.camera import Camera
from processor.pipeline import Pipeline
from processor.status import Board
from processor.stream import letterbox, state_topic, topics
from processor.stream.broker import Broker
from processor.stream.check import Finding, Needs, check
from processor.stream.dead_letters import DeadLetterLimits
from processor.stream.kafka import KafkaBroker
from processor.stream.kafka_inspector import KafkaInspector
from processor.stream.librdkafka import KafkaSettings
from processor.stream.loop import Loop, LoopSettings
from processor.stream.observer import Observer
from processor.stream.records import AT_LEAST_ONCE, Partition, TopicFacts
from processor.stream.restore import RestoreSettings
from processor.stream.state_topic import StateSettings
from processor.web.server import Server

log = logging.getLogger(__name__)

# Of the five seconds that an end may take: a little is left for the process to go.
END_WITHIN_S: Final = 4.0
# Objects made and kept, collections of the young, of the middle-aged: models hold no cycles, so that a
# collection finds next to nothing, and a full one stops a large model for a quarter of a second.
COLLECT_AFTER: Final = (50_000, 20, 100)
# A thread that works out a picture gives way so soon, not after 5 ms: a commit asks for that some ten times.
GIVES_WAY_AFTER_S: Final = 0.0003


@dataclass(frozen=True, slots=True)
class Service:
    """The wired service: `run` works until `stop` is set; the board and the metrics show it from outside."""

    broker: Broker
    loop: Loop
    metrics: Metrics
    board: Board
    web: Server
    camera: Camera

    def run(self, stop: threading.Event) -> None:
        """Serve the web, work until `stop` is set, commit, leave the group; raises RunError."""
        self.web.start()
        log.info("web server listening", extra={"host": self.web.host, "port": self.web.port})
        try:
            self.loop.run(stop)
        except BaseException:
            # Without a commit: what is buffered is judged again at the next start.
            self.loop.close()
            raise
        finally:
            self.web.stop()


def instance_name(settings: Settings) -> str:
    """kafka.instance; the host name where the config does not say."""
    return settings.kafka.instance or socket.gethostname()


def connect(settings: Settings) -> Broker:
    """A broker as the config describes it; nothing is asked of it yet. Raises ConfigError."""
    return KafkaBroker(kafka_settings(settings))


def kafka_settings(settings: Settings) -> KafkaSettings:
    """How this instance connects."""
    kafka = settings.kafka
    return KafkaSettings(
        bootstrap_servers=kafka.bootstrap_servers,
        group_id=kafka.group_id,
        instance=instance_name(settings),
        group_protocol=kafka.group_protocol,
        delivery=kafka.delivery,
        transaction_timeout=kafka.transaction_timeout,
        properties=kafka.properties,
    )


def inspect(settings: Settings) -> list[Finding]:
    """What `config check --broker` finds; raises BrokerUnreachable."""
    kafka, window = settings.kafka, settings.window
    needs = Needs(
        bootstrap_servers=kafka.bootstrap_servers,
        inputs=kafka.input_topics,
        anomalies=kafka.anomalies_topic,
        dead_letters=kafka.dead_letters_topic,
        state=kafka.state_topic,
        creates_topics=kafka.create_topics,
        retention=window.length + window.pane + window.max_future_skew,
        pipeline=settings.pipeline(),
    )
    return check(KafkaInspector(kafka_settings(settings)), needs)


def dead_letters(settings: Settings, limit: int) -> Iterator[str]:
    """Lines about the newest dead letters; raises TopicMissing, BrokerUnreachable."""
    # Without transactions: the name of a service that may run with this config must not be taken.
    kafka = settings.kafka.model_copy(update={"delivery": AT_LEAST_ONCE})
    with closing(connect(settings.model_copy(update={"kafka": kafka}))) as broker:
        yield from letterbox.show(broker, kafka.dead_letters_topic, limit, kafka.bootstrap_servers)


def build(settings: Settings, broker: Broker) -> Service:
    """Wire the service to a broker; topics are checked by `prepare`."""
    metrics = Metrics(CollectorRegistry())
    metrics.instance_info.labels(instance_name(settings)).set(1)
    board = Board()
    pipeline_settings = settings.pipeline()

    def empty_model(partition: Partition) -> Pipeline:
        return Pipeline(pipeline_settings, partition.topic, partition.number)

    camera = Camera(pipeline_settings, settings.metrics.clusters_every / 1000)
    observer = Observer(broker, metrics, board, camera)
    # What a restore has made lives for days: no collection needs to look at it.
    loop = Loop(broker, empty_model, loop_settings(settings), metrics, observer, settled=gc.freeze)
    web = Server(settings.web.host, settings.web.port, metrics.registry, board, settings.web.token)
    return Service(broker, loop, metrics, board, web, camera)


def loop_settings(settings: Settings) -> LoopSettings:
    """What the config tells the loop."""
    kafka, window = settings.kafka, settings.window
    return LoopSettings(
        topics=kafka.input_topics,
        anomalies_topic=kafka.anomalies_topic,
        dead_letters_topic=kafka.dead_letters_topic,
        max_records=kafka.batch.max_records,
        max_wait_s=kafka.batch.max_wait / 1000,
        restore=RestoreSettings(kafka.start, window.length, window.pane, window.max_future_skew),
        dead_letters=DeadLetterLimits(**settings.dead_letters.model_dump()),
    )


def prepare(settings: Settings, service: Service) -> None:
    """Check that every topic is there, or create it where allowed; raises TopicMissing, BrokerUnreachable."""
    kafka = settings.kafka
    facts = topics.ensure(
        service.broker,
        kafka.input_topics,
        [kafka.anomalies_topic, kafka.dead_letters_topic],
        configs={kafka.state_topic: state_topic.TOPIC_CONFIG},
        create=kafka.create_topics,
        bootstrap_servers=kafka.bootstrap_servers,
    )
    for topic in kafka.input_topics:
        appends = facts[topic].log_append_time
        if appends is None:
            continue
        service.metrics.log_append_time.labels(topic).set(appends)
        if not appends:
            log.warning(
                "input topic takes its producers' timestamps, so that a forged one can move the window: set "
                "message.timestamp.type=LogAppendTime",
                extra={"topic": topic},
            )
    _keep_state(settings, service, facts)


def _keep_state(settings: Settings, service: Service, facts: Mapping[str, TopicFacts]) -> None:
    """Let the loop write its models' state and begin with it; raises StateTopicWrong."""
    kafka = settings.kafka
    partitions = max(facts[topic].partitions for topic in kafka.input_topics)
    if not state_topic.usable(
        kafka.state_topic, facts.get(kafka.state_topic), partitions, kafka.bootstrap_servers
    ):
        return
    told = settings.pipeline()
    if any(own.engine != "sliding_dbscan" for own in told.detector.kinds.values()):
        log.warning("a fading engine keeps no state: every start learns from the log again")
        return
    service.loop.state = StateSettings(
        topic=kafka.state_topic,
        partitions=facts[kafka.state_topic].partitions,
        group=kafka.group_id,
        topic_ids={topic: facts[topic].id for topic in kafka.input_topics},
        detector=told.detector,
        redact=told.records.redactor.texts,
        extends=kafka.create_topics,
        bootstrap_servers=kafka.bootstrap_servers,
    )


def tune_interpreter() -> None:
    """What a process that is the service, or measures it, sets before anything else."""
    gc.set_threshold(*COLLECT_AFTER)
    sys.setswitchinterval(GIVES_WAY_AFTER_S)


def run(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; 0 = stopped as asked. Raises RunError where the service cannot go on."""
    ending = _Ending()
    tune_interpreter()
    log.info("starting", extra={"version": processor.__version__, "instance": instance_name(settings)})
    service = build(settings, connect(settings))
    try:
        prepare(settings, service)
    except BrokerUnreachable:
        if not ending.asked.is_set():
            raise
    try:
        if not ending.asked.is_set():
            ending.working = True
            service.run(ending.asked)
    finally:
        settled = service.camera.close()
    ending.reached.set()
    log.info("stopped")
    if not settled:
        # All is committed; an orderly end would abort under the picture's thread.
        _end_at_once(0)
    return 0


def _end_at_once(code: int) -> NoReturn:
    """End the process under its threads, with what was logged written out."""
    logging.shutdown()
    os._exit(code)


class _Ending:
    """SIGTERM and SIGINT as an event, and the end of the process in time, whatever call still waits.

    Nothing is lost by such an end: what was not committed is judged again at the next start. A thread is
    woken by the signals: a Python handler runs only once the main thread returns from the library it is in.

    asked : set by the first signal; a second one ends the process at once
    working : whether records may have been judged; without, an end by force is as good as any other
    reached : set when the service has ended by itself
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.working = False
        self.reached = threading.Event()
        self._woken, wake = socket.socketpair()
        wake.settimeout(0)
        self._wake = wake
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        threading.Thread(target=self._watch, name="ending", daemon=True).start()

    def _watch(self) -> None:
        self._woken.recv(1)
        self.asked.set()
        self._woken.settimeout(END_WITHIN_S)
        try:
            again = bool(self._woken.recv(1))
        except TimeoutError:
            again = False
        if self.reached.is_set():
            return
        if self.working and not again:
            log.error("stopped while the brokers did not answer: what was not committed is judged again")
        _end_at_once(1 if self.working else 0)
