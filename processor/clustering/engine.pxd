cimport cython

from processor.clustering.homes cimport Home
from processor.clustering.parts cimport Parts
from processor.clustering.slots cimport Slots
from processor.clustering.stateful cimport Stateful
from processor.clustering.transfer cimport Transferable

cdef class Spot(Stateful):
    cdef public long long first
    cdef public Home home
    cdef public long long slot

cdef class Engine(Transferable):
    @cython.locals(slots=Slots, horizon="long long", home=Home, slot="long long", place="long long",
                   full="long long")
    cpdef learn(self, str scope, unsigned long long row, long long part, long long serial, exemplar)
    cpdef Home home(self, str scope)
    @cython.locals(parts=Parts, slots=Slots, now="long long", horizon="long long", slot="long long")
    cpdef long long take(self, Home home, unsigned long long row, long long part, long long serial, exemplar)
    @cython.locals(home=Home, slot="long long")
    cpdef spot(self, str scope, unsigned long long row)
    @cython.locals(parts=Parts, slots=Slots, horizon="long long", home=Home, slot="long long", full="long long")
    cpdef bint again(self, Spot spot, long long part)
    @cython.locals(home=Home)
    cpdef long long slot(self, str scope, unsigned long long row)
    @cython.locals(point=list, full="long long", other="long long", near="bint")
    cpdef _role(self, long long slot, long long place, long long horizon)
