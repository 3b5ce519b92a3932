"""Thread 003 as posted: a 2-4-4-1 network that adds two numbers, in numpy, with both mistakes.

The same activation on all three layers, six sums, one a step, 5,000 epochs at rate 0.01.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

X = np.array([[0.1, 0.2], [0.5, 0.3], [0.2, 0.4], [0.3, 0.7], [0.5, 0.5], [0.4, 0.3]])
Y = np.array([0.3, 0.8, 0.6, 1.0, 1.0, 0.7])
WIDTHS = (2, 4, 4, 1)

POSTED: dict[str, tuple[Callable[..., Floats], Callable[..., Floats]]] = {
    "relu": (lambda z: np.maximum(0, z), lambda z: np.where(z > 0, 1, 0)),
    "sigmoid": (
        lambda z: 1.0 / (1 + np.exp(-z)),
        lambda z: (1.0 / (1 + np.exp(-z))) * (1 - 1.0 / (1 + np.exp(-z))),
    ),
    "tanh": (np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
}


def draw(randn: Callable[..., Floats], widths: Sequence[int] = WIDTHS) -> list[Floats]:
    """Draw one network: [W1, b1, W2, b2, ...], weights (outputs, inputs) and biases (outputs, 1).

    Args:
        randn: standard normal draws of a given shape; the thread's are `numpy.random.randn`.
        widths: inputs, then the units of each layer.
    """
    layers = ((randn(n, n_inputs), randn(n, 1)) for n_inputs, n in pairwise(widths))
    return [parameters for layer in layers for parameters in layer]


def posted_step(
    parameters: list[Floats], x: Floats, y: Floats, *, activation: str, learning_rate: float
) -> float:
    """Update the parameters on one sample, in place and as the thread does; return its error.

    Args:
        parameters: as `draw` returns them.
        x: the two numbers, (2, 1).
        y: their sum, (1, 1).
        activation: of all layers: relu, sigmoid or tanh.
        learning_rate: of gradient descent.

    Returns:
        The squared error before the update.
    """
    activate, derivative = POSTED[activation]
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    inputs, sums = [x], []
    for weights, biases in layers:
        sums.append(np.dot(weights, inputs[-1]) + biases)
        inputs.append(activate(sums[-1]))
    output = inputs.pop()
    error = 2 * (output - y)
    for weights, biases in reversed(layers):
        error = np.multiply(error, derivative(sums.pop()))
        weights -= learning_rate * np.dot(error, inputs.pop().T)
        biases -= learning_rate * biases  # first mistake: the bias where its gradient, error, goes
        error = np.dot(weights.T, error)  # second mistake: through weights just updated
    return float(np.power(y - output, 2).item())


def train_posted(
    seed: int, *, activation: str = "relu", learning_rate: float = 0.01, epochs: int = 5000
) -> tuple[list[Floats], Floats]:
    """Train as posted; return the parameters, as of `draw`, and each epoch's error, (epochs,)."""
    parameters = draw(np.random.RandomState(seed).randn)
    samples = list(zip(X.reshape(6, 2, 1), Y.reshape(6, 1, 1), strict=True))
    errors = np.zeros(epochs)
    for epoch in range(epochs):
        for x, y in samples:
            errors[epoch] += posted_step(
                parameters, x, y, activation=activation, learning_rate=learning_rate
            )
        errors[epoch] /= len(samples)
    return parameters, errors
