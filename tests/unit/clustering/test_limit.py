"""How many vectors a partition holds, and who pays for too many."""

import numpy as np
import pytest

from processor.clustering import components, window
from processor.clustering.engine import Engine, Role
from processor.clustering.limit import Limit
from processor.clustering.rows import Counts, Vector

QUIET = [f"quiet-{i:02d}" for i in range(40)]


def floats(counts: Counts) -> Vector:
    """The counts themselves."""
    return tuple(map(float, counts))


def engines(number: int, most: int) -> list[Engine]:
    """Engines of one partition."""
    limit = Limit(most)
    return [
        Engine(columns=2, eps=0.5, min_samples=2, vector=floats, max_vectors=limit) for _ in range(number)
    ]


def learn(engine: Engine, scope: str, counts: Counts, part: int, serial: int) -> Role:
    """One event in the only gate."""
    return engine.learn(scope, engine.intern((), counts), part, serial, "")


def test_a_flood_in_one_scope_costs_forty_quiet_ones_nothing() -> None:
    """Every quiet scope keeps its vectors and clusters and gets no verdict but core, ten limits long."""
    (engine,) = engines(1, 2000)
    serial = 0
    for scope in QUIET:
        for i in range(10):
            for _ in range(2):
                serial += 1
                learn(engine, scope, (i, i), 0, serial)
    before = components.label(engine.snapshot())
    verdicts = []
    for i in range(20_000):
        serial += 1
        learn(engine, "noisy", (serial, -serial), 1 + i // 100, serial)
        if not i % 50:
            serial += 1
            verdicts.append(learn(engine, QUIET[i // 50 % 40], (i % 10, i % 10), 1 + i // 100, serial))
        assert engine.live_vectors <= 2000
    after = components.label(engine.snapshot())
    clusters = [
        {
            (found.snapshot.scopes[scope], tuple(counts), cluster)
            for scope, counts, cluster in zip(
                found.snapshot.scope.tolist(),
                found.snapshot.counts.tolist(),
                found.cluster.tolist(),
                strict=True,
            )
            if found.snapshot.scopes[scope] != "noisy"
        }
        for found in (before, after)
    ]

    assert {Role.CORE} == set(verdicts)
    assert clusters[0] == clusters[1]
    assert 400 == len(clusters[1])
    assert engine.truncated > 100


def test_the_kinds_of_a_partition_share_its_limit() -> None:
    """Two engines, one limit: the scope with most in both together loses its oldest parts in both."""
    first, second = engines(2, 64)
    for i in range(20):
        learn(first, "both", (i, 0), i, i)
        learn(second, "both", (i, 9), i, i)
    for i in range(23):
        learn(first, "one", (i, 5), 30 + i, 100 + i)
    untouched = first.live_vectors + second.live_vectors
    learn(first, "one", (99, 5), 60, 999)

    assert 63 == untouched
    assert 63 == first.live_vectors + second.live_vectors + 1
    assert None is first.role("both", first.intern((), (0, 0)))
    assert None is second.role("both", second.intern((), (0, 9)))
    assert 24 == sum(
        first.role("one", first.intern((), counts)) is not None
        for counts in [*((i, 5) for i in range(23)), (99, 5)]
    )
    assert (1, 0) == (first.truncated, second.truncated)


def test_part_numbers_begin_anew_before_they_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inner numbers are 32 bits: verdicts before, at and after the turn are those of an engine without it."""
    monkeypatch.setattr(window, "LAST_PART", 40)
    (turning,) = engines(1, 10_000)
    monkeypatch.setattr(window, "LAST_PART", 1 << 31)
    random = np.random.default_rng(5)
    events = [tuple(row) for row in random.integers(-4, 5, (400, 2)).tolist()]
    (plain,) = engines(1, 10_000)
    for number, counts in enumerate(events):
        roles = []
        for engine, last in ((turning, 40), (plain, 1 << 31)):
            monkeypatch.setattr(window, "LAST_PART", last)
            engine.expire(number - 20)
            roles.append(learn(engine, "h", counts, number, number))

        assert roles[0] == roles[1]
        assert (plain.live_vectors, plain.live_events) == (turning.live_vectors, turning.live_events)
    assert turning.parts.last <= 40
