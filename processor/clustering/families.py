"""Components of cores: who belongs together, and which of them has the oldest first event.

A component is a pairing heap by first event (Fredman et al., 1986, https://doi.org/10.1007/BF01840439), whose
nodes are slots in flat arrays. Melding two costs a step, taking one out a logarithm, over many.
"""

from typing import Any

from numpy.typing import NDArray

from processor.clustering.tables import make_room

KINDS = {"of": "I", "first": "q", "root": "I", "size": "I", "found": "I"} | dict.fromkeys(
    ("_child", "_sibling", "_before"), "I"
)


class Families:
    """Components by number, from 1.

    of : a slot's component, 0 = none
    first : serial of its vector's first event
    root, size : of a component its oldest slot, how many it has
    found : what `members` found
    """

    of: Any
    first: Any
    root: Any
    size: Any
    found: Any
    _child: Any
    _sibling: Any
    _before: Any

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}
        self._last = 0
        self._free: list[int] = []

    def reserve(self, room: int) -> None:
        """Make slots below `room` usable."""
        make_room(self, self._arrays, KINDS, room)

    def make(self, slot: int, first: int) -> int:
        """A component of one."""
        if self._free:
            number = self._free.pop()
        else:
            self._last += 1
            number = self._last
        self.root[number] = self.size[number] = 0
        self.add(number, slot, first)
        return number

    def add(self, number: int, slot: int, first: int) -> None:
        """Add a slot that is in no component."""
        self._child[slot] = self._sibling[slot] = self._before[slot] = 0
        self.first[slot] = first
        self.of[slot] = number
        self.root[number] = self._meld(self.root[number], slot)
        self.size[number] += 1

    def merge(self, one: int, other: int) -> int:
        """Make one of two components; the number of the larger one stays."""
        if self.size[one] < self.size[other]:
            one, other = other, one
        of, found = self.of, self.found
        for i in range(self.members(other)):
            of[found[i]] = one
        self.root[one] = self._meld(self.root[one], self.root[other])
        self.size[one] += self.size[other]
        self._free.append(other)
        return one

    def remove(self, slot: int) -> None:
        """Take a slot out of its component."""
        number = self.of[slot]
        root, before, following = self.root[number], self._before[slot], self._sibling[slot]
        if slot != root:
            if self._child[before] == slot:
                self._child[before] = following
            else:
                self._sibling[before] = following
            if following:
                self._before[following] = before
        rest = self._paired(self._child[slot])
        self.root[number] = rest if slot == root else self._meld(root, rest)
        self.of[slot] = 0
        self.size[number] -= 1
        if not self.size[number]:
            self._free.append(number)

    def members(self, number: int) -> int:
        """How many slots a component has; `found` has them."""
        found, child, sibling = self.found, self._child, self._sibling
        found[0] = self.root[number]
        at, end = 0, 1
        while at < end:
            young = child[found[at]]
            at += 1
            while young:
                found[end] = young
                end += 1
                young = sibling[young]
        return end

    def _meld(self, one: int, other: int) -> int:
        """The root of two heaps made one; 0 is an empty heap."""
        if not one:
            return other
        if not other:
            return one
        if self.first[other] < self.first[one]:
            one, other = other, one
        young = self._child[one]
        self._sibling[other] = young
        if young:
            self._before[young] = other
        self._before[other] = one
        self._child[one] = other
        return one

    def _paired(self, at: int) -> int:
        """The root of siblings, from the first on, made one heap: two and two, then all."""
        sibling, before = self._sibling, self._before
        pairs = 0
        while at:
            one = at
            other = sibling[one]
            at = sibling[other] if other else 0
            sibling[one] = before[one] = sibling[other] = before[other] = 0
            one = self._meld(one, other)
            sibling[one] = pairs
            pairs = one
        root = 0
        while pairs:
            one = pairs
            pairs = sibling[one]
            sibling[one] = 0
            root = self._meld(root, one)
        return root
