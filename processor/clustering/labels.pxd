cimport cython

from processor.clustering.cores cimport Cores
from processor.clustering.nearby cimport Nearby
from processor.clustering.space cimport Space

cdef class _Component:
    cdef public set members
    cdef public list oldest
    cdef public long long number
    cdef public bint stale

cdef class CoreLabels:
    cdef public Cores cores
    cdef public Space _space
    cdef public list _components
    cdef public list _free
    cdef public unsigned int[::1] _left

    @cython.locals(waiting="long long")
    cpdef bint behind(self)
    cpdef touch(self, long long slot)
    @cython.locals(cores=Cores, fallen=list)
    cpdef follow(self, long long horizon)
    cpdef bint holds(self, long long slot)
    cpdef long long of_slot(self, long long slot)
    @cython.locals(slot="long long")
    cpdef long long of_point(self, list point, tuple beyond)
    @cython.locals(near=Nearby, core="unsigned char[::1]", best="long long", least="double", i="long long",
                   slot="long long", distance="double", x="double")
    cpdef long long _nearest(self, long long number, tuple beyond)
    @cython.locals(component=_Component)
    cpdef long long _number(self, long long slot)
    cpdef bint _outdated(self, tuple known)
    @cython.locals(number="long long", slot="long long")
    cpdef _found(self, set members, list oldest)
    @cython.locals(near=Nearby, of="unsigned int[::1]", number="long long", found="unsigned int[::1]",
                   own="long long", i="long long", other="long long")
    cpdef _join(self, long long slot)
    @cython.locals(component=_Component, first="long long")
    cpdef _enter(self, long long number, long long slot)
    @cython.locals(kept=_Component, moved=_Component)
    cpdef long long _merge(self, long long one, long long other)
    cpdef _drop(self, long long number)
    @cython.locals(slot="long long", other="long long", number="long long", component=_Component, near=dict,
                   left=set)
    cpdef _leave(self, list fallen)
    cpdef list _torn(self, list fallen)
    @cython.locals(left=list, ahead=list, group=list, linked=list, apart=list, slot="long long",
                   other="long long")
    cpdef list _side_by_side(self, list fallen)
    @cython.locals(near=Nearby, core="unsigned char[::1]", left="unsigned int[::1]", count="long long",
                   number="long long", found="unsigned int[::1]", i="long long", other="long long")
    cpdef bint _still_linked(self, long long slot)
    @cython.locals(near=Nearby, left="unsigned int[::1]", limit="double", ahead="long long",
                   reached="long long", slot="long long", i="long long", other="long long")
    cpdef bint _linked(self, long long number)
    @cython.locals(near=Nearby, core="unsigned char[::1]", number="long long", found="unsigned int[::1]",
                   i="long long")
    cpdef list _cores_near(self, long long slot)
    @cython.locals(ahead=list, seen=set)
    cpdef _split(self, set left)
    @cython.locals(old=_Component)
    cpdef _part(self, set seen)
