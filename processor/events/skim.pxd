cimport cython
from processor.events.readings cimport Readings

cdef int BACKSLASH, COLON, COMMA, SPACE, QUOTE, OPEN, CLOSE, OPEN_LIST, ZERO, NINE, SMALL_N, SKIP, ODD, FREE, FREE_WORDS
cdef int MARK, TIME, SID, TEXT, WORDS, CODE, EVENT_ID, AUDIT_SESSION, NUMBER, OBJECT, ROOT, EVENT_DATA, WINLOG_DATA, UTC_TIME
cdef int EVENT_TIME, TIMESTAMP, SLOTS, WIDTH, WINLOG_NAME, EVENT_DATA_NAME
cdef int _MARKED, BUCKETS, FIRST, MIDDLE, LAST, LENGTH
cdef bytes TABLE, ACTIONS, TEXTS, TIME_SLOTS

@cython.final
cdef class Skimmer(Readings):
    cdef Py_ssize_t _max_size
    cdef const unsigned char* _table
    cdef const unsigned char* _actions
    cdef const unsigned char* _texts
    cdef const unsigned char* _slots
    cdef bytearray _kept
    cdef unsigned char* _out
    cdef int _end
    cdef int[::1] _at
    cdef int[::1] _to
    cdef unsigned long[::1] _seen
    cdef unsigned long _turn
    cdef int _utc_node
    cdef bint _has_id
    cdef bint _id_is_one

    @cython.locals(size=Py_ssize_t, slot=int)
    cpdef bytes key(self, bytes value)
    cdef bint _record(self, const unsigned char* p, int size) noexcept
    @cython.locals(begin=int, end=int, number=int, action=int, plain="const unsigned char*")
    cdef int _object(self, const unsigned char* p, int i, int node) noexcept
    @cython.locals(plain="const unsigned char*", escapes="const unsigned char*")
    cdef int _text(self, const unsigned char* p, int i) noexcept
    @cython.locals(length=int, number=int, text=int, place=int, marks=int)
    cdef int _number_of(self, const unsigned char* p, int begin, int end) noexcept
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
