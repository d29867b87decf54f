"""The distance rule, and range queries over the vectors of one gate."""

from collections.abc import Sequence


def squared_distance(a: Sequence[float], b: Sequence[float]) -> float:
    """Squared Euclidean distance, added up feature by feature in float64.

    The order of rounding decides what lies on the boundary: no sum(), math.dist, einsum or fused multiply-add.
    """
    acc = 0.0
    for x, y in zip(a, b, strict=True):
        acc += (x - y) * (x - y)
    return acc
