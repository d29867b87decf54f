"""The container image, built from this checkout and run locked down on Apache Kafka: `make image-test`."""

import json
import os
import resource
import shlex
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.deploy.tools import without_ours
from tests.docs.pages import blocks
from tests.kafka.services import Topics, until
from tests.support.brokers import docker_answers, free_ports

pytestmark = [pytest.mark.image, pytest.mark.kafka, pytest.mark.timeout(1800)]

CHECKOUT: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = CHECKOUT / "docs" / "deploy.md"
STOPS_WITHIN_S: Final = 5.0
TOKEN: Final = "of-a-container-under-test"  # noqa: S105 - lives as long as the test
LARGEST_MIB: Final = 600
# crun, podman's default, wants more of the kernel than a container in a container has.
_PODMAN: Final = ("podman", "--runtime", "runc")
# Podman's own default may be above what we are allowed to set.
_ALLOWED: Final = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
_FILES: Final = 20_000 if _ALLOWED == resource.RLIM_INFINITY else _ALLOWED
_LIMITS: Final = (
    *("--network", "host", "--ulimit", f"nofile={_FILES}:{_FILES}", "--ulimit", "nproc=1024:1024"),
)
_LOCKED_DOWN: Final = (
    *_LIMITS,
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
)


def engine(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Docker where it answers, else podman; both streams are kept."""
    command = ["docker"] if docker_answers() else list(_PODMAN)
    environment = os.environ | {"STORAGE_DRIVER": "vfs"}
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=False, timeout=timeout, env=environment
    )


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """Name of the image, just built; EVENTCLUSTER_TEST_IMAGE names one that is there already."""
    given = os.environ.get("EVENTCLUSTER_TEST_IMAGE")
    if given:
        yield given
        return
    name = f"localhost/eventcluster:test-{uuid.uuid4().hex[:8]}"
    built = subprocess.run(
        [CHECKOUT / "deploy/image/build.sh", name], capture_output=True, text=True, check=False, timeout=1500
    )
    assert built.returncode == 0, f"deploy/image/build.sh: {built.stderr[-3000:]}"
    yield name
    engine("rmi", "--force", name)


@pytest.fixture(scope="module")
def facts(image: str) -> dict[str, Any]:
    """What the engine says of the image."""
    answer = engine("image", "inspect", image)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)[0]
    return found


class Container:
    """`eventcluster run` in a container on the host's network."""

    def __init__(self, image: str, topics: Topics, folder: Path) -> None:
        [self.port] = free_ports(1)
        self.name = f"eventcluster-{uuid.uuid4().hex[:8]}"
        self.config = folder / "eventcluster.yaml"
        kafka = {
            "bootstrap_servers": topics.bootstrap,
            "input_topics": [topics.events],
            "anomalies_topic": topics.anomalies,
            "dead_letters_topic": topics.dead_letters,
            "group_id": topics.group,
            "start": "earliest",
            "state_topic": f"state-{topics.group}",
            "create_topics": True,
        }
        warmup = {"span": "30m", "events": 5}
        self.config.write_text(yaml.safe_dump({"kafka": kafka, "warmup": warmup, "web": {"port": self.port}}))
        self.config.chmod(0o444)
        folder.chmod(0o755)
        mount = f"{self.config}:/etc/eventcluster/eventcluster.yaml:ro"
        web = ["--env", f"EVENTCLUSTER_WEB__PORT={self.port}", "--env", f"EVENTCLUSTER_WEB__TOKEN={TOKEN}"]
        arguments = ["run", "--detach", "--name", self.name, *_LOCKED_DOWN, *web, "--volume", mount, image]
        started = engine(*arguments)
        assert started.returncode == 0, started.stderr

    def get(self, path: str) -> str:
        """What the web server answers; empty while it answers nothing."""
        address = f"http://127.0.0.1:{self.port}{path}"
        asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310 - our own address
                return str(answer.read().decode())
        except OSError:
            return ""

    def runs(self) -> bool:
        """Whether it has not exited."""
        return bool(self.state()["Running"])

    def state(self) -> dict[str, Any]:
        """Its state, as the engine keeps it."""
        found: dict[str, Any] = json.loads(engine("inspect", self.name).stdout)[0]["State"]
        return found

    def log(self) -> str:
        """All that it wrote."""
        said = engine("logs", self.name)
        return said.stdout + said.stderr

    def remove(self) -> None:
        """Whatever state it is in."""
        engine("rm", "--force", self.name)


@pytest.fixture
def topics(kafka: str) -> Topics:
    """Fresh topics."""
    return Topics(kafka, 2)


@pytest.fixture
def container(image: str, topics: Topics, tmp_path: Path) -> Iterator[Container]:
    """A running one."""
    running = Container(image, topics, tmp_path)
    yield running
    running.remove()


def test_the_service_runs_locked_down_and_stops_on_sigterm(container: Container, topics: Topics) -> None:
    """Read-only, unprivileged, no capabilities: ready, anomalies, metrics, page, SIGTERM, exit 0 in 5 s."""
    until(lambda: container.get("/readyz") != "" or not container.runs(), "ready")
    assert container.runs(), container.log()
    command = [sys.executable, "-m", "processor", "simulate", "--config", str(container.config)]
    fleet = ["--hosts", "8", "--rate", "1000", "--seconds", "4"]
    environment = without_ours() | {"EVENTCLUSTER_KAFKA__INSTANCE": "fleet"}
    subprocess.run([*command, *fleet], check=True, timeout=120, capture_output=True, env=environment)
    until(lambda: len(topics.read(topics.anomalies)) > 0, "an anomaly is published")

    metrics = container.get("/metrics")
    page, plots = container.get("/"), container.get("/api/plots")
    healthy = engine("healthcheck", "run", container.name) if not docker_answers() else None
    began = datetime.now(UTC)
    engine("kill", "--signal", "TERM", container.name)
    until(lambda: not container.runs(), "stopped")
    state = container.state()
    # By the engine's own clock reading: asking it takes longer than the service's end, on a busy machine.
    took = (datetime.fromisoformat(state["FinishedAt"]) - began).total_seconds()

    sys.stdout.write(f"\nstopped {took:.1f} s after SIGTERM, exit {state['ExitCode']}\n")
    assert "eventcluster_ready 1.0" in metrics
    assert "<title>" in page
    assert json.loads(plots)
    assert state["ExitCode"] == 0, container.log()
    assert took <= STOPS_WITHIN_S
    assert healthy is None or healthy.returncode == 0, healthy.stderr


def test_the_image_says_what_it_is(facts: dict[str, Any]) -> None:
    """User, entrypoint, signal, health check and OCI labels; and its size is printed."""
    config = facts.get("Config") or {}
    labels = facts.get("Labels") or config.get("Labels") or {}
    size = facts["Size"] / 2**20

    sys.stdout.write(f"\nimage size {size:.0f} MiB, base included\n")
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/opt/eventcluster/bin/eventcluster"]
    assert config.get("StopSignal", "SIGTERM") == "SIGTERM"
    assert "/livez" in json.dumps(config.get("Healthcheck") or facts.get("Healthcheck"))
    wanted = {"title", "description", "licenses", "version", "revision", "created"}
    assert {f"org.opencontainers.image.{name}" for name in wanted} <= labels.keys()
    assert size < LARGEST_MIB


def test_the_documented_command_checks_a_config_in_the_image(image: str, tmp_path: Path) -> None:
    """`docker run ... config check` of docs/deploy.md, by whatever engine there is."""
    script = "".join(block.script for block in blocks(DEPLOY) if block.needs == "docker")
    [command] = [line for line in script.splitlines() if line.startswith("docker run ")]
    config = tmp_path / "eventcluster.yaml"
    config.write_text((CHECKOUT / "configs/eventcluster.yaml").read_text())
    config.chmod(0o444)
    tmp_path.chmod(0o755)
    filled_in = command.replace("$PWD", str(tmp_path)).replace("localhost/eventcluster:dev", image)

    said = engine("run", *_LIMITS, *shlex.split(filled_in)[2:])

    assert said.returncode == 0, said.stderr


def test_the_image_has_no_build_tools_and_cannot_be_written_to(image: str) -> None:
    """No pip in our environment, no compiler, not root, and a read-only root."""
    program = (
        "import os, shutil, sys, importlib.util as u\n"
        "def writable(path):\n"
        "    try: open(path, 'w').close()\n"
        "    except OSError: return False\n"
        "    return True\n"
        "print([os.getuid(), u.find_spec('pip'), shutil.which('cc'), shutil.which('gcc'),\n"
        "       any(writable(p) for p in ('/x', '/opt/eventcluster/x', '/etc/x'))])\n"
    )
    entry = ["--entrypoint", "/opt/eventcluster/bin/python3"]

    said = engine("run", "--rm", *_LOCKED_DOWN, *entry, image, "-c", program)

    assert said.stdout.strip() == "[10001, None, None, None, False]", said.stderr


def test_the_hot_modules_of_the_image_are_compiled(image: str) -> None:
    """The build stage had a compiler: plain Python is right, and slow."""
    program = "import processor.clustering.rows as module; print(module.__file__)"
    entry = ["--entrypoint", "/opt/eventcluster/bin/python3"]

    said = engine("run", "--rm", *_LOCKED_DOWN, *entry, image, "-c", program)

    assert said.stdout.strip().endswith(".so"), said.stderr
