cimport cython

from processor.clustering.cores cimport Cores
from processor.clustering.families cimport Families
from processor.clustering.nearby cimport Nearby
from processor.clustering.space cimport Space

cdef class CoreLabels:
    cdef public Cores cores
    cdef public Space _space
    cdef public Families _families
    cdef public long long _room
    cdef public dict _arrays
    cdef public long long _fixed
    cdef public long long _followed
    cdef public double _crowd
    cdef public long long _groups
    cdef public long long _mark
    cdef public long long _base
    cdef public unsigned int[::1] _left
    cdef public long long[::1] _owner
    cdef public unsigned int[::1] _after
    cdef public unsigned int[::1] _head
    cdef public unsigned int[::1] _tail
    cdef public unsigned int[::1] _done
    cdef public unsigned int[::1] _last
    cdef public unsigned int[::1] _into

    @cython.locals(near=Nearby, waiting="long long")
    cpdef bint behind(self)
    @cython.locals(due="long long")
    cpdef bint outlived(self, long long horizon)
    cpdef touch(self, long long slot)
    cpdef widen(self, long long columns)
    @cython.locals(cores=Cores, fallen=list)
    cpdef follow(self, long long horizon)
    @cython.locals(slot="long long")
    cpdef _rise(self)
    cpdef _reserve(self)
    cpdef bint holds(self, long long slot)
    cpdef long long of_slot(self, long long slot)
    @cython.locals(slot="long long")
    cpdef long long of_point(self, list point, tuple beyond)
    @cython.locals(near=Nearby, core="unsigned char[::1]", best="long long", least="double", i="long long",
                   slot="long long", distance="double", x="double")
    cpdef long long _nearest(self, long long number, tuple beyond)
    @cython.locals(families=Families)
    cpdef long long _number(self, long long slot)
    @cython.locals(near=Nearby, families=Families, of="unsigned int[::1]", number="long long",
                   found="unsigned int[::1]", own="long long", i="long long", other="long long")
    cpdef _join(self, long long slot)
    @cython.locals(slot="long long", seeds=list)
    cpdef _leave(self, list fallen)
    @cython.locals(slot="long long", other="long long", mark="long long", near=Nearby, i="long long",
                   core="unsigned char[::1]", owner="long long[::1]", of="unsigned int[::1]",
                   found="unsigned int[::1]", held=dict, cell=list, crowded="bint")
    cpdef list _around(self, list fallen)
    @cython.locals(near=Nearby)
    cpdef bint _crowded(self, list cell)
    @cython.locals(torn=list, group=list)
    cpdef list _torn(self, list fallen)
    @cython.locals(left=list, ahead=list, group=list, linked=list, apart=list, slot="long long",
                   other="long long")
    cpdef list _side_by_side(self, list fallen)
    @cython.locals(near=Nearby, core="unsigned char[::1]", left="unsigned int[::1]", count="long long",
                   number="long long", found="unsigned int[::1]", i="long long", other="long long")
    cpdef bint _still_linked(self, long long slot)
    @cython.locals(near=Nearby, core="unsigned char[::1]", owner="long long[::1]", after="unsigned int[::1]",
                   mark="long long", found="unsigned int[::1]", missing="long long", at="long long",
                   least="double", i="long long", other="long long", distance="double", last="long long")
    cpdef bint _closely_linked(self, long long slot)
    @cython.locals(near=Nearby, left="unsigned int[::1]", limit="double", ahead="long long",
                   reached="long long", slot="long long", i="long long", other="long long")
    cpdef bint _linked(self, long long number)
    @cython.locals(left="long long", group="long long", into="unsigned int[::1]")
    cpdef _search(self, list seeds)
    @cython.locals(number="long long", owner="long long[::1]", after="unsigned int[::1]", group="long long",
                   slot="long long", head="unsigned int[::1]", tail="unsigned int[::1]",
                   done="unsigned int[::1]", last="unsigned int[::1]", into="unsigned int[::1]")
    cpdef _begin(self, list seeds)
    @cython.locals(near=Nearby, core="unsigned char[::1]", owner="long long[::1]", after="unsigned int[::1]",
                   base="long long", slot="long long", met="long long", found="unsigned int[::1]",
                   into="unsigned int[::1]", i="long long", other="long long",
                   known="long long")
    cpdef long long _step(self, long long group)
    @cython.locals(head="unsigned int[::1]", done="unsigned int[::1]")
    cpdef _meet(self, long long group, long long other)
    cpdef _append(self, unsigned int[::1] begin, unsigned int[::1] end, long long group, long long first,
                  long long last)
    @cython.locals(families=Families, first="long long[::1]", after="unsigned int[::1]", slot="long long",
                   number="long long")
    cpdef _part(self, long long group)
