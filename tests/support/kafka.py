"""The Apache Kafka of a test session: started once, shared by its processes, ended with the last of them.

    python -m tests.support.kafka --nodes 1        starts one in the foreground and prints its address

A keeper process owns the brokers. Each user holds a shared lock on the keeper's file; the keeper ends the
brokers when it can take that lock alone, which it can as soon as the last user has exited, however it exited.
"""

import argparse
import contextlib
import fcntl
import getpass
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from pathlib import Path
from typing import IO

from tests.support.brokers import READY_WITHIN_S, Cluster, Unavailable

GIVEN = "EVENTCLUSTER_TEST_BOOTSTRAP"
_ROOT = Path(__file__).resolve().parents[2]
_CHECK_EVERY_S = 0.5

# Keepers that we started: they outlive us where others still use them, so nobody waits for their end.
_keepers: list[subprocess.Popen[str]] = []
# Files that this process, as a keeper, has locked for good.
_taken: list[IO[str]] = []


class SharedKafka:
    """A hold on the session's Kafka: `bootstrap` is valid until `release` or the end of this process."""

    def __init__(self, bootstrap: str, hold: IO[str] | None) -> None:
        self.bootstrap = bootstrap
        self._hold = hold

    def release(self) -> None:
        """Let go: the brokers end when nobody holds them."""
        if self._hold is not None:
            self._hold.close()


def shared(nodes: int = 1) -> SharedKafka:
    """Join the running Kafka of this checkout, or start one; raises Unavailable saying why there is none."""
    given = os.environ.get(GIVEN)
    if given:
        return SharedKafka(given, None)
    folder = _folder()
    with (folder / f"start-{nodes}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        current = folder / f"current-{nodes}.json"
        return _join(current) or _start(folder, current, nodes)


def _folder() -> Path:
    checkout = hashlib.sha256(str(_ROOT).encode()).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / f"eventcluster-tests-{getpass.getuser()}-{checkout}"
    folder.mkdir(exist_ok=True)
    return folder


def _join(current: Path) -> SharedKafka | None:
    try:
        info = json.loads(current.read_text())
        hold = Path(info["users"]).open()  # noqa: SIM115 - the open file is the hold: it stays open
    except (OSError, ValueError, KeyError):
        return None
    try:
        fcntl.flock(hold, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.kill(info["keeper"], 0)
    except OSError:
        hold.close()
        return None
    return SharedKafka(info["bootstrap"], hold)


def _start(folder: Path, current: Path, nodes: int) -> SharedKafka:
    users = folder / f"users-{uuid.uuid4().hex}.lock"
    hold = users.open("w")
    fcntl.flock(hold, fcntl.LOCK_SH)
    info = folder / f"{users.stem}.json"
    arguments = ["--nodes", str(nodes), "--users", str(users), "--info", str(info)]
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.support.kafka", *arguments],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    _keepers.append(keeper)
    assert keeper.stdout is not None
    with keeper.stdout as output:
        said = output.readline()
        if not info.exists():
            hold.close()
            raise Unavailable(said + output.read() or f"no answer in {READY_WITHIN_S} s")
    info.replace(current)
    return SharedKafka(said.strip(), hold)


def _keep(nodes: int, users: Path | None, info: Path | None, *, as_shipped: bool) -> int:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        cluster = Cluster(nodes, as_shipped=as_shipped)
        cluster.start()
    except Unavailable as missing:
        sys.stdout.write(f"{missing}\n")
        return 1
    try:
        if info is not None:
            body = {"bootstrap": cluster.bootstrap, "keeper": os.getpid(), "users": str(users or "")}
            info.write_text(json.dumps(body))
        sys.stdout.write(f"{cluster.bootstrap}\n")
        sys.stdout.flush()
        while not stopped.wait(_CHECK_EVERY_S) and not (users is not None and _abandoned(users)):
            pass
    finally:
        cluster.stop()
        for each in (users, info):
            if each is not None:
                each.unlink(missing_ok=True)
    return 0


def _abandoned(users: Path) -> bool:
    """Whether nobody holds the file; if so it is ours from now on, so that nobody joins a Kafka that ends."""
    try:
        mine = users.open()
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        mine.close()
        return False
    _taken.append(mine)
    return True


def main() -> int:
    """Start a Kafka and keep it until SIGINT, SIGTERM, or until its users have gone."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.kafka", description=main.__doc__)
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    parser.add_argument("--info", type=Path, help="JSON file to write the address to")
    parser.add_argument("--users", type=Path, help="lock file held by the users; without it: until a signal")
    parser.add_argument(
        "--as-shipped", action="store_true", help="the JVM as Kafka's own scripts start it, to measure with"
    )
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        return _keep(options.nodes, options.users, options.info, as_shipped=options.as_shipped)
    return 0


if __name__ == "__main__":
    sys.exit(main())
