"""Apache Kafka in KRaft mode as child processes: from Maven artifacts with Java, or in Docker containers."""

import base64
import fcntl
import getpass
import itertools
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

VERSION = "4.3.0"
READY_WITHIN_S = 180.0
_HERE = Path(__file__).parent
# What starts in a second, and pauses for 60 ms when it collects.
_QUICK_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
# What Kafka's own scripts start a broker with: it collects within 20 ms.
_SHIPPED_JVM = (
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
)
# Locks on ports that were given to this process: held until it ends.
_OURS: list[IO[str]] = []


class Unavailable(Exception):
    """No way to run Apache Kafka here; the text says what is missing."""


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, and that no other test is given while this process lives.

    They are below those that the kernel gives to whoever asks for any: a server that is restarted finds its
    port free again.
    """
    folder = Path(tempfile.gettempdir()) / f"eventcluster-ports-{getpass.getuser()}"
    folder.mkdir(exist_ok=True)
    end = _first_of_the_kernel()
    candidates = random.sample(range(end - 16_000, end), 4_000)
    return list(itertools.islice(filter(partial(_is_ours, folder), candidates), count))


def _first_of_the_kernel() -> int:
    """Where the ports begin that the kernel gives; Linux's default where it tells nothing, or all ports."""
    try:
        told = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        told = 0
    return told if told > 20_000 else 32_768


def _is_ours(folder: Path, port: int) -> bool:
    """Whether the port is free, and from now on ours."""
    lock = (folder / str(port)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as tried:
            tried.bind(("127.0.0.1", port))
    except OSError:
        lock.close()
        return False
    _OURS.append(lock)
    return True


def jars() -> Path:
    """The folder of the broker's jars. Raises Unavailable where there is no Java, or as `fetched` does."""
    if shutil.which("java") is None:
        raise Unavailable("java is not installed (Debian: apt-get install default-jre-headless)")
    return fetched(f"kafka-{VERSION}", _HERE / "pom.xml")


def fetched(name: str, pom: Path) -> Path:
    """A folder of the jars that a pom names: fetched by Maven once, kept in the user's cache.

    Raises Unavailable where Maven is missing or the artifacts cannot be fetched.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eventcluster"
    target = cache / name
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _fetch(target, pom)
    return target


def _fetch(target: Path, pom: Path) -> None:
    if shutil.which("mvn") is None:
        raise Unavailable("mvn is not installed (Debian: apt-get install maven)")
    partial = target.with_name(f"{target.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={partial}"]
    command = ["mvn", "-q", "-B", "-f", str(pom), *goal]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise Unavailable(f"Maven could not fetch {target.name}: {done.stdout[-500:]}{done.stderr[-500:]}")
    partial.rename(target)


def docker_answers() -> bool:
    """Whether a docker engine can be asked to run the apache/kafka image."""
    if shutil.which("docker") is None:
        return False
    done = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60)
    return done.returncode == 0


class Cluster:
    """One or three brokers on free ports of this machine, which can be stopped and started one by one."""

    def __init__(self, nodes: int = 1, *, as_shipped: bool = False) -> None:
        """as_shipped : the JVM is told what Kafka's own scripts tell it, for whoever measures latency."""
        self._as_shipped = as_shipped
        self._ports = free_ports(2 * nodes)
        self._nodes = nodes
        # Plain base64 without its two signs: an id that begins with "-" would be read as an option.
        self._id = base64.b64encode(uuid.uuid4().bytes, altchars=b"AA").rstrip(b"=").decode()
        self._folder = Path(tempfile.mkdtemp(prefix="eventcluster-kafka-"))
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._launch: Callable[[int], subprocess.Popen[bytes]] = self._choose_launcher()

    @property
    def bootstrap(self) -> str:
        """The addresses of all nodes, host:port,..."""
        return ",".join(f"127.0.0.1:{port}" for port in self._ports[: self._nodes])

    def start(self) -> None:
        """Start every node and wait until a topic can be created; raises Unavailable with its log."""
        for node in range(1, self._nodes + 1):
            self.start_node(node)
        self.wait_until_ready()

    def start_node(self, node: int) -> None:
        """Start one node (1-based), also again after stop_node."""
        self._processes[node] = self._launch(node)

    def stop_node(self, node: int, *, kill: bool = False) -> None:
        """Stop one node and wait for its end; `kill` gives it no time to say good-bye."""
        process = self._processes.pop(node)
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def rebalances(self, group: str) -> int:
        """How often a group's partitions were shared out: classic generations, epochs of KIP-848."""
        logs = "".join(each.read_text(errors="replace") for each in self._folder.glob("node-*.log"))
        name = re.escape(group)
        classic = set(re.findall(rf"Stabilized group {name} generation (\d+) ", logs))
        return len(classic) + len(set(re.findall(rf"\[GroupId {name}\] Bumped group epoch to (\d+)", logs)))

    def stop(self) -> None:
        """End every node at once and remove what they wrote."""
        for node, process in self._processes.items():
            if self._launch == self._run_container:
                remove = ["docker", "rm", "--force", self._container(node)]
                subprocess.run(remove, check=False, capture_output=True, timeout=60)
            process.kill()
        for process in self._processes.values():
            process.wait()
        self._processes.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _choose_launcher(self) -> Callable[[int], subprocess.Popen[bytes]]:
        try:
            self._jars = jars()
        except Unavailable as missing:
            if docker_answers():
                return self._run_container
            raise Unavailable(f"{missing}; nor does a docker engine answer") from None
        return self._run_java

    def _properties(self, node: int) -> dict[str, str]:
        broker, controller = self._ports[node - 1], self._ports[self._nodes + node - 1]
        voters = ",".join(
            f"{each}@127.0.0.1:{self._ports[self._nodes + each - 1]}" for each in range(1, self._nodes + 1)
        )
        replicas, in_sync = str(self._nodes), str(max(1, self._nodes - 1))
        return {
            "process.roles": "broker,controller",
            "node.id": str(node),
            "controller.quorum.voters": voters,
            "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self._folder / f"node-{node}"),
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": "5",
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": "5",
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": in_sync,
            "default.replication.factor": replicas,
            "min.insync.replicas": in_sync,
            "num.partitions": "1",
            "group.initial.rebalance.delay.ms": "0",
            # Rebalances and failures of members show within a second, not ten.
            "group.min.session.timeout.ms": "1000",
            "group.consumer.min.session.timeout.ms": "1000",
            "group.consumer.session.timeout.ms": "6000",
            "group.consumer.min.heartbeat.interval.ms": "500",
            "group.consumer.heartbeat.interval.ms": "500",
            "auto.create.topics.enable": "false",
            "log.cleaner.backoff.ms": "200",
            # Ten seconds by default.
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
        }

    def _run_java(self, node: int) -> subprocess.Popen[bytes]:
        properties = self._folder / f"node-{node}.properties"
        classes = ["-cp", f"{self._jars}/*"]
        if not properties.exists():
            properties.write_text("".join(f"{k}={v}\n" for k, v in self._properties(node).items()))
            formatting = ["kafka.tools.StorageTool", "format", "-t", self._id, "-c", str(properties)]
            subprocess.run(["java", *classes, *formatting], check=True, capture_output=True, timeout=180)
        heap = "1g" if self._as_shipped else "512m" if self._nodes == 1 else "256m"
        machine = _SHIPPED_JVM if self._as_shipped else _QUICK_JVM
        java = ["java", f"-Xms{heap}", f"-Xmx{heap}", *machine]
        logging = f"-Dlog4j2.configurationFile=file:{_HERE / 'log4j2.yaml'}"
        return self._spawn(node, [*java, logging, *classes, "kafka.Kafka", str(properties)])

    def _run_container(self, node: int) -> subprocess.Popen[bytes]:
        properties = self._properties(node) | {"log.dirs": "/var/lib/kafka/data"}
        settings = [f"KAFKA_{key.upper().replace('.', '_')}={value}" for key, value in properties.items()]
        environment = [part for each in [f"CLUSTER_ID={self._id}", *settings] for part in ("-e", each)]
        run = ["docker", "run", "--rm", "--network", "host", "--name", self._container(node)]
        return self._spawn(node, [*run, *environment, f"apache/kafka:{VERSION}"])

    def _container(self, node: int) -> str:
        return f"{self._folder.name}-{node}"

    def _spawn(self, node: int, command: list[str]) -> subprocess.Popen[bytes]:
        # The kernel then ends the broker with us, however we end.
        tied = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with (self._folder / f"node-{node}.log").open("ab") as log:
            return subprocess.Popen(
                [*tied, *command], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )

    def wait_until_ready(self) -> None:
        """Until a topic can be created; raises Unavailable with the logs."""
        deadline = time.monotonic() + READY_WITHIN_S
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        replicas = self._nodes
        while True:
            topic = NewTopic(f"ready-{uuid.uuid4().hex}", num_partitions=1, replication_factor=replicas)
            try:
                admin.create_topics([topic], request_timeout=2.0)[topic.topic].result(timeout=5)
                admin.delete_topics([topic.topic])[topic.topic].result(timeout=5)
            except (KafkaException, TimeoutError) as error:
                dead = [node for node, each in self._processes.items() if each.poll() is not None]
                if dead or time.monotonic() > deadline:
                    logs = "".join(each.read_text()[-2000:] for each in self._folder.glob("*.log"))
                    self.stop()
                    raise Unavailable(f"Apache Kafka did not start ({error}): {logs}") from None
            else:
                return
