"""The online training loop of `repro.add_numbers`, compiled.

64 seeds lie side by side in the last axis (the lanes), so that one vector instruction works on
several of them. No operation mixes lanes and each lane's sums run in a fixed order, so that a
seed's result depends on nothing but its own parameters. Multiplications and additions may be
contracted into one rounding where the processor can (FMA); nothing else is reordered.

Importing this module imports numba; import it where something trains.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from repro.training.loops.exponential import inlined, sigmoid, tanh
from repro.training.loops.lanes import in_lanes

Floats = NDArray[np.float64]
Layers = Sequence[tuple[Floats, Floats]]

# 64 and constant: numba unrolls shorter loops without making vector instructions of them.
LANES = 64
ACTIVATIONS = ("linear", "relu", "leaky_relu", "sigmoid", "tanh")
_LINEAR, _RELU, _LEAKY_RELU, _SIGMOID, _TANH = range(len(ACTIVATIONS))


class Rule(NamedTuple):
    """The rule by which every seed trains.

    Attributes:
        hidden: index in `ACTIVATIONS` of the hidden layers' activation.
        output: the same of the output layer's.
        leaky_slope: slope of leaky ReLU below zero.
        learning_rate: step size of the output layer.
        hidden_learning_rate: step size of the others.
        momentum: share of the last step that is taken again, as in Keras' SGD; 0 for none.
        decays_biases: a bias is its own gradient, as posted.
        updates_first: a layer's weights are updated before they pass the error on, as posted.
    """

    hidden: int
    output: int
    leaky_slope: float
    learning_rate: float
    hidden_learning_rate: float
    momentum: float
    decays_biases: bool
    updates_first: bool


class Watch(NamedTuple):
    """Notes to take of every seed's error, the mean over an epoch's samples.

    Attributes:
        logged: the epochs (from 1, rising) whose error is kept; training ends after the last.
        below: an error worth noting.
        rise: a rise of the error worth noting.
    """

    logged: Sequence[int] | NDArray[np.int64]
    below: float
    rise: float


class History(NamedTuple):
    """The networks, one row a seed, and their errors while they were trained.

    Attributes:
        start: weights and biases of each layer before training.
        layers: the same after it.
        errors: mean squared error of the logged epochs, each sample's taken just before its
            update, (seeds, logged); not finite if training diverged.
        first_below: first epoch (from 1) whose error is under `Watch.below`; 0: none.
        rose: whether an epoch's error is above the lowest before it by more than `Watch.rise`.
        lowest: error of the best epoch.
        gradient_share: length of the gradient of the squared error with respect to the first
            layer's sums, as passed back in training, as a share of that with respect to the
            prediction; each is the root mean square over an epoch's samples, and the share the
            mean over all epochs that have an error.
    """

    start: Layers
    layers: Layers
    errors: Floats
    first_below: NDArray[np.int64]
    rose: NDArray[np.bool_]
    lowest: Floats
    gradient_share: Floats


def train(layers: Layers, inputs: Floats, targets: Floats, rule: Rule, watch: Watch) -> History:
    """Train one network per seed, one sample a step, in the order given.

    Args:
        layers: initial weights (seeds, outputs, inputs) and biases (seeds, outputs) of each layer;
            they are left as they are.
        inputs: shape (samples, inputs).
        targets: shape (samples,); the last layer has one unit.
        rule: how to train.
        watch: what to note.

    Returns:
        The history; a seed's row does not depend on which others are trained with it.
    """
    seeds = len(layers[0][0])
    widths = np.array([layers[0][0].shape[2], *(weights.shape[1] for weights, _ in layers)])
    watch = watch._replace(logged=np.array(watch.logged))
    padded, *watched = in_lanes(
        lambda *blocks: _train_block(  # type: ignore[call-arg]
            *blocks, widths, inputs, targets, rule, watch
        ),
        LANES,
        _padded(layers, widths),
        np.zeros((seeds, len(watch.logged))),
        np.zeros(seeds, np.int64),
        np.zeros(seeds, np.bool_),
        np.full(seeds, np.inf),
        np.zeros(seeds),
    )
    return History(layers, _unpadded(padded, widths), *watched)


def _padded(layers: Layers, widths: NDArray[np.int64]) -> Floats:
    """Parameters of shape (seeds, layers, outputs, inputs + 1), padded with zeros.

    A unit's bias follows its weights.
    """
    widest = widths.max()
    padded = np.zeros((len(layers[0][0]), len(layers), widest, widest + 1))
    for layer, (weights, biases) in enumerate(layers):
        outputs, n_inputs = weights.shape[1:]
        padded[:, layer, :outputs, :n_inputs] = weights
        padded[:, layer, :outputs, n_inputs] = biases
    return padded


def _unpadded(padded: Floats, widths: NDArray[np.int64]) -> Layers:
    return [
        (padded[:, i, :outputs, :n_inputs].copy(), padded[:, i, :outputs, n_inputs].copy())
        for i, (n_inputs, outputs) in enumerate(pairwise(widths))
    ]


# The functions below are inlined into this one, where the compiler sees that the arrays which it
# allocates do not overlap; without that, or with Python's check for division by zero, it makes
# slower loops or no vector instructions of them.
@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _train_block(
    block, errors, first_below, rose, lowest, gradient_share, widths, inputs, targets, rule, watch
):
    parameters = block.copy()
    velocity = np.zeros_like(parameters)
    units = np.zeros((len(widths), widths.max(), LANES))
    deltas = np.zeros_like(units)
    error, square, counted = np.empty(LANES), np.empty(LANES), np.zeros(LANES)
    entry = 0
    for epoch in range(1, watch.logged[-1] + 1):
        for k in range(LANES):
            error[k] = square[k] = 0.0
        for sample in range(len(inputs)):
            _forward(parameters, widths, inputs[sample], rule, units)
            _compare(units, targets[sample], deltas, error)
            _backward(parameters, velocity, widths, rule, units, deltas)
            _add_squares(deltas, widths, square)
        _add_shares(error, square, gradient_share, counted)
        for k in range(LANES):
            error[k] /= len(inputs)
            rose[k] |= error[k] > lowest[k] + watch.rise
            lowest[k] = min(lowest[k], error[k])
            if first_below[k] == 0 and error[k] < watch.below:
                first_below[k] = epoch
        if epoch == watch.logged[entry]:
            for k in range(LANES):
                errors[entry, k] = error[k]
            entry += 1
    for k in range(LANES):
        gradient_share[k] /= max(counted[k], 1.0)
    for i in range(block.size):
        block.flat[i] = parameters.flat[i]


# The loops below index whole arrays: a view of a row costs numba a reference count each time.


@inlined
def _forward(parameters, widths, x, rule, units):
    for i in range(widths[0]):
        for k in range(LANES):
            units[0, i, k] = x[i]
    last = len(widths) - 2
    for layer in range(last + 1):
        n = widths[layer]
        for j in range(widths[layer + 1]):
            for k in range(LANES):
                units[layer + 1, j, k] = 0.0
            for i in range(n):
                for k in range(LANES):
                    units[layer + 1, j, k] += parameters[layer, j, i, k] * units[layer, i, k]
            for k in range(LANES):
                units[layer + 1, j, k] += parameters[layer, j, n, k]
            _activate(rule, rule.output if layer == last else rule.hidden, units, layer + 1, j)


@inlined
def _compare(units, target, deltas, error):
    for k in range(LANES):
        difference = units[-1, 0, k] - target
        error[k] += difference * difference
        deltas[-1, 0, k] = 2.0 * difference


@inlined
def _backward(parameters, velocity, widths, rule, units, deltas):
    last = len(widths) - 2
    for layer in range(last, -1, -1):
        activation = rule.output if layer == last else rule.hidden
        for j in range(widths[layer + 1]):
            _multiply_by_derivative(rule, activation, units, deltas, layer + 1, j)
        if not rule.updates_first:
            _pass_on(parameters, widths, layer, deltas)
        _update(parameters, velocity, widths, layer, rule, units, deltas)
        if rule.updates_first:
            _pass_on(parameters, widths, layer, deltas)


@inlined
def _add_squares(deltas, widths, square):
    for j in range(widths[1]):
        for k in range(LANES):
            square[k] += deltas[1, j, k] * deltas[1, j, k]


@inlined
def _add_shares(error, square, gradient_share, counted):
    for k in range(LANES):  # the gradient with respect to a prediction is twice its error
        has_error = error[k] > 0.0
        gradient_share[k] += np.sqrt(square[k] / (4.0 * error[k])) if has_error else 0.0
        counted[k] += 1.0 if has_error else 0.0


@inlined
def _update(parameters, velocity, widths, layer, rule, units, deltas):
    is_output = layer == len(widths) - 2
    rate = rule.learning_rate if is_output else rule.hidden_learning_rate
    momentum, n = rule.momentum, widths[layer]
    for j in range(widths[layer + 1]):
        for i in range(n):
            for k in range(LANES):
                slope = deltas[layer + 1, j, k] * units[layer, i, k]
                velocity[layer, j, i, k] = momentum * velocity[layer, j, i, k] - rate * slope
                parameters[layer, j, i, k] += velocity[layer, j, i, k]
        for k in range(LANES):
            slope = parameters[layer, j, n, k] if rule.decays_biases else deltas[layer + 1, j, k]
            velocity[layer, j, n, k] = momentum * velocity[layer, j, n, k] - rate * slope
            parameters[layer, j, n, k] += velocity[layer, j, n, k]


@inlined
def _pass_on(parameters, widths, layer, deltas):
    for i in range(widths[layer]):
        for k in range(LANES):
            deltas[layer, i, k] = 0.0
        for j in range(widths[layer + 1]):
            for k in range(LANES):
                deltas[layer, i, k] += parameters[layer, j, i, k] * deltas[layer + 1, j, k]


@inlined
def _activate(rule, activation, units, layer, j):
    # comparisons are written so that NaN stays NaN, as in numpy.maximum
    if activation == _RELU:
        for k in range(LANES):
            z = units[layer, j, k]
            units[layer, j, k] = 0.0 if z <= 0.0 else z
    elif activation == _LEAKY_RELU:
        for k in range(LANES):
            z = units[layer, j, k]
            units[layer, j, k] = rule.leaky_slope * z if z <= 0.0 else z
    elif activation == _SIGMOID:
        for k in range(LANES):
            units[layer, j, k] = sigmoid(units[layer, j, k])
    elif activation == _TANH:
        for k in range(LANES):
            units[layer, j, k] = tanh(units[layer, j, k])


@inlined
def _multiply_by_derivative(rule, activation, units, deltas, layer, j):
    # each derivative follows from the activation's value
    if activation == _RELU:
        for k in range(LANES):
            deltas[layer, j, k] *= 1.0 if units[layer, j, k] > 0.0 else 0.0
    elif activation == _LEAKY_RELU:
        for k in range(LANES):
            deltas[layer, j, k] *= 1.0 if units[layer, j, k] > 0.0 else rule.leaky_slope
    elif activation == _SIGMOID:
        for k in range(LANES):
            deltas[layer, j, k] *= units[layer, j, k] * (1.0 - units[layer, j, k])
    elif activation == _TANH:
        for k in range(LANES):
            deltas[layer, j, k] *= 1.0 - units[layer, j, k] * units[layer, j, k]
