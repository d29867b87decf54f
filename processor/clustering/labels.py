"""Cluster numbers that follow the window, for those who ask after every event; who does not ask pays nothing.

Cores are kept in components. A new core joins those it reaches; where cores fell, what they held together is
searched from all sides until one is left or all met.
"""

from collections import deque
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np

from processor.clustering.components import Labels
from processor.clustering.cores import Cores
from processor.clustering.space import Space

NOISE = -1
CATCH_UP = 1000  # vectors that changed and are followed one by one, whatever the window
CATCH_UP_SHARE = 3  # so many halvings of the number of vectors is how many are followed in a large one
FEW = 128  # cores whose links are looked at pair by pair
SLACK = 64  # entries of cores that left, beyond as many as there are cores, that a heap may hold


class _Component:
    """Connected cores.

    oldest : a heap of (first, slot) in which those that left are skipped
    number : the first event of its oldest core, unless `stale`
    """

    def __init__(self, members: set[int], oldest: list[tuple[int, int]]) -> None:
        self.members = members
        self.oldest = oldest
        self.number: int = oldest[0][0]
        self.stale = False


class CoreLabels:
    """Components of the cores of a space with one place."""

    _left: Any

    def __init__(self, space: Space, horizon: int, labels: Labels) -> None:
        self.cores = Cores(space, horizon)
        self._space = space
        self._components: list[_Component | None] = [None]  # by number, from 1
        self._free: list[int] = []
        self._left = np.zeros(FEW, np.uint32).data  # cores that hung together by what fell
        found: dict[int, list[tuple[int, int]]] = {}
        live, is_core = labels.snapshot.live.tolist(), labels.is_core.tolist()
        self.cores.begin(live, is_core)
        for slot, cluster, core in zip(live, labels.cluster.tolist(), is_core, strict=True):
            if core:
                found.setdefault(cluster, []).append((self.cores.first[slot], slot))
        for oldest in found.values():
            self._found({slot for _, slot in oldest}, oldest)

    def behind(self) -> bool:
        """Whether so much has changed that the labels are quicker worked out anew than followed."""
        waiting = self.cores.waiting()
        return waiting > self.cores.near.size >> CATCH_UP_SHARE and waiting > CATCH_UP

    def touch(self, slot: int) -> None:
        """An event of a slot was learned."""
        self.cores.touch(slot)

    def follow(self, horizon: int) -> None:
        """Catch up with what was learned and what has left."""
        cores = self.cores
        if horizon > cores.horizon:
            fallen = cores.fall(horizon)
            if fallen:
                self._leave(fallen)
            cores.bury()
        if cores.waiting():
            for slot in cores.rise():
                self._join(slot)

    def holds(self, slot: int) -> bool:
        """Whether a slot's vector is in the window, as far as was followed."""
        return bool(self.cores.near.held[slot] and self.cores.alive(slot))

    def of_slot(self, slot: int) -> int:
        """The cluster of a live vector, NOISE where it has none."""
        if not self.cores.core[slot]:
            slot = self._nearest(self.cores.near.around(slot), ())
        return self._number(slot) if slot else NOISE

    def of_point(self, point: list[float], beyond: tuple[float, ...]) -> int:
        """The cluster of the core nearest to a point and within eps, NOISE where none is.

        beyond : coordinates on further columns, in which all that was learned is 0
        """
        slot = self._nearest(self.cores.near.around_point(point), beyond)
        return self._number(slot) if slot else NOISE

    def _nearest(self, number: int, beyond: tuple[float, ...]) -> int:
        """Of the points just found the nearest core, ties to the smaller counts; 0 where none is a core."""
        near, core = self.cores.near, self.cores.core
        best = 0
        least = near.limit
        for i in range(number):
            slot: int = near.found[i]
            if not core[slot]:
                continue
            distance = near.distance(slot)
            for x in beyond:
                distance += x * x
            if distance < least or (
                distance == least and (not best or self._space.counts(slot) < self._space.counts(best))
            ):
                best, least = slot, distance
        return best

    def _number(self, slot: int) -> int:
        """The first event of the oldest core of a core's component."""
        of: int = self.cores.component[slot]
        component = self._components[of]
        assert component is not None  # noqa: S101 - cores have one
        if component.stale:
            while component.oldest[0][1] not in component.members or self._outdated(component.oldest[0]):
                heappop(component.oldest)
            component.number = component.oldest[0][0]
            component.stale = False
        return component.number

    def _outdated(self, known: tuple[int, int]) -> bool:
        """Whether a slot holds another vector by now."""
        first, slot = known
        return bool(self.cores.first[slot] != first)

    def _found(self, members: set[int], oldest: list[tuple[int, int]]) -> None:
        """Make a component."""
        heapify(oldest)
        if self._free:
            number = self._free.pop()
        else:
            number = len(self._components)
            self._components.append(None)
        self._components[number] = _Component(members, oldest)
        for slot in members:
            self.cores.component[slot] = number

    def _join(self, slot: int) -> None:
        """A slot has become a core."""
        near, of = self.cores.near, self.cores.component
        number, found, own = near.around(slot), near.found, 0
        for i in range(number):
            other = of[found[i]]  # 0 where it is no core, or has just become one, too
            if other and other != own:
                if own:
                    own = self._merge(own, other)
                else:
                    own = other
                    self._enter(own, slot)
        if not own:
            self._found({slot}, [(self.cores.first[slot], slot)])

    def _enter(self, number: int, slot: int) -> None:
        component, first = self._components[number], self.cores.first[slot]
        assert component is not None  # noqa: S101 - cores have one
        component.members.add(slot)
        self.cores.component[slot] = number
        component.number = min(component.number, first)
        heappush(component.oldest, (first, slot))
        if len(component.oldest) > 2 * len(component.members) + SLACK:
            component.oldest = [(self.cores.first[member], member) for member in component.members]
            heapify(component.oldest)

    def _merge(self, one: int, other: int) -> int:
        """Make one of two components; the number of the larger one stays."""
        kept, moved = self._components[one], self._components[other]
        assert kept is not None  # noqa: S101 - cores have one
        assert moved is not None  # noqa: S101
        if len(kept.members) < len(moved.members):
            return self._merge(other, one)
        kept.stale = kept.stale or moved.stale
        for slot in moved.members:
            self._enter(one, slot)
        self._drop(other)
        return one

    def _drop(self, number: int) -> None:
        self._components[number] = None
        self._free.append(number)

    def _leave(self, fallen: list[int]) -> None:
        """Slots are cores no more: what they held together may be apart."""
        for slot in fallen:
            number = self.cores.component[slot]
            component = self._components[number]
            assert component is not None  # noqa: S101 - cores have one
            self.cores.component[slot] = 0
            component.members.discard(slot)
            if not component.members:
                self._drop(number)
            elif self.cores.first[slot] == component.number:
                component.stale = True
        if len(fallen) == 1 and self._still_linked(fallen[0]):
            return
        torn = fallen if len(fallen) > FEW else [slot for group in self._torn(fallen) for slot in group]
        near: dict[int, set[int]] = {}
        # All together, because each might lean on the others' bridges.
        for slot in torn:
            for other in self._cores_near(slot):
                near.setdefault(self.cores.component[other], set()).add(other)
        for left in near.values():
            if len(left) > 1:
                self._split(left)

    def _torn(self, fallen: list[int]) -> list[list[int]]:
        """What fell, in groups that were linked, without those whose neighbours hang together anyhow."""
        return [
            group
            for group in self._side_by_side(fallen)
            if len(group) > 1 or not self._still_linked(group[0])
        ]

    def _side_by_side(self, fallen: list[int]) -> list[list[int]]:
        """What fell, in groups that are linked."""
        left, groups = fallen, []
        while left:
            ahead = group = [left[0]]
            left = left[1:]
            while ahead and left:
                linked, apart = [], []
                for slot in left:
                    for other in ahead:
                        if self.cores.near.squared(slot, other) <= self.cores.near.limit:
                            linked.append(slot)
                            break
                    else:
                        apart.append(slot)
                group = group + linked
                ahead, left = linked, apart
            groups.append(group)
        return groups

    def _still_linked(self, slot: int) -> bool:
        """Whether the cores near a slot that fell hang together by themselves; False where they are many."""
        near, core, left, count = self.cores.near, self.cores.core, self._left, 0
        number, found = near.around(slot), near.found
        for i in range(number):
            other = found[i]
            if core[other]:
                if count == FEW:
                    return False
                left[count] = other
                count += 1
        return self._linked(count)

    def _linked(self, number: int) -> bool:
        """Whether so many cores in `_left` hang together by themselves."""
        near, left, limit = self.cores.near, self._left, self.cores.near.limit
        ahead, reached = 0, 1
        while ahead < reached < number:
            slot = left[ahead]
            ahead += 1
            for i in range(reached, number):
                other = left[i]
                if near.squared(slot, other) <= limit:
                    left[i], left[reached] = left[reached], other
                    reached += 1
        return reached >= number

    def _cores_near(self, slot: int) -> list[int]:
        near, core = self.cores.near, self.cores.core
        number, found = near.around(slot), near.found
        return [found[i] for i in range(number) if core[found[i]]]

    def _split(self, left: set[int]) -> None:
        """Cores that had neighbours in common: make several components of theirs where they are apart."""
        groups = []
        while left:
            ahead = [left.pop()]
            seen = set(ahead)
            while ahead and left:
                for slot in self._cores_near(ahead.pop()):
                    if slot in left:
                        left.discard(slot)
                        seen.add(slot)
                        ahead.append(slot)
            groups.append((seen, deque(seen)))
        if len(groups) > 1:
            self._search(groups)

    def _search(self, groups: list[tuple[set[int], deque[int]]]) -> None:
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
                for slot in self._cores_near(ahead.popleft()):
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

    def _part(self, seen: set[int]) -> None:
        """These cores are a component of their own."""
        old = self._components[self.cores.component[next(iter(seen))]]
        assert old is not None  # noqa: S101 - cores have one
        old.members -= seen
        old.stale = True
        self._found(seen, [(self.cores.first[slot], slot) for slot in seen])
