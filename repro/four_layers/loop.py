"""Online training of a four-layer network on digits, one image at a time.

Two savings make it fast, and both are exact algebra, so that they change rounding and nothing else:

- An input is `background` everywhere plus `ink` where the image is not black, and four pixels of
  five are black. With the first layer's weights written as ``kernel[p] + shift`` for each pixel p,
  the background moves only `shift` and the weights' running sum over all pixels, and learning
  touches the inked pixels alone.
- A unit that is 0 (ReLU) changes neither the sums of the next layer nor its own weights into it.

Importing this module imports numba; import it where something trains.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from repro.training.loops.cache_lines import on_cache_lines
from repro.training.loops.exponential import sigmoid

Floats = NDArray[np.float64]

ACTIVATIONS = ("sigmoid", "linear", "relu", "leaky_relu", "maxout")
_SIGMOID, _LINEAR, _RELU, _LEAKY_RELU, _MAXOUT = range(len(ACTIVATIONS))

# Sums may be reordered to run in vector lanes; infinities and NaN keep their meaning.
_REORDER = {"reassoc", "contract", "nsz"}


class Layer(NamedTuple):
    """The weights into a layer; a maxout unit owns neighbouring columns.

    Attributes:
        kernel: shape (inputs, columns).
        bias: shape (columns,).
        kernel_velocity, bias_velocity: what momentum carries into the next step; shaped alike.
    """

    kernel: Floats
    bias: Floats
    kernel_velocity: Floats
    bias_velocity: Floats


class Images(NamedTuple):
    """Images by their inked pixels; those of image i are at ``start[i]:start[i + 1]``.

    Attributes:
        pixel: uint16 of shape (inked,).
        grey: uint8 of shape (inked,), above 0.
        start: int64 of shape (n + 1,).
        label: uint8 of shape (n,).
    """

    pixel: NDArray[np.uint16]
    grey: NDArray[np.uint8]
    start: NDArray[np.int64]
    label: NDArray[np.uint8]


class Rule(NamedTuple):
    """The rule by which the network computes and learns.

    Attributes:
        hidden: index in `ACTIVATIONS` of the hidden layers' activation.
        output: the same of the output layer's; not maxout.
        hidden_mended: errors carry the derivative of the second hidden layer; not so as posted.
        output_mended: errors carry the derivative of the output; not so as posted.
        cross_entropy: the output's own derivative is left out, as in cross-entropy's gradient.
        bias: biases learn, too.
        learning_rate: step size.
        momentum: share of the last step that is taken again, as in Keras' SGD; 0 for none.
        background: input of a pixel without ink.
        ink: what ink adds to it, by grey level, shape (256,).
        low: target of an output that is not the image's digit.
        high: target of the one that is.
        leaky_slope: of leaky ReLU below zero.
    """

    hidden: int
    output: int
    hidden_mended: bool
    output_mended: bool
    cross_entropy: bool
    bias: bool
    learning_rate: float
    momentum: float
    background: float
    ink: Floats
    low: float
    high: float
    leaky_slope: float


class _Inputs(NamedTuple):
    """A layer's inputs for one image, by those that are not 0, the first `size` entries."""

    rows: NDArray[np.uint16]
    values: Floats
    size: NDArray[np.int64]  # (1,)


class _Unit(NamedTuple):
    """The numbers of a layer for one image; it has several columns a unit if it is maxout."""

    sums: Floats  # (columns,)
    slopes: Floats  # (columns,), derivative of the output with respect to sums
    back: Floats  # (columns,), error that is passed back
    steps: Floats  # (columns,), learning rate times error times slope
    outputs: Floats  # (units,)
    errors: Floats  # (units,)


class _Background(NamedTuple):
    """The background's share of each pixel's weights (`shift`), and their sum (`total`)."""

    shift: Floats  # (columns,)
    total: Floats
    shift_velocity: Floats
    total_velocity: Floats


def new_layer(kernel: Floats, bias: Floats) -> Layer:
    """Return a layer of these weights (copied), kernel (inputs, columns) and bias (columns,)."""
    kernel = on_cache_lines(np.asarray(kernel, float))
    return Layer(kernel, np.array(bias, float), np.zeros_like(kernel), np.zeros_like(bias))


def sparse(x: NDArray[np.uint8], y: NDArray[np.uint8]) -> Images:
    """Return images, uint8 of shape (n, 28, 28), and labels (n,) by their inked pixels."""
    flat = x.reshape(len(x), -1)
    image, pixel = np.nonzero(flat)
    start = np.searchsorted(image, np.arange(len(x) + 1))
    return Images(pixel.astype(np.uint16), flat[image, pixel], start, y)


@njit(cache=True, nogil=True)
def train(network, images, order, rule, correct):
    """Learn images one by one, changing `network`, up to the first error that is not finite.

    Args:
        network: three `Layer`, inputs first.
        images: the `Images` to learn from.
        order: int64 of shape (m,), which image comes when.
        rule: a `Rule`.
        correct: bool of shape (m,), filled in: was the image classified right just before it was
            learned?

    Returns:
        How many images were learned; less than m if the network diverged.
    """
    inputs, units, background = _rooms(network)
    learned = 0
    for position in range(order.size):
        image = order[position]
        _forward(network, inputs, units, background, images, image, rule)
        target = images.label[image]
        correct[position] = np.argmax(units[2].outputs) == target
        _output_error(units[2], target, rule)
        if not np.isfinite(units[2].errors).all():
            break
        _backward(network, units, rule)
        _learn(network, inputs, units, background, rule)
        learned += 1
    _add_to_rows(network[0].kernel, background.shift)
    _add_to_rows(network[0].kernel_velocity, background.shift_velocity)
    return learned


@njit(cache=True, nogil=True)
def evaluate(network, images, rule, correct, alive, squares):
    """Classify all images.

    Args:
        network: three `Layer`, inputs first.
        images: the `Images` to classify.
        rule: a `Rule`.
        correct: bool of shape (n,), filled in.
        alive: three bool arrays of shape (columns,), set where a slope is not 0 for some image.
        squares: float of shape (n,), filled in: the squared errors, summed over the outputs.
    """
    inputs, units, background = _rooms(network)
    for image in range(correct.size):
        _forward(network, inputs, units, background, images, image, rule)
        correct[image] = np.argmax(units[2].outputs) == images.label[image]
        _output_error(units[2], images.label[image], rule)
        squares[image] = _square(units[2].errors)
        for depth in range(3):
            for column in range(units[depth].slopes.size):
                alive[depth][column] |= units[depth].slopes[column] != 0


# The loops below are spelled out: numpy's whole-array operations take numba seconds to compile.


@njit(cache=True)
def _square(values):
    square = 0.0
    for i in range(values.size):
        square += values[i] * values[i]
    return square


@njit(cache=True)
def _rooms(network):
    first, second, third = network
    units = (
        _unit(first, len(second.kernel)),
        _unit(second, len(third.kernel)),
        _unit(third, third.bias.size),
    )
    inputs = (_inputs(first), _inputs(second), _inputs(third))
    background = _Background(
        np.zeros_like(first.bias),
        _column_sums(first.kernel),
        np.zeros_like(first.bias),
        _column_sums(first.kernel_velocity),
    )
    return inputs, units, background


@njit(cache=True)
def _column_sums(kernel):
    sums = np.zeros(kernel.shape[1])
    for row in range(len(kernel)):
        for column in range(sums.size):
            sums[column] += kernel[row, column]
    return sums


@njit(cache=True)
def _add_to_rows(kernel, values):
    for row in range(len(kernel)):
        for column in range(values.size):
            kernel[row, column] += values[column]


@njit(cache=True)
def _copy(source, target):
    for i in range(source.size):
        target[i] = source[i]


@njit(cache=True)
def _unit(layer, size):
    a, b = np.zeros((4, layer.bias.size)), np.zeros((2, size))
    return _Unit(a[0], a[1], a[2], a[3], b[0], b[1])


@njit(cache=True)
def _inputs(layer):
    size = len(layer.kernel)
    return _Inputs(np.zeros(size, np.uint16), np.zeros(size), np.zeros(1, np.int64))


# ------------------------------------------------------------------ forward


@njit(cache=True)
def _forward(network, inputs, units, background, images, image, rule):
    _unpack(images, image, rule.ink, inputs[0])
    for depth in range(3):
        unit, source = units[depth], inputs[depth]
        _copy(network[depth].bias, unit.sums)
        if depth == 0:
            _add_background(background, rule.background, source, unit.sums)
        _add_product(network[depth].kernel, source, unit.sums)
        _activate(rule.output if depth == 2 else rule.hidden, rule.leaky_slope, unit)
        if depth < 2:
            _pack(unit.outputs, inputs[depth + 1])


@njit(cache=True)
def _unpack(images, image, ink, inputs):
    start, stop = images.start[image], images.start[image + 1]
    for entry in range(start, stop):
        inputs.rows[entry - start] = images.pixel[entry]
        inputs.values[entry - start] = ink[images.grey[entry]]
    inputs.size[0] = stop - start


@njit(cache=True)
def _pack(outputs, inputs):
    count = 0
    for unit in range(outputs.size):
        if outputs[unit] != 0:
            inputs.rows[count] = unit
            inputs.values[count] = outputs[unit]
            count += 1
    inputs.size[0] = count


@njit(cache=True, fastmath=_REORDER)
def _add_background(background, level, inputs, sums):
    ink = inputs.values[: inputs.size[0]].sum()
    for column in range(sums.size):
        sums[column] += level * background.total[column] + ink * background.shift[column]


@njit(cache=True, fastmath=_REORDER)
def _add_product(kernel, inputs, sums):
    """Add kernel.T @ inputs to `sums`, four rows at a time so that `sums` is read less often."""
    rows, values, count = inputs.rows, inputs.values, inputs.size[0]
    fours = count - count % 4
    for k in range(0, fours, 4):
        a, b, c, d = kernel[rows[k]], kernel[rows[k + 1]], kernel[rows[k + 2]], kernel[rows[k + 3]]
        p, q, r, s = values[k], values[k + 1], values[k + 2], values[k + 3]
        for column in range(sums.size):
            sums[column] += p * a[column] + q * b[column] + r * c[column] + s * d[column]
    for k in range(fours, count):
        row, value = kernel[rows[k]], values[k]
        for column in range(sums.size):
            sums[column] += value * row[column]


# without Python's check for division by zero, sigmoids run in vector lanes
@njit(cache=True, fastmath={"contract"}, error_model="numpy")
def _activate(kind, leaky_slope, unit):
    sums, slopes, outputs = unit.sums, unit.slopes, unit.outputs
    if kind == _MAXOUT:
        _maxout(sums, slopes, outputs)
    elif kind == _SIGMOID:
        for i in range(sums.size):
            outputs[i] = sigmoid(sums[i])
            slopes[i] = outputs[i] * (1 - outputs[i])
    else:
        below = 1.0 if kind == _LINEAR else 0.0 if kind == _RELU else leaky_slope
        for i in range(sums.size):
            slopes[i] = 1.0 if sums[i] > 0 else below
            outputs[i] = sums[i] * slopes[i]


@njit(cache=True)
def _maxout(sums, slopes, outputs):
    slopes[:] = 0
    pieces = sums.size // outputs.size
    for unit in range(outputs.size):
        best = pieces * unit + np.argmax(sums[pieces * unit : pieces * (unit + 1)])
        slopes[best] = 1
        outputs[unit] = sums[best]


# ----------------------------------------------------------- backward, learn


@njit(cache=True)
def _output_error(unit, label, rule):
    for i in range(unit.errors.size):
        unit.errors[i] = (rule.high if i == label else rule.low) - unit.outputs[i]


@njit(cache=True)
def _backward(network, units, rule):
    if rule.cross_entropy:
        units[2].slopes[:] = 1
    for depth in (2, 1, 0):
        carries = rule.output_mended if depth == 2 else rule.hidden_mended
        _weigh(units[depth], rule.learning_rate, carries)
        if depth > 0:
            _pass_back(network[depth].kernel, units[depth].back, units[depth - 1].errors)


@njit(cache=True)
def _weigh(unit, learning_rate, carries):
    pieces = unit.sums.size // unit.errors.size
    for piece in range(pieces):
        for i in range(unit.errors.size):
            column, error = i * pieces + piece, unit.errors[i]
            learned = error * unit.slopes[column]
            unit.steps[column] = learning_rate * learned
            unit.back[column] = learned if carries else error


@njit(cache=True, fastmath=_REORDER)
def _pass_back(kernel, back, errors):
    for row in range(errors.size):
        error = 0.0
        for column in range(back.size):
            error += kernel[row, column] * back[column]
        errors[row] = error


@njit(cache=True)
def _learn(network, inputs, units, background, rule):
    for depth in range(3):
        layer, steps = network[depth], units[depth].steps
        if rule.momentum == 0:
            _add_outer(inputs[depth], steps, layer.kernel)
        else:
            _add_outer(inputs[depth], steps, layer.kernel_velocity)
            _coast(layer.kernel, layer.kernel_velocity, rule.momentum)
        if rule.bias:
            _move(layer.bias, layer.bias_velocity, 1.0, steps, rule.momentum)
    ink = inputs[0].values[: inputs[0].size[0]].sum()
    everywhere = len(network[0].kernel) * rule.background + ink
    b, steps, m = background, units[0].steps, rule.momentum
    _move(b.shift, b.shift_velocity, rule.background, steps, m)
    _move(b.total, b.total_velocity, everywhere, steps, m)


@njit(cache=True, fastmath=_REORDER)
def _add_outer(inputs, steps, kernel):
    if not steps.any():
        return
    for k in range(inputs.size[0]):
        row, value = kernel[inputs.rows[k]], inputs.values[k]
        for column in range(steps.size):
            row[column] += value * steps[column]


@njit(cache=True)
def _coast(kernel, velocity, momentum):
    for row in range(len(kernel)):
        for column in range(kernel.shape[1]):
            kernel[row, column] += velocity[row, column]
            velocity[row, column] *= momentum


@njit(cache=True)
def _move(weights, velocity, value, steps, momentum):
    for column in range(weights.size):
        velocity[column] += value * steps[column]
        weights[column] += velocity[column]
        velocity[column] *= momentum
