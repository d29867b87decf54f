cimport cython

from processor.clustering.engine cimport Engine
from processor.clustering.labels cimport CoreLabels
from processor.clustering.stateful cimport Stateful

cdef class Learner(Stateful):
    cdef public list names
    cdef public Engine engine
    cdef public bint _named
    cdef public long long _length
    cdef public long long _pane
    cdef public bint _timed
    cdef public long long _learned
    cdef public object _now
    cdef public long long _part
    cdef public long long _horizon
    cdef public CoreLabels _labels
    cdef public long long _last
    cdef public long long _slot
    cdef public tuple _values
    cdef public tuple _order
    cdef public dict _rows

    cpdef _begin(self)
    @cython.locals(x=dict, engine=Engine, row="unsigned long long", slot="long long", labels=CoreLabels,
                   last="long long", read=dict)
    cpdef learn(self, event, now)
    cpdef advance(self, now)
    @cython.locals(x=dict, labels=CoreLabels, slot="long long", read=dict, point=list, unknown=list)
    cpdef long long predict(self, event)
    @cython.locals(order=tuple, at="long long")
    cpdef bint _ordered(self, dict x)
    @cython.locals(values=tuple, at="long long")
    cpdef bint _same(self, dict x)
    @cython.locals(values=tuple, row="unsigned long long", engine=Engine)
    cpdef unsigned long long _known(self, dict x)
    @cython.locals(values=tuple, row="unsigned long long")
    cpdef long long _slot_of(self, dict x)
    @cython.locals(row="unsigned long long", order=tuple, values=tuple)
    cpdef unsigned long long _interned(self, dict x, dict read)
    cpdef _bytes(self, dict x, tuple values)
    @cython.locals(learned="long long", pane="long long")
    cpdef _tick(self)
    cpdef _expire(self, long long horizon)
    cpdef dict _read(self, dict x)
    cpdef _counts(self, dict read)
    cpdef _widen(self, list new)
    @cython.locals(labels=CoreLabels, horizon="long long", engine=Engine)
    cpdef CoreLabels _followed(self)
