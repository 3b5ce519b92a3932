"""The full-batch training loop of `repro.truth_table`, compiled.

64 seeds lie side by side in the last axis (the lanes), so that one vector instruction works on
several of them. No operation mixes lanes and each lane's sums run in a fixed order, so that a
seed's result depends on nothing but its own parameters. Multiplications and additions may be
contracted into one rounding where the processor can (FMA); nothing else is reordered.

Importing this module imports numba; import it where something trains.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from repro.training.loops.exponential import inlined, sigmoid
from repro.training.loops.lanes import in_lanes

Floats = NDArray[np.float64]

# 64 and constant: numba unrolls shorter loops without making vector instructions of them.
LANES = 64
ROWS, INPUTS, UNITS = 6, 3, 4
PARAMETERS = (INPUTS + 1) * UNITS + UNITS + 1
_FIRST = (INPUTS + 1) * UNITS


class Rule(NamedTuple):
    """The rule by which every seed trains.

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
    shapes, expected = (
        (parameters.shape[1:], x.shape, y.shape),
        ((PARAMETERS,), (ROWS, INPUTS), (ROWS,)),
    )
    if shapes != expected:
        raise ValueError(
            f"parameters, x and y of one seed must have shapes {expected}, got {shapes}"
        )
    (parameters[:],) = in_lanes(
        lambda block: _descend_block(block, x, y, rule, updates), LANES, parameters
    )


# The functions below are inlined into this one, where the compiler sees that the arrays which it
# allocates do not overlap; without that, or with Python's check for division by zero, it makes no
# vector instructions of their innermost loops.
@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
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
    for i in range(first.size):
        block.flat[i] = first.flat[i]
    for i in range(second.size):
        block.flat[first.size + i] = second.flat[i]


@inlined
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


@inlined
def _activate(rule, hidden):
    if rule.sigmoid_hidden:
        for u in range(UNITS):
            for r in range(ROWS):
                for k in range(LANES):
                    hidden[u, r, k] = sigmoid(hidden[u, r, k])
    else:
        for u in range(UNITS):
            for r in range(ROWS):
                for k in range(LANES):
                    z = hidden[u, r, k]
                    hidden[u, r, k] = z if z > 0.0 else rule.hidden_slope * z


@inlined
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


@inlined
def _compare(rule, outputs, y, deltas):
    if rule.sigmoid_output:
        for r in range(ROWS):
            for k in range(LANES):
                a = sigmoid(outputs[r, k])
                deltas[r, k] = (y[r] - a) * (a * (1.0 - a))
    else:
        for r in range(ROWS):
            for k in range(LANES):
                z = outputs[r, k]
                slope = 1.0 if z > 0.0 else rule.output_slope
                deltas[r, k] = (y[r] - slope * z) * slope


@inlined
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


@inlined
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


@inlined
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
