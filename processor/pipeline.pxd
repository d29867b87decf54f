cimport cython

from processor.detection.detector cimport Detector, Repeat
from processor.events.skim cimport Skimmer


cdef class Pipeline:
    # Attributes that few records touch are kept in it.
    cdef dict __dict__
    cdef public Detector detector
    cdef Skimmer _skimmer
    cdef object _repeats
    cdef dict _young

    @cython.locals(known=Repeat)
    cdef _again(self, key, time, long long timestamp)
