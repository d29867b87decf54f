"""How many vectors a partition holds, and who pays for too many."""

import copy
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest

from processor.clustering import components, parts, window, withdrawal
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


def told(engine: Engine) -> tuple[object, ...]:
    """All that is told of a window: events, vectors, parts, what an export holds, and the clusters of all."""
    snapshot = engine.snapshot()
    multiset = {
        (snapshot.scopes[scope], tuple(counts)): events
        for scope, counts, events in zip(
            snapshot.scope.tolist(), snapshot.counts.tolist(), snapshot.multiplicity.tolist(), strict=True
        )
    }
    portion = copy.deepcopy(engine).export(everything=True)
    exported: Counter[tuple[str, Counts]] = Counter()
    if portion is not None:
        for vector, count in zip(portion.vector.tolist(), portion.count.tolist(), strict=True):
            scope = portion.scopes[portion.scope[vector]]
            exported[scope, tuple(portion.counts[vector].tolist())] += count
    assert exported == multiset
    parts = {part: events for part, events in engine.part_events() if events}
    assert sum(multiset.values()) == engine.live_events == sum(parts.values())
    assert len(multiset) == engine.live_vectors
    return multiset, parts, engine.truncated, sorted(engine.scopes)


def book(events: Iterable[tuple[str, Counts, int]]) -> tuple[dict[tuple[str, Counts], int], dict[int, int]]:
    """Events by vector, and by part, of (scope, counts, part)."""
    events = list(events)
    return Counter((scope, counts) for scope, counts, _ in events), Counter(part for _, _, part in events)


class Amid:
    """An engine, and the plain list of what has to be in its window."""

    def __init__(self, most: int) -> None:
        (self.engine,) = engines(1, most)
        self.events: list[tuple[str, Counts, int]] = []
        self.number = 0

    def learn(self, scope: str, counts: Counts, part: int) -> None:
        """One event."""
        self.number += 1
        learn(self.engine, scope, counts, part, self.number)
        self.events.append((scope, counts, part))

    def expire(self, part: int) -> None:
        """Parts below leave."""
        self.engine.expire(part)
        self.events = [event for event in self.events if event[2] >= part]

    def forget(self, scope: str, part: int) -> None:
        """A scope's events up to a part have to be gone."""
        self.events = [event for event in self.events if event[0] != scope or event[2] > part]

    def check(self) -> None:
        """The window is the list."""
        multiset, parts, *_ = told(self.engine)

        assert book(self.events) == (multiset, parts)


@pytest.fixture(params=[True, False], ids=["one by one", "all at once"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways through the log, which has blocks of 16 events and panes that begin within them."""
    monkeypatch.setattr(withdrawal, "LOOPS", request.param)
    monkeypatch.setattr(parts, "LOG_BLOCK", 16)
    monkeypatch.setattr(window, "SETTLE_FROM", 7)


@pytest.mark.usefixtures("form")
def test_eviction_amid_other_scopes_takes_the_oldest_events_of_one() -> None:
    """Vectors that came again stay, less what they had in the parts that went; others' stay whole."""
    amid = Amid(64)
    for i in range(50):
        amid.learn("noisy", (i, 0), i // 10)
        amid.learn("quiet", (i % 3, 7), i // 10)
        amid.learn("noisy", (900, 0), i // 10)
    for i in range(9):
        amid.learn("quiet", (i + 10, 7), 5)
    amid.check()
    assert amid.engine.truncated == 0
    amid.learn("noisy", (77, 0), 5)  # the 64th vector

    amid.forget("noisy", 0)
    amid.check()
    assert amid.engine.truncated == 1
    assert amid.engine.role("noisy", amid.engine.intern((), (900, 0))) is Role.CORE


@pytest.mark.usefixtures("form")
def test_eviction_after_a_part_of_the_window_has_expired_and_slots_were_recycled() -> None:
    """Late, again and again, and with dropped scopes between."""
    amid = Amid(64)
    random = np.random.default_rng(11)
    evicted = 0
    for part in range(60):
        amid.expire(part - 6)
        while amid.engine.truncated == evicted and amid.number < 26 * (part + 1):
            amid.learn("noisy", (int(random.integers(40)), part // 7), part)
            amid.learn(f"q{random.integers(4)}", (int(random.integers(2)), 0), part)
        if amid.engine.truncated > evicted:
            evicted = amid.engine.truncated
            oldest = part - 6
            while book(amid.events)[0] != told(amid.engine)[0]:
                assert oldest <= part
                amid.forget("noisy", oldest)
                oldest += 1
        if part % 9 == 8:
            amid.engine.drop_scope("q1")
            amid.forget("q1", part)
        amid.check()
    assert evicted > 5


@pytest.mark.usefixtures("form")
def test_a_thousand_scopes_of_one_size_lose_in_the_order_of_the_alphabet() -> None:
    """Each all it has, the last one its oldest part."""
    amid = Amid(3001)
    for part in range(3):
        for i in range(1000):
            amid.learn(f"s{i:03d}", (part, i), part)
    amid.learn("s999", (7, 7), 2)  # of the 47 vectors that have to go it has four

    assert 16 == amid.engine.truncated
    for scope, part in [("s999", 2), *((f"s{i:03d}", 2) for i in range(14)), ("s014", 0)]:
        amid.forget(scope, part)
    amid.check()


def test_a_jump_of_time_is_settled_by_slots_or_by_events_alike() -> None:
    """A window of many events of few vectors leaves whole, or but for its end; the counts are the same."""
    for kept in (0, 3, 900):
        amid = Amid(1000)
        for i in range(3000):
            amid.learn("a", (i % 7, 0), i)
        amid.learn("b", (1, 1), 3000)
        amid.check()  # all are counted from here on
        amid.expire(3001 - kept)
        amid.check()
        for i in range(3001, 3100):
            amid.learn("a", (i % 9, 0), i)
        amid.check()


@pytest.mark.usefixtures("form")
def test_an_engine_that_has_learned_nothing_yet_loses_nothing() -> None:
    """The other of its partition reaches the limit."""
    busy, idle = engines(2, 2)

    for i in range(9):
        learn(busy, f"s{i}", (i, 0), i, i)

    assert (8, 1, 0, 0) == (busy.truncated, busy.live_vectors, idle.truncated, idle.live_vectors)
