"""Cluster numbers that follow the window, for those who ask after every event; who does not ask pays nothing.

Known cores are kept in components. An event can only make cores of its neighbours, and join components; a
core that stops being one may split its own, which is searched from all sides until one is left or all met.
"""

from collections import deque
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from processor.clustering.components import Labels
from processor.clustering.neighbours import LOOPS, squared_distance
from processor.clustering.space import Space

EVERYTHING = 1 << 62
CATCH_UP = 1000  # vectors that changed and are followed one by one, whatever the window
CATCH_UP_SHARE = 3  # so many halvings of the number of cores is how many are followed in a large one
LOOSE_SCANNED = 128  # loose vectors that are looked at one by one


class _Component:
    """Connected cores; `oldest` is a heap of (first, slot) in which those that left are skipped."""

    def __init__(self, members: set[int], oldest: list[tuple[int, int]]) -> None:
        self.members = members
        self.oldest = oldest


class _Loose:
    """A live vector that is no core.

    lacks : events near it that it takes at least to make a core of it
    """

    def __init__(self, first: int, point: list[float]) -> None:
        self.first = first
        self.point = point
        self.x = point[0]
        self.lacks = 1


class CoreLabels:
    """Components of the known cores of one place.

    horizon : the last one heard of; parts were numbered anew where it falls, and the labels are worthless
    """

    def __init__(self, space: Space, place: int, horizon: int, labels: Labels) -> None:
        self.horizon = horizon
        self._space = space
        self._place = place
        self._component: dict[int, _Component] = {}
        self._core: dict[int, tuple[int, list[float], int]] = {}  # first, point, core until
        self._due: list[tuple[int, int, int]] = []
        self._full: dict[int, tuple[int, int]] = {}
        self._touched: dict[int, int] = {}  # slot -> events not yet followed
        self._loose: dict[int, _Loose] = {}
        self._loose_most = LOOSE_SCANNED
        made: dict[int, _Component] = {}
        slots = labels.snapshot.live[labels.is_core].tolist()
        for slot, cluster in zip(slots, labels.cluster[labels.is_core].tolist(), strict=True):
            component = made.setdefault(cluster, _Component(set(), []))
            component.members.add(slot)
            component.oldest.append((space.slots.first[slot], slot))
            self._component[slot] = component
            self._know(slot, horizon)
        for component in made.values():
            heapify(component.oldest)
        for slot in labels.snapshot.live[~labels.is_core].tolist():
            self._let_loose(slot)

    @property
    def behind(self) -> bool:
        """Whether so much has changed that the labels are quicker worked out anew than followed."""
        return len(self._touched) > max(CATCH_UP, len(self._core) >> CATCH_UP_SHARE)

    def touch(self, slot: int) -> None:
        """An event of a slot was learned."""
        self._touched[slot] = self._touched.get(slot, 0) + 1

    def label(self, slot: int, horizon: int) -> int:
        """The cluster of a core slot: the first event of its oldest core."""
        if self._touched or (self._due and self._due[0][0] < horizon):
            self._follow(horizon)
        self.horizon = horizon
        component = self._component[slot]
        oldest = component.oldest
        while True:
            first, other = oldest[0]
            if self._component.get(other) is component and self._core[other][0] == first:
                return first
            heappop(oldest)

    def _follow(self, horizon: int) -> None:
        # All that fell of one component are looked at together: each might lean on the others' bridges.
        points: dict[_Component, list[list[float]]] = {}
        for slot in self._fallen(horizon):
            component = self._component.pop(slot)
            component.members.discard(slot)
            points.setdefault(component, []).append(self._core.pop(slot)[1])
        for fell in points.values():
            near = set()
            for point in fell:
                for slot in self._near(point, horizon):
                    if slot in self._component:
                        near.add(slot)
            if len(near) > 1:
                self._split(list(near), horizon)
        for slot, events in self._touched.items():
            self._rise(slot, events, horizon)
        self._touched.clear()

    def _fallen(self, horizon: int) -> list[int]:
        """Known cores that are none any more."""
        slots, lost = self._space.slots, []
        while self._due and self._due[0][0] < horizon:
            until, slot, first = heappop(self._due)
            known = self._core.get(slot)
            if known is None or known[0] != first or known[2] != until:
                continue
            alive = slots.place[slot] and slots.first[slot] == first and slots.newest[slot] >= horizon
            if alive and self._space.is_core(slot, horizon, self._space.min_samples):
                self._know(slot, horizon)
            else:
                lost.append(slot)
                if alive:
                    self._let_loose(slot)
        return lost

    def _rise(self, slot: int, events: int, horizon: int) -> None:
        """Events came: their vector and its neighbours may have become cores."""
        slots, space = self._space.slots, self._space
        if slots.newest[slot] < horizon or not slots.place[slot]:
            return
        first = slots.first[slot]
        full = self._full.get(slot)
        kept = slots.full_until(slot, space.min_samples)
        if kept >= horizon:
            self._full[slot] = (first, kept)
        else:
            self._full.pop(slot, None)
        if full is not None and full[0] == first and full[1] >= horizon:
            return  # min_samples events of its own were there before: one more changes no neighbour
        if slot not in self._component:
            known = self._loose.get(slot)
            if known is None or known.first != first:
                self._let_loose(slot)
        for other in self._stirred(space.point(slot), events, horizon):
            del self._loose[other]
            self._know(other, horizon)
            made = _Component({other}, [(slots.first[other], other)])
            self._component[other] = made
            for core in self._near(self._core[other][1], horizon):
                if core in self._component:
                    self._join(self._component[core], self._component[other])

    def _let_loose(self, slot: int) -> None:
        self._loose[slot] = _Loose(self._space.slots.first[slot], self._space.point(slot))

    def _stirred(self, point: list[float], events: int, horizon: int) -> list[int]:
        """Loose vectors that so many events at this point made cores."""
        loose, limit, x = self._loose, self._space.limit, point[0]
        if len(loose) > self._loose_most:
            self._prune(horizon)
            loose = self._loose
        if len(loose) > LOOSE_SCANNED:
            near = [slot for slot in self._near(point, horizon) if slot in loose]
        else:
            near = []
            for slot, held in loose.items():
                difference = held.x - x
                if difference * difference <= limit and squared_distance(held.point, point) <= limit:
                    near.append(slot)
        cores = []
        for slot in near:
            held = loose[slot]
            held.lacks -= events
            if held.lacks > 0:
                continue
            if not self._is(slot, held, horizon):
                del loose[slot]
            elif self._becomes_core(slot, held, horizon):
                cores.append(slot)
        return cores

    def _becomes_core(self, slot: int, held: _Loose, horizon: int) -> bool:
        space, need = self._space, self._space.min_samples
        if space.slots.core[slot] >= horizon:
            return True
        found: list[int] = []
        weight = space.weigh(self._place, held.point, horizon, need, found)
        held.lacks = need - weight
        if weight >= need:
            space.witness(slot, found)
        return weight >= need

    def _is(self, slot: int, held: _Loose, horizon: int) -> bool:
        """Whether a loose vector is still in the window, and still in that slot."""
        slots = self._space.slots
        return bool(slots.place[slot] and slots.first[slot] == held.first and slots.newest[slot] >= horizon)

    def _prune(self, horizon: int) -> None:
        self._loose = {slot: held for slot, held in self._loose.items() if self._is(slot, held, horizon)}
        self._loose_most = max(LOOSE_SCANNED, 2 * len(self._loose))

    def _join(self, one: _Component, other: _Component) -> None:
        if one is other:
            return
        small, large = (one, other) if len(one.members) < len(other.members) else (other, one)
        for slot in small.members:
            self._component[slot] = large
            heappush(large.oldest, (self._core[slot][0], slot))
        large.members |= small.members

    def _split(self, near: list[int], horizon: int) -> None:
        """Cores that had a neighbour in common, of one component: make several of it where they are apart."""
        grouped = self._grouped(near)
        if len(grouped) > 1:
            self._search([(seen, deque(seen)) for seen in grouped], horizon)

    def _search(self, groups: list[tuple[set[int], deque[int]]], horizon: int) -> None:
        """Walk on from all groups until one is left or all have met."""
        owner = {slot: group for group in groups for slot in group[0]}
        while len(groups) > 1:
            for group in list(groups):
                if len(groups) == 1 or group not in groups:
                    continue
                seen, ahead = group
                if not ahead:
                    groups.remove(group)
                    self._part(seen)
                    continue
                for slot in self._near(self._core[ahead.popleft()][1], horizon):
                    if slot not in self._component:
                        continue
                    other = owner.get(slot)
                    if other is None:
                        owner[slot] = group
                        seen.add(slot)
                        ahead.append(slot)
                    elif other is not group and other in groups:
                        for moved in other[0]:
                            owner[moved] = group
                        seen |= other[0]
                        ahead.extend(other[1])
                        groups.remove(other)

    def _grouped(self, near: list[int]) -> list[set[int]]:
        """Which of these cores hang together by themselves."""
        points = [self._core[slot][1] for slot in near]
        links = None if LOOPS else self._links(points)
        limit = self._space.limit
        groups = []
        left = list(range(len(near)))
        while left:
            ahead, group = [left.pop()], set()
            while ahead:
                i = ahead.pop()
                group.add(near[i])
                point = points[i]
                apart: list[int] = []
                for j in left:
                    linked = squared_distance(point, points[j]) <= limit if links is None else links[i, j]
                    (ahead if linked else apart).append(j)
                left = apart
            groups.append(group)
        return groups

    def _links(self, points: list[list[float]]) -> NDArray[np.bool_]:
        """Which of these points are within eps of each other."""
        columns = np.array(points).T
        acc = np.zeros((len(points), len(points)))
        for column in columns:
            difference = column[:, None] - column
            acc += difference * difference
        links: NDArray[np.bool_] = acc <= self._space.limit
        return links

    def _part(self, seen: set[int]) -> None:
        """These cores are a component of their own."""
        old = self._component[next(iter(seen))]
        old.members -= seen
        made = _Component(seen, [(self._core[slot][0], slot) for slot in seen])
        heapify(made.oldest)
        for slot in seen:
            self._component[slot] = made

    def _know(self, slot: int, horizon: int) -> None:
        """Note a core, and until when it is one for sure."""
        slots = self._space.slots
        sure = (
            slots.core[slot]
            if slots.core[slot] >= horizon
            else slots.full_until(slot, self._space.min_samples)
        )
        until = max(horizon, min(slots.newest[slot], sure))
        first = slots.first[slot]
        self._core[slot] = (first, self._space.point(slot), until)
        heappush(self._due, (until, slot, first))

    def _near(self, point: list[float], horizon: int) -> list[int]:
        found: list[int] = []
        self._space.weigh(self._place, point, horizon, EVERYTHING, found)
        return found
