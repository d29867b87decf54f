from processor.clustering.window cimport Window

cdef class Transferable(Window):
    pass
