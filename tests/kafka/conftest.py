"""Every test here needs Apache Kafka and shares one, but for those that kill theirs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kafka.services import Service, Topics


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks for what is in this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.kafka)
            own = item.path.name in ("test_broker_down.py", "test_coordinators.py")
            item.add_marker(pytest.mark.xdist_group("broker" if own else "kafka"))


@pytest.fixture
def make_topics(kafka: str) -> Iterator[Callable[[int], Topics]]:
    """Makes fresh topics with so many input partitions."""
    made: list[Topics] = []

    def make(partitions: int) -> Topics:
        made.append(Topics(kafka, partitions))
        return made[-1]

    yield make
    for topics in made:
        topics.close()


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Makes services that are ended with the test."""
    services: list[Service] = []

    def make(topics: Topics, **options: Any) -> Service:
        services.append(Service(topics, tmp_path, **options))
        return services[-1]

    yield make
    for service in services:
        service.end()
