cimport cython

cdef class Nearby:
    cdef public long long columns
    cdef public double limit
    cdef public double usual
    cdef public long long size
    cdef public long long room
    cdef public double[::1] x
    cdef public unsigned char[::1] held
    cdef public unsigned int[::1] found
    cdef public double _side
    cdef public dict _arrays
    cdef public double[::1] _q
    cdef public long long[::1] _on
    cdef public unsigned long long[::1] _strides
    cdef public double _far
    cdef public double _wide
    cdef public long long _above
    cdef public long long _below
    cdef public unsigned long long[::1] _offsets
    cdef public unsigned long long[::1] _key
    cdef public unsigned int[::1] earlier
    cdef public unsigned int[::1] later
    cdef public unsigned int[::1] _heads
    cdef public long long _shift
    cdef public long long _left

    cpdef reserve(self, long long room)
    cpdef widen(self, long long columns)
    @cython.locals(x="double[::1]", at="long long", i="long long")
    cpdef add(self, long long number, double[::1] rows, long long begin)
    @cython.locals(following="long long", before="long long")
    cpdef remove(self, long long number)
    @cython.locals(q="double[::1]", x="double[::1]", at="long long", i="long long", found="long long")
    cpdef long long around(self, long long number)
    cpdef long long beside(self, long long number)
    @cython.locals(number="long long")
    cpdef list by_cell(self, list numbers)
    @cython.locals(q="double[::1]", i="long long")
    cpdef long long around_point(self, list point)
    @cython.locals(keys="unsigned long long[::1]", limit="double", wanted="unsigned long long")
    cpdef long long along(self, long long number, long long at, unsigned int[::1] chain)
    @cython.locals(x="double[::1]", i="long long", acc="double", difference="double")
    cpdef double squared(self, long long a, long long b)
    @cython.locals(x="double[::1]", q="double[::1]", at="long long", i="long long", acc="double",
                   difference="double")
    cpdef double distance(self, long long number)
    @cython.locals(q="double[::1]", x="double[::1]", keys="unsigned long long[::1]", following="unsigned int[::1]",
                   heads="unsigned int[::1]", columns="long long", found="unsigned int[::1]",
                   number="long long", first="double", offsets="unsigned long long[::1]",
                   shift="long long", cell="long long", mask="unsigned long long",
                   wanted="unsigned long long", at="long long", begin="long long", difference="double", acc="double", i="long long")
    cpdef long long _look(self, unsigned long long key, double limit)
    @cython.locals(key="unsigned long long", mask="unsigned long long", i="long long", value="double",
                   cell="long long")
    cpdef unsigned long long _key_of(self, double[::1] x, long long begin)
    @cython.locals(cells="double")
    cpdef long long _wide_cell(self, double value)
    @cython.locals(key="unsigned long long", bucket="long long", head="long long")
    cpdef _link(self, long long number)
    @cython.locals(i="long long")
    cpdef _link_all(self, unsigned int[::1] numbers)
    cpdef _lay(self)
