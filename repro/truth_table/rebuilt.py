"""Thread 000 rebuilt: what varies of the network, its initial weights, and the Keras model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from repro.training import float64
from repro.truth_table import posted
from repro.truth_table.posted import UNITS, Floats, Weights

if TYPE_CHECKING:
    import keras

Initializer = Literal["uniform", "he_normal"]


@dataclass(frozen=True)
class Network:
    """What is trained, and at which rate; fields as in the experiment."""

    hidden_activation: str = "sigmoid"
    output_activation: str = "sigmoid"
    bias: bool = False
    learning_rate: float = 1.0
    initializer: Initializer = "uniform"


def pack(weights: Weights) -> Floats:
    """Return one network's parameters as a vector (21,)."""
    return np.concatenate([array.ravel() for array in weights])


def unpack(parameters: Floats) -> Weights:
    """Return views of parameters (…, 21) in the shapes of `Weights`."""
    seeds = parameters.shape[:-1]
    syn0, b0, syn1, b1 = np.split(parameters, [12, 16, 20], axis=-1)
    return Weights(syn0.reshape(*seeds, 3, UNITS), b0, syn1.reshape(*seeds, UNITS, 1), b1)


def draw(generator: Any, initializer: str = "uniform") -> Floats:
    """Draw one network's parameters (21,): weights in the thread's order, biases zero.

    Args:
        generator: numpy's legacy one: a `RandomState` or the module `numpy.random`.
        initializer: `uniform` as posted, or `he_normal`.
    """
    if initializer == "uniform":
        return pack(posted.draw(generator))
    syn0 = generator.standard_normal((3, UNITS)) * np.sqrt(2 / 3)
    syn1 = generator.standard_normal((UNITS, 1)) * np.sqrt(2 / UNITS)
    return pack(Weights(syn0, np.zeros(UNITS), syn1, np.zeros(1)))


def build_model(network: Network) -> "keras.Model":
    """Return the compiled Keras model in float64, drawn from numpy's global generator.

    After `keras.utils.set_random_seed(seed)` its initial weights are those of the thread's code
    after `numpy.random.seed(seed)`. An epoch with `batch_size=6` is an iteration of the thread, and
    its metric `mean_abs_error` is what the thread prints.
    """
    import keras

    def layer(units: int, name: str) -> "keras.layers.Layer":
        activation = float64.activation(name)
        return keras.layers.Dense(units, activation, use_bias=network.bias, dtype="float64")

    syn0, b0, syn1, b1 = unpack(draw(np.random, network.initializer))
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            layer(UNITS, network.hidden_activation),
            layer(1, network.output_activation),
        ]
    )
    model.set_weights([syn0, b0, syn1, b1] if network.bias else [syn0, syn1])
    model.compile(
        # the gradient is that of the squared error, the thread's that of half of it
        keras.optimizers.SGD(float64.rate(network.learning_rate / 2)),
        loss=keras.losses.MeanSquaredError(reduction="sum", dtype="float64"),
        metrics=[keras.metrics.MeanAbsoluteError("mean_abs_error", dtype="float64")],
    )
    return model
