from processor.clustering.stateful cimport Stateful

cdef class Home(Stateful):
    cdef public str name
    cdef public long long number
    cdef public long long horizon
    cdef public long long oldest
    cdef public long long newest
    cdef public long long size
    cdef public long long place

cdef class Homes(Stateful):
    cdef public dict named
    cdef public list numbered
    cdef public list _free
    cdef public object _live
    cdef public long long[::1] live

    cpdef Home arrive(self, str name)
    cpdef leave(self, Home home)
    cpdef Home at(self, number)
