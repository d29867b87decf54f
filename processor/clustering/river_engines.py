"""river's fading clusterers behind the engine's face, as rivals: DBSTREAM and DenStream.

They answer "no micro-cluster is near" as noise. They fade instead of sliding a window and know no gates, so
each scope and gate has a model of its own, and the exact engine underneath keeps the books: which gates are
live, sizes, explanations. A model goes when its gate has left the window.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, Literal

from river import cluster

from processor.clustering.engine import Engine, Role, Spot
from processor.clustering.rows import Counts, Gate, Vector

Rival = Literal["dbstream", "denstream"]
Point = dict[int, float]

FADING = 0.001  # per event of a gate: half a micro-cluster's weight is gone after a thousand
CLEANUP = 100  # events of a gate between DBSTREAM's clean-ups
MU, BETA = 2.0, 0.75  # DenStream: weight of a core micro-cluster, and the share that makes a potential one
PRUNE = 1024  # models made between looks for those whose gates have left


class FadingEngine(Engine):
    """One of river's clusterers for each scope and gate, with the face of `Engine`.

    rival : dbstream (eps is its clustering_threshold) or denstream (eps is its epsilon)
    """

    STATE = (*Engine.STATE, "rival", "_models", "_made")

    def __init__(
        self,
        rival: Rival,
        *,
        columns: int,
        eps: float,
        min_samples: int,
        vector: Callable[[Counts], Vector],
        rare_cluster_size: int = 0,
        max_vectors: int = 1_000_000,
    ) -> None:
        super().__init__(
            columns=columns,
            eps=eps,
            min_samples=min_samples,
            vector=vector,
            rare_cluster_size=rare_cluster_size,
            max_vectors=max_vectors,
        )
        self.rival = rival
        self._models: dict[tuple[str, Gate], Any] = {}
        self._made = 0

    def learn(self, scope: str, row: int, part: int, serial: int, exemplar: str) -> Role:
        """Learn one event; NOISE where it opened a micro-cluster, else CORE."""
        super().learn(scope, row, part, serial, exemplar)
        model = self._model(scope, self.gate(row))
        point = self._point(row)
        role = self._ask(model, point)
        model.learn_one(point)
        return role

    def again(self, spot: Spot, part: int) -> bool:  # noqa: ARG002 - the engine's face
        """No vector is certain to stay in a cluster here."""
        return False

    def judge(self, scope: str, row: int) -> Role:
        """NOISE where an event would open a micro-cluster; nothing is learned."""
        model = self._models.get((scope, self.gate(row)))
        return Role.NOISE if model is None else self._ask(model, self._point(row))

    def alone_in_gate(self, scope: str, row: int, *, learned: bool) -> bool:  # noqa: ARG002 - the engine's face
        """What opened a micro-cluster has it for itself."""
        return True

    def drop_scope(self, scope: str) -> None:
        """Forget everything of a scope."""
        super().drop_scope(scope)
        self._models = {key: model for key, model in self._models.items() if key[0] != scope}

    def _point(self, row: int) -> Point:
        # A dict of its own: DBSTREAM keeps the caller's.
        return dict(enumerate(self.rows.vector_of(self.rows.index(row))))

    def _model(self, scope: str, gate: Gate) -> Any:
        model = self._models.get((scope, gate))
        if model is None:
            self._made += 1
            if self._made % PRUNE == 0:
                self._prune()
            model = self._models[scope, gate] = self._new()
        return model

    def _new(self) -> Any:
        if self.rival == "dbstream":
            return cluster.DBSTREAM(
                clustering_threshold=self.eps,
                fading_factor=FADING,
                cleanup_interval=CLEANUP,
                minimum_weight=self.min_samples,
            )
        return cluster.DenStream(
            epsilon=self.eps, decaying_factor=FADING, mu=MU, beta=BETA, n_samples_init=1, stream_speed=1
        )

    def _prune(self) -> None:
        """Let go of the models whose gates have left the window."""
        self._models = {
            (scope, gate): model
            for (scope, gate), model in self._models.items()
            if self.gate_events(scope, gate, 1)[0]
        }

    def _ask(self, model: Any, point: Point) -> Role:
        if self.rival == "dbstream":
            near = any(_distance(micro.center, point) < self.eps for micro in model.micro_clusters.values())
        else:
            near = any(
                _nearest(kind, point).radius_with(point) <= self.eps
                for kind in (model.p_micro_clusters.values(), model.o_micro_clusters.values())
                if kind
            )
        return Role.CORE if near else Role.NOISE


def _nearest(micros: Iterable[Any], point: Point) -> Any:
    return min(micros, key=lambda micro: _distance(micro.center, point))


def _distance(a: Point, b: Point) -> float:
    return math.sqrt(sum((a[i] - b[i]) ** 2 for i in b))
