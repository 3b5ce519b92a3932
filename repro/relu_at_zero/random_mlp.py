"""Exact zeros in random multilayer perceptrons, and what ReLU'(0) does to their gradients there.

The arithmetic is float64, float32 or float16. The units' inputs are summed from left to right (see
`repro.relu_at_zero.sums`), the gradients in the order of BLAS. For float16 the numbers are kept in
float32 arrays and rounded to float16 after each layer's product and bias, as half-precision matrix
units do: products and sums in float32, one rounding at the end.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
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


class Precision:
    """The numbers that a network computes with.

    Args:
        name: `float64`, `float32` or `float16`.
    """

    def __init__(self, name: str):
        self._half = name == "float16"
        self.dtype = np.dtype(np.float32 if self._half else name)

    def rounded(self, values: Any) -> Floats:
        """Return the values as this precision holds them, in arrays of `dtype`."""
        if self._half:
            from repro.relu_at_zero.loop import to_half

            return to_half(np.asarray(values, np.float32))
        return np.asarray(values, self.dtype)


@dataclass(frozen=True)
class Scan:
    """Findings of one network on its minibatches.

    Attributes:
        minibatches: number of them looked at; a scan ends with the first whose gradients differ.
        preactivations: inputs of hidden units looked at.
        zeros: number of those that were exactly zero.
        rounding_zeros: number of these that are not zero in more exact arithmetic.
        differs: the first layer's weight gradient is not that of ReLU'(0) = 0.
        differs_anywhere: some layer's weight or bias gradient is not.
        change: Euclidean norm of the first layer's difference over that of its gradient with
            ReLU'(0) = 0, largest over the minibatches.
    """

    minibatches: int
    preactivations: int
    zeros: int
    rounding_zeros: int
    differs: bool
    differs_anywhere: bool
    change: float


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


def scan(
    network: Network,
    minibatches: Iterable[tuple[Floats, NDArray[np.integer[Any]]]],
    precision: Precision,
    at_zero: AtZero,
    *,
    accumulated: bool = False,
) -> Scan:
    """Look for exact zeros, and compare gradients where there are any.

    Without an exact zero the two gradients are the same computation, so they are not computed.

    Args:
        network: from `draw`.
        minibatches: pairs of inputs (n, inputs) of the precision's dtype, and labels (n,).
        precision: what each layer is rounded to.
        at_zero: what is compared with ReLU'(0) = 0.
        accumulated: compare the first layer's sums of gradients over the minibatches so far, each
            sum rounded, in place of each minibatch's gradients.
    """
    scanned = preactivations = zeros = rounding = 0
    differs, anywhere, change = False, False, 0.0
    sums = None
    for x, y in minibatches:
        inputs, units = forward(network, x, precision)
        hidden = inputs[:-1]
        scanned += 1
        preactivations += sum(h.size for h in hidden)
        new_zeros = sum(int(np.count_nonzero(h == 0)) for h in hidden)
        if not (new_zeros or accumulated):
            continue
        zeros += new_zeros
        rounding += _rounding_zeros(network, hidden, units)
        passed = (network, inputs, units, y)
        pair = [backward(*passed, precision=precision, at_zero=r) for r in (at_zero, STANDARD)]
        anywhere |= _differ(*pair)
        compared = _first_weights(pair, sums, precision)
        sums = compared if accumulated else None
        change = float(np.maximum(change, relative_change(*compared)))  # NaN stays NaN
        differs = bool(np.any(compared[0] != compared[1]))
        if differs:
            break
    return Scan(
        minibatches=scanned,
        preactivations=preactivations,
        zeros=zeros,
        rounding_zeros=rounding,
        differs=differs,
        differs_anywhere=anywhere,
        change=change,
    )


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


def relative_change(ours: Floats, reference: Floats) -> float:
    """Return the Euclidean norm of the difference over that of the reference.

    0 where both are equal, NaN where one is not finite.
    """
    if not (np.isfinite(ours).all() and np.isfinite(reference).all()):
        return np.nan
    difference = np.linalg.norm(ours.astype(float) - reference)
    return float(difference / np.linalg.norm(reference.astype(float))) if difference else 0.0


def _softmax_error(logits: Floats, y: NDArray[np.integer[Any]]) -> Floats:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    error = exponentials / exponentials.sum(axis=1, keepdims=True)
    error[np.arange(len(y)), y] -= 1
    return error / error.dtype.type(len(y))


def _first_weights(
    pair: list[Gradients], sums: list[Floats] | None, precision: Precision
) -> list[Floats]:
    """Return both gradients of the first layer's weights, added to their sums if there are."""
    gradients = [gradient[0][0] for gradient in pair]
    if sums is None:
        return gradients
    return [precision.rounded(a + b) for a, b in zip(sums, gradients, strict=True)]


def _differ(ours: Gradients, reference: Gradients) -> bool:
    pairs = zip(ours, reference, strict=True)
    return any(np.any(u != v) for a, b in pairs for u, v in zip(a, b, strict=True))


def _rounding_zeros(network: Network, hidden: list[Floats], units: list[Floats]) -> int:
    """Zeros whose sum is not zero in extended precision (80 bits where the machine has them)."""
    count = 0
    for (weights, biases), h, values in zip(network, hidden, units, strict=False):
        rows, columns = np.nonzero(h == 0)
        exact = np.einsum(
            "ij,ij->i", values[rows].astype(np.longdouble), weights.T[columns].astype(np.longdouble)
        )
        count += int(np.count_nonzero(exact + biases[columns]))
    return count
