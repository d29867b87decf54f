from processor.clustering.stateful cimport Stateful

cdef class Limit(Stateful):
    cdef public long long left
    cdef public long long _most
    cdef public list _windows
