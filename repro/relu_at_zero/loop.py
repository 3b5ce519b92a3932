"""The training loop of `repro.relu_at_zero`, compiled, and the rounding to float16 that it uses.

Seeds lie side by side in the last axis (the lanes), so that one vector instruction works on several
of them. No operation mixes lanes, every sum runs from left to right without fused multiply-adds,
and each result is rounded where numpy rounds it: a seed's numbers depend on nothing else.

Importing this module imports numba; import it where something trains.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from repro.training.loops.lanes import in_lanes

Floats = NDArray[np.floating[Any]]

LANES = 64
SIGMOID, LEFT_OUT, ASSIGN, MULTIPLY = range(4)  # what the gradient meets on its way back
# The snippet's shapes. The compiler unrolls what is constant.
SAMPLES, INPUTS, HIDDEN = 4, 3, 30


class Rule(NamedTuple):
    """The rule by which every seed trains.

    Attributes:
        learning_rate: step size.
        kink: the activation is max(input, kink); 0 for ReLU.
        at_kink: its derivative where the input equals the kink.
        backward: `MULTIPLY`: the derivative multiplies the gradient; `ASSIGN`: at the kink it takes
            the gradient's place; `LEFT_OUT`: there is none; `SIGMOID`: sigmoid's multiplies it.
        sigmoid: the activation is sigmoid instead.
        half: every result is rounded to float16; the arrays are float32.
    """

    learning_rate: float
    kink: float = 0.0
    at_kink: float = 1.0
    backward: int = MULTIPLY
    sigmoid: bool = False
    half: bool = False


class Trained(NamedTuple):
    """The trained networks, one row a seed, and what they met.

    Attributes:
        w1: first layer's weights, (seeds, INPUTS, HIDDEN).
        w2: second layer's, (seeds, HIDDEN, 1).
        losses: sum of squared errors before each logged step's update, (seeds, logged).
        zeros: hidden inputs that were exactly the kink, up to and with each logged step,
            (seeds, logged).
        rounding_zeros: how many of those are not, in float64; (seeds, logged).
    """

    w1: Floats
    w2: Floats
    losses: Floats
    zeros: NDArray[np.int64]
    rounding_zeros: NDArray[np.int64]


def train(
    x: Floats, y: Floats, w1: Floats, w2: Floats, rule: Rule, *, logged: NDArray[np.int64]
) -> Trained:
    """Train one network per seed, all samples at every step.

    Args:
        x: inputs (seeds, SAMPLES, INPUTS), float64 or float32, which all the arithmetic then is.
        y: targets (seeds, SAMPLES, 1).
        w1: initial weights (seeds, INPUTS, HIDDEN); left as they are.
        w2: initial weights (seeds, HIDDEN, 1); left as they are.
        rule: how to train.
        logged: the steps (from 1, rising) to keep; training ends after the last.
    """
    seeds, dtype = len(x), x.dtype.type
    rounded = np.array([rule.learning_rate, rule.kink, rule.at_kink], dtype)
    rate, kink, at_kink = to_half(rounded) if rule.half else rounded
    *_, w1, w2, losses, zeros = in_lanes(
        lambda *blocks: _train_block(  # type: ignore[call-arg]
            *blocks, rate, kink, at_kink, rule.backward, rule.sigmoid, rule.half, logged
        ),
        LANES,
        x.swapaxes(1, 2),
        y,
        w1,
        w2,
        np.zeros((seeds, len(logged)), dtype),
        np.zeros((seeds, len(logged), 2), np.int64),
    )
    return Trained(w1, w2, losses, zeros=zeros[:, :, 0], rounding_zeros=zeros[:, :, 1])


def to_half(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to the nearest float16, ties to even, as `astype(numpy.float16)` does, but faster.

    Args:
        values: float32, of any shape.
    """
    rounded = np.empty(values.shape, np.float32)
    _round_all(np.ascontiguousarray(values).reshape(-1), rounded.reshape(-1))
    return rounded


@njit(cache=True, nogil=True)
def _train_block(x, y, w1, w2, losses, zeros, rate, kink, at_kink, backward, sigmoid, half, logged):
    h = np.empty((HIDDEN, SAMPLES, LANES), x.dtype)
    outputs = np.empty_like(h)
    error = np.empty((SAMPLES, LANES), x.dtype)
    kinks = np.zeros((2, LANES), np.int64)
    entry = 0
    for step in range(1, logged[-1] + 1):
        _forward(x, w1, h, kink, half, kinks)
        _activate(h, kink, sigmoid, half, outputs)
        _subtract_targets(outputs, w2, y, half, error)
        if step == logged[entry]:
            _add_squares(error, half, losses[entry])
            for k in range(LANES):
                zeros[entry, 0, k], zeros[entry, 1, k] = kinks[0, k], kinks[1, k]
            entry += 1
        _descend(x, w1, w2, h, outputs, error, rate, kink, at_kink, backward, half)


@njit(cache=True)
def _forward(x, w1, h, kink, half, kinks):
    for j in range(HIDDEN):
        meets_kink = False
        for n in range(SAMPLES):
            for k in range(LANES):
                total = x[0, n, k] * w1[0, j, k]
                for i in range(1, INPUTS):
                    total += x[i, n, k] * w1[i, j, k]
                h[j, n, k] = _kept(total, half)
                meets_kink |= h[j, n, k] == kink
        if meets_kink:
            _count(h[j], kink, x, w1, j, kinks)


@njit(cache=True)
def _count(h, kink, x, w1, j, kinks):
    """Count kinks in `kinks[0]`, and those that more digits would not find in `kinks[1]`."""
    for n in range(SAMPLES):
        for k in range(LANES):
            if h[n, k] == kink:
                exact = -np.float64(kink)
                for i in range(INPUTS):
                    exact += np.float64(x[i, n, k]) * np.float64(w1[i, j, k])
                kinks[0, k] += 1
                kinks[1, k] += exact != 0.0


@njit(cache=True)
def _activate(h, kink, sigmoid, half, outputs):
    one = h.dtype.type(1)
    for j in range(HIDDEN):
        for n in range(SAMPLES):
            for k in range(LANES):
                if sigmoid:
                    power = _kept(np.exp(-h[j, n, k]), half)
                    outputs[j, n, k] = _kept(one / _kept(one + power, half), half)
                else:
                    outputs[j, n, k] = max(h[j, n, k], kink)


@njit(cache=True)
def _subtract_targets(outputs, w2, y, half, error):
    error[:] = 0
    for j in range(HIDDEN):
        for n in range(SAMPLES):
            for k in range(LANES):
                error[n, k] += outputs[j, n, k] * w2[j, 0, k]
    for n in range(SAMPLES):
        for k in range(LANES):
            error[n, k] = _kept(_kept(error[n, k], half) - y[n, 0, k], half)


@njit(cache=True)
def _add_squares(error, half, loss):
    for k in range(LANES):
        total = error.dtype.type(0)
        for n in range(SAMPLES):
            total += _kept(error[n, k] * error[n, k], half)
        loss[k] = _kept(total, half)


@njit(cache=True)
def _descend(x, w1, w2, h, outputs, error, rate, kink, at_kink, backward, half):
    grad_h = np.empty((SAMPLES, LANES), h.dtype)
    error *= 2
    for j in range(HIDDEN):
        _to_outputs(w2[j, 0], error, half, grad_h)
        if backward == SIGMOID:
            _through_sigmoid(outputs[j], half, grad_h)
        elif backward != LEFT_OUT:
            _through_kink(h[j], kink, at_kink, backward == ASSIGN, half, grad_h)
        _step(outputs[j], error, w2[j, 0], rate, half)
        for i in range(INPUTS):
            _step(x[i], grad_h, w1[i, j], rate, half)


@njit(cache=True)
def _to_outputs(w2, error, half, grad_h):
    """Leave the loss's gradient by a unit's outputs in `grad_h`."""
    for n in range(SAMPLES):
        for k in range(LANES):
            grad_h[n, k] = _kept(error[n, k] * w2[k], half)


@njit(cache=True)
def _through_kink(h, kink, at_kink, assigned, half, grad_h):
    """Turn the gradient by a unit's outputs into that by its inputs."""
    zero = h.dtype.type(0)
    for n in range(SAMPLES):
        for k in range(LANES):
            grad = grad_h[n, k]
            grad_at_kink = at_kink if assigned else _kept(at_kink * grad, half)
            above = grad if h[n, k] > kink else zero
            grad_h[n, k] = grad_at_kink if h[n, k] == kink else above


@njit(cache=True)
def _through_sigmoid(outputs, half, grad_h):
    one = outputs.dtype.type(1)
    for n in range(SAMPLES):
        for k in range(LANES):
            slope = _kept(outputs[n, k] * _kept(one - outputs[n, k], half), half)
            grad_h[n, k] = _kept(grad_h[n, k] * slope, half)


@njit(cache=True)
def _step(a, b, weights, rate, half):
    """Take a step down the gradient, the sum over samples of a * b."""
    for k in range(LANES):
        grad = a[0, k] * b[0, k]
        for n in range(1, SAMPLES):
            grad += a[n, k] * b[n, k]
        step = _kept(rate * _kept(grad, half), half)
        weights[k] = _kept(weights[k] - step, half)


@njit(cache=True)
def _kept(value, half):
    return _nearest_half(value) if half else value


@njit(cache=True)
def _round_all(values, rounded):
    for i in range(len(values)):
        rounded[i] = _nearest_half(values[i])


@njit(cache=True)
def _nearest_half(value):
    bits = np.float32(value).view(np.int32)
    magnitude = bits & 0x7FFFFFFF
    # Normal numbers keep 10 of 23 bits; half of the dropped part is added, an even number's less 1.
    normal = (magnitude + 0xFFF + ((magnitude >> 13) & 1)) & ~0x1FFF
    if normal >= 0x47800000:  # 65,536: past the largest float16, 65,504
        normal = 0x7F800000  # type: ignore[assignment]
    if magnitude > 0x7F800000:  # not a number
        normal = magnitude
    # Below 2^-14 float16 has a fixed step of 2^-24, which is also float32's step at 0.5.
    tiny = np.float32(
        (np.int32(magnitude).view(np.float32) + np.float32(0.5)) - np.float32(0.5)
    ).view(np.int32)
    if magnitude < 0x38800000:  # 2^-14
        normal = tiny
    return np.int32(normal | (bits & ~0x7FFFFFFF)).view(np.float32)
