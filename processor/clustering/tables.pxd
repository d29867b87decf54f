cimport cython

from processor.clustering.stateful cimport Stateful

cdef class Table(Stateful):
    cdef public long long size
    cdef public dict arrays
    cdef public dict _layout
    cdef public object _free
    cdef public long long _capacity
    cdef public long long _grown
    cdef public long long _threshold

    cpdef long long new(self)
    @cython.locals(made="long long")
    cpdef long long fresh(self)
    cpdef release(self, number)
    cpdef _add(self, str name, str kind, long long width)
    cpdef _put(self, str name, values)
    cpdef _set_threshold(self)
    cpdef _grow(self)

cdef class Chained(Table):
    cdef public unsigned int[::1] hash
    cdef public unsigned int[::1] next
    cdef public unsigned int[::1] heads
    cdef public object _heads
    cdef public long long _buckets
    cdef public long long _mask
    cdef public long long _linked
    cdef public object _factors
    cdef public unsigned long long[::1] factors

    @cython.locals(factors="unsigned long long[::1]", low="unsigned long long", key="unsigned long long")
    cpdef unsigned int hash_of(self, unsigned long long a, unsigned long long b)
    @cython.locals(bucket="long long")
    cpdef long long first_of(self, long long key)
    @cython.locals(bucket="long long")
    cpdef chain(self, long long key, long long number)
    @cython.locals(bucket="long long", at="long long")
    cpdef unchain(self, long long number)
    @cython.locals(old="long long", new="long long", at="long long", following="long long", kept="long long",
                   moved="long long")
    cpdef _split(self)
    cpdef _need_factors(self, long long number)

cdef class Objects(Stateful):
    cdef public list _blocks
