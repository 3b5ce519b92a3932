"""The steps of thread 004's network, in numpy and for many images at once.

The compiled loop is tested against it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from repro.four_layers.posted import Floats, sigmoid
from repro.four_layers.settings import PIECES, Settings

if TYPE_CHECKING:
    from repro.four_layers import loop as compiled


def forward(
    settings: Settings, layers: "Sequence[compiled.Layer]", x: Floats
) -> tuple[list[Floats], list[Floats]]:
    """Return each layer's inputs and the output, (n, units) each, and the slopes, (n, sums)."""
    inputs, slopes = [x], []
    for layer, name in zip(layers, settings.activations, strict=True):
        outputs, slope = activate(settings, name, inputs[-1] @ layer.kernel + layer.bias)
        inputs.append(outputs)
        slopes.append(slope)
    return inputs, slopes


def activate(settings: Settings, name: str, sums: Floats) -> tuple[Floats, Floats]:
    """Return outputs (n, units) and slopes (n, sums) for weighted sums (n, sums)."""
    if name == "sigmoid":
        outputs = sigmoid(sums)
        return outputs, outputs * (1 - outputs)
    if name == "maxout":
        pieces = sums.reshape(len(sums), -1, PIECES)
        chosen = pieces.argmax(axis=2)[..., np.newaxis] == np.arange(PIECES)
        return pieces.max(axis=2), chosen.reshape(sums.shape).astype(float)
    below = {"linear": 1.0, "relu": 0.0, "leaky_relu": settings.leaky_slope}[name]
    slopes = np.where(sums > 0, 1.0, below)
    return sums * slopes, slopes


def deltas(
    settings: Settings,
    layers: "Sequence[compiled.Layer]",
    slopes: Sequence[Floats],
    errors: Floats,
    *,
    mended: tuple[bool, bool],
) -> list[Floats]:
    """Return the moves of each layer's weighted sums that an image asks for.

    They are per unit of rate and input: a step adds rate * input * delta to a weight. With both
    mended, delta is minus the gradient of the loss with respect to the sum.

    Args:
        settings: its loss.
        layers: the network.
        slopes: as of `forward`.
        errors: targets - outputs, (n, 10).
        mended: whether errors carry the second hidden layer's derivative, and the output's.

    Returns:
        Three arrays (n, sums), from the first layer on.
    """
    if settings.loss == "cross_entropy":
        slopes = [*slopes[:-1], np.ones_like(slopes[-1])]
    result: list[Floats] = []
    for layer, slope, carries in zip(
        layers[::-1], slopes[::-1], (*mended[::-1], True), strict=True
    ):
        errors = np.repeat(errors, slope.shape[1] // errors.shape[1], axis=1)
        result.insert(0, errors * slope)
        errors = (result[0] if carries else errors) @ layer.kernel.T
    return result


def after_own_step(
    settings: Settings,
    layers: "Sequence[compiled.Layer]",
    old_inputs: Sequence[Floats],
    steps: Sequence[Floats],
) -> Floats:
    """Return the outputs (n, 10), each image's after a step on that image alone.

    A step changes a layer by rate * outer(input, delta), and so the sums of the same image by
    rate * delta * (input . new input, and 1 for the bias).

    Args:
        settings: its rate.
        layers: the network before the step.
        old_inputs: each layer's, as of `forward`.
        steps: as of `deltas`.
    """
    inputs = old_inputs[0]
    per_layer = zip(layers, settings.activations, old_inputs, steps, strict=False)
    for layer, name, old, delta in per_layer:
        overlap = np.sum(old * inputs, axis=1, keepdims=True) + settings.bias
        sums = inputs @ layer.kernel + layer.bias + settings.learning_rate * overlap * delta
        inputs, _ = activate(settings, name, sums)
    return inputs
