"""Which of a hundred short words occur in a text, in one pass over it (Aho and Corasick, CACM 1975)."""

from array import array
from collections import deque
from collections.abc import Sequence


class Needles:
    """Words to be looked for together: to look for each by itself costs a hundred passes.

    Compiled, a pass takes a nanosecond or two a letter.
    """

    def __init__(self, words: Sequence[str]) -> None:
        """Ready the words: ASCII, none of them empty."""
        letters = sorted({letter for word in words for letter in word.encode("ascii")})
        classes = bytearray(256)
        for number, letter in enumerate(letters, 1):
            classes[letter] = number
        self._classes = bytes(classes)
        self._width = len(letters) + 1
        classified = [[classes[letter] for letter in word.encode()] for word in words]
        follow, ends = _automaton(classified, self._width)
        # States that end a word come last, so that one comparison tells them.
        order = sorted(range(len(follow)), key=lambda state: bool(ends[state]))
        place = {state: number for number, state in enumerate(order)}
        self._follow = array("i", [place[to] * self._width for state in order for to in follow[state]])
        self._ends = [ends[state] for state in order]
        self._first_end = self._width * sum(not each for each in ends)

    def found_in(self, text: str) -> list[int]:
        """Numbers of the words that the text holds, ascending."""
        follow, classes, first_end = self._follow, self._classes, self._first_end
        found: set[int] = set()
        state = 0
        read = text.encode("ascii", "replace")
        for letter in read:
            state = follow[state + classes[letter]]
            if state >= first_end:
                found.update(self._ends[state // self._width])
        return sorted(found)


def _automaton(words: Sequence[Sequence[int]], width: int) -> tuple[list[list[int]], list[frozenset[int]]]:
    """For each state, the first being 0: the state behind it by class of letter; the words that end in it."""
    follow, ends = _tree(words, width)
    back = [0] * len(follow)
    waiting = deque(to for to in follow[0] if to)
    while waiting:
        state = waiting.popleft()
        ends[state] |= ends[back[state]]
        for letter in range(width):
            to, instead = follow[state][letter], follow[back[state]][letter]
            if to:
                back[to] = instead
                waiting.append(to)
            else:
                follow[state][letter] = instead
    return follow, ends


def _tree(words: Sequence[Sequence[int]], width: int) -> tuple[list[list[int]], list[frozenset[int]]]:
    """The words letter by letter, from state 0; 0 where no word goes on."""
    follow = [[0] * width]
    ends: list[frozenset[int]] = [frozenset()]
    for number, word in enumerate(words):
        state = 0
        for letter in word:
            if not follow[state][letter]:
                follow[state][letter] = len(follow)
                follow.append([0] * width)
                ends.append(frozenset())
            state = follow[state][letter]
        ends[state] |= {number}
    return follow, ends
