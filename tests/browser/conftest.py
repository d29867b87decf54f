"""A browser, and the service with its page over a simulated fleet."""

import itertools
import json
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from processor.study.simulate import stream
from tests.browser.chromium import Browser
from tests.kafka.services import Given, Service, Topics
from tests.support.absent import absent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder; one worker has the browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    """Chromium; without it tests skip, but fail under CI=true."""
    artefacts = pytestconfig.rootpath / ".artefacts" / "browser"
    artefacts.mkdir(parents=True, exist_ok=True)
    try:
        found = Browser(artefacts)
    except FileNotFoundError as missing:
        absent(missing)
    yield found
    found.driver.quit()


class Running:
    """`eventcluster run`, a process of its own on Apache Kafka, that has read everything it was given."""

    def __init__(self, topics: Topics, service: Service) -> None:
        self.page = service.address
        self._topics = topics

    def published(self) -> list[bytes]:
        """The anomalies on the topic."""
        return [message.value() or b"" for message in self._topics.read(self._topics.anomalies)]


def asked(address: str) -> Any:
    """What the API answers."""
    with urllib.request.urlopen(address) as response:  # noqa: S310 - an address of these tests
        return json.load(response)


@contextmanager
def running(
    bootstrap: str, folder: Path, records: Sequence[tuple[bytes, int]], **sections: dict[str, Any]
) -> Iterator[Running]:
    """The service over records and their times (ms), its last picture taken after the last of them."""
    topics = Topics(bootstrap, 1)
    topics.write(0, [Given(value, time) for value, time in records])
    service = Service(topics, folder, sections=sections).start()

    def is_done() -> bool:
        if not service.is_ready():
            return False
        status = asked(f"{service.address}api/status")
        taken = status["picture"] and status["picture"]["stream_time"]
        return bool(sum(status["outcomes"].values()) == len(records) and taken == status["stream_time"])

    try:
        service.wait(is_done, "everything read and drawn")
        yield Running(topics, service)
    finally:
        service.end()
        topics.close()


@pytest.fixture(scope="session")
def fleet() -> list[tuple[bytes, int]]:
    """Records of three simulated hosts over two days, attacks among them."""
    logged = itertools.islice(stream(seed=3, hosts=3, quiet=30 * 3_600_000), 12_000)
    return [(each.value, each.time) for each in logged]


@pytest.fixture(scope="session")
def page(
    fleet: list[tuple[bytes, int]], kafka: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of the page of a running service that has read the fleet's records."""
    with running(kafka, tmp_path_factory.mktemp("page"), fleet) as service:
        yield service.page
