"""Training loops that numba compiles, each in one file, and the exponential that they inline.

numba's cache on disk looks at the file of a compiled function alone: after an edit in another file
it would go on running the old code.
"""
