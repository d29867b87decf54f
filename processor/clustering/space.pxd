cimport cython

from processor.clustering.neighbours cimport Bucket, Grid, Leaf
from processor.clustering.rows cimport Rows
from processor.clustering.scans cimport Scans
from processor.clustering.slots cimport Places, Slots
from processor.clustering.stateful cimport Stateful

cdef class _Index(Stateful):
    cdef public Bucket bucket
    cdef public Grid grid
    cdef public long long retry

cdef class Space(Scans):
    cdef public long long min_samples
    cdef public Places places
    cdef public double side
    cdef public dict _indexes
    cdef public dict _full
    cdef public long long _seen
    cdef public list _seen_point

    @cython.locals(slots=Slots, places=Places, place="long long", at="long long", index=_Index, bucket=Bucket)
    cpdef enlist(self, long long slot)
    @cython.locals(slots=Slots, place="long long", index=_Index)
    cpdef delist(self, long long slot)
    cpdef forget(self, long long place)
    cpdef note_full(self, long long slot, long long place, list point=*)
    @cython.locals(slots=Slots, slot="long long", full="long long")
    cpdef long long full_near(self, long long place, list point, long long horizon)
    @cython.locals(index=_Index)
    cpdef long long _cell(self, long long place, list point)
    @cython.locals(index=_Index, weight="long long", grid=Grid, bucket=Bucket, step="long long", shard=dict)
    cpdef long long weigh(self, long long place, list point, long long horizon, long long need, list found)
    @cython.locals(slots=Slots)
    cpdef bint is_core(self, long long slot, long long horizon, long long need)
    @cython.locals(slots=Slots, ring="long long", need="long long", other="long long", at="long long")
    cpdef witness(self, long long slot, list found)
    @cython.locals(slots=Slots, rows=Rows, each=list, at="long long", found=list)
    cpdef list around(self, long long place, list point, long long horizon, long long number)
    @cython.locals(each=list, events="long long", at="long long")
    cpdef long long events_in(self, long long place, long long limit)
    @cython.locals(index=_Index, leaf=Leaf, i="long long", names="unsigned int[::1]", found=list)
    cpdef list _each(self, long long place)
    cpdef list point(self, long long slot)
    cpdef counts(self, long long slot)
    @cython.locals(grid=Grid, bucket=Bucket)
    cpdef _add(self, _Index index, long long slot)
    @cython.locals(leaf=Leaf)
    cpdef _migrate(self, _Index index, Grid grid, Bucket bucket)
    @cython.locals(shard=dict, key="long long", at="long long", bucket=Bucket, link="unsigned int[::1]")
    cpdef _deal(self, Grid grid, long long slot, list point)
    @cython.locals(left="long long", link="unsigned int[::1]")
    cpdef bint _short(self, long long at)
    @cython.locals(point=list, shard=dict, key="long long")
    cpdef _take(self, _Index index, long long slot)
    @cython.locals(link="unsigned int[::1]", following="long long", at="long long")
    cpdef _unlink(self, long long head, long long slot)
