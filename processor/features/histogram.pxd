cimport cython

cdef int _DELIMITER, _SPECIAL, _UPPER, _LOWER
cdef int[::1] _seen, _times
cdef double[::1] _WEIGHTED

@cython.locals(
    seen="int[::1]", times="int[::1]", weighted="double[::1]", kind_of="const unsigned char*",
    byte=Py_ssize_t, count=Py_ssize_t, most=Py_ssize_t, _=int, total=double,
    kind=int, before=int, delimiters="long long", specials="long long", flips="long long",
)
cpdef tuple counted(bytes text, bytes kinds)
