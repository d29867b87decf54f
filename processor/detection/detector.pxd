cimport cython

from processor.clustering.engine cimport Engine, Spot
from processor.detection.warmup cimport History
from processor.detection.window cimport Window


@cython.final
cdef class Repeat:
    cdef public object kind
    cdef public object format
    cdef public object model
    cdef public Engine engine
    cdef public object outcome
    cdef public object scope
    cdef public Spot spot
    cdef public History history


cdef class Detector:
    # Attributes that few events touch are kept in it.
    cdef dict __dict__
    cdef public Window window
    cdef public bint followed
    cdef long long _max_skew

    @cython.locals(window=Window, history=History, at="long long", part="long long")
    cpdef bint again(self, Repeat repeat, time, long long timestamp)
