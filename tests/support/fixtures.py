"""Fixtures around the session's Apache Kafka."""

import os
from collections.abc import Iterator

import pytest

from tests.support.brokers import Unavailable
from tests.support.kafka import shared


def _bootstrap(nodes: int) -> Iterator[str]:
    try:
        kafka = shared(nodes)
    except Unavailable as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must test on Apache Kafka: {missing}")
        pytest.skip(f"no Apache Kafka: {missing}")
    yield kafka.bootstrap
    kafka.release()


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap address of a one-node Apache Kafka, one for the whole test session."""
    yield from _bootstrap(1)


@pytest.fixture(scope="session")
def kafka3() -> Iterator[str]:
    """Bootstrap address of a three-node Apache Kafka, one for the whole test session."""
    yield from _bootstrap(3)
