cimport cython


@cython.final
cdef class Window:
    # Attributes that few events touch are kept in it.
    cdef dict __dict__
    cdef public object stream_time
    cdef public long long part
    cdef public long long horizon
    cdef public long long late_before
    cdef public long long pane_end
    cdef public long long room
