"""Fixtures around the session's Apache Kafka."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.absent import absent
from tests.support.brokers import Cluster, Unavailable
from tests.support.kafka import shared


def _bootstrap(nodes: int) -> Iterator[str]:
    try:
        kafka = shared(nodes)
    except Unavailable as missing:
        absent(missing)
    yield kafka.bootstrap
    kafka.release()


@contextmanager
def own_brokers(nodes: int) -> Iterator[Cluster]:
    """Running brokers of whoever means to stop them."""
    try:
        cluster = Cluster(nodes)
        cluster.start()
    except Unavailable as missing:
        absent(missing)
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Bootstrap address of a one-node Apache Kafka, one for the whole test session."""
    yield from _bootstrap(1)


@pytest.fixture(scope="session")
def kafka3() -> Iterator[str]:
    """Bootstrap address of a three-node Apache Kafka, one for the whole test session."""
    yield from _bootstrap(3)
