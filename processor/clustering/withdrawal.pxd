cimport cython

cdef class Withdrawal:
    cdef public object lost
    cdef long long[::1] _lost
    cdef long long[::1] _starts
    cdef unsigned char[::1] _marks
    cdef unsigned int[::1] _events
    cdef unsigned int[::1] _found
    cdef long long _part

    cpdef take(self, long long position, slots)
    @cython.locals(starts="long long[::1]", marks="unsigned char[::1]", events="unsigned int[::1]",
                   found="unsigned int[::1]", at="size_t", size="size_t", part="long long", stop="size_t",
                   struck="size_t", i="size_t", slot="size_t")
    cpdef _loop(self, long long position, unsigned int[::1] slots)
