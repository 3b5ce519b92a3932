"""Thread 000 rebuilt: its initial weights, and the Keras model."""

from typing import TYPE_CHECKING, Any

import numpy as np

from repro.training import float64
from repro.truth_table import posted
from repro.truth_table.posted import UNITS, Floats, Weights
from repro.truth_table.settings import Settings

if TYPE_CHECKING:
    import keras

    from repro.truth_table.loop import Rule


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


def build_model(settings: Settings) -> "keras.Model":
    """Return the compiled Keras model in float64, drawn from numpy's global generator.

    After `keras.utils.set_random_seed(seed)` its initial weights are those of the thread's code
    after `numpy.random.seed(seed)`. An epoch with `batch_size=6` is an iteration of the thread, and
    its metric `mean_abs_error` is what the thread prints.
    """
    import keras

    def layer(units: int, name: str) -> "keras.layers.Layer":
        activation = float64.activation(name, settings.leaky_slope)
        return keras.layers.Dense(units, activation, use_bias=settings.bias, dtype="float64")

    syn0, b0, syn1, b1 = unpack(draw(np.random, settings.initializer))
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="float64"),
            layer(UNITS, settings.hidden_activation),
            layer(1, settings.output_activation),
        ]
    )
    model.set_weights([syn0, b0, syn1, b1] if settings.bias else [syn0, syn1])
    model.compile(
        # the gradient is that of the squared error, the thread's that of half of it
        keras.optimizers.SGD(float64.rate(settings.learning_rate / 2)),
        loss=keras.losses.MeanSquaredError(reduction="sum", dtype="float64"),
        metrics=[keras.metrics.MeanAbsoluteError("mean_abs_error", dtype="float64")],
    )
    return model


def rule_of(settings: Settings) -> "Rule":
    """Return the settings as the compiled loop takes them."""
    from repro.truth_table.loop import Rule

    hidden, output = settings.hidden_activation, settings.output_activation
    return Rule(
        sigmoid_hidden=hidden == "sigmoid",
        hidden_slope=0.0 if hidden == "sigmoid" else settings.slope(hidden),
        sigmoid_output=output == "sigmoid",
        output_slope=0.0 if output == "sigmoid" else settings.slope(output),
        masks=settings.backpropagation == "posted" and hidden == "relu",
        learning_rate=settings.learning_rate,
        bias_rate=settings.learning_rate * settings.bias,
    )
