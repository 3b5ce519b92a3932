"""Thread 004 rebuilt: its initial weights, and the Keras model.

`rule_of` and `as_layers` say the same to the compiled loop.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.four_layers import posted
from repro.four_layers.posted import BACKGROUND, HIGH, INK, LOW, WIDTHS, Floats
from repro.four_layers.settings import PIECES, Settings
from repro.training import float64

if TYPE_CHECKING:
    import keras

    from repro.four_layers import loop as compiled


def draw(settings: Settings, normal: Callable[..., Floats]) -> list[Floats]:
    """Draw the weights of the three layers, each (sums, inputs), from the first layer on.

    Args:
        settings: its widths and initialization.
        normal: draws of a given mean, standard deviation and shape, as `numpy.random.normal`.
    """
    gain = np.sqrt(2) if settings.initializer == "he_normal" else 1.0
    return [gain * weights for weights in posted.draw(normal, sums=settings.columns)]


def build_model(settings: Settings) -> "keras.Model":
    """Return the compiled Keras model in float64, drawn from numpy's global generator.

    After `keras.utils.set_random_seed(seed)` its initial weights are those of `draw` with
    `numpy.random.RandomState(seed)`. Batches of one image learn as the thread does.
    """
    import keras

    model = keras.Sequential([keras.Input((WIDTHS[0],), dtype="float64")])
    for columns, activation in zip(settings.columns, settings.activations, strict=True):
        for layer in _keras_layers(settings, columns, activation):
            model.add(layer)
    for variable, weights in zip(_kernels(model), draw(settings, np.random.normal), strict=True):
        variable.assign(weights.T)
    # Keras takes the mean over the outputs, the thread half their sum
    losses = {
        "squared": (keras.losses.MeanSquaredError, WIDTHS[-1] / 2),
        "cross_entropy": (keras.losses.BinaryCrossentropy, float(WIDTHS[-1])),
    }
    loss, weight = losses[settings.loss]
    model.compile(
        keras.optimizers.SGD(float64.rate(settings.learning_rate), momentum=settings.momentum),
        loss=loss(dtype="float64"),
        loss_weights=weight,
        metrics=[keras.metrics.CategoricalAccuracy("online_accuracy")],
    )
    return model


def weights_of(
    model: "keras.Model", settings: Settings
) -> tuple[list[Floats], list[Floats] | None]:
    """Return a model's weights, each (sums, inputs) as of `draw`, and its biases if it has any."""
    arrays = [np.asarray(v) for v in model.trainable_variables]
    if settings.bias:
        return [w.T for w in arrays[::2]], arrays[1::2]
    return [w.T for w in arrays], None


def _keras_layers(settings: Settings, columns: int, activation: str) -> "list[keras.layers.Layer]":
    from keras import layers

    dense = partial(layers.Dense, columns, use_bias=settings.bias, dtype="float64")
    if activation == "leaky_relu":
        return [dense(), layers.LeakyReLU(settings.leaky_slope, dtype="float64")]
    if activation == "maxout":
        pieces = layers.Reshape((columns, 1), dtype="float64")
        largest = layers.MaxPooling1D(PIECES, dtype="float64")
        return [dense(), pieces, largest, layers.Flatten(dtype="float64")]
    return [dense(activation=activation)]


def _kernels(model: "keras.Model") -> list[Any]:
    return [v for v in model.trainable_variables if v.name == "kernel"]


def as_layers(
    weights: Sequence[Floats], biases: Sequence[Floats] | None = None
) -> "tuple[compiled.Layer, ...]":
    """Return weights, each (sums, inputs) as of `draw`, as what the compiled loop trains."""
    from repro.four_layers.loop import new_layer

    biases = biases or [np.zeros(len(w)) for w in weights]
    return tuple(new_layer(w.T, bias) for w, bias in zip(weights, biases, strict=True))


def rule_of(settings: Settings) -> "compiled.Rule":
    """Return the settings as the compiled loop takes them."""
    from repro.four_layers.loop import ACTIVATIONS, Rule

    hidden, _, output = map(ACTIVATIONS.index, settings.activations)
    hidden_mended, output_mended = settings.mended
    return Rule(
        hidden=hidden,
        output=output,
        hidden_mended=hidden_mended,
        output_mended=output_mended,
        cross_entropy=settings.loss == "cross_entropy",
        bias=settings.bias,
        learning_rate=float(settings.learning_rate),
        momentum=float(settings.momentum),
        background=BACKGROUND,
        ink=np.arange(256) / 255 * INK,
        low=LOW,
        high=HIGH,
        leaky_slope=settings.leaky_slope,
    )
