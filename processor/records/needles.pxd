# cython: boundscheck=False, wraparound=False
cimport cython

@cython.final
cdef class Needles:
    cdef const unsigned char[::1] _classes
    cdef int[::1] _follow
    cdef int _width
    cdef int _first_end
    cdef list _ends

    @cython.locals(
        follow="int[::1]", classes="const unsigned char[::1]", first_end=int, state=int, letter="unsigned char",
        read=bytes
    )
    cpdef list found_in(self, str text)
