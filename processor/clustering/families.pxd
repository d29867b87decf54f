cimport cython

cdef class Families:
    cdef public dict _arrays
    cdef public long long _last
    cdef public list _free
    cdef public unsigned int[::1] of
    cdef public long long[::1] first
    cdef public unsigned int[::1] root
    cdef public unsigned int[::1] size
    cdef public unsigned int[::1] found
    cdef public unsigned int[::1] _child
    cdef public unsigned int[::1] _sibling
    cdef public unsigned int[::1] _before

    cpdef reserve(self, long long room)
    @cython.locals(number="long long")
    cpdef long long make(self, long long slot, long long first)
    cpdef add(self, long long number, long long slot, long long first)
    @cython.locals(of="unsigned int[::1]", found="unsigned int[::1]", i="long long")
    cpdef long long merge(self, long long one, long long other)
    @cython.locals(number="long long", root="long long", before="long long", following="long long",
                   rest="long long")
    cpdef remove(self, long long slot)
    @cython.locals(found="unsigned int[::1]", child="unsigned int[::1]", sibling="unsigned int[::1]",
                   at="long long", end="long long", young="long long")
    cpdef long long members(self, long long number)
    @cython.locals(young="long long")
    cpdef long long _meld(self, long long one, long long other)
    @cython.locals(sibling="unsigned int[::1]", before="unsigned int[::1]", pairs="long long", one="long long",
                   other="long long", root="long long")
    cpdef long long _paired(self, long long at)
