cimport cython
from processor.events.readings cimport Readings

cdef int BACKSLASH, COMMA, SPACE, QUOTE, OPEN, CLOSE, OPEN_LIST, ZERO, NINE, SMALL_N, SKIP, ODD, FREE, FREE_WORDS
cdef int MARK, TIME, SID, TEXT, WORDS, CODE, EVENT_ID, AUDIT_SESSION, NUMBER, OBJECT, ROOT, EVENT_DATA, WINLOG_DATA, UTC_TIME
cdef int EVENT_TIME, TIMESTAMP, SLOTS, WIDTH, WINLOG_NAME, EVENT_DATA_NAME
cdef int _MARKED
cdef int ENTRY, AFTER, BESIDE, NODE, NAME, ACTION, AT, SIZE, SAME, ENTRIES, ROOM
cdef int MAX_KEY, MAX_SAME, MAX_BRANCHES, CHUNK
cdef bytes MASKS, ACTIONS, TIME_SLOTS

@cython.final
cdef class Skimmer(Readings):
    cdef Py_ssize_t _max_size
    cdef const unsigned char* _actions
    cdef const unsigned char* _slots
    cdef bytearray _kept
    cdef unsigned char* _out
    cdef int _end
    cdef int[::1] _at
    cdef int[::1] _to
    cdef unsigned long[::1] _seen
    cdef unsigned long _turn
    cdef bytearray _layouts_kept
    cdef unsigned char* _layouts
    cdef int[::1] _entries
    cdef int _entry
    cdef int _entries_end
    cdef int _free
    cdef const unsigned char* _masks
    cdef int _size
    cdef int _utc_node
    cdef bint _has_id
    cdef bint _id_is_one

    @cython.locals(size=Py_ssize_t, slot=int)
    cpdef bytes key(self, bytes value)
    cdef bint _record(self, const unsigned char* p, int size) noexcept
    cdef void _forget(self) noexcept
    @cython.locals(entry=int, action=int, entries="int[::1]")
    cdef int _object(self, const unsigned char* p, int i, int node) noexcept
    @cython.locals(entry=int, _=int, entries="int[::1]")
    cdef inline int _foreseen(self, const unsigned char* p, int i, int node) noexcept
    @cython.locals(
        plain="const unsigned char*", entries="int[::1]", begin=int, end=int, before=int, entry=int, number=int
    )
    cdef int _met(self, const unsigned char* p, int i, int node) noexcept
    @cython.locals(entries="int[::1]", begin=int, same=int)
    cdef inline int _skipped(self, const unsigned char* p, int i, int entry) noexcept
    @cython.locals(kept="unsigned char*", at=int, place=int)
    cdef void _keep(self, const unsigned char* p, int begin, int end) noexcept
    @cython.locals(kept="unsigned char*", place=Py_ssize_t)
    cdef bint _equal(self, const unsigned char* p, Py_ssize_t i, Py_ssize_t at, Py_ssize_t size) noexcept
    @cython.locals(
        kept="unsigned char*", masks="const unsigned char*", place=Py_ssize_t, begin=Py_ssize_t,
        found="unsigned char",
    )
    cdef inline unsigned char _differ(
        self, const unsigned char* p, Py_ssize_t i, Py_ssize_t at, Py_ssize_t size
    ) noexcept
    @cython.locals(plain="const unsigned char*", escapes="const unsigned char*")
    cdef int _text(self, const unsigned char* p, int i) noexcept
    @cython.locals(begin=int, first=int)
    cdef int _field(self, const unsigned char* p, int i, int node, int number, int action) noexcept
    @cython.locals(first=int, slot=int, meaning=int)
    cdef int _measured(
        self, const unsigned char* p, int begin, int end, int node, int number, int action
    ) noexcept
    cdef void _note_id(self, const unsigned char* p, int begin, int end) noexcept
    @cython.locals(out="unsigned char*", end=int)
    cdef void _mark(self, int node, int number, int kind) noexcept
    @cython.locals(out="unsigned char*", at=int, place=int)
    cdef void _write(
        self, const unsigned char* p, int node, int number, int kind, int begin, int end
    ) noexcept
    @cython.locals(slot=int, place=int, at="int[::1]")
    cdef bint _take_time(self, const unsigned char* p) noexcept
