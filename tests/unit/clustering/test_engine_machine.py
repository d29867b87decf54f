"""The engine as a state machine: hypothesis looks for a short sequence of calls with a wrong answer."""

import pickle
from functools import partial

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from processor.clustering.engine import Engine, Role, Spot
from processor.clustering.rows import Counts, Gate
from tests.unit.clustering.plain import PlainEngine
from tests.unit.clustering.shapes import scaled

SCOPES = st.sampled_from(["a", "b"])
GATES = st.sampled_from([(), ("cmd",)])
COUNTS = st.tuples(st.integers(-3, 3), st.integers(-3, 3))


class EngineMachine(RuleBasedStateMachine):
    """Learning, late events, panes that leave, dropped scopes, eviction and pickles, on a 0.1 lattice."""

    @initialize(
        min_samples=st.integers(1, 6),
        eps=st.sampled_from([0.1, 0.2, 0.1 * 3]),
        limit=st.sampled_from([5, 1000]),
    )
    def begin(self, min_samples: int, eps: float, limit: int) -> None:
        """Two empty engines."""
        vector = partial(scaled, step=0.1)
        self.flat = Engine(columns=2, eps=eps, min_samples=min_samples, vector=vector, max_vectors=limit)
        self.plain = PlainEngine(
            columns=2, eps=eps, min_samples=min_samples, vector=vector, max_vectors=limit
        )
        self.part = self.serial = 0
        self.spots: dict[tuple[str, Gate, Counts], Spot] = {}

    @rule(scope=SCOPES, gate=GATES, counts=COUNTS, copies=st.integers(1, 3))
    def learn(self, scope: str, gate: Gate, counts: Counts, copies: int) -> None:
        """The same role for each copy of an event."""
        for _ in range(copies):
            self.serial += 1
            told = (self.part, self.serial, str(self.serial))

            role = self.plain.learn(scope, self.plain.intern(gate, counts), *told)

            assert role == self.learned(scope, gate, counts, told)

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

    @rule(scope=SCOPES, gate=GATES, counts=COUNTS)
    def judge(self, scope: str, gate: Gate, counts: Counts) -> None:
        """The same role, size and company for a late event."""
        ours, theirs = self.flat.intern(gate, counts), self.plain.intern(gate, counts)

        assert self.plain.judge(scope, theirs) == self.flat.judge(scope, ours)
        assert self.plain.cluster_size(scope, theirs, 9, learned=False) == self.flat.cluster_size(
            scope, ours, 9, learned=False
        )
        assert self.plain.alone_in_gate(scope, theirs, learned=False) == self.flat.alone_in_gate(
            scope, ours, learned=False
        )

    @rule(panes=st.integers(1, 4), kept=st.integers(0, 6))
    def move(self, panes: int, kept: int) -> None:
        """Time goes on; so many parts stay."""
        self.part += panes
        self.flat.expire(self.part - kept)
        self.plain.expire(self.part - kept)

    @rule(scope=SCOPES)
    def drop(self, scope: str) -> None:
        """A scope is forgotten."""
        self.flat.drop_scope(scope)
        self.plain.drop_scope(scope)

    @rule()
    def store(self) -> None:
        """The engine goes to disk and back."""
        self.flat = pickle.loads(pickle.dumps(self.flat))  # noqa: S301 - our own bytes
        self.spots.clear()

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


TestEngineMachine = EngineMachine.TestCase
TestEngineMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
