"""Sums from left to right, compiled: what a layer feeds to its activation.

A sum of floating-point numbers depends on the order of its terms, and so does whether it is exactly
zero. Here every product and every sum is rounded, one term after the other, without fused
multiply-adds: the same bits on every machine. Terms with an input of zero add nothing and are left
out, four fifths of those of MNIST's pixels.

Importing this module imports numba; import it where something is computed.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

TERMS = 8  # that one pass over the sums adds


def layer_inputs(x: Floats, weights: Floats, biases: Floats) -> Floats:
    """Return x @ weights + biases, shape (n, outputs), each sum from left to right, biases last.

    Args:
        x: shape (n, inputs), of the dtype that all the arithmetic is in.
        weights: shape (inputs, outputs).
        biases: shape (outputs,).
    """
    sums = np.zeros((len(x), weights.shape[1]), x.dtype)
    _add_layer(np.ascontiguousarray(x), np.ascontiguousarray(weights), biases, sums)
    return sums


@njit(cache=True, nogil=True)
def _add_layer(x, weights, biases, sums):
    used = np.empty(x.shape[1] + 1, np.int64)  # a place more, for what `_find_used` writes last
    for n in range(len(x)):
        count = _find_used(x[n], used)
        whole = count - count % TERMS
        for first in range(0, whole, TERMS):
            _add_terms(sums[n], x[n], weights, used[first : first + TERMS])
        for k in used[whole:count]:
            _add_term(sums[n], x[n, k], weights[k])
        _add_term(sums[n], x.dtype.type(1), biases)


@njit(cache=True)
def _find_used(x, used):
    """Leave the places of the inputs that are not zero in `used`; return their number."""
    count = 0
    for k in range(len(x)):
        used[count] = k
        count += x[k] != 0
    return count


@njit(cache=True)
def _add_terms(sums, x, weights, used):
    w0, w1, w2, w3 = weights[used[0]], weights[used[1]], weights[used[2]], weights[used[3]]
    w4, w5, w6, w7 = weights[used[4]], weights[used[5]], weights[used[6]], weights[used[7]]
    x0, x1, x2, x3 = x[used[0]], x[used[1]], x[used[2]], x[used[3]]
    x4, x5, x6, x7 = x[used[4]], x[used[5]], x[used[6]], x[used[7]]
    for unit in range(len(sums)):
        total = sums[unit] + x0 * w0[unit]
        total = total + x1 * w1[unit] + x2 * w2[unit] + x3 * w3[unit] + x4 * w4[unit]
        sums[unit] = total + x5 * w5[unit] + x6 * w6[unit] + x7 * w7[unit]


@njit(cache=True)
def _add_term(sums, factor, values):
    for unit in range(len(sums)):
        sums[unit] += factor * values[unit]
