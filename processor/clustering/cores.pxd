cimport cython

from processor.clustering.nearby cimport Nearby
from processor.clustering.rows cimport Rows
from processor.clustering.slots cimport Slots
from processor.clustering.space cimport Space

cdef class Cores:
    cdef public long long horizon
    cdef public Nearby near
    cdef public unsigned char[::1] core
    cdef public long long[::1] first
    cdef public Space _space
    cdef public Slots _slots
    cdef public long long _need
    cdef public long long _last
    cdef public long long _room
    cdef public list _touched
    cdef public dict _due
    cdef public list _dead
    cdef public dict _arrays
    cdef public unsigned int[::1] _until
    cdef public unsigned int[::1] _full
    cdef public unsigned int[::1] _anchor
    cdef public long long[::1] _lacks
    cdef public long long[::1] _events
    cdef public unsigned int[::1] _newest

    @cython.locals(slot="long long")
    cpdef begin(self, list slots, list is_core)
    cpdef touch(self, long long slot)
    cpdef long long waiting(self)
    @cython.locals(number="long long", part="long long", due=list)
    cpdef long long due(self, long long horizon)
    @cython.locals(fallen=list, begin="long long", part="long long", due=list, slot="long long")
    cpdef list fall(self, long long horizon)
    @cython.locals(slot="long long")
    cpdef bury(self)
    @cython.locals(risen=list, later=list, slots=Slots, horizon="long long", slot="long long", events="long long",
                   before="long long")
    cpdef list rise(self)
    @cython.locals(slots=Slots)
    cpdef bint alive(self, long long slot)
    @cython.locals(newest="long long", until="long long")
    cpdef _review(self, long long slot, list fallen)
    @cython.locals(slots=Slots, horizon="long long", own="long long", anchor="long long", full="long long")
    cpdef long long _core_until(self, long long slot)
    @cython.locals(slots=Slots, need="long long", horizon="long long", number="long long",
                   found="unsigned int[::1]", weight="long long", best="long long", i="long long",
                   other="long long", full="long long")
    cpdef long long _weighed(self, long long slot)
    @cython.locals(near=Nearby, slots=Slots, need="long long", young="long long", until="long long",
                   chain="unsigned int[::1]", other="long long", weight="long long", begin="long long",
                   at="long long", stamp="long long", turned="bint")
    cpdef long long _leaned(self, long long slot)
    cpdef long long _weigh(self, long long slot)
    @cython.locals(slots=Slots, found="unsigned int[::1]", newest="unsigned int[::1]", last="long long", i="long long",
                   begin="long long", at="long long", stamp="unsigned int", place="long long",
                   until="long long")
    cpdef long long _nth_newest(self, long long number)
    @cython.locals(found="unsigned int[::1]", ripe=list, i="long long", other="long long",
                   until="long long", newest="long long")
    cpdef _stir(self, long long slot, long long events, list risen)
    @cython.locals(rows=Rows)
    cpdef _hold(self, long long slot)
    @cython.locals(due=list)
    cpdef _note(self, long long slot, long long until)
    cpdef _reserve(self)
