"""A browser, and the service with its page over a simulated fleet."""

import itertools
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from processor.config import Settings
from processor.service import Service, build
from processor.stream.memory import MemoryBroker, MemoryCluster
from processor.study.simulate import stream
from tests.browser.chromium import Browser

EVENTS, ANOMALIES, DEAD_LETTERS = "events", "eventcluster.anomalies", "eventcluster.dead-letters"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder; one worker has the browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    """Chromium; without it tests skip, but fail under CI=true."""
    artefacts = pytestconfig.rootpath / ".artefacts" / "browser"
    artefacts.mkdir(parents=True, exist_ok=True)
    try:
        found = Browser(artefacts)
    except FileNotFoundError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    yield found
    found.driver.quit()


@contextmanager
def running(records: Iterable[tuple[bytes, int]], **sections: dict[str, Any]) -> Iterator[Service]:
    """The service as `run` wires it, its broker in memory, over records and their times (ms)."""
    cluster = MemoryCluster()
    for topic in (EVENTS, ANOMALIES, DEAD_LETTERS):
        cluster.create(topic, 1)
    for value, time in records:
        cluster.append(EVENTS, value, partition=0, timestamp=time)
    settings = Settings.model_validate(
        {
            "version": 1,
            "kafka": {"bootstrap_servers": "memory:1", "input_topics": [EVENTS], "start": "earliest"},
            "metrics": {"clusters_every": "500ms"},
            "web": {"port": 0},
            **sections,
        }
    )
    service = build(settings, MemoryBroker(cluster))
    stop = threading.Event()
    thread = threading.Thread(target=service.run, args=(stop,))
    thread.start()
    try:
        yield service
    finally:
        stop.set()
        thread.join(20)


@pytest.fixture(scope="session")
def fleet() -> list[tuple[bytes, int]]:
    """Records of three simulated hosts over two days, attacks among them."""
    logged = itertools.islice(stream(seed=3, hosts=3, quiet=30 * 3_600_000), 12_000)
    return [(each.value, each.time) for each in logged]


@pytest.fixture(scope="session")
def page(fleet: list[tuple[bytes, int]], browser: Browser) -> Iterator[str]:
    """Address of the page of a running service that has read the fleet's records."""
    with running(fleet) as service:
        board = service.board
        browser.until(
            lambda: (
                board.current.picture is not None
                and board.current.outcomes.get("scored", 0) >= len(fleet) * 0.99
            ),
            "all records to be read",
        )
        yield f"http://127.0.0.1:{service.web.port}/"
