cimport cython

from processor.clustering.neighbours cimport squared_distance
from processor.clustering.slots cimport Slots
from processor.clustering.space cimport Space

cdef class _Component:
    cdef public set members
    cdef public list oldest

cdef class _Loose:
    cdef public long long first
    cdef public list point
    cdef public double x
    cdef public long long lacks

cdef class CoreLabels:
    cdef public long long horizon
    cdef public Space _space
    cdef public long long _place
    cdef public dict _component
    cdef public dict _core
    cdef public list _due
    cdef public dict _full
    cdef public dict _touched
    cdef public dict _loose
    cdef public long long _loose_most

    cpdef touch(self, slot)
    @cython.locals(component=_Component, oldest=list)
    cpdef label(self, slot, long long horizon)
    @cython.locals(points=dict, fell=list, near=set, component=_Component)
    cpdef _follow(self, long long horizon)
    @cython.locals(slots=Slots, lost=list, slot="long long", known=tuple, alive="bint")
    cpdef list _fallen(self, long long horizon)
    @cython.locals(slots=Slots, space=Space, first="long long", kept="long long", full=tuple, known=_Loose)
    cpdef _rise(self, long long slot, long long events, long long horizon)
    cpdef _let_loose(self, long long slot)
    @cython.locals(loose=dict, limit="double", x="double", held=_Loose, near=list, cores=list,
                   difference="double")
    cpdef list _stirred(self, list point, long long events, long long horizon)
    @cython.locals(space=Space, need="long long", weight="long long", found=list)
    cpdef bint _becomes_core(self, long long slot, _Loose held, long long horizon)
    @cython.locals(slots=Slots)
    cpdef bint _is(self, long long slot, _Loose held, long long horizon)
    @cython.locals(small=_Component, large=_Component)
    cpdef _join(self, _Component one, _Component other)
    cpdef _split(self, list near, long long horizon)
    @cython.locals(points=list, limit="double", left=list, ahead=list, apart=list, point=list, i="long long",
                   j="long long", linked="bint")
    cpdef list _grouped(self, list near)
    @cython.locals(slots=Slots, sure="long long", until="long long", first="long long")
    cpdef _know(self, long long slot, long long horizon)
    @cython.locals(found=list)
    cpdef list _near(self, list point, long long horizon)
