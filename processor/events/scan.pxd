cimport cython

cdef int MAX_DEPTH, MAX_DIGITS, SURE_DIGITS
cdef bytes PLAIN, ESCAPES, HEX
cdef int QUOTE, BACKSLASH, COMMA, COLON, SPACE, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST
cdef int ZERO, NINE, MINUS, POINT, SMALL_N, SMALL_U, SMALL_X

cdef class Scan:
    cdef const unsigned char* _plain
    cdef const unsigned char* _escapes
    cdef const unsigned char* _hex

    cdef int _string(self, const unsigned char* p, int i) noexcept
    cdef int _first(self, const unsigned char* p, int i) noexcept
    cdef int _value(self, const unsigned char* p, int i) noexcept
    cdef int _next(self, const unsigned char* p, int i, int close) noexcept
    cdef int _words(self, const unsigned char* p, int i) noexcept
    @cython.locals(first=int, begin=int, length=int)
    cdef int _scalar(self, const unsigned char* p, int i) noexcept
    @cython.locals(first=int)
    cdef int _skip(self, const unsigned char* p, int i, int depth) noexcept
    @cython.locals(begin=int, length=int)
    cdef int _skip_number(self, const unsigned char* p, int i) noexcept
    @cython.locals(keyed=bint, close=int)
    cdef int _skip_nested(self, const unsigned char* p, int i, int depth) noexcept
