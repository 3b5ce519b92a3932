"""Thread 004 as posted: the training step of a 784-200-100-10 network, in numpy.

No biases, one image at a time, and errors passed back without the activation's derivative. The
thread names neither data nor sizes nor rate. Its class is that of a well-known book's exercise on
MNIST, so inputs, targets and initial weights are taken from there: an assumption.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTHS = (784, 200, 100, 10)
BACKGROUND, INK = 0.01, 0.99  # inputs: what every pixel has, and what white adds to it
LOW, HIGH = 0.01, 0.99  # targets


def sigmoid(sums: Floats) -> Floats:
    """Return the logistic function; it may overflow on the way to 0, which does no harm."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-sums))


POSTED: dict[str, tuple[Callable[[Floats], Floats], Callable[[Floats, Floats], Floats]]] = {
    "sigmoid": (sigmoid, lambda sums, outputs: outputs * (1.0 - outputs)),
    "relu": (lambda sums: np.maximum(0, sums), lambda sums, outputs: np.heaviside(sums, 0.0)),
}


class PostedNetwork:
    """The asker's class: `train` is as posted, but for the derivative, which goes by the name.

    The thread shows ReLU's derivative, and sigmoid's in a commented line.

    Args:
        weights: `wih` (200, 784), `wh1h2` (100, 200), `wh2o` (10, 100).
        activation: sigmoid or relu, of all three layers.
        learning_rate: the class's `lr`.
    """

    def __init__(self, weights: Sequence[Floats], *, activation: str, learning_rate: float):
        self.wih, self.wh1h2, self.wh2o = (np.array(w) for w in weights)
        self.activation_function, self.derivative = POSTED[activation]
        self.lr = learning_rate

    def train(self, inputs_list: Sequence[float], targets_list: Sequence[float]) -> None:
        """Learn one image: 784 inputs in [0.01, 1] and ten targets, 0.01 or 0.99."""
        inputs = np.array(inputs_list, ndmin=2).T
        targets = np.array(targets_list, ndmin=2).T

        hidden_inputs = np.dot(self.wih, inputs)
        hidden_outputs = self.activation_function(hidden_inputs)
        hidden_inputs2 = np.dot(self.wh1h2, hidden_outputs)
        hidden_outputs2 = self.activation_function(hidden_inputs2)
        final_inputs = np.dot(self.wh2o, hidden_outputs2)
        final_outputs = self.activation_function(final_inputs)

        output_errors = targets - final_outputs
        # the mistake: both times the error is passed back without the derivative of its own layer
        hidden_errors2 = np.dot(self.wh2o.T, output_errors)
        hidden_errors = np.dot(self.wh1h2.T, hidden_errors2)

        self.wh2o += self.lr * np.dot(
            output_errors * self.derivative(final_inputs, final_outputs), hidden_outputs2.T
        )
        self.wh1h2 += self.lr * np.dot(
            hidden_errors2 * self.derivative(hidden_inputs2, hidden_outputs2), hidden_outputs.T
        )
        self.wih += self.lr * np.dot(
            hidden_errors * self.derivative(hidden_inputs, hidden_outputs), inputs.T
        )


def scaled(images: NDArray[np.uint8]) -> Floats:
    """Return images (n, 28, 28) as the book's inputs (n, 784): pixel / 255 * 0.99 + 0.01."""
    return images.reshape(len(images), -1) / 255 * INK + BACKGROUND


def targets_of(labels: NDArray[np.uint8]) -> Floats:
    """Return labels (n,) as the book's targets (n, 10): 0.99 for the digit, 0.01 for the others."""
    return np.where(labels[:, np.newaxis] == np.arange(WIDTHS[-1]), HIGH, LOW)


def draw(normal: Callable[..., Floats], sums: Sequence[int] = WIDTHS[1:]) -> list[Floats]:
    """Draw the weights of the three layers as the book does, each (sums, inputs).

    The standard deviation is n^-1/2 for n incoming links.

    Args:
        normal: draws of a given mean, standard deviation and shape, as `numpy.random.normal`.
        sums: how many weighted sums each layer has.
    """
    return [normal(0.0, n**-0.5, (m, n)) for n, m in zip(WIDTHS[:-1], sums, strict=True)]
