# cython: boundscheck=False, wraparound=False
"""Where the fields that decide a record's sketch lie, found in one pass over its bytes; no text is built.

Compiled (skim.pxd) it takes a tenth of the time that parsing takes; as Python it is slow and only tested, and
`COMPILED` says so. What it reads is a strict subset of JSON and of each field's forms: ASCII in one line, no
field twice, no key with an escape, shallow, numbers and times in their usual spelling. Of anything else it
says nothing, and the record is read as if there were no skimming. What earlier records looked like makes it
faster and no different.

What holds: of two records with equal keys, if one has a sketch (sketches.py), so has the other; the two have
equal keys there too; and its time is the sketch's.
"""

from array import array
from typing import Final

from processor.events.readings import Readings
from processor.events.signs import (
    BACKSLASH,
    CLOSE,
    COMMA,
    NINE,
    OPEN,
    OPEN_LIST,
    QUOTE,
    SMALL_N,
    SPACE,
    ZERO,
)
from processor.events.skim_fields import (
    ACTIONS,
    AUDIT_SESSION,
    CODE,
    EVENT_DATA,
    EVENT_DATA_NAME,
    EVENT_ID,
    EVENT_TIME,
    FREE,
    FREE_WORDS,
    MARK,
    NUMBER,
    OBJECT,
    ODD,
    ROOT,
    SID,
    SKIP,
    SLOTS,
    TEXT,
    TIME,
    TIME_SLOTS,
    TIMES,
    TIMESTAMP,
    UTC_TIME,
    WIDTH,
    WINLOG_DATA,
    WINLOG_NAME,
    WORDS,
)

COMPILED: Final = not __file__.endswith(".py")

# Longer records are read in full: keys are kept.
MAX_SIZE: Final = 4_096
# Keys of one source follow each other in the same order, and many of their values are always the same: a
# tree of layouts foresees them, so that most bytes are compared sixteen at once. An entry is a key: the first
# that followed it, another that followed the same, its object, name and action, its text (with the blanks
# behind it) and the text's size, the size of the value that it always had, 0 not known, -1 various.
ENTRY: Final = 8
AFTER, BESIDE, NODE, NAME, ACTION, AT, SIZE, SAME = range(ENTRY)
# The tree is forgotten when one of these is full. Entry 0 is the record's beginning, and keys not kept.
ENTRIES: Final = 1_024 * ENTRY
ROOM: Final = 65_536
# Of a key and of a value in the tree, bytes.
MAX_KEY: Final = 48
MAX_SAME: Final = 160
# Keys looked at that follow one: those met last. Whoever writes records chooses how many there are.
MAX_BRANCHES: Final = 8
CHUNK: Final = 16
# From CHUNK - n on, n bytes count.
MASKS: Final = bytes([255] * CHUNK + [0] * CHUNK)
# Before each part of a key: no string that is read holds it.
_MARKED: Final = 1


class Skimmer(Readings):
    """Keys of records, each found in one pass.

    time : of the record whose key was found last, ms since 1970
    """

    def __init__(self, max_size: int) -> None:
        """max_size : bytes; of longer records nothing is said."""
        super().__init__()
        self._max_size = min(max_size, MAX_SIZE)
        self._actions = ACTIONS
        self._slots = TIME_SLOTS
        # At most six bytes are written for each field and a copy of all that is read.
        self._kept = bytearray(8 * MAX_SIZE)
        self._out = self._kept
        self._end = 0
        self._at = array("i", [0] * len(TIMES))
        self._to = array("i", [0] * len(TIMES))
        # Which record a field of a node was seen in last.
        self._seen = array("L", [0] * len(ACTIONS))
        self._turn = 0
        self._layouts_kept = bytearray(ROOM + CHUNK)
        self._layouts = self._layouts_kept
        self._masks = MASKS
        self._entries = array("i", [0] * ENTRIES)
        self._entries[SAME] = -1
        self._forget()
        self._size = 0
        self._utc_node = 0
        self._has_id = False
        self._id_is_one = False

    def key(self, value: bytes) -> bytes | None:
        """What decides the record's sketch, None where only reading it tells; `time` is the record's then."""
        size = len(value)
        if size > self._max_size or size < 2:
            return None
        self._turn += 1
        for slot in range(SLOTS):
            self._at[slot] = 0
        self._end = 0
        self._entry = 0
        self._size = size
        if self._entries_end >= ENTRIES or self._free > ROOM - MAX_KEY - MAX_SAME:
            self._forget()
        self._has_id = self._id_is_one = False
        try:
            if not self._record(value, size):
                return None
        except IndexError:
            # Only as Python: compiled code reads the zero byte behind the record, and stops there.
            return None
        return bytes(self._out[: self._end])

    def _forget(self) -> None:
        """Begin with an empty tree of layouts."""
        self._entry = self._free = 0
        self._entries[AFTER] = 0
        self._entries_end = ENTRY

    def _record(self, p: bytes, size: int) -> bool:
        if p[0] != OPEN or self._object(p, 1, ROOT) != size:
            return False
        return self._take_time(p)

    def _object(self, p: bytes, i: int, node: int) -> int:
        """The index behind an object whose first key or end is looked for from `i`; -1 where it is odd."""
        entries = self._entries
        i = self._first(p, i)
        while p[i] != CLOSE:
            if p[i] != QUOTE:
                return -1
            entry = self._foreseen(p, i, node)
            if entry:
                i += entries[entry + SIZE]
                if p[i] == SPACE:
                    i = self._first(p, i)
            else:
                i = self._met(p, i, node)
                if i < 0:
                    return -1
                entry = self._entry
            action = entries[entry + ACTION]
            if action == SKIP:
                i = self._skipped(p, i, entry)
            else:
                i = self._field(p, i, node, entries[entry + NAME], action)
            if i < 0:
                return -1
            if p[i] == COMMA:
                i += 1
                if p[i] == SPACE:
                    i = self._first(p, i + 1)
                if p[i] != QUOTE:
                    return -1
            elif p[i] != CLOSE:
                i = self._next(p, i, CLOSE)
                if i < 0:
                    return -1
        return i + 1

    def _foreseen(self, p: bytes, i: int, node: int) -> int:
        """The entry of the key at `i` where it followed the one before in an earlier record, 0 where not."""
        entries = self._entries
        entry = entries[self._entry + AFTER]
        for _ in range(MAX_BRANCHES):
            if entry == 0:
                break
            if entries[entry + NODE] == node and self._equal(
                p, i, entries[entry + AT], entries[entry + SIZE]
            ):
                self._entry = entry
                return entry
            entry = entries[entry + BESIDE]
        return 0

    def _met(self, p: bytes, i: int, node: int) -> int:
        """The index of the value of a key at `i` that nobody foresaw, -1 where it is odd."""
        plain, entries, begin, before = self._plain, self._entries, i, self._entry
        end = i + 1
        while plain[p[end]]:
            end += 1
        i = self._value(p, end) if p[end] == QUOTE else -1
        if i < 0:
            return -1
        entry = 0
        if i - begin <= MAX_KEY and self._entries_end < ENTRIES and self._free <= ROOM - MAX_KEY - MAX_SAME:
            entry = self._entries_end
            self._entries_end += ENTRY
            entries[entry + AFTER] = 0
            entries[entry + BESIDE] = entries[before + AFTER]
            entries[before + AFTER] = entry
            entries[entry + NODE] = node
            entries[entry + AT] = self._free
            entries[entry + SIZE] = i - begin
            entries[entry + SAME] = 0
            self._keep(p, begin, i)
        number = self._number_of(p, begin + 1, end)
        entries[entry + NAME] = number
        entries[entry + ACTION] = self._actions[node * WIDTH + number] if number >= 0 else SKIP
        self._entry = entry
        return i

    def _skipped(self, p: bytes, i: int, entry: int) -> int:
        """The index behind a value that decides nothing; -1 where it is odd."""
        entries, begin = self._entries, i
        same = entries[entry + SAME]
        if same > 0 and self._equal(p, i, entries[entry + AT] + entries[entry + SIZE], same):
            return i + same - 1
        i = self._text(p, i + 1) if p[i] == QUOTE else self._skip(p, i, 0)
        if same >= 0:
            entries[entry + SAME] = -1
            if same == 0 and 0 <= i < begin + MAX_SAME:
                # With the byte behind it: a number ends there.
                self._keep(p, begin, i + 1)
                entries[entry + SAME] = i + 1 - begin
        return i

    def _keep(self, p: bytes, begin: int, end: int) -> None:
        kept, at = self._layouts, self._free
        for place in range(begin, end):
            kept[at] = p[place]
            at += 1
        self._free = at

    def _equal(self, p: bytes, i: int, at: int, size: int) -> bool:
        """Whether the bytes from `i` on are the `size` that are kept from `at` on."""
        if i + size + CHUNK > self._size:
            kept = self._layouts
            for place in range(size):  # noqa: SIM110 - no generator in compiled code
                if p[i + place] != kept[at + place]:
                    return False
            return True
        while size > CHUNK:
            if self._differ(p, i, at, CHUNK):
                return False
            i += CHUNK
            at += CHUNK
            size -= CHUNK
        return not self._differ(p, i, at, size)

    def _differ(self, p: bytes, i: int, at: int, size: int) -> int:
        """0 where `size` bytes are equal. Sixteen are read without a branch: a compiler makes it one step."""
        kept, masks, found, begin = self._layouts, self._masks, 0, CHUNK - size
        for place in range(16):
            found |= (p[i + place] ^ kept[at + place]) & masks[begin + place]
        return found

    def _text(self, p: bytes, i: int) -> int:
        """The index behind a string, `i` its first character; -1 where it is odd."""
        plain, escapes = self._plain, self._escapes
        while plain[p[i]]:
            i += 1
        while p[i] == BACKSLASH and escapes[p[i + 1]]:
            i += 2
            while plain[p[i]]:
                i += 1
        if p[i] != QUOTE:
            i = self._string(p, i)
        return i + 1 if i >= 0 else -1

    def _field(self, p: bytes, i: int, node: int, number: int, action: int) -> int:
        """Take in a field's value; the index behind it, -1 where it is odd."""
        if action == ODD or self._seen[node * WIDTH + number] == self._turn:
            return -1
        self._seen[node * WIDTH + number] = self._turn
        if action >= OBJECT:
            self._mark(node, number, p[i])
            return self._object(p, i + 1, action - OBJECT) if p[i] == OPEN else self._skip(p, i, 0)
        begin = i
        first = p[i]
        if first == QUOTE:
            i = self._text(p, i + 1)
        elif first == OPEN_LIST:
            i = self._words(p, i) if action in (WORDS, FREE_WORDS) else -1
        else:
            i = self._scalar(p, i)
            if ZERO <= first <= NINE and action < CODE:
                return -1
        if i < 0 or action in (FREE, FREE_WORDS):
            return i
        if action == MARK:
            self._mark(node, number, first)
            return i
        if TEXT <= action <= EVENT_ID:
            if action == EVENT_ID:
                self._note_id(p, begin, i)
            self._write(p, node, number, first, begin, i)
            return i
        return self._measured(p, begin, i, node, number, action)

    def _measured(self, p: bytes, begin: int, end: int, node: int, number: int, action: int) -> int:
        """Take in a value that decides by what it means; `end`, -1 where it is odd."""
        first = p[begin]
        if action == TIME:
            if first == QUOTE and end - begin > 2:
                slot = self._slots[number]
                self._at[slot], self._to[slot] = begin + 1, end - 1
                if slot == UTC_TIME:
                    self._utc_node = node
            return end
        if action == SID:
            self._mark(node, number, ZERO + self._is_system_sid(p, begin, end))
            return end
        meaning = self._meaning(p, begin, end)
        if action == NUMBER:
            return end if meaning >= 0 else -1
        if action == AUDIT_SESSION and (meaning == 3 or end - begin > 9):
            meaning = -1
        if meaning < 0:
            if action != AUDIT_SESSION or not self._is_unset(p, begin, end):
                return -1
            meaning = 4
        self._mark(node, number, ZERO + meaning)
        return end

    def _note_id(self, p: bytes, begin: int, end: int) -> None:
        if p[begin] == SMALL_N:
            return
        if p[begin] == QUOTE:
            begin, end = begin + 1, end - 1
        self._has_id = True
        self._id_is_one = end - begin == 1 and p[begin] == 49

    def _mark(self, node: int, number: int, kind: int) -> None:
        """Begin a part of the key."""
        out, end = self._out, self._end
        out[end] = _MARKED
        out[end + 1] = node
        out[end + 2] = number
        out[end + 3] = kind
        self._end = end + 4

    def _write(self, p: bytes, node: int, number: int, kind: int, begin: int, end: int) -> None:
        """A part of the key that is the value's own bytes."""
        self._mark(node, number, kind)
        out, at = self._out, self._end
        for place in range(begin, end):
            out[at] = p[place]
            at += 1
        self._end = at

    def _take_time(self, p: bytes) -> bool:
        """Read the time that the record's sketch has; False where it has none or an unusual one."""
        at = self._at
        if not self._has_id:
            # Of the readers only that of ECS has a record without id, and takes one time alone.
            for slot in range(TIMESTAMP):
                if at[slot]:
                    return False
        elif at[UTC_TIME]:
            place = ROOT
            if self._seen[WINLOG_NAME] == self._turn:
                place = WINLOG_DATA
            elif self._seen[EVENT_DATA_NAME] == self._turn:
                place = EVENT_DATA
            if not self._id_is_one or self._utc_node != place:
                return False
        for slot in range(SLOTS):
            if at[slot]:
                if slot == EVENT_TIME:
                    # Too short to say its zone: not used. Others are unusual.
                    if self._to[slot] - at[slot] > 19:
                        return False
                    continue
                return self._parse(p, at[slot], self._to[slot])
        return False
