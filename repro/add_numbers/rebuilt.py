"""Thread 003 rebuilt: what varies of the network, its initial weights, and the Keras model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from repro.add_numbers import posted
from repro.add_numbers.posted import Floats, X
from repro.training import float64

if TYPE_CHECKING:
    import keras

HiddenActivation = Literal["relu", "leaky_relu", "sigmoid", "tanh"]
OutputActivation = Literal["relu", "leaky_relu", "sigmoid", "tanh", "linear"]
WeightInit = Literal["normal", "he", "he_flipped"]
BiasInit = Literal["normal", "zero"]


@dataclass(frozen=True)
class Network:
    """The thread's network; every layer but the last has the hidden activation and width."""

    hidden_activation: HiddenActivation = "relu"
    output_activation: OutputActivation = "relu"
    hidden_width: int = 4
    hidden_layers: int = 2
    weight_init: WeightInit = "normal"
    bias_init: BiasInit = "normal"

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs, then the units of each layer."""
        return (2, *[self.hidden_width] * self.hidden_layers, 1)

    @property
    def activations(self) -> tuple[str, ...]:
        """The name of each layer's activation."""
        return (*[self.hidden_activation] * self.hidden_layers, self.output_activation)


def draw(network: Network, randn: Callable[..., Floats]) -> list[Floats]:
    """Draw one network as the thread does, and initialize it as `network` says.

    Args:
        network: its widths and initialization.
        randn: standard normal draws of a given shape; the thread's are `numpy.random.randn`.

    Returns:
        [W1, b1, W2, b2, ...], weights (outputs, inputs) and biases (outputs, 1).

    Source:
        The flipped signs follow Rister & Rubin, arXiv:2007.06192: a unit's sign is a coin toss, so
        that flipping it changes no symmetric distribution, and the unit is not silent any more.
    """
    parameters = posted.draw(randn, network.widths)
    h = X
    for weights, biases in zip(parameters[::2], parameters[1::2], strict=True):
        if network.weight_init != "normal":
            weights *= np.sqrt(2 / weights.shape[1])
        if network.bias_init == "zero":
            biases[:] = 0
        if network.weight_init == "he_flipped":
            raised = np.sign(h @ weights.T + biases.T).sum(axis=0)
            sign = np.where(raised < 0, -1, 1)[:, np.newaxis]
            weights *= sign
            biases *= sign
        h = np.maximum(0, h @ weights.T + biases.T)
    return parameters


def build_model(
    network: Network, *, learning_rate: float = 0.01, momentum: float = 0.0
) -> "keras.Model":
    """Return the compiled Keras model in float64, drawn from numpy's global generator.

    After `keras.utils.set_random_seed(seed)` its initial weights are those of the thread's code
    after `numpy.random.seed(seed)`. With `batch_size=1, shuffle=False` the samples come in the
    thread's order, and the metric `mse` is the error that it prints. `fit_seeds` trains in float64;
    Keras' own `fit` rounds the data to float32 first.
    """
    import keras

    parameters = draw(network, np.random.randn)
    model = keras.Sequential([keras.Input((2,), dtype="float64")])
    for units, name in zip(network.widths[1:], network.activations, strict=True):
        model.add(keras.layers.Dense(units, float64.activation(name), dtype="float64"))
    model.set_weights([p.T if i % 2 == 0 else p[:, 0] for i, p in enumerate(parameters)])
    model.compile(
        keras.optimizers.SGD(float64.rate(learning_rate), momentum=np.float64(momentum)),
        loss=keras.losses.MeanSquaredError(dtype="float64"),
        metrics=[keras.metrics.MeanSquaredError("mse", dtype="float64")],
    )
    return model
