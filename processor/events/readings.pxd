cimport cython
from processor.events.scan cimport Scan

cdef int COLON, MINUS, NINE, POINT, QUOTE, SMALL_N, SMALL_X, SPACE, SURE_DIGITS, ZERO, SURE_HEX
cdef int BUCKETS, FIRST, MIDDLE, LAST, LENGTH
cdef bytes TABLE, TEXTS

cdef class Readings(Scan):
    cdef const unsigned char* _table
    cdef const unsigned char* _texts
    cdef readonly long long time
    cdef int[::1] _days_before
    cdef int[::1] _days_in

    @cython.locals(length=int, number=int, text=int, place=int, marks=int)
    cdef int _number_of(self, const unsigned char* p, int begin, int end) noexcept
    @cython.locals(length=int, found=cython.longlong, place=int, digit=int)
    cdef int _meaning(self, const unsigned char* p, int begin, int end) noexcept
    cdef bint _is_unset(self, const unsigned char* p, int begin, int end) noexcept
    cdef bint _is_system_sid(self, const unsigned char* p, int begin, int end) noexcept
    @cython.locals(
        century=int, years=int, month=int, day=int, hour=int, minute=int, second=int, year=int, leap=bint,
        before=int, days=cython.longlong, fraction=int
    )
    cdef bint _parse(self, const unsigned char* p, int begin, int end) noexcept
    @cython.locals(tens=int, ones=int)
    cdef int _two(self, const unsigned char* p, int i) noexcept
    @cython.locals(found=int, place=int)
    cdef int _fraction(self, const unsigned char* p, int i, int end) noexcept
