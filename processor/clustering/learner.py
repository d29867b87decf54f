"""What SlidingDBSCAN does for every event, apart from river's face so that it compiles."""

import struct
from collections.abc import Hashable, Mapping, Sequence
from numbers import Real
from typing import Any

from processor.clustering import arguments
from processor.clustering.components import label
from processor.clustering.engine import Engine
from processor.clustering.labels import CoreLabels
from processor.clustering.rows import LARGEST, Counts, Vector
from processor.clustering.stateful import Stateful

SCOPE = ""
UNBOUND = 1 << 62
KNOWN = 1 << 13  # vectors that are learned again without another look at their features


def ordered(values: Sequence[float]) -> Counts:
    """Floats' bits as integers that sort as the floats do; 0.0 and -0.0 are 0."""
    bits = struct.unpack(f"<{len(values)}q", struct.pack(f"<{len(values)}d", *values))
    return tuple([one if one >= 0 else -(one & 0x7FFFFFFFFFFFFFFF) for one in bits])


def floats(counts: Counts) -> Vector:
    """The floats whose ordered bits these are."""
    bits = [count if count >= 0 else -count - (1 << 63) for count in counts]
    return struct.unpack(f"<{len(bits)}d", struct.pack(f"<{len(bits)}q", *bits))


class Learner(Stateful):
    """An engine fed with mappings of features, and the clusters of its cores once somebody has asked.

    names : features in the order of the engine's columns
    """

    STATE = (
        "engine",
        "names",
        "_named",
        "_length",
        "_pane",
        "_timed",
        "_learned",
        "_now",
        "_part",
        "_horizon",
    )

    def __init__(  # noqa: PLR0917
        self,
        eps: float,
        min_samples: int,
        length: int,
        pane: int,
        timed: bool,  # noqa: FBT001 - compiled methods take no keywords
        features: tuple[Hashable, ...] | None,
    ) -> None:
        """A window of so many events or, if `timed`, units of time; so many of them are a pane.

        features : to be used, None = all that come
        """
        self.names: list[Hashable] = list(features or ())
        self.engine = Engine(
            columns=max(1, len(self.names)),
            eps=eps,
            min_samples=min_samples,
            vector=floats,
            max_vectors=UNBOUND,
        )
        self._named = features is not None
        self._length = length
        self._pane = pane
        self._timed = timed
        self._learned = 0
        self._now: int | None = None
        self._part = 0
        self._horizon = -UNBOUND
        self._begin()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._begin()

    def _begin(self) -> None:
        self._labels: CoreLabels | None = None  # worked out when somebody asks
        self._last = 0  # the engine's part of the event learned last
        self._slot = 0  # its slot, and the objects that its values were
        self._values: tuple[Any, ...] = ()
        self._order: tuple[Hashable, ...] = ()
        # By the bytes of values in that order: Python hashes bytes with a secret, and numbers without.
        self._rows: dict[bytes, int] = {}

    def learn(self, event: Mapping[Hashable, Any], now: int | None) -> None:
        """Learn one event, after time has moved on to `now`. Raises ValueError for what is no number."""
        x = event if type(event) is dict else arguments.features(event)
        engine, row = self.engine, self._known(x)
        read = None if row else self._read(x)
        if now is not None:
            self.advance(now)
        self._tick()
        if read is not None:
            row = self._interned(x, read)
        slot = engine.take(engine.home(SCOPE), row, self._part, self._learned, "")
        engine.tidy()
        self._learned += 1
        labels, last = self._labels, engine.parts.last
        if labels is not None:
            # Inner part numbers begin anew now and then. Or nobody asks any more.
            if last < self._last or labels.behind():
                self._labels = None
            else:
                labels.touch(slot)
        self._last, self._slot = last, slot

    def advance(self, now: int) -> None:
        """Move time on, never back: whatever is older than the window's length leaves, by whole panes."""
        if self._now is None or now > self._now:
            self._now = now
        self._part = self._now // self._pane
        self._expire((self._now - self._length) // self._pane)

    def predict(self, event: Mapping[Hashable, Any]) -> int:
        """The cluster of the nearest core within eps, else NOISE."""
        x = event if type(event) is dict else arguments.features(event)
        labels = self._followed()
        slot = self._slot if self._same(x) else self._slot_of(x)
        if slot and labels.holds(slot):
            return labels.of_slot(slot)
        read = self._read(x)
        point = [value + 0.0 for value in floats(self._counts(read))]
        unknown = [] if self._named else sorted(set(read) - set(self.names), key=arguments.rank)
        return labels.of_point(point, tuple([read[name] for name in unknown]))

    def _ordered(self, x: dict[Hashable, Any]) -> bool:
        """Whether an event's features are those of the events before, in the same order."""
        order = self._order
        if len(x) != len(order):
            return False
        for at, name in enumerate(x):  # noqa: SIM110 - a generator costs more than the rest
            if name is not order[at] and name != order[at]:
                return False
        return True

    def _same(self, x: dict[Hashable, Any]) -> bool:
        """Whether an event's values are the very objects of the event that was learned last."""
        values = self._values
        if not values or not self._ordered(x):
            return False
        for at, value in enumerate(x.values()):  # noqa: SIM110
            if value is not values[at]:
                return False
        return True

    def _known(self, x: dict[Hashable, Any]) -> int:
        """The row of an event that is learned again, 0 where that is not known."""
        self._values = ()
        if not self._ordered(x):
            return 0
        values = tuple(x.values())
        key = self._bytes(x, values)
        row = 0 if key is None else self._rows.get(key, 0)
        if not row or not self.engine.rows.holds(row):
            return 0
        self._values = values
        return row

    def _slot_of(self, x: dict[Hashable, Any]) -> int:
        """The slot of an event that was learned before, 0 where that is not known."""
        values, row = self._values, self._known(x)
        self._values = values
        return self.engine.slot(SCOPE, row) if row else 0

    def _interned(self, x: dict[Hashable, Any], read: Mapping[Hashable, float]) -> int:
        """The row of features that are new, or were forgotten."""
        if not self._named:
            self._widen([name for name in read if name not in self.names])
        row = self.engine.intern((), self._counts(read))
        order = tuple(x)
        if order != self._order or len(self._rows) >= KNOWN:
            self._order = order
            self._rows.clear()
        values = tuple(x.values())
        key = self._bytes(x, values)
        if key is not None:
            self._rows[key] = row
            self._values = values
        return row

    def _bytes(self, x: dict[Hashable, Any], values: tuple[Any, ...]) -> bytes | None:
        """What an event is known by, None where it is to be looked at each time."""
        numbers = [x.get(name, 0.0) for name in self.names] if self._named else values
        for value in numbers:
            kind = type(value)
            if kind is not float and kind is not int and not isinstance(value, Real):
                return None  # a tensor, say: the same object may be another number next time
        try:
            return struct.pack(f"{len(numbers)}d", *numbers)
        except (struct.error, TypeError, ValueError, OverflowError):
            return None

    def _tick(self) -> None:
        """Let a window of events end with the event to be learned."""
        if not self._timed:
            learned, pane = self._learned, self._pane
            self._part = learned // pane
            self._expire((learned - self._length + 1) // pane)
        elif self._now is None:
            raise ValueError("a window of time needs learn_one(x, t=...), or advance(t) before learn_one(x)")

    def _expire(self, horizon: int) -> None:
        if horizon != self._horizon:
            self._horizon = horizon
            self.engine.expire(horizon)

    def _read(self, x: dict[Hashable, Any]) -> dict[Hashable, float]:
        """The values of features. Raises ValueError for those that are no numbers to be learned."""
        names = self.names if self._named else x
        read = {}
        for name in names:
            value = x.get(name, 0.0)
            kind = type(value)
            if (kind is not float and kind is not int) or not -LARGEST <= value <= LARGEST:
                value = arguments.number(name, value)
            read[name] = float(value)
        return read

    def _counts(self, read: Mapping[Hashable, float]) -> Counts:
        return ordered([read.get(name, 0.0) for name in self.names]) or (0,)

    def _widen(self, new: list[Hashable]) -> None:
        """Add columns; where a new feature's name stands in an event must not matter."""
        if new:
            self.names += sorted(new, key=arguments.rank)
            columns = len(self.names)
            if columns > self.engine.columns:
                self.engine.widen(columns)
                if self._labels is not None:
                    self._labels.widen(columns)

    def _followed(self) -> CoreLabels:
        """The clusters as of now."""
        labels, horizon = self._labels, self.engine.parts.horizon
        if labels is None or labels.behind() or labels.outlived(horizon):
            labels = self._labels = CoreLabels(self.engine.space, horizon, label(self.engine.snapshot()))
        labels.follow(horizon)
        return labels
