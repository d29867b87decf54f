"""Cluster numbers that follow the window, for those who ask after every event; who does not ask pays nothing.

Cores are kept in components. A new core joins those it reaches; where cores fell, what they held together is
searched from all sides until one is left or all met. What came joins before what fell is taken out: mostly it
holds together what fell held.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from processor.clustering.components import Labels
from processor.clustering.cores import Cores
from processor.clustering.families import Families
from processor.clustering.space import Space
from processor.clustering.tables import make_room

NOISE = -1
FIXED = 8000  # vectors more than there are: what they would cost to work out anew is what that costs at least
FOLLOWED = 8  # vectors that are worked out anew in the time in which one is followed where nobody is near,
CROWD = 40  # and once more as many for each so many neighbours
MANY = 16  # slots of one cell that have left together are looked around at once,
LOOSE = 16  # unless that finds so many times as many points as are near one of them
FEW = 128  # cores whose links are looked at pair by pair
STEPS = 8  # of many cores, that are looked around
KINDS = {"_owner": "q", "_after": "I"}
GROUPS = ("_head", "_tail", "_done", "_last", "_into")


class CoreLabels:
    """Components of the cores of a space with one place."""

    _left: Any
    _owner: Any
    _after: Any
    _head: Any
    _tail: Any
    _done: Any
    _last: Any
    _into: Any

    def __init__(self, space: Space, horizon: int, labels: Labels) -> None:
        self.cores = Cores(space, horizon)
        self._space = space
        self._families = Families()
        self._room = 0
        self._arrays: dict[str, NDArray[Any]] = {}
        self._fixed, self._followed, self._crowd = FIXED, FOLLOWED, CROWD  # typed here, and not as globals
        self._groups = 0  # for how many there is room
        self._mark = 1  # of slots that a search has met, `_owner` is as much at least
        self._left = np.zeros(FEW, np.uint32).data  # cores that hung together by what fell
        snapshot = labels.snapshot
        order = snapshot.slot_newest[snapshot.live].argsort(kind="stable")
        live, is_core = snapshot.live[order].tolist(), labels.is_core[order].tolist()
        self.cores.begin(live, is_core)
        self._reserve()
        numbers: dict[int, int] = {}
        for slot, cluster, core in zip(live, labels.cluster[order].tolist(), is_core, strict=True):
            if core:
                first = self.cores.first[slot]
                number = numbers.get(cluster)
                if number is None:
                    numbers[cluster] = self._families.make(slot, first)
                else:
                    self._families.add(number, slot, first)

    def behind(self) -> bool:
        """Whether so much has come that the labels are quicker worked out anew than followed."""
        near, waiting = self.cores.near, self.cores.waiting()
        return waiting * self._followed * (1.0 + near.usual / self._crowd) > near.size + self._fixed

    def outlived(self, horizon: int) -> bool:
        """Whether so much leaves that the labels of what stays are quicker worked out anew than followed."""
        if horizon <= self.cores.horizon:
            return False
        due = self.cores.due(horizon)
        return due > self.cores.near.size - due + self._fixed

    def touch(self, slot: int) -> None:
        """An event of a slot was learned."""
        self.cores.touch(slot)

    def widen(self, columns: int) -> None:
        """Vectors have more columns from now on: of zeros, in which nobody comes nearer or goes."""
        self.cores.near.widen(columns)

    def follow(self, horizon: int) -> None:
        """Catch up with what was learned and what has left."""
        cores = self.cores
        fallen = cores.fall(horizon) if horizon > cores.horizon else []
        self._rise()
        if fallen:
            self._leave(fallen)
        cores.bury()
        self._rise()

    def _rise(self) -> None:
        """Let slots that events have made cores join."""
        if self.cores.waiting():
            risen = self.cores.rise()
            self._reserve()
            for slot in risen:
                self._join(slot)

    def _reserve(self) -> None:
        """Make room for every slot that may be a core."""
        room = self.cores.near.room
        if room > self._room:
            self._families.reserve(room)
            make_room(self, self._arrays, KINDS, room)
            self._room = room

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
        families = self._families
        number: int = families.first[families.root[families.of[slot]]]
        return number

    def _join(self, slot: int) -> None:
        """A slot has become a core."""
        near, families = self.cores.near, self._families
        of, number, found, own = families.of, near.around(slot), near.found, 0
        for i in range(number):
            other = of[found[i]]  # 0 where it is no core, or has just become one, too
            if other and other != own:
                if own:
                    own = families.merge(own, other)
                else:
                    own = other
                    families.add(own, slot, self.cores.first[slot])
        if not own:
            families.make(slot, self.cores.first[slot])

    def _leave(self, fallen: list[int]) -> None:
        """Slots are cores no more: what they held together may be apart."""
        for slot in fallen:
            self._families.remove(slot)
        for seeds in self._around(fallen if len(fallen) > FEW else self._torn(fallen)):
            if len(seeds) > 1:
                self._search(seeds)

    def _around(self, fallen: list[int]) -> list[list[int]]:
        """The cores near what fell, by the component that held them; some that are near no such slot, too."""
        near, core, owner, of = self.cores.near, self.cores.core, self._owner, self._families.of
        mark, found = self._mark, near.found
        self._mark += 1
        held: dict[int, list[int]] = {}
        # All together, because each might lean on the others' bridges.
        for cell in near.by_cell(fallen):
            crowded = self._crowded(cell)
            for slot in cell[:1] if crowded else cell:
                for i in range(near.beside(slot) if crowded else near.around(slot)):
                    other = found[i]
                    if core[other] and owner[other] != mark:
                        owner[other] = mark
                        held.setdefault(of[other], []).append(other)
        return list(held.values())

    def _crowded(self, cell: list[int]) -> bool:
        """Whether the cores near these slots of one cell are about all that are in it and beside it."""
        near = self.cores.near
        return len(cell) > MANY and near.beside(cell[0]) <= LOOSE * near.around(cell[0])

    def _torn(self, fallen: list[int]) -> list[int]:
        """What fell, without those whose neighbours hang together anyhow."""
        torn = []
        for group in self._side_by_side(fallen):
            if len(group) > 1 or not self._still_linked(group[0]):
                torn += group
        return torn

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
        """Whether the cores near a slot that fell hang together by themselves; else a search has to tell."""
        near, core, left, count = self.cores.near, self.cores.core, self._left, 0
        number, found = near.around(slot), near.found
        for i in range(number):
            other = found[i]
            if core[other]:
                if count == FEW:
                    return self._closely_linked(slot)
                left[count] = other
                count += 1
        return self._linked(count)

    def _closely_linked(self, slot: int) -> bool:
        """Whether from the core nearest to a slot all others near it are reached, around few of them."""
        near, core, owner, after = self.cores.near, self.cores.core, self._owner, self._after
        mark, found, missing, at, least = self._mark, near.found, 0, 0, near.limit
        self._mark = mark + 2  # of those to be reached, and of those that are
        for i in range(near.around(slot)):
            other = found[i]
            if core[other]:
                owner[other] = mark
                missing += 1
                distance = near.distance(other)
                if distance <= least:
                    at, least = other, distance
        owner[at] = mark + 1
        missing -= 1
        after[at] = 0
        last = at
        for _ in range(STEPS):
            if not at or not missing:
                break
            for i in range(near.around(at)):
                other = found[i]
                if owner[other] == mark:
                    owner[other] = mark + 1
                    missing -= 1
                    after[other] = 0
                    after[last] = other
                    last = other
            at = after[at]
        return missing == 0

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

    def _search(self, seeds: list[int]) -> None:
        """Walk on from the seeds, which one component held together, until one group is left or all have met.

        Groups go on in turn, so that what falls off is found in as many steps as it has cores.
        """
        left = len(seeds)
        self._begin(seeds)
        into = self._into
        active = list(range(left))
        while left > 1:
            going = []
            for group in active:
                if into[group] != group:
                    continue
                if not self._head[group]:
                    self._part(group)
                    left -= 1
                else:
                    left -= self._step(group)
                    going.append(group)
                if left == 1:
                    return
            active = going

    def _begin(self, seeds: list[int]) -> None:
        """A group for each seed: cores to go on from, a list from `_head` to `_tail`, and those done with."""
        number, owner, after = len(seeds), self._owner, self._after
        if number > self._groups:
            self._groups = 2 * number
            for name in GROUPS:
                setattr(self, name, np.zeros(self._groups, np.uint32).data)
        self._base = self._mark
        self._mark += number
        head, tail, done, last, into = self._head, self._tail, self._done, self._last, self._into
        for group in range(number):
            slot = seeds[group]
            owner[slot] = self._base + group
            after[slot] = 0
            head[group] = tail[group] = slot
            done[group] = last[group] = 0
            into[group] = group

    def _step(self, group: int) -> int:
        """Look around one core of a group; how many other groups have become part of it."""
        near, core, owner, after, base = (
            self.cores.near,
            self.cores.core,
            self._owner,
            self._after,
            self._base,
        )
        slot = self._head[group]
        self._head[group] = after[slot]
        after[slot] = self._done[group]
        self._done[group] = slot
        if not self._last[group]:
            self._last[group] = slot
        met, found, into = 0, near.found, self._into
        for i in range(near.around(slot)):
            other = found[i]
            if not core[other]:
                continue
            known = owner[other] - base
            if known < 0:
                owner[other] = base + group
                after[other] = 0
                self._append(self._head, self._tail, group, other, other)
            elif known != group:
                while into[known] != known:
                    known = into[known]
                if known != group:
                    self._meet(group, known)
                    met += 1
        return met

    def _meet(self, group: int, other: int) -> None:
        """Make another group part of a group."""
        head, done = self._head, self._done
        self._into[other] = group
        if head[other]:
            self._append(head, self._tail, group, head[other], self._tail[other])
        if done[other]:
            self._append(done, self._last, group, done[other], self._last[other])

    def _append(self, begin: Any, end: Any, group: int, first: int, last: int) -> None:
        """Put a list from `first` to `last` behind the one that a group has from `begin` to `end`."""
        if begin[group]:
            self._after[end[group]] = first
        else:
            begin[group] = first
        end[group] = last

    def _part(self, group: int) -> None:
        """A group is a component of its own."""
        families, first, after = self._families, self.cores.first, self._after
        slot = self._done[group]
        families.remove(slot)
        number = families.make(slot, first[slot])
        slot = after[slot]
        while slot:
            families.remove(slot)
            families.add(number, slot, first[slot])
            slot = after[slot]
