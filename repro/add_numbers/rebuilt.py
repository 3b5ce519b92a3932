"""Thread 003 rebuilt: its initial weights, and the Keras model."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from repro.add_numbers import posted
from repro.add_numbers.posted import Floats, X
from repro.add_numbers.settings import Settings
from repro.training import float64

if TYPE_CHECKING:
    import keras

    from repro.add_numbers.loop import Rule


def draw(settings: Settings, randn: Callable[..., Floats]) -> list[Floats]:
    """Draw one network as the thread does, and initialize it as the settings say.

    Args:
        settings: its widths and initialization.
        randn: standard normal draws of a given shape; the thread's are `numpy.random.randn`.

    Returns:
        [W1, b1, W2, b2, ...], weights (outputs, inputs) and biases (outputs, 1).

    Source:
        The flipped signs follow Rister & Rubin, arXiv:2007.06192: a unit's sign is a coin toss, so
        that flipping it changes no symmetric distribution, and the unit is not silent any more.
    """
    parameters = posted.draw(randn, settings.widths)
    h = X
    for weights, biases in zip(parameters[::2], parameters[1::2], strict=True):
        if settings.initializer == "he_normal":
            weights *= np.sqrt(2 / weights.shape[1])
        if settings.bias_initializer == "zeros":
            biases[:] = 0
        if settings.unit_signs == "flipped":
            raised = np.sign(h @ weights.T + biases.T).sum(axis=0)
            sign = np.where(raised < 0, -1, 1)[:, np.newaxis]
            weights *= sign
            biases *= sign
        h = np.maximum(0, h @ weights.T + biases.T)
    return parameters


def build_model(settings: Settings) -> "keras.Model":
    """Return the compiled Keras model in float64, drawn from numpy's global generator.

    After `keras.utils.set_random_seed(seed)` its initial weights are those of the thread's code
    after `numpy.random.seed(seed)`. With `batch_size=1, shuffle=False` the samples come in the
    thread's order, and the metric `mse` is the error that it prints. `fit_seeds` trains in float64;
    Keras' own `fit` rounds the data to float32 first.
    """
    import keras

    parameters = draw(settings, np.random.randn)
    model = keras.Sequential([keras.Input((2,), dtype="float64")])
    for units, name in zip(settings.widths[1:], settings.activations, strict=True):
        activation = float64.activation(name, settings.leaky_slope)
        model.add(keras.layers.Dense(units, activation, dtype="float64"))
    model.set_weights([p.T if i % 2 == 0 else p[:, 0] for i, p in enumerate(parameters)])
    model.compile(
        keras.optimizers.SGD(
            float64.rate(settings.learning_rate), momentum=np.float64(settings.momentum)
        ),
        loss=keras.losses.MeanSquaredError(dtype="float64"),
        metrics=[keras.metrics.MeanSquaredError("mse", dtype="float64")],
    )
    return model


def rule_of(settings: Settings) -> "Rule":
    """Return the settings as the compiled loop takes them."""
    from repro.add_numbers.loop import ACTIVATIONS, Rule

    return Rule(
        hidden=ACTIVATIONS.index(settings.hidden_activation),
        output=ACTIVATIONS.index(settings.output_activation),
        leaky_slope=settings.leaky_slope,
        learning_rate=settings.learning_rate,
        hidden_learning_rate=settings.hidden_rate_factor * settings.learning_rate,
        momentum=settings.momentum,
        decays_biases=settings.bias_update == "posted",
        updates_first=settings.error_weights == "updated",
    )
