cimport cython


@cython.final
cdef class History:
    cdef public long long count
    cdef public long long start
    cdef public long long last_part
    cdef public bint live
    cdef public object format
    cdef public bint two_sources
