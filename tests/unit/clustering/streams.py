"""Random streams for the clusterer, and the comparison of every answer with the books."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from processor.clustering import cells, components, neighbours, parts, scans, space, window
from processor.clustering.engine import Engine, Role
from processor.clustering.rows import Counts
from tests.unit.clustering.oracle import Answer, Place, dbscan
from tests.unit.clustering.plain import PlainEngine
from tests.unit.clustering.shapes import REACH, WIDE_REACH, drawn

GATES = ((), ("cmd", True), ("svc", False))

# Of each vector: events, serial of the first one, cluster (-1 = none), whether it is a core.
Labelled = dict[Counts, tuple[int, int, int, bool]]


@dataclass
class Tally:
    """What was compared."""

    windows: int = 0
    points: int = 0
    borders: int = 0
    verdicts: int = 0
    late: int = 0
    evictions: int = 0
    smaller_than_12: int = 0
    kinds: set[tuple[str, int, int]] = field(default_factory=set)  # shape, dimensions, min_samples
    differences: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One line."""
        return (
            f"{self.windows} windows compared ({self.smaller_than_12} of fewer than 12 vectors), "
            f"{self.points} vectors, {self.borders / max(1, self.points):.1%} of them borders, "
            f"{self.verdicts} verdicts, {self.late} late events, {self.evictions} evictions: "
            f"{len(self.differences)} differences"
        )

    def add(self, other: "Tally") -> None:
        """Sum up."""
        for name in ("windows", "points", "borders", "verdicts", "late", "evictions", "smaller_than_12"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.kinds |= other.kinds
        self.differences += other.differences


def small_limits(monkeypatch: pytest.MonkeyPatch, random: np.random.Generator) -> None:
    """Make chains, leaves, grids, blocks and what is put off so small that every path is walked."""
    monkeypatch.setattr(space, "CHAIN", int(random.choice([0, 4, 12, 128])))
    monkeypatch.setattr(space, "WALKED", int(random.choice([0, 50])))
    monkeypatch.setattr(space, "COUNTED", int(random.choice([1, 8])))
    monkeypatch.setattr(window, "SETTLE_FROM", int(random.choice([1, 7, 256])))
    monkeypatch.setattr(window, "KEEP_DEAD", int(random.choice([0, 2, 20])))
    monkeypatch.setattr(window, "REAP", int(random.choice([1, 8])))
    monkeypatch.setattr(window, "COUNT_FROM", int(random.choice([1, 9, 4096])))
    monkeypatch.setattr(parts, "LOG_BLOCK", int(random.choice([2, 16, 1 << 14])))
    monkeypatch.setattr(scans, "FEW", int(random.choice([0, 3, 24])))
    monkeypatch.setattr(space, "GRID_FROM", int(random.choice([4, 12, 512])))
    monkeypatch.setattr(components, "FEW", int(random.choice([1, 8, 1024])))
    monkeypatch.setattr(components, "LISTED", int(random.choice([1, 5, 1 << 14])))
    monkeypatch.setattr(cells, "HELD", int(random.choice([1, 7, 1 << 16])))
    monkeypatch.setattr(cells, "BLOCK", int(random.choice([2, 20, 1 << 21])))
    monkeypatch.setattr(neighbours, "LEAF", int(random.choice([3, 6, 256])))


def labelled(engine: Engine) -> dict[Place, Labelled]:
    """What the engine's labels tell, by scope and gate."""
    labels = components.label(engine.snapshot())
    snapshot = labels.snapshot
    found: dict[Place, Labelled] = {}
    columns = (snapshot.scope, snapshot.row, snapshot.counts, snapshot.multiplicity, snapshot.first)
    for scope, row, counts, events, first, cluster, core in zip(
        *(column.tolist() for column in columns),
        labels.cluster.tolist(),
        labels.is_core.tolist(),
        strict=True,
    ):
        place = found.setdefault((snapshot.scopes[scope], engine.gate(row)), {})
        place[tuple(counts)] = (events, first, cluster, core)
    return found


def labelled_by(answer: Answer, multiset: Mapping[Counts, tuple[int, int]]) -> Labelled:
    """The same of one place by the book; a cluster's number is the serial of its oldest core's first event.

    multiset : (events, serial of the first) by counts
    """
    return {
        counts: (
            events,
            first,
            min((multiset[core][1] for core in answer.labels.get(counts, ())), default=-1),
            answer.roles[counts] == Role.CORE,
        )
        for counts, (events, first) in multiset.items()
    }


class Comparison:
    """Feeds one random stream to the flat engine and the plain one and compares what they say.

    wide : windows of dozens of vectors, of few places, that are seldom emptied; else mostly of fewer than 12
    """

    def __init__(self, seed: int, *, wide: bool = False) -> None:
        self.random = np.random.default_rng(seed)
        self.shape = drawn(self.random, WIDE_REACH if wide else REACH)
        self.tally = Tally()
        self.seed = seed
        self.min_samples = int(self.random.choice([1, 2, 3, 4, 4, 4, 5, 5, 6, 7, 8]))
        limit = int(self.random.choice([40, 80, 1000, 1000, 1000] if wide else [6, 20, 1000, 1000, 1000]))
        rare = int(self.random.choice([0, 0, 3, 9]))
        made: dict[str, Any] = {
            "columns": self.shape.columns,
            "eps": self.shape.eps,
            "min_samples": self.min_samples,
        }
        made |= {"vector": self.shape.vector, "rare_cluster_size": rare, "max_vectors": limit}
        self.engine = Engine(**made)
        self.quiet = Engine(**made)  # is told the same, never stored, and asked once, at the end
        self.plain = PlainEngine(**made)
        self.part = self.serial = 0
        self.horizon = 0
        self.length = int(self.random.integers(*((40, 120) if wide else (3, 60))))
        self.scopes = "abc"[: int(self.random.choice([1, 1, 1, 2] if wide else [1, 1, 2, 3]))]
        self.gates = GATES[: int(self.random.choice([1, 1, 1, 2] if wide else [1, 1, 2, 3]))]
        self.jump, self.repeat = (0.002, 0.2) if wide else (0.02, 0.35)
        self.near = 0.3 if self.shape.columns < 6 else 0.5  # of many dimensions nothing is near by chance
        self.tally.kinds.add((self.shape.name, self.shape.columns, self.min_samples))
        self.recent = int(self.random.choice([2, 4, 8, 15]))
        self.repeats: list[tuple[str, tuple[object, ...], Counts]] = []

    def run(self, steps: int, every: int) -> Tally:
        """`steps` events; the window compared after each `every`, and at the end with who was not asked."""
        for step in range(steps):
            self._advance()
            self._event()
            if step % every == every - 1:
                self._compare_window()
        told, untold = (labelled(engine) for engine in (self.engine, self.quiet))
        self._same("labels of who was never asked", told, untold)
        return self.tally

    def _same(self, what: str, expected: object, actual: object) -> None:
        if expected != actual:
            text = f"seed {self.seed} {self.shape} k={self.min_samples}: {what}: {expected} != {actual}"
            self.tally.differences.append(text)

    def _draw(self) -> tuple[str, tuple[object, ...], Counts]:
        chance = self.random.random()
        if self.repeats and chance < self.repeat + self.near:
            scope, gate, counts = self.repeats[int(self.random.integers(len(self.repeats)))]
            if chance < self.repeat:
                return scope, gate, counts
            counts = self.shape.beside(self.random, counts)
        else:
            scope = self.scopes[int(self.random.integers(len(self.scopes)))]
            gate = self.gates[int(self.random.integers(len(self.gates)))]
            counts = self.shape.somewhere(self.random)
        self.repeats = [*self.repeats[-self.recent :], (scope, gate, counts)]
        return scope, gate, counts

    def _advance(self) -> None:
        chance = self.random.random()
        if chance < 0.3:
            self.part += int(self.random.choice([1, 1, 1, 2, 5]))
        elif chance < 0.3 + self.jump:
            self.part += self.length + 5  # everything leaves
        horizon = self.part - self.length
        if horizon > self.horizon or self.random.random() < 0.5:
            self.horizon = max(self.horizon, horizon)
            for engine in (self.engine, self.quiet, self.plain):
                engine.expire(self.horizon)
        if self.random.random() < self.jump / 2:
            scope = self.scopes[int(self.random.integers(len(self.scopes)))]
            for engine in (self.engine, self.quiet, self.plain):
                engine.drop_scope(scope)
        if self.random.random() < 0.01:
            self.engine = pickle.loads(pickle.dumps(self.engine))  # noqa: S301 - our own bytes

    def _event(self) -> None:
        scope, gate, counts = self._draw()
        late = self.random.random() < 0.1
        row, plain = self.engine.intern(gate, counts), self.plain.intern(gate, counts)
        if late:
            self._same("late", self.plain.judge(scope, plain), self.engine.judge(scope, row))
            self.tally.late += 1
        else:
            self.serial += 1
            told = (self.part, self.serial, f"{self.serial}")
            role = self.plain.learn(scope, plain, *told)
            self._same("role", role, self.engine.learn(scope, row, *told))
            self._same("role unasked", role, self.quiet.learn(scope, self.quiet.intern(gate, counts), *told))
            self.tally.verdicts += 1
            if self.plain.truncated > self.tally.evictions:
                self.tally.evictions = self.plain.truncated
                return  # its own vector may have been evicted
        for ask in ("alone_in_gate", "neighbours"):
            expected = getattr(self.plain, ask)(scope, plain, learned=not late)
            self._same(ask, expected, getattr(self.engine, ask)(scope, row, learned=not late))
        if self.random.random() < 0.3:
            limit = int(self.random.choice([3, 1000]))
            expected = self.plain.cluster_size(scope, plain, limit, learned=not late)
            self._same("size", expected, self.engine.cluster_size(scope, row, limit, learned=not late))
            for apart in (False, True):
                nearest = self.plain.nearest_cluster(scope, plain, limit, apart=apart)
                self._same("nearest", nearest, self.engine.nearest_cluster(scope, row, limit, apart=apart))

    def _compare_window(self) -> None:
        engine, plain = self.engine, self.plain
        multisets = plain.multiset()
        self._same("vectors", sum(map(len, multisets.values())), engine.live_vectors)
        self._same("live events", plain.live_events, engine.live_events)
        self._same("scopes", {scope for scope, _ in multisets}, set(engine.scopes))
        self._same("live gates", sorted(plain.live_gates()), sorted(engine.live_gates()))
        self._same("truncated", plain.truncated, engine.truncated)
        found = labelled(engine)
        self._same("places", set(multisets), set(found))
        expected = components.ClusterCounts(0, 0, 0, 0)
        for place, multiset in multisets.items():
            vectors = np.array([plain.point(counts) for counts in multiset])
            events = {counts: number for counts, (number, _) in multiset.items()}
            answer = dbscan(events, vectors, self.shape.eps, self.min_samples)
            self._compare_roles(place, answer)
            self._same("labels", labelled_by(answer, multiset), found.get(place))
            expected = self._sum(expected, answer, events)
            self.tally.windows += 1
            self.tally.points += len(multiset)
            self.tally.smaller_than_12 += len(multiset) < 12
            self.tally.borders += sum(role == Role.BORDER for role in answer.roles.values())
        self._same("counts", expected, components.count(engine.snapshot()))

    def _compare_roles(self, place: Place, answer: Answer) -> None:
        scope, gate = place
        for counts, role in answer.roles.items():
            row = self.engine.intern(gate, counts)
            self._same("role now", role, self.engine.role(scope, row))

    @staticmethod
    def _sum(
        counts: components.ClusterCounts, answer: Answer, events: Mapping[Counts, int]
    ) -> components.ClusterCounts:
        clustered = sum(answer.sizes.values())
        return components.ClusterCounts(
            counts.clusters + len(answer.partition),
            counts.singletons + answer.alone,
            counts.clustered_events + clustered,
            counts.noise_events + sum(events.values()) - clustered,
        )
