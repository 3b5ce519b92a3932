"""Sums from left to right, compiled: what a layer feeds to its activation.

A sum of floating-point numbers depends on the order of its terms, and so does whether it is exactly
zero. Here every product and every sum is rounded, one term after the other, without fused
multiply-adds: the same bits on every machine. Terms with an input of zero add nothing and are left
out, four fifths of those of MNIST's pixels.

The sums of a panel of units stay in registers while terms are added, and the weights that a panel
has into `ROWS` inputs stay in the core's first cache while sample after sample comes by.

Importing this module imports numba; import it where something is computed.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from repro.training.loops.cache_lines import on_cache_lines

Floats = NDArray[np.floating[Any]]

ROWS = 64
VECTOR = 64  # bytes; the compiler cuts it where a processor's vectors are shorter
PANELS = (1, 2, 4, 8)  # vectors that a panel can have


def layer_inputs(x: Floats, weights: Floats, biases: Floats) -> Floats:
    """Return x @ weights + biases, shape (n, outputs), each sum from left to right, biases last.

    Args:
        x: shape (n, inputs), of the dtype that all the arithmetic is in.
        weights: shape (inputs, outputs).
        biases: shape (outputs,).
    """
    outputs, lanes = weights.shape[1], VECTOR // x.itemsize
    vectors = next((v for v in PANELS if v * lanes >= outputs), PANELS[-1])
    width = vectors * lanes
    # panel by panel: rows a page apart would share the same few places of the cache
    sums = np.zeros((-(-outputs // width), len(x), width), x.dtype)
    panel = on_cache_lines(np.zeros((ROWS, width), x.dtype))
    _add_layer(
        np.ascontiguousarray(x), np.ascontiguousarray(weights), panel, vectors=vectors, sums=sums
    )
    side_by_side = sums.swapaxes(0, 1).reshape(len(x), -1)
    return side_by_side[:, :outputs] + biases


def _adder(vectors: int) -> Any:
    """Return what adds a sample's terms to the sums of a panel of so many vectors.

    It takes sums, inputs, which of these to add, all of any shape, and the panel. `places` says
    where in the first three the sample's own begin, and where its terms end. It is written in the
    compiler's own language, since numba would bring the sums to memory and back with each term.
    """

    @intrinsic
    def add(context, sums, x, used, panel, places):
        kinds = (sums, x, used, panel, places)
        signature = types.void(*kinds)
        size = sums.dtype.bitwidth // 8
        lanes = VECTOR // size

        def generate(context, builder, signature, arguments):
            totals, inputs, terms, weights = (
                context.make_array(kind)(context, builder, value).data
                for kind, value in zip(kinds[:4], arguments[:4], strict=True)
            )
            home, row, start, stop = cgutils.unpack_tuple(builder, arguments[4])
            vector = ir.VectorType(context.get_data_type(sums.dtype), lanes)

            def vectors_at(data, first):
                starts = [builder.add(first, first.type(j * lanes)) for j in range(vectors)]
                pointers = [builder.gep(data, [start]) for start in starts]
                return [builder.bitcast(pointer, vector.as_pointer()) for pointer in pointers]

            homes = vectors_at(totals, home)
            registers = [cgutils.alloca_once(builder, vector) for _ in homes]
            for memory, register in zip(homes, registers, strict=True):
                builder.store(builder.load(memory, align=size), register)
            with cgutils.for_range_slice(builder, start, stop, start.type(1)) as (entry, _):
                term = builder.zext(builder.load(builder.gep(terms, [entry])), entry.type)
                value = builder.load(builder.gep(inputs, [builder.add(row, term)]))
                factor = _spread(builder, value, vector)
                first = builder.mul(term, term.type(vectors * lanes))
                for pointer, register in zip(vectors_at(weights, first), registers, strict=True):
                    product = builder.fmul(factor, builder.load(pointer, align=size))
                    builder.store(builder.fadd(builder.load(register), product), register)
            for memory, register in zip(homes, registers, strict=True):
                builder.store(builder.load(register), memory, align=size)

        return signature, generate

    return add


def _spread(builder: Any, value: Any, vector: Any) -> Any:
    """Return a vector that has the value in each lane."""
    nothing, number = ir.Constant(vector, ir.Undefined), ir.IntType(32)
    first = builder.insert_element(nothing, value, number(0))
    lanes = ir.Constant(ir.VectorType(number, vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, nothing, lanes)


_add_1, _add_2, _add_4, _add_8 = map(_adder, PANELS)


@njit(cache=True, nogil=True)
def _add_layer(x, weights, panel, vectors, sums):
    used, stops = _find_used(x)
    panels, samples, width = sums.shape
    for column in range(panels):
        for tile in range(stops.shape[1] - 1):
            row = tile * ROWS
            _copy(weights, row, column * width, panel)
            for n in range(samples):
                home, begin = (column * samples + n) * width, n * used.shape[1]
                start, stop = begin + stops[n, tile], begin + stops[n, tile + 1]
                places = (home, n * x.shape[1] + row, start, stop)
                _add_terms(vectors, sums, x, used, panel=panel, places=places)


@njit(cache=True)
def _find_used(x):
    """Return the places of each sample's inputs that are not zero, and where a tile's end.

    A tile has `ROWS` inputs; places count from its first. Those of tile t are at
    ``used[n, stops[n, t]:stops[n, t + 1]]``.
    """
    samples, inputs = x.shape
    used = np.empty((samples, inputs + 1), np.uint8)  # a place more, for what is written last
    stops = np.zeros((samples, -(-inputs // ROWS) + 1), np.int64)
    for n in range(samples):
        count = 0
        for k in range(inputs):
            used[n, count] = k % ROWS
            count += x[n, k] != 0
            stops[n, k // ROWS + 1] = count
    return used, stops


@njit(cache=True)
def _copy(weights, row, column, panel):
    """Copy to the panel what the weights have from a row and a column on; the rest is left."""
    rows = min(panel.shape[0], weights.shape[0] - row)
    columns = min(panel.shape[1], weights.shape[1] - column)
    for i in range(rows):
        for j in range(columns):
            panel[i, j] = weights[row + i, column + j]


@njit(cache=True)
def _add_terms(vectors, sums, x, used, panel, places):
    if vectors == 1:
        _add_1(sums, x, used, panel, places=places)
    elif vectors == 2:
        _add_2(sums, x, used, panel, places=places)
    elif vectors == 4:
        _add_4(sums, x, used, panel, places=places)
    else:
        _add_8(sums, x, used, panel, places=places)
