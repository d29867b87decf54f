cimport cython

from processor.clustering.tables cimport Chained, Objects

cdef class Slots(Chained):
    cdef public long long ring
    cdef public Objects exemplars
    cdef public unsigned int[::1] row
    cdef public unsigned int[::1] place
    cdef public unsigned int[::1] link
    cdef public unsigned int[::1] newest
    cdef public unsigned int[::1] core
    cdef public unsigned int[::1] stamps
    cdef public unsigned int[::1] turn
    cdef public unsigned char[::1] listed
    cdef public unsigned char[::1] counted
    cdef public unsigned int[::1] events
    cdef public long long[::1] first

    @cython.locals(key="unsigned int", at="long long")
    cpdef long long find(self, long long scope, long long index, Places places)
    @cython.locals(turn="long long")
    cpdef long long full_until(self, long long slot, long long number)
    @cython.locals(stamps="unsigned int[::1]", begin="long long", at="long long", count="long long")
    cpdef long long live(self, long long slot, long long horizon)

cdef class Places(Chained):
    cdef public unsigned int[::1] scope
    cdef public unsigned int[::1] gate
    cdef public unsigned int[::1] head
    cdef public unsigned int[::1] size_of
    cdef public unsigned int[::1] newest
    cdef public unsigned int[::1] before

    @cython.locals(key="unsigned int", at="long long")
    cpdef long long find(self, long long scope, long long gate)
    @cython.locals(place="long long")
    cpdef long long make(self, long long scope, long long gate)
