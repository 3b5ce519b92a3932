"""exp and what is made of it, for compiled loops over lanes: `math.exp` is a call for each lane.

The loops inline these functions, and numba's cache on disk does not see an edit in this file: after
one, delete the caches (`git clean -fX repro`).
"""

import math

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

inlined = njit(inline="always")

# exp(z) = 2**n * exp(z - n * log 2), with Taylor's series for the second factor (the remainder of
# order 14 is below 1e-17) and n added to the exponent's bits for the first. Source: Cody and Waite
# 1980, "Software Manual for the Elementary Functions", chapter 6.
_LOG_2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # so short that n * it is exact
_LOG_2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_INTEGER = 1.5 * 2.0**52  # added to a float, it leaves the nearest integer in the lowest bits
_T = tuple(1.0 / math.factorial(k) for k in range(14))
_LIMIT = 708.0  # beyond it, exp is not a normal float


@inlined
def sigmoid(z):  # type: ignore[no-untyped-def]
    """Return 1 / (1 + exp(-z)); NaN for NaN."""
    return 1.0 / (1.0 + _exp(-z))


@inlined
def tanh(z):  # type: ignore[no-untyped-def]
    """Return the hyperbolic tangent, to an absolute error of 2e-16; NaN for NaN."""
    return 1.0 - 2.0 / (_exp(2.0 * z) + 1.0)


def exponential(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return exp of an array, to 1 unit in the last place; beyond 708 either way, exp of 708."""
    return _exponentials(values)


@inlined
def _exp(z):  # type: ignore[no-untyped-def]
    z = _LIMIT if z > _LIMIT else z  # written so that NaN stays NaN
    z = -_LIMIT if z < -_LIMIT else z
    shifted = z * 1.4426950408889634 + _INTEGER
    n = shifted - _INTEGER
    r = z - n * _LOG_2_HIGH - n * _LOG_2_LOW
    s = _T[8] + r * (_T[9] + r * (_T[10] + r * (_T[11] + r * (_T[12] + r * _T[13]))))
    s = _T[2] + r * (_T[3] + r * (_T[4] + r * (_T[5] + r * (_T[6] + r * (_T[7] + r * s)))))
    s = 1.0 + r * (1.0 + r * s)
    return _as_float(_as_integer(s) + (_as_integer(shifted) << 52))  # type: ignore[call-arg]


@intrinsic
def _as_integer(context, value):  # type: ignore[no-untyped-def]
    """The bits of a float as an integer."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def _as_float(context, value):  # type: ignore[no-untyped-def]
    """The float that has these bits."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@njit(cache=True, fastmath={"contract"})
def _exponentials(values):  # type: ignore[no-untyped-def]
    results = np.empty_like(values)
    for i in range(values.size):
        results[i] = _exp(values[i])
    return results
