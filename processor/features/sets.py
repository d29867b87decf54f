"""Named feature sets: what a kind's events are measured by."""

from collections.abc import Sequence
from typing import Literal, Protocol

from processor.events.event import Event, Kind

Gate = tuple[str | int | bool, ...]
Counts = tuple[int, ...]
Vector = tuple[float, ...]


class FeatureSet(Protocol):
    """Measures events of one kind: a gate, the counts that identify a vector, the vector itself.

    name : what config and records call it
    version : raised whenever a golden vector changes
    columns : the vector's column names, in order
    """

    name: str
    version: int
    kind: Kind
    columns: tuple[str, ...]

    def measure(self, event: Event) -> tuple[Gate, Counts]:
        """Gate and counts of an event; equal events give equal tuples."""
        ...

    def vector(self, counts: Counts) -> Vector:
        """The floats that stand for `counts`, shape (len(columns),): a pure function of the integers."""
        ...


def build(
    kind: Kind,
    features: str | Sequence[str],
    normalize: Literal["none", "l2"],
    gate: Sequence[str],
) -> FeatureSet:
    """The feature set that a config names: a set's name, or a list of feature names.

    Raises ValueError naming the feature or gate that does not exist and those that do.
    """
    raise NotImplementedError
