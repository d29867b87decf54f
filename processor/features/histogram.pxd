cimport cython

@cython.locals(
    seen="int[::1]", times="int[::1]", weighted="double[::1]",
    byte=Py_ssize_t, count=Py_ssize_t, most=Py_ssize_t, _=int, total=double,
)
cpdef double weighted_sum(bytes text)
