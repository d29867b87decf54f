cimport cython

from processor.clustering.stateful cimport Stateful

cdef class Parts(Stateful):
    cdef public long long horizon
    cdef public long long last
    cdef public long long expired
    cdef public long long lost
    cdef public long long _base
    cdef public list _blocks

    cpdef open(self, long long outside, long long position)
    @cython.locals(low="long long", base="long long", at="long long")
    cpdef expire(self, long long outside, long long end)

cdef class Log(Stateful):
    cdef public long long end
    cdef public list _blocks
    cdef public list _starts
    cdef public long long _start
    cdef public long long _room
    cdef public unsigned int[::1] _open

    @cython.locals(at="long long")
    cpdef append(self, long long slot)
    cpdef _begin(self, long long room)
