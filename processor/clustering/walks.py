"""Clusters around one vector, searched from core to core and no further than a limit of events."""

from dataclasses import dataclass, field

from processor.clustering.neighbours import squared_distance
from processor.clustering.rows import Counts
from processor.clustering.space import Space

EVERYTHING = 1 << 62
GUEST = 0  # stands among slots for the late event itself


@dataclass(frozen=True, slots=True)
class NearestCore:
    """The nearest live core of an event's gate.

    distance : in feature units
    size, at_least : events in its cluster; `at_least` when the count stopped at the limit
    slot : where the engine has it until the next event
    """

    distance: float
    counts: Counts
    exemplar: str
    size: int
    at_least: bool
    slot: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Guest:
    """A late event: it counts as one event wherever it reaches, although it is not stored."""

    point: list[float]
    counts: Counts


class Walk:
    """One place at one moment. The slots' events have to be settled."""

    def __init__(self, space: Space, min_samples: int, place: int, horizon: int, guest: Guest | None) -> None:
        self._space = space
        self._min_samples = min_samples
        self._place = place
        self._horizon = horizon
        self._guest = guest
        self._known: dict[int, bool] = {GUEST: False}

    def size_around(self, point: list[float], limit: int) -> tuple[int, bool]:
        """Events in the cluster of the core nearest to a point, (1, False) where none is within eps."""
        near = self._near(point)
        weight = self._guests(point) + sum(self._space.slots.live(slot, self._horizon) for slot in near)
        if weight >= self._min_samples:
            self._known[GUEST] = self._guest is not None
            return self._grow(near, limit)
        core = self._nearest_core(point, near)
        return (1, False) if core is None else self._grow([core], limit)

    def size_of(self, core: int, limit: int) -> tuple[int, bool]:
        """Events in the cluster of a core slot."""
        return self._grow([core], limit)

    def _grow(self, start: list[int], limit: int) -> tuple[int, bool]:
        """Events in the cluster of the cores in `start`; what else is in it may be a border."""
        events = self._space.slots.events
        size = 0 if self._guest is None else 1
        seen = set(start)
        cores = {GUEST} if self._known[GUEST] else set()
        ahead: list[int] = []
        fringe: list[int] = []
        fresh = start
        while fresh or ahead:
            for slot in fresh:
                if not self._is_core(slot):
                    fringe.append(slot)
                    continue
                cores.add(slot)
                ahead.append(slot)
                size += events[slot]
                if size >= limit:
                    return limit, True
            near = self._near(self._space.point(ahead.pop())) if ahead else []
            fresh = [slot for slot in near if slot not in seen]
            seen.update(fresh)
        for slot in fringe:
            point = self._space.point(slot)
            if self._nearest_core(point, self._near(point)) in cores:
                size += events[slot]
        return (limit, True) if size >= limit else (size, False)

    def _near(self, point: list[float]) -> list[int]:
        found: list[int] = []
        self._space.weigh(self._place, point, self._horizon, EVERYTHING, found)
        return found

    def _guests(self, point: list[float]) -> int:
        return int(self._guest is not None and self._space.close(point, self._guest.point))

    def _is_core(self, slot: int) -> bool:
        known = self._known.get(slot)
        if known is None:
            need = self._min_samples - self._guests(self._space.point(slot))
            known = self._known[slot] = self._space.is_core(slot, self._horizon, need)
        return known

    def _nearest_core(self, point: list[float], near: list[int]) -> int | None:
        """The core nearest to a point, ties to the smaller counts, of those in `near` and the guest."""
        space = self._space
        order = [(squared_distance(point, space.point(slot)), space.counts(slot), slot) for slot in near]
        if self._guest is not None and self._guests(point):
            order.append((squared_distance(point, self._guest.point), self._guest.counts, GUEST))
        return next((slot for _, _, slot in sorted(order) if self._is_core(slot)), None)
