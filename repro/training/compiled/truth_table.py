"""The full-batch training loop of `repro.truth_table`, compiled.

64 seeds lie side by side in the last axis (the lanes), so that one vector instruction works on
several of them. No operation mixes lanes and each lane's sums run in a fixed order, so that a
seed's result depends on nothing but its own parameters. Multiplications and additions may be
contracted into one rounding where the processor can (FMA); nothing else is reordered.

Importing this module imports numba; import it where something trains.
"""

import math
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, prange, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from repro.training.lanes import into_lanes, out_of_lanes

Floats = NDArray[np.float64]

# 64 and constant: numba unrolls shorter loops without making vector instructions of them.
LANES = 64
ROWS, INPUTS, UNITS = 6, 3, 4
PARAMETERS = (INPUTS + 1) * UNITS + UNITS + 1
_FIRST = (INPUTS + 1) * UNITS


class Rule(NamedTuple):
    """How every seed trains.

    An activation is the logistic function, or else z above zero and slope * z up to zero: slope 0
    makes ReLU, slope 1 the identity.

    Attributes:
        sigmoid_hidden: the hidden units are logistic.
        hidden_slope: their slope if they are not.
        sigmoid_output: the output unit is logistic.
        output_slope: its slope if it is not.
        masks: the derivative overwrites the hidden activations before they update the second
            layer's weights, as the posted ReLU does.
        learning_rate: step size of the weights.
        bias_rate: step size of the biases; 0 keeps them as they are.
    """

    sigmoid_hidden: bool
    hidden_slope: float
    sigmoid_output: bool
    output_slope: float
    masks: bool
    learning_rate: float
    bias_rate: float


def descend(parameters: Floats, x: Floats, y: Floats, rule: Rule, updates: int) -> None:
    """Take gradient steps on half the summed squared error, for each seed, in place.

    Args:
        parameters: shape (seeds, 21): of each seed the first layer's weights (3, 4) and biases
            (4,), the second layer's weights (4,) and bias.
        x: inputs, shape (6, 3).
        y: targets, shape (6,).
        rule: how to train.
        updates: number of steps.

    Raises:
        ValueError: for arrays of other shapes.
    """
    given, wanted = (
        (parameters.shape[1:], x.shape, y.shape),
        ((PARAMETERS,), (ROWS, INPUTS), (ROWS,)),
    )
    if given != wanted:
        raise ValueError(f"parameters, x and y of one seed must have shapes {wanted}, got {given}")
    blocks = into_lanes(parameters, LANES)
    _descend_blocks(blocks, x, y, rule, updates)
    parameters[:] = out_of_lanes(blocks, len(parameters))


def exponential(values: Floats) -> Floats:
    """Return the loop's own exp of an array, for |values| <= 708."""
    return _exponentials(values)


@njit(cache=True, parallel=True)
def _descend_blocks(blocks, x, y, rule, updates):
    for i in prange(len(blocks)):
        _descend_block(blocks[i], x, y, rule, updates)


# The functions below are inlined into this one, where the compiler sees that the arrays which it
# allocates do not overlap; without that, or with Python's check for division by zero, it makes no
# vector instructions of their innermost loops.
@njit(cache=True, fastmath={"contract"}, error_model="numpy")
def _descend_block(block, x, y, rule, updates):
    first = block[:_FIRST].copy().reshape((INPUTS + 1, UNITS, LANES))
    second = block[_FIRST:].copy()
    hidden = np.empty((UNITS, ROWS, LANES))
    hidden_deltas = np.empty_like(hidden)
    outputs = np.empty((ROWS, LANES))
    deltas = np.empty_like(outputs)
    for _ in range(updates):
        _weigh_inputs(x, first, hidden)
        _activate(rule, hidden)
        _weigh_hidden(hidden, second, outputs)
        _compare(rule, outputs, y, deltas)
        _pass_back(rule, hidden, deltas, second, hidden_deltas)
        _update_second(rule, hidden, deltas, second)
        _update_first(rule, x, hidden_deltas, first)
    block[:_FIRST] = first.reshape((_FIRST, LANES))
    block[_FIRST:] = second


_inlined = njit(inline="always")


@_inlined
def _weigh_inputs(x, first, hidden):
    for u in range(UNITS):
        for k in range(LANES):
            for r in range(ROWS):
                hidden[u, r, k] = (
                    x[r, 0] * first[0, u, k]
                    + x[r, 1] * first[1, u, k]
                    + x[r, 2] * first[2, u, k]
                    + first[3, u, k]
                )


@_inlined
def _activate(rule, hidden):
    if rule.sigmoid_hidden:
        for u in range(UNITS):
            for r in range(ROWS):
                for k in range(LANES):
                    hidden[u, r, k] = _sigmoid(hidden[u, r, k])
    else:
        for u in range(UNITS):
            for r in range(ROWS):
                for k in range(LANES):
                    z = hidden[u, r, k]
                    hidden[u, r, k] = z if z > 0.0 else rule.hidden_slope * z


@_inlined
def _weigh_hidden(hidden, second, outputs):
    for r in range(ROWS):
        for k in range(LANES):
            outputs[r, k] = (
                hidden[0, r, k] * second[0, k]
                + hidden[1, r, k] * second[1, k]
                + hidden[2, r, k] * second[2, k]
                + hidden[3, r, k] * second[3, k]
                + second[4, k]
            )


@_inlined
def _compare(rule, outputs, y, deltas):
    if rule.sigmoid_output:
        for r in range(ROWS):
            for k in range(LANES):
                a = _sigmoid(outputs[r, k])
                deltas[r, k] = (y[r] - a) * (a * (1.0 - a))
    else:
        for r in range(ROWS):
            for k in range(LANES):
                z = outputs[r, k]
                slope = 1.0 if z > 0.0 else rule.output_slope
                deltas[r, k] = (y[r] - slope * z) * slope


@_inlined
def _pass_back(rule, hidden, deltas, second, hidden_deltas):
    # a sigmoid's derivative follows from its value, and so does that of the others from its sign
    for u in range(UNITS):
        for r in range(ROWS):
            for k in range(LANES):
                a = hidden[u, r, k]
                if rule.sigmoid_hidden:
                    slope = a * (1.0 - a)
                else:
                    slope = 1.0 if a > 0.0 else rule.hidden_slope
                hidden_deltas[u, r, k] = deltas[r, k] * second[u, k] * slope
                hidden[u, r, k] = slope if rule.masks else a


@_inlined
def _update_second(rule, hidden, deltas, second):
    for u in range(UNITS):
        for k in range(LANES):
            step = 0.0
            for r in range(ROWS):
                step += hidden[u, r, k] * deltas[r, k]
            second[u, k] += rule.learning_rate * step
    for k in range(LANES):
        step = 0.0
        for r in range(ROWS):
            step += deltas[r, k]
        second[UNITS, k] += rule.bias_rate * step


@_inlined
def _update_first(rule, x, hidden_deltas, first):
    for u in range(UNITS):
        for k in range(LANES):
            step_0 = step_1 = step_2 = step_bias = 0.0
            for r in range(ROWS):
                delta = hidden_deltas[u, r, k]
                step_0 += x[r, 0] * delta
                step_1 += x[r, 1] * delta
                step_2 += x[r, 2] * delta
                step_bias += delta
            first[0, u, k] += rule.learning_rate * step_0
            first[1, u, k] += rule.learning_rate * step_1
            first[2, u, k] += rule.learning_rate * step_2
            first[3, u, k] += rule.bias_rate * step_bias


@_inlined
def _sigmoid(z):
    return 1.0 / (1.0 + _exp(-min(max(z, -708.0), 708.0)))


# math.exp is a call for each lane. This is exp for all lanes at once, to 1 unit in the last place:
# exp(z) = 2**n * exp(z - n * log 2), with Taylor's series for the second factor (the remainder of
# order 14 is below 1e-17) and n added to the exponent's bits for the first. Source: Cody and Waite
# 1980, "Software Manual for the Elementary Functions", chapter 6.
_LOG_2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # so short that n * it is exact
_LOG_2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_INTEGER = 1.5 * 2.0**52  # added to a float, it leaves the nearest integer in the lowest bits
_T = tuple(1.0 / math.factorial(k) for k in range(14))


@_inlined
def _exp(z):
    shifted = z * 1.4426950408889634 + _INTEGER
    n = shifted - _INTEGER
    r = z - n * _LOG_2_HIGH - n * _LOG_2_LOW
    s = _T[8] + r * (_T[9] + r * (_T[10] + r * (_T[11] + r * (_T[12] + r * _T[13]))))
    s = _T[2] + r * (_T[3] + r * (_T[4] + r * (_T[5] + r * (_T[6] + r * (_T[7] + r * s)))))
    s = 1.0 + r * (1.0 + r * s)
    return _as_float(_as_integer(s) + (_as_integer(shifted) << 52))  # type: ignore[call-arg]


@intrinsic
def _as_integer(context, value):
    """The bits of a float as an integer."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def _as_float(context, value):
    """The float that has these bits."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), generate


@njit(cache=True, fastmath={"contract"})
def _exponentials(values):
    results = np.empty_like(values)
    for i in range(values.size):
        results[i] = _exp(values[i])
    return results
