cimport cython

from processor.clustering.tables cimport Chained, Objects, Table

cdef class Rows(Chained):
    cdef public long long columns
    cdef public long long width
    cdef public object _vector
    cdef public long long _asked
    cdef public list _gate_ids
    cdef public Objects _gates
    cdef public _GateUses _gate_uses
    cdef public list _pins
    cdef public unsigned int[::1] gate
    cdef public unsigned int[::1] uses
    cdef public unsigned int[::1] generation
    cdef public unsigned int[::1] hint
    cdef public double[::1] x
    cdef public long long[::1] c

    @cython.locals(number="long long", index="long long")
    cpdef intern(self, gate, counts)
    @cython.locals(index="long long")
    cpdef long long index(self, unsigned long long row)
    @cython.locals(generation="unsigned long long")
    cpdef unsigned long long handle(self, long long index)
    @cython.locals(index="long long")
    cpdef bint holds(self, unsigned long long row)
    cpdef long long find(self, gate, counts)
    cpdef long long gate_number(self, gate)
    @cython.locals(begin="long long", at="long long")
    cpdef list vector_of(self, long long index)
    @cython.locals(begin="long long", at="long long")
    cpdef counts_of(self, long long index)
    @cython.locals(begin="long long", i="long long", acc="double", difference="double")
    cpdef double squared(self, long long index, list point)
    cpdef unuse(self, long long index)
    cpdef bint _pinned(self)
    cpdef _widen_counts(self, long long width)
    @cython.locals(factors="unsigned long long[::1]", acc="unsigned long long",
                   low="unsigned long long", at="long long", count="long long")
    cpdef unsigned int _key(self, unsigned long long number, counts)
    @cython.locals(c="long long[::1]", at="long long", count="long long")
    cpdef bint _has(self, long long index, counts)
    @cython.locals(key="unsigned int", at="long long")
    cpdef long long _find(self, long long number, counts)
    @cython.locals(index="long long", begin="long long", i="long long", asked="long long")
    cpdef _make(self, gate, counts, long long number)
    cpdef _recycle(self, long long index)

cdef class _GateUses(Table):
    cdef public unsigned int[::1] uses
