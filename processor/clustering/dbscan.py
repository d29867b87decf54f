"""DBSCAN over a sliding window as a river clusterer."""

import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from river import base

from processor.clustering import components
from processor.clustering.engine import Engine, Spot
from processor.clustering.labels import CoreLabels
from processor.clustering.rows import LARGEST, Counts, Vector

NOISE = -1
SCOPE = ""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ALL = 1 << 62
SPOTS = 1 << 13  # vectors that are learned again without another look at their features


def ordered(values: Sequence[float]) -> Counts:
    """Floats' bits as integers that sort as the floats do; 0.0 and -0.0 are 0."""
    bits = struct.unpack(f"<{len(values)}q", struct.pack(f"<{len(values)}d", *values))
    return tuple([one if one >= 0 else -(one & 0x7FFFFFFFFFFFFFFF) for one in bits])


def floats(counts: Counts) -> Vector:
    """The floats whose ordered bits these are."""
    bits = [count if count >= 0 else -count - (1 << 63) for count in counts]
    return struct.unpack(f"<{len(bits)}d", struct.pack(f"<{len(bits)}q", *bits))


class SlidingDBSCAN(base.Clusterer):
    """Exact DBSCAN over the events of a sliding window.

    After any number of events, core points, noise and the partition of core points equal those of
    scikit-learn's DBSCAN on the same window. A border point belongs to its nearest core point. Repeats
    cost O(1). The distance is Euclidean, and the boundary counts: a point at exactly `eps` is a neighbour.

    Parameters
    ----------
    eps
        Points at most this far apart are neighbours.
    min_samples
        Points within `eps`, the point itself included, that make a core point.
    window
        What is clustered: the last so many events, or those of the last so much time. With a `timedelta`,
        time comes from `learn_one(x, t=...)` or from `advance`.
    panes
        Number of panes that the window is cut into; a pane leaves as a whole, once all of it is older than
        the window. None: the window is exact.
    features
        The features to use, in this order; others are ignored. None: all that come, absent ones are 0.

    Attributes
    ----------
    n_clusters : int
        Clusters in the window.
    clusters : dict[int, int]
        Events in the window by cluster.
    labels : list[tuple[dict, int, int]]
        (vector, weight, cluster or NOISE) of each distinct vector in the window, in first-seen order.

    References
    ----------
    [^1]: Ester, M., Kriegel, H.-P., Sander, J., Xu, X., 1996. A density-based algorithm for discovering
        clusters in large spatial databases with noise. KDD-96, 226-231.
    [^2]: Ester, M., Kriegel, H.-P., Sander, J., Wimmer, M., Xu, X., 1998. Incremental clustering for mining
        in a data warehousing environment. VLDB '98, 323-333.
    [^3]: Schubert, E., Sander, J., Ester, M., Kriegel, H.-P., Xu, X., 2017. DBSCAN revisited, revisited: why
        and how you should (still) use DBSCAN. ACM TODS 42(3). https://doi.org/10.1145/3068335
    [^4]: Cao, F., Ester, M., Qian, W., Zhou, A., 2006. Density-based clustering over an evolving data stream
        with noise. SDM 2006, 328-339. https://doi.org/10.1137/1.9781611972764.29

    Examples
    --------
    >>> from processor import SlidingDBSCAN

    >>> dbscan = SlidingDBSCAN(eps=0.5, min_samples=2, window=4)
    >>> for x in (1.0, 1.2, 5.0, 5.1):
    ...     dbscan.learn_one({"x": x})
    >>> dbscan.n_clusters
    2
    >>> dbscan.predict_one({"x": 5.3}), dbscan.predict_one({"x": 9.0})
    (2, -1)

    The next two events push the first two out of the window:

    >>> dbscan.learn_one({"x": 5.2})
    >>> dbscan.learn_one({"x": 7.0})
    >>> dbscan.labels
    [({'x': 5.0}, 1, 2), ({'x': 5.1}, 1, 2), ({'x': 5.2}, 1, 2), ({'x': 7.0}, 1, -1)]

    """

    def __init__(
        self,
        eps: float = 0.5,
        min_samples: int = 5,
        window: int | timedelta = 1000,
        panes: int | None = None,
        features: tuple[base.typing.FeatureName, ...] | None = None,
    ) -> None:
        self.eps = eps
        self.min_samples = min_samples
        self.window = window
        self.panes = panes
        self.features = features
        length = window // MICROSECOND if isinstance(window, timedelta) else window
        if length < 1 or (panes is not None and not 1 <= panes <= length):
            raise ValueError(
                f"a window needs at least one event or microsecond a pane, got {window}, {panes}"
            )
        self._length = length
        self._pane = 1 if panes is None else -(-length // panes)
        self._names: list[base.typing.FeatureName] = list(features or ())
        self._learned = 0
        self._now: int | None = None
        self._part = -ALL
        self._engine = self._made(max(1, len(self._names)))
        self._labels: CoreLabels | None = None
        self._order: tuple[base.typing.FeatureName, ...] = ()
        self._spots: dict[tuple[Any, ...], Spot] = {}  # by values in that order

    def learn_one(self, x: dict[base.typing.FeatureName, Any], t: datetime | None = None) -> None:
        """Learn one event.

        Parameters
        ----------
        x
            Features, finite numbers.
        t
            When it happened, where the window is a `timedelta`. Late events count as of now.

        """
        spot = self._spot(x)
        values = self._checked(x) if spot is None else {}
        if t is not None:
            self.advance(t)
        self._tick()
        if spot is not None and self._engine.again(spot, self._part):
            slot = spot.slot
        else:
            slot = self._learn(x, values or self._checked(x))
        self._learned += 1
        if self._labels is not None:
            if self._labels.behind:
                self._labels = None  # nobody asks any more
            else:
                self._labels.touch(slot)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_labels": None}  # they are worked out anew when someone asks

    def advance(self, t: datetime) -> None:
        """Move time on; what is older than the window leaves. Time never moves back.

        river's Pipeline drops `t`: behind one, call this before `learn_one`.
        """
        if not isinstance(self.window, timedelta):
            raise ValueError(f"time moves a window of time, and this one is of {self.window} events")
        instant = t.replace(tzinfo=UTC) if t.tzinfo is None else t.astimezone(UTC)
        moved = (instant - EPOCH) // MICROSECOND
        self._now = moved if self._now is None else max(moved, self._now)
        self._move()

    def predict_one(self, x: dict[base.typing.FeatureName, Any]) -> int:
        """The cluster of the nearest core point within `eps`, else NOISE (-1). Nothing is learned.

        A cluster's number is that of the first event of its oldest core point, so it does not depend on when
        anyone asked.
        """
        spot = self._spot(x)
        slot = self._engine.core_at(spot) if spot is not None else 0
        if slot:
            return self._label(slot)
        values = self._values(x)
        known = self._counts(values)
        beyond = tuple(values[name] for name in sorted(set(values) - set(self._names), key=str))
        core = self._engine.nearest_core(SCOPE, (), known, () if self.features is not None else beyond)
        return self._label(core) if core else NOISE

    @property
    def n_clusters(self) -> int:
        """Clusters in the window."""
        return len(self.clusters)

    @property
    def clusters(self) -> dict[int, int]:
        """Events in the window by cluster."""
        found: dict[int, int] = {}
        for _, weight, label in self.labels:
            if label != NOISE:
                found[label] = found.get(label, 0) + weight
        return found

    @property
    def labels(self) -> list[tuple[dict[base.typing.FeatureName, float], int, int]]:
        """(vector, weight, cluster or NOISE) of each distinct vector in the window, in first-seen order."""
        labels = components.label(self._engine.snapshot())
        snapshot = labels.snapshot
        order = snapshot.first.argsort(kind="stable")
        return [
            (dict(zip(self._names, vector, strict=False)), weight, label)
            for vector, weight, label in zip(
                snapshot.vectors[order].tolist(),
                snapshot.multiplicity[order].tolist(),
                labels.cluster[order].tolist(),
                strict=True,
            )
        ]

    def _made(self, columns: int) -> Engine:
        return Engine(
            columns=columns, eps=self.eps, min_samples=self.min_samples, vector=floats, max_vectors=ALL
        )

    def _spot(self, x: Mapping[base.typing.FeatureName, Any]) -> Spot | None:
        """Where equal features in equal order were learned before, None where that is not known."""
        if tuple(x) != self._order:
            return None
        try:
            return self._spots.get(tuple(x.values()))
        except TypeError:  # something that cannot be a number
            return None

    def _checked(self, x: Mapping[base.typing.FeatureName, Any]) -> dict[base.typing.FeatureName, float]:
        """The values of features that can be learned. Raises ValueError for others."""
        values = self._values(x)
        if not all(-LARGEST <= value <= LARGEST for value in values.values()):  # nor is NaN
            raise ValueError(f"a vector is finite numbers up to {LARGEST:g}, got {tuple(values.values())}")
        return values

    def _learn(
        self, x: Mapping[base.typing.FeatureName, Any], values: Mapping[base.typing.FeatureName, float]
    ) -> int:
        """Learn features as if never seen; the slot they are in."""
        if self.features is None:
            self._widen([name for name in values if name not in self._names])
        counts = self._counts(values)
        row = self._engine.intern((), counts)
        self._engine.learn(SCOPE, row, self._part, self._learned, "")
        spot = self._engine.spot(SCOPE, row)
        assert spot is not None  # noqa: S101 - it was learned just now
        order = tuple(x)
        if order != self._order or len(self._spots) >= SPOTS:
            self._order = order
            self._spots.clear()
        with suppress(TypeError):  # what has no hash is looked at each time
            self._spots[tuple(x.values())] = spot
        return spot.slot

    def _tick(self) -> None:
        """Let the window end with the event to be learned."""
        if not isinstance(self.window, timedelta):
            now = self._now = self._learned
            self._part = now // self._pane
            self._engine.expire((now - self._length + 1) // self._pane)
        elif self._now is None:
            raise ValueError("a window of time needs learn_one(x, t=...), or advance(t) before learn_one(x)")

    def _move(self) -> None:
        """Let a window of time end now: whatever is older than its length leaves, by whole panes."""
        now = self._now or 0
        self._part = now // self._pane
        self._engine.expire((now - self._length) // self._pane)

    def _values(self, x: Mapping[base.typing.FeatureName, Any]) -> dict[base.typing.FeatureName, float]:
        names = x if self.features is None else self.features
        try:
            return {name: float(x.get(name, 0.0)) for name in names}
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"features are numbers, got {dict(x)}") from error

    def _counts(self, values: Mapping[base.typing.FeatureName, float]) -> Counts:
        return ordered([values.get(name, 0.0) for name in self._names]) or (0,)

    def _widen(self, new: list[base.typing.FeatureName]) -> None:
        """Add columns; where a new feature's name stands in an event must not matter."""
        if new:
            self._names += sorted(new, key=str)
            self._labels = None
            if len(self._names) > self._engine.columns:
                self._engine.widen(len(self._names))

    def _label(self, core: int) -> int:
        """The cluster of a core; kept from one prediction to the next."""
        labels, horizon = self._labels, self._engine.horizon(SCOPE)
        if labels is None or labels.behind or horizon < labels.horizon:
            labels = self._labels = self._engine.core_labels(SCOPE, ())
        return labels.label(core, horizon)
