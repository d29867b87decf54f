cimport cython

from processor.clustering.neighbours cimport Bucket, Leaf
from processor.clustering.rows cimport Rows
from processor.clustering.slots cimport Slots
from processor.clustering.stateful cimport Stateful

cdef class Scans(Stateful):
    cdef public Rows rows
    cdef public Slots slots
    cdef public double limit
    cdef public long long _dead

    cpdef long long enter(self, entry, list point, long long horizon, long long need, list found)
    @cython.locals(slots=Slots, rows=Rows, limit="double", link="unsigned int[::1]", row="unsigned int[::1]",
                   newest="unsigned int[::1]", stamps="unsigned int[::1]", ring="long long", second="long long",
                   x="double[::1]", columns="long long", x0="double", weight="long long", r="long long",
                   difference="double")
    cpdef long long walk(self, long long at, list point, long long horizon, long long need, list found)
    @cython.locals(weight="long long", leaf=Leaf)
    cpdef long long scan(self, Bucket bucket, list point, long long horizon, long long need, list found)
    @cython.locals(slots=Slots, limit="double", x0="double", names="unsigned int[::1]", cols="double[:, ::1]",
                   columns="long long", ring="long long", weight="long long", dead="long long",
                   second="long long", at="long long", i="long long", difference="double", acc="double",
                   slot="long long")
    cpdef long long _loop(self, Leaf leaf, list point, long long horizon, long long need, list found)
    cpdef long long _sweep(self, Leaf leaf, list point, long long horizon, long long need, list found)
    cpdef _purge(self, Bucket bucket, Leaf leaf, long long horizon)
