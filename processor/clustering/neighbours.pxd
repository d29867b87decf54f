cimport cython

from processor.clustering.stateful cimport Stateful

cdef class Leaf(Stateful):
    cdef public double[:, ::1] cols
    cdef public unsigned int[::1] slots
    cdef public long long size

    @cython.locals(n="long long", i="long long")
    cpdef add(self, long long slot, list point)
    @cython.locals(n="long long", i="long long", at="long long")
    cpdef bint remove(self, long long slot)
    cpdef widen(self, long long columns)
    @cython.locals(at="long long")
    cpdef long long _at(self, long long slot)

cdef class Bucket(Stateful):
    cdef public long long columns
    cdef public list leaves
    cdef public bint boxed
    cdef public double[:, ::1] low
    cdef public double[:, ::1] high
    cdef double[::1] _gaps
    cdef public long long size

    @cython.locals(chosen="long long", i="long long", x="double", leaf=Leaf, low="double[:, ::1]",
                   high="double[:, ::1]")
    cpdef add(self, long long slot, list point)
    @cython.locals(leaf=Leaf, i="long long", n="long long", chosen=list)
    cpdef bint remove(self, long long slot, list point)
    @cython.locals(i="long long", n="long long", least="double", gaps="double[::1]", first=list, others=list)
    cpdef list near(self, list point, double limit)
    cpdef drop(self, Leaf leaf)
    @cython.locals(i="long long", n="long long", chosen="long long", gaps="double[::1]")
    cpdef long long _nearest(self, list point)
    @cython.locals(i="long long", n="long long", column="long long", at="double", outside="double",
                   low="double[:, ::1]", high="double[:, ::1]", gaps="double[::1]")
    cpdef long long _measure(self, list point)
    cpdef _split(self, long long i)
    cpdef widen(self, long long columns)
    cpdef _make_room(self, long long capacity)

cdef class Grid(Stateful):
    cdef public tuple columns
    cdef public double side
    cdef public list shards
    cdef public tuple strides
    cdef public list offsets
    cdef public list _point
    cdef public unsigned long long _stride
    cdef public unsigned long long key

    cpdef dict find(self, list point)
    @cython.locals(base="unsigned long long", offset="unsigned long long", key="unsigned long long",
                   keys="unsigned long long", shard=dict, found=list)
    cpdef list beside(self, list point, long long step)
    cpdef _forget(self)
    @cython.locals(key="unsigned long long", keys="unsigned long long", cell="long long",
                   stride="unsigned long long", i="long long", x="double")
    cpdef _look(self, list point)

@cython.locals(i="long long", acc="double", difference="double")
cpdef double squared_distance(a, b)
