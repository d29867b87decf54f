"""DBSCAN over a sliding window as a river clusterer."""

from datetime import datetime, timedelta
from typing import Any

from river import base

from processor.clustering import arguments, components
from processor.clustering.labels import NOISE
from processor.clustering.learner import Learner


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
        clusters in large spatial databases with noise. KDD-96, 226-231 (it has no DOI).
    [^2]: Ester, M., Kriegel, H.-P., Sander, J., Wimmer, M., Xu, X., 1998. Incremental clustering for mining
        in a data warehousing environment. VLDB '98, 323-333 (it has no DOI).
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
        distance = arguments.distance("eps", eps)
        enough = arguments.whole(
            "min_samples", min_samples, arguments.MOST_SAMPLES, "how many points make a core point"
        )
        length = arguments.length(window)
        pane = 1
        if panes is not None:
            pane = -(-length // arguments.whole("panes", panes, length, "at most one pane an event"))
        timed = isinstance(window, timedelta)
        self._learner = Learner(distance, enough, length, pane, timed, arguments.names(features))

    def learn_one(self, x: dict[base.typing.FeatureName, Any], t: datetime | None = None) -> None:
        """Learn one event.

        Parameters
        ----------
        x
            Features, finite numbers.
        t
            When it happened, where the window is a `timedelta`. Late events count as of now.

        """
        self._learner.learn(x, None if t is None else self._instant(t))

    def advance(self, t: datetime) -> None:
        """Move time on; what is older than the window leaves. Time never moves back.

        river's Pipeline drops `t`: behind one, call this before `learn_one`.
        """
        self._learner.advance(self._instant(t))

    def predict_one(self, x: dict[base.typing.FeatureName, Any]) -> int:
        """The cluster of the nearest core point within `eps`, else NOISE (-1). Nothing is learned.

        A cluster's number is that of the first event of its oldest core point, so it does not depend on when
        anyone asked.
        """
        return self._learner.predict(x)

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
        labels = components.label(self._learner.engine.snapshot())
        snapshot = labels.snapshot
        order = snapshot.first.argsort(kind="stable")
        return [
            (dict(zip(self._learner.names, vector, strict=False)), weight, label)
            for vector, weight, label in zip(
                snapshot.vectors[order].tolist(),
                snapshot.multiplicity[order].tolist(),
                labels.cluster[order].tolist(),
                strict=True,
            )
        ]

    def _instant(self, t: datetime) -> int:
        """Microseconds since 1970."""
        if not isinstance(self.window, timedelta):
            raise ValueError(f"time moves a window of time, and this one is of {self.window} events")
        return arguments.instant(t)
