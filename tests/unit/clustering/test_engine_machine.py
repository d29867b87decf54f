"""The engine as a state machine: hypothesis looks for a short sequence of calls with a wrong answer."""

import pickle
from functools import partial
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from processor.clustering.engine import Engine, Role, Spot
from processor.clustering.rows import Counts, Gate
from tests.unit.clustering.oracle import Place, Window, dbscan
from tests.unit.clustering.plain import PlainEngine
from tests.unit.clustering.shapes import Shape, scaled, unit
from tests.unit.clustering.streams import Labelled, labelled, labelled_by, small_limits

MOST = 12  # dimensions
# Most events share a place: the paths of many vectors begin at four.
SCOPES = st.sampled_from([*["a"] * 6, "b", "c"])
GATES = st.sampled_from([*[()] * 6, ("cmd",), ("svc", 1)])
WHERE = st.tuples(
    st.integers(-3, 3), st.integers(-1, 1), st.integers(-1, 1), *[st.integers(0, 1)] * (MOST - 3)
)
SHAPES = st.sampled_from(
    [
        *(Shape("integers", partial(scaled, step=1.0), 0, 3, eps) for eps in (1.0, 2.0, 2.0**0.5)),
        *(Shape("tenths", partial(scaled, step=0.1), 0, 3, eps) for eps in (0.1, 0.2, 0.1 * 3)),
        *(Shape("unit", unit, 0, 3, eps) for eps in (0.2, 0.5, 1.0)),
    ]
)


class EngineMachine(RuleBasedStateMachine):
    """Learning, late events, panes that leave, dropped scopes, eviction, pickles and snapshots at any moment.

    In 1 to 12 dimensions, on lattices with eps on them and on the unit sphere.
    """

    @initialize(
        shape=SHAPES,
        columns=st.integers(1, MOST),
        min_samples=st.integers(1, 8),
        limit=st.sampled_from([5, 1000, 1000]),
        paths=st.integers(0, 99),
    )
    def begin(self, shape: Shape, columns: int, min_samples: int, limit: int, paths: int) -> None:
        """Empty engines, of which one is neither asked nor stored, and the multiset itself."""
        self.patch = pytest.MonkeyPatch()
        small_limits(self.patch, np.random.default_rng(paths))
        self.shape, self.columns = shape, columns
        self.min_samples = min_samples
        made: dict[str, Any] = {"columns": columns, "eps": shape.eps, "min_samples": min_samples}
        made |= {"vector": shape.vector, "max_vectors": limit}
        self.flat, self.quiet, self.plain = Engine(**made), Engine(**made), PlainEngine(**made)
        self.window = Window()
        self.part = self.serial = 0
        self.spots: dict[tuple[str, Gate, Counts], Spot] = {}

    @rule(scope=SCOPES, gate=GATES, where=WHERE, copies=st.integers(1, 5))
    def learn(self, scope: str, gate: Gate, where: Counts, copies: int) -> None:
        """The same role for each copy of an event."""
        counts = where[: self.columns]
        for _ in range(copies):
            self.serial += 1
            told = (self.part, self.serial, str(self.serial))

            role = self.plain.learn(scope, self.plain.intern(gate, counts), *told)
            self.window.add(self.part, scope, gate, counts, self.serial)

            assert role == self.learned(scope, gate, counts, told)
            assert role == self.quiet.learn(scope, self.quiet.intern(gate, counts), *told)

    @rule(scope=SCOPES, gate=GATES, where=WHERE, column=st.integers(0, MOST - 1), copies=st.integers(1, 5))
    def learn_beside(self, scope: str, gate: Gate, where: Counts, column: int, copies: int) -> None:
        """An event, and copies of one that is a step away from it."""
        column %= self.columns
        beside = (*where[:column], where[column] + 1, *where[column + 1 :])
        self.learn(scope, gate, where, 1)
        self.learn(scope, gate, beside, copies)

    def learned(self, scope: str, gate: Gate, counts: Counts, told: tuple[int, int, str]) -> Role:
        """The role of one more event, by `again` where that takes it."""
        spot = self.spots.get((scope, gate, counts))
        if spot is not None and self.flat.again(spot, told[0]):
            return Role.CORE
        row = self.flat.intern(gate, counts)
        role = self.flat.learn(scope, row, *told)
        spot = self.flat.spot(scope, row)
        if spot is not None:
            self.spots[scope, gate, counts] = spot
        return role

    @rule(scope=SCOPES, gate=GATES, where=WHERE)
    def judge(self, scope: str, gate: Gate, where: Counts) -> None:
        """The same role, size and company for a late event."""
        counts = where[: self.columns]
        ours, theirs = self.flat.intern(gate, counts), self.plain.intern(gate, counts)

        assert self.plain.judge(scope, theirs) == self.flat.judge(scope, ours)
        assert self.plain.cluster_size(scope, theirs, 9, learned=False) == self.flat.cluster_size(
            scope, ours, 9, learned=False
        )
        assert self.plain.alone_in_gate(scope, theirs, learned=False) == self.flat.alone_in_gate(
            scope, ours, learned=False
        )

    @rule(panes=st.integers(1, 9), kept=st.integers(0, 6))
    def move(self, panes: int, kept: int) -> None:
        """Time goes on; so many parts stay."""
        self.part += panes
        for one in (self.flat, self.quiet, self.plain, self.window):
            one.expire(self.part - kept)

    @rule(scope=SCOPES)
    def drop(self, scope: str) -> None:
        """A scope is forgotten."""
        for one in (self.flat, self.quiet, self.plain, self.window):
            one.drop_scope(scope)

    @rule()
    def store(self) -> None:
        """The engine goes to disk and back."""
        self.flat = pickle.loads(pickle.dumps(self.flat))  # noqa: S301 - our own bytes
        self.spots.clear()

    @rule()
    def ask(self) -> None:
        """Clusters, their numbers, members and sizes are the book's."""
        multisets = self.plain.multiset()
        if not self.plain.truncated:
            assert self.window.places() == {
                place: {counts: events for counts, (events, _) in multiset.items()}
                for place, multiset in multisets.items()
            }
        expected: dict[Place, Labelled] = {}
        for place, multiset in multisets.items():
            vectors = np.array([self.plain.point(counts) for counts in multiset])
            weights = {counts: events for counts, (events, _) in multiset.items()}
            answer = dbscan(weights, vectors, self.shape.eps, self.min_samples)
            expected[place] = labelled_by(answer, multiset)

        assert expected == labelled(self.flat)

    @invariant()
    def same_window(self) -> None:
        """Every live vector has the same role, every count is the same."""
        if not hasattr(self, "plain"):
            return
        multisets = self.plain.multiset()

        assert (self.plain.live_events, self.plain.truncated) == (self.flat.live_events, self.flat.truncated)
        assert sum(map(len, multisets.values())) == self.flat.live_vectors
        for (scope, gate), multiset in multisets.items():
            for counts in multiset:
                theirs = self.plain.role(scope, self.plain.intern(gate, counts))
                assert theirs == self.flat.role(scope, self.flat.intern(gate, counts))

    def teardown(self) -> None:
        """Who was never asked or stored says the same in the end."""
        if not hasattr(self, "plain"):
            return
        try:
            assert labelled(self.flat) == labelled(self.quiet)
        finally:
            self.patch.undo()


TestEngineMachine = EngineMachine.TestCase
TestEngineMachine.settings = settings(
    max_examples=60,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # it takes the clock of a busy machine for the draws' own
)
