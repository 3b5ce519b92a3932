"""Random multilayer perceptrons, and their gradients with any ReLU'(0).

The arithmetic is float64, float32 or float16. The units' inputs are summed from left to right (see
`repro.relu_at_zero.sums`), the gradients in the order of BLAS. For float16 the numbers are kept in
float32 arrays and rounded to float16 after each layer's product and bias, as half-precision matrix
units do: products and sums in float32, one rounding at the end.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from repro.relu_at_zero.precision import Floats, Precision

Network = list[tuple[Floats, Floats]]
Gradients = list[tuple[Floats, Floats]]


class AtZero(NamedTuple):
    """The rule of backpropagation where a unit's input is exactly zero.

    Attributes:
        value: the derivative's value there.
        assigned: the value takes the gradient's place instead of multiplying it: the slip in the
            thread's line for 1/2 and in the published code.
    """

    value: float
    assigned: bool = False


STANDARD = AtZero(0.0)


def draw(seed: int, widths: list[int], precision: Precision, *, biases: str = "uniform") -> Network:
    """Return weights (inputs, outputs) and biases (outputs,) of each layer, drawn as by PyTorch.

    Both are uniform within 1 / sqrt(inputs), drawn in float32 whatever the precision.

    Args:
        seed: seed of `numpy.random.default_rng`.
        widths: units of each layer, from the inputs to the outputs.
        precision: what the drawn numbers are rounded to.
        biases: `uniform`; `zeros`; or `dead_first`: zeros, but -1000 in the first layer, whose
            units then are off for every input in [0, 1].
    """
    rng = np.random.default_rng(seed)
    layers: Network = []
    for inputs, outputs in pairwise(widths):
        bound = np.float32(1 / np.sqrt(inputs))
        drawn = rng.random((inputs + 1, outputs), np.float32) * (2 * bound) - bound
        if biases != "uniform":
            drawn[-1] = -1000 if biases == "dead_first" and not layers else 0
        layers.append((precision.rounded(drawn[:-1]), precision.rounded(drawn[-1])))
    return layers


def forward(network: Network, x: Floats, precision: Precision) -> tuple[list[Floats], list[Floats]]:
    """Return each layer's inputs to its activation (n, outputs), and the values fed to each layer.

    The first list ends with the logits; the second begins with `x`.
    """
    from repro.relu_at_zero.sums import layer_inputs

    inputs, units = [], [x]
    for weights, biases in network:
        inputs.append(precision.rounded(layer_inputs(units[-1], weights, biases)))
        units.append(np.maximum(inputs[-1], 0))
    return inputs, units[:-1]


def backward(
    network: Network,
    inputs: list[Floats],
    units: list[Floats],
    y: NDArray[np.integer[Any]],
    *,
    precision: Precision,
    at_zero: AtZero,
) -> Gradients:
    """Return the gradients of the mean softmax cross-entropy, weights and biases of each layer.

    Args:
        network: from `draw`.
        inputs: first list that `forward` returned.
        units: second list.
        y: labels, shape (n,).
        precision: what each product is rounded to.
        at_zero: the rule where an input is exactly zero.
    """
    delta = precision.rounded(_softmax_error(inputs[-1], y))
    gradients: Gradients = []
    for layer in reversed(range(len(network))):
        rounded = precision.rounded
        gradients.insert(0, (rounded(units[layer].T @ delta), rounded(delta.sum(axis=0))))
        if layer:
            passed = rounded(delta @ network[layer][0].T)
            delta = through_relu(passed, inputs[layer - 1], at_zero)
    return gradients


def through_relu(gradient: Floats, inputs: Floats, at_zero: AtZero) -> Floats:
    """Return the gradient by ReLU's inputs from the gradient by its outputs."""
    at_kink = at_zero.value if at_zero.assigned else at_zero.value * gradient
    return np.where(inputs > 0, gradient, np.where(inputs == 0, at_kink, 0)).astype(gradient.dtype)


def _softmax_error(logits: Floats, y: NDArray[np.integer[Any]]) -> Floats:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    error = exponentials / exponentials.sum(axis=1, keepdims=True)
    error[np.arange(len(y)), y] -= 1
    return error / error.dtype.type(len(y))
