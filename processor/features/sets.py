"""Named feature sets: what a kind's events are measured by."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from processor.events.event import LOGON, PROCESS, Event, Kind
from processor.features import command_shape, logon_shape, msticpy
from processor.features.gates import CATEGORIES, Category
from processor.features.measures import Feature, Measure

Gate = tuple[str | int | bool, ...]
Counts = tuple[int, ...]
Vector = tuple[float, ...]
Normalize = Literal["none", "l2"]


class FeatureSet(Protocol):
    """Measures events of one kind: a gate, the counts that identify a vector, the vector itself.

    name : what config and records call it
    version : raised whenever a golden vector changes
    part_versions : of each column and each part of the gate, in order: what the set's own version may hide
    columns : the vector's column names, in order
    gate_parts : the gate's category names, in order
    sketched : whether events of equal sketches measure alike (events/sketches.py)
    """

    name: str
    version: int
    part_versions: tuple[int, ...]
    kind: Kind
    columns: tuple[str, ...]
    gate_parts: tuple[str, ...]
    sketched: bool

    def measure(self, event: Event) -> tuple[Gate, Counts]:
        """Gate and counts of an event; equal events give equal tuples."""
        ...

    def vector(self, counts: Counts) -> Vector:
        """The floats that stand for `counts`, shape (len(columns),): a pure function of the integers."""
        ...


@dataclass(frozen=True, slots=True)
class _Named:
    columns: tuple[str, ...]
    version: int
    gate: tuple[str, ...]
    normalize: Normalize
    eps: float


_SETS: Final = {
    (PROCESS, "command_shape"): _Named(
        command_shape.COLUMNS, version=2, gate=command_shape.GATE, normalize="none", eps=command_shape.EPS
    ),
    (PROCESS, "msticpy"): _Named(msticpy.PROCESS_SET, version=1, gate=(), normalize="l2", eps=msticpy.EPS),
    (LOGON, "logon_shape"): _Named(
        logon_shape.COLUMNS, version=2, gate=logon_shape.GATE, normalize="none", eps=logon_shape.EPS
    ),
    (LOGON, "msticpy"): _Named(msticpy.LOGON_SET, version=1, gate=(), normalize="l2", eps=msticpy.EPS),
}
_FEATURES: Final = {
    (feature.kind, feature.name): feature
    for feature in (*command_shape.FEATURES, *logon_shape.FEATURES, *msticpy.FEATURES)
}
_CATEGORIES: Final = {(kind, category.name): category for category in CATEGORIES for kind in category.kinds}


class Columns:
    """A FeatureSet of chosen features: any columns, any gate, normalised or not."""

    def __init__(
        self,
        identity: tuple[str, int, Kind],
        features: Sequence[Feature],
        normalize: Normalize,
        gate: Sequence[Category],
    ) -> None:
        self.name, self.version, self.kind = identity
        self.part_versions = (
            *(feature.version for feature in features),
            *(part.version for part in gate),
        )
        self.columns = tuple(feature.name for feature in features)
        self._measures: tuple[Measure, ...] = tuple(
            dict.fromkeys(measure for feature in features for measure in feature.measures)
        )
        self._values: list[tuple[Callable[..., float], tuple[int, ...]]] = [
            (feature.value, tuple(self._measures.index(measure) for measure in feature.measures))
            for feature in features
        ]
        self._normalize = normalize == "l2"
        self.gate_parts = tuple(category.name for category in gate)
        self._gate = tuple(category.of for category in gate)
        self.sketched = all(each.sketched for each in features) and all(each.sketched for each in gate)

    def measure(self, event: Event) -> tuple[Gate, Counts]:
        """Gate and counts of an event, each shape (the gate's parts,) and (the distinct measures,)."""
        return tuple([of(event) for of in self._gate]), tuple([measure(event) for measure in self._measures])

    def vector(self, counts: Counts) -> Vector:
        """The columns' floats; with normalize l2 divided by their Euclidean norm, zeros stay zeros."""
        values = [value(*[counts[place] for place in places]) for value, places in self._values]
        return _unit(values) if self._normalize else tuple(values)


def _unit(values: list[float]) -> Vector:
    squares = 0.0
    for value in values:
        squares += value * value
    if squares == 0.0:
        return tuple(values)
    norm = math.sqrt(squares)
    return tuple([value / norm for value in values])


def build(kind: Kind, features: str | Sequence[str], normalize: Normalize, gate: Sequence[str]) -> FeatureSet:
    """The feature set that a config names: a set's name, or a list of feature names.

    Raises ValueError naming the feature or gate that does not exist and those that do.
    """
    if isinstance(features, str):
        named = _SETS.get((kind, features))
        if named is None:
            known = ", ".join(set_names(kind))
            raise ValueError(f"{kind} has no feature set {features!r}; sets: {known}; or a list of features")
        name, version, columns = features, named.version, named.columns
    else:
        name, version, columns = ",".join(features), 1, tuple(features)
    if not columns:
        raise ValueError("the list of features is empty")
    chosen = [_feature(kind, column) for column in columns]
    categories = [_category(kind, part) for part in gate]
    _refuse_repeats("feature", columns)
    _refuse_repeats("gate", gate)
    version = max(version, *(feature.version for feature in chosen), *(part.version for part in categories))
    return Columns((name, version, kind), chosen, normalize, categories)


def _feature(kind: Kind, name: str) -> Feature:
    feature = _FEATURES.get((kind, name))
    if feature is None:
        raise ValueError(f"{kind} has no feature {name!r}; features: {', '.join(feature_names(kind))}")
    return feature


def _category(kind: Kind, name: str) -> Category:
    category = _CATEGORIES.get((kind, name))
    if category is None:
        raise ValueError(f"{kind} has no gate {name!r}; gates: {', '.join(gate_names(kind))}")
    return category


def _refuse_repeats(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} {name!r} is named twice")


def set_names(kind: Kind) -> tuple[str, ...]:
    """The named sets of a kind, the default first."""
    return tuple(name for of, name in _SETS if of == kind)


def feature_names(kind: Kind) -> tuple[str, ...]:
    """The features that a list may name."""
    return tuple(name for of, name in _FEATURES if of == kind)


def gate_names(kind: Kind) -> tuple[str, ...]:
    """The categories that a gate may name."""
    return tuple(name for of, name in _CATEGORIES if of == kind)


def defaults(kind: Kind, features: str | Sequence[str]) -> dict[str, object]:
    """gate, normalize and eps that a set is used with unless the config says otherwise.

    A list of features has those of the kind's default set.

    Raises ValueError naming a set that does not exist.
    """
    name = features if isinstance(features, str) else set_names(kind)[0]
    named = _SETS.get((kind, name))
    if named is None:
        raise ValueError(f"{kind} has no feature set {name!r}; sets: {', '.join(set_names(kind))}")
    return {"gate": named.gate, "normalize": named.normalize, "eps": named.eps}
