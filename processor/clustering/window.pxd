cimport cython

from processor.clustering.homes cimport Home, Homes
from processor.clustering.limit cimport Limit
from processor.clustering.parts cimport Log, Parts
from processor.clustering.rows cimport Rows
from processor.clustering.slots cimport Places, Slots
from processor.clustering.space cimport Space
from processor.clustering.stateful cimport Stateful

cdef class Window(Stateful):
    cdef public long long columns
    cdef public double eps
    cdef public long long min_samples
    cdef public Limit limit
    cdef public long long truncated
    cdef public long long ring
    cdef public object vector
    cdef public Rows rows
    cdef public Space space
    cdef public Slots slots
    cdef public Places places
    cdef public Parts parts
    cdef public Log log
    cdef public Homes homes
    cdef public long long open_part
    cdef public dict withdrawn
    cdef public object _exported
    cdef public long long _settled
    cdef public long long _counted
    cdef public long long _held
    cdef public object _dead
    cdef public long long _dead_number
    cdef public bint _busy

    cpdef intern(self, gate, counts)
    cpdef expire(self, long long horizon)
    @cython.locals(horizon="long long", low="long long")
    cpdef long long horizon_of(self, Home home)
    cpdef settle(self)
    cpdef settle_all(self)
    cpdef begin(self, long long part)
    @cython.locals(end="long long")
    cpdef open(self, long long part)
    @cython.locals(slots=Slots, rows=Rows, index="long long", slot="long long")
    cpdef long long slot_of(self, Home home, unsigned long long row)
    @cython.locals(slots=Slots, stamps="unsigned int[::1]", begin="long long", at="long long")
    cpdef appear(self, Home home, long long slot, long long serial, exemplar)
    @cython.locals(slots=Slots, places=Places, now="long long", turn="long long", place="long long")
    cpdef stamp(self, long long slot)
    @cython.locals(expired="long long", backlog="long long")
    cpdef tidy(self)
    @cython.locals(slots=Slots, places=Places, rows=Rows, gate="long long", place="long long", slot="long long")
    cpdef long long _settle_in(self, Home home, long long index)
    @cython.locals(slot="long long")
    cpdef _reap_some(self, long long number)
    @cython.locals(slots=Slots, places=Places, rows=Rows, index="long long", place="long long", home=Home)
    cpdef _reap(self, long long slot)
