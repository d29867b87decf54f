"""An engine as plain as it gets: eager dicts, every pair compared. What the flat engine has to agree with."""

from collections import deque
from collections.abc import Callable, Iterable
from math import isfinite, sqrt

from processor.clustering.engine import Role
from processor.clustering.neighbours import squared_distance
from processor.clustering.rows import Counts, Gate, Vector
from processor.clustering.walks import NearestCore

LARGEST = 1e150  # squares of differences of twelve such coordinates stay finite
NEAREST = 64  # vectors of a gate among which an explanation looks for a core


class _Scope:
    """One scope's vectors: gate -> row -> vector."""

    __slots__ = ("gates", "name", "newest")

    def __init__(self, name: str) -> None:
        self.name = name
        self.gates: dict[Gate, dict[int, _Vector]] = {}
        self.newest = 0


class _Vector:
    """One (scope, row) with events in the window."""

    __slots__ = ("exemplar", "first", "multiplicity", "row", "scope")

    def __init__(self, scope: _Scope, row: int, first: int, exemplar: str) -> None:
        self.scope = scope
        self.row = row
        self.first = first
        self.exemplar = exemplar
        self.multiplicity = 0


class PlainEngine:
    """Exact DBSCAN roles over the multiset of vectors in a sliding window, gate by gate, scope by scope.

    columns : length of a vector
    eps : neighbours are at most this far, inclusive
    min_samples : events within eps, the event itself included, that make a core
    vector : the floats of counts, a pure function of them, shape (columns,)
    rare_cluster_size : sizes up to it are exact from stamps alone
    max_vectors : live (scope, vector) pairs; beyond, the largest scope loses its oldest parts
    """

    def __init__(
        self,
        *,
        columns: int,
        eps: float,
        min_samples: int,
        vector: Callable[[Counts], Vector],
        rare_cluster_size: int = 0,
        max_vectors: int = 1_000_000,
    ) -> None:
        self.columns = columns
        self.eps = eps
        self.min_samples = min_samples
        self.rare_cluster_size = rare_cluster_size
        self.max_vectors = max_vectors
        self.truncated = 0
        self.live_events = 0
        self.live_vectors = 0
        self._vector = vector
        self._limit = eps * eps
        self._rows: dict[tuple[Gate, Counts], int] = {}
        self._gates: list[Gate] = []
        self._counts: list[Counts] = []
        self._vectors: list[Vector] = []
        self._scopes: dict[str, _Scope] = {}
        self._parts: deque[tuple[int, dict[_Vector, int]]] = deque()

    def intern(self, gate: Gate, counts: Counts) -> int:
        """The row that stands for a gate and counts, shared by scopes."""
        row = self._rows.get((gate, counts))
        if row is None:
            vector = tuple(x + 0.0 for x in self._vector(counts))  # -0.0 becomes 0.0
            if len(vector) != self.columns or not all(isfinite(x) and abs(x) <= LARGEST for x in vector):
                raise ValueError(
                    f"a vector needs {self.columns} finite numbers up to {LARGEST:g}, got {vector}"
                )
            row = self._rows[gate, counts] = len(self._counts)
            self._gates.append(gate)
            self._counts.append(counts)
            self._vectors.append(vector)
        return row

    def learn(self, scope: str, row: int, part: int, serial: int, exemplar: str) -> Role:
        """Learn one event into `part`, and its vector's role right after.

        serial, exemplar : kept when the vector was absent from the window
        """
        if scope not in self._scopes:
            self._scopes[scope] = _Scope(scope)
        gate = self._scopes[scope].gates.setdefault(self._gates[row], {})
        vector = gate.get(row)
        if vector is None:
            vector = gate[row] = _Vector(self._scopes[scope], row, serial, exemplar)
            self.live_vectors += 1
        if not self._parts or self._parts[-1][0] != part:
            self._parts.append((part, {}))
        open_part = self._parts[-1][1]
        open_part[vector] = open_part.get(vector, 0) + 1
        vector.multiplicity += 1
        self._scopes[scope].newest = part
        self.live_events += 1
        role = self._role(gate, row, extra=0)
        if self.live_vectors >= self.max_vectors:
            self._evict()
        return role

    def judge(self, scope: str, row: int) -> Role:
        """Role of a late event: as if it had been learned; nothing is stored."""
        return self._role(self._gate(scope, row), row, extra=1)

    def expire(self, horizon: int) -> None:
        """Parts below `horizon` have left the window."""
        while self._parts and self._parts[0][0] < horizon:
            for vector, events in self._parts.popleft()[1].items():
                self._forget(vector, events)

    def alone_in_gate(self, scope: str, row: int, *, learned: bool) -> bool:
        """Whether no other live event has this event's scope and gate."""
        return sum(v.multiplicity for v in self._gate(scope, row).values()) <= learned

    def neighbours(self, scope: str, row: int, *, learned: bool) -> int:
        """Live events within eps, the event itself not counted."""
        gate = self._gate(scope, row)
        return sum(gate[other].multiplicity for other in self._within(gate, row)) - learned

    def cluster_size(self, scope: str, row: int, limit: int, *, learned: bool = True) -> tuple[int, bool]:
        """Events in the cluster of the event's nearest core: (size, whether counting stopped at `limit`).

        learned : False for a late event, which counts itself although it is not stored
        (1, False) where no core is within eps.
        """
        gate = self._gate(scope, row)
        extra = 0 if learned else 1
        start = self._nearest_core(gate, row, row, extra)
        if start is None:
            return 1, False
        size = extra + self._size(gate, start, row, extra)
        return (limit, True) if size >= limit else (size, False)

    def nearest_cluster(
        self, scope: str, row: int, limit: int = 1000, *, apart: bool = False
    ) -> NearestCore | None:
        """The nearest core among the 64 nearest live vectors of the event's gate, None without one.

        apart : leave out the cores within eps
        """
        gate = self._gate(scope, row)
        own = self._vectors[row]
        near = sorted((squared_distance(own, self._vectors[i]), self._counts[i], i) for i in gate)[:NEAREST]
        for distance, counts, other in near:
            if apart and distance <= self.eps * self.eps:
                continue
            if self._is_core(gate, other, row, 0):
                size = self._size(gate, other, row, 0)
                exemplar = gate[other].exemplar
                return NearestCore(sqrt(distance), counts, exemplar, min(size, limit), size >= limit)
        return None

    def gate_events(self, scope: str, gate: Gate, limit: int) -> tuple[int, bool]:
        """Live events of a scope's gate: (number, whether counting stopped at `limit`)."""
        known = self._scopes.get(scope)
        events = sum(v.multiplicity for v in known.gates.get(gate, {}).values()) if known else 0
        return min(events, limit), events >= limit

    def live_gates(self) -> Iterable[tuple[str, Gate]]:
        """Scope and gate wherever there is an event in the window."""
        return [(name, gate) for name, scope in self._scopes.items() for gate in scope.gates]

    def role(self, scope: str, row: int) -> Role:
        """Role of a live vector as it stands."""
        return self._role(self._gate(scope, row), row, extra=0)

    def point(self, counts: Counts) -> Vector:
        """The floats of counts."""
        return tuple(x + 0.0 for x in self._vector(counts))

    def multiset(self) -> dict[tuple[str, Gate], dict[Counts, tuple[int, int]]]:
        """(events, serial of the first one) by counts, by place."""
        return {
            (name, gate): {self._counts[row]: (v.multiplicity, v.first) for row, v in vectors.items()}
            for name, scope in self._scopes.items()
            for gate, vectors in scope.gates.items()
        }

    def scope_live(self, scope: str) -> bool:
        """Whether the scope has an event in the window."""
        return scope in self._scopes

    @property
    def scopes(self) -> Iterable[str]:
        """Names of the scopes with an event in the window."""
        return self._scopes.keys()

    def drop_scope(self, scope: str) -> None:
        """Forget everything of a scope."""
        for _, part in self._parts:
            for vector in [v for v in part if v.scope.name == scope]:
                self._forget(vector, part.pop(vector))

    def _gate(self, scope: str, row: int) -> "dict[int, _Vector]":
        known = self._scopes.get(scope)
        return known.gates.get(self._gates[row], {}) if known else {}

    def _forget(self, vector: "_Vector", events: int) -> None:
        vector.multiplicity -= events
        self.live_events -= events
        if vector.multiplicity:
            return
        self.live_vectors -= 1
        scope, gate = vector.scope, self._gates[vector.row]
        del scope.gates[gate][vector.row]
        if not scope.gates[gate]:
            del scope.gates[gate]
        if not scope.gates:
            del self._scopes[scope.name]

    def _evict(self) -> None:
        """The largest scope (ties: smallest name) loses its oldest parts until 63/64 are left."""
        target = self.max_vectors * 63 // 64
        while self.live_vectors > target:
            sizes = {name: sum(map(len, scope.gates.values())) for name, scope in self._scopes.items()}
            name = min(sizes, key=lambda key: (-sizes[key], key))
            for _, part in self._parts:
                if self.live_vectors > target:
                    for vector in [v for v in part if v.scope.name == name]:
                        self._forget(vector, part.pop(vector))
            self.truncated += 1

    def _within(self, gate: "dict[int, _Vector]", row: int) -> list[int]:
        own = self._vectors[row]
        return [i for i in gate if squared_distance(own, self._vectors[i]) <= self._limit]

    def _is_core(self, gate: "dict[int, _Vector]", row: int, event: int, extra: int) -> bool:
        """Whether `row` is core, with `extra` events of row `event` added."""
        weight = sum(gate[i].multiplicity for i in self._within(gate, row))
        if extra and squared_distance(self._vectors[row], self._vectors[event]) <= self._limit:
            weight += extra
        return weight >= self.min_samples

    def _nearest_core(self, gate: "dict[int, _Vector]", row: int, event: int, extra: int) -> int | None:
        """The nearest core within eps of `row`; `row` itself where it is core."""
        own = self._vectors[row]
        if self._is_core(gate, row, event, extra):
            return row
        near = set(self._within(gate, row))
        if extra and squared_distance(own, self._vectors[event]) <= self._limit:
            near.add(event)
        within = sorted((squared_distance(own, self._vectors[i]), self._counts[i], i) for i in near)
        return next((i for _, _, i in within if self._is_core(gate, i, event, extra)), None)

    def _size(self, gate: "dict[int, _Vector]", start: int, event: int, extra: int) -> int:
        """Events in the cluster of core `start`, borders that are nearest to it included."""
        cores, ahead, fringe = {start}, [start], set()
        while ahead:
            for i in self._within(gate, ahead.pop()):
                if i in cores:
                    continue
                if self._is_core(gate, i, event, extra):
                    cores.add(i)
                    ahead.append(i)
                else:
                    fringe.add(i)
        cores |= {event} if extra and self._is_core(gate, event, event, extra) else set()
        borders = [i for i in fringe if self._nearest_core(gate, i, event, extra) in cores]
        return sum(gate[i].multiplicity for i in (*cores, *borders) if i in gate)

    def _role(self, gate: "dict[int, _Vector]", row: int, extra: int) -> Role:
        if self._is_core(gate, row, row, extra):
            return Role.CORE
        if any(self._is_core(gate, i, row, extra) for i in self._within(gate, row)):
            return Role.BORDER
        return Role.NOISE
