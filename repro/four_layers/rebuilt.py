"""Thread 004 rebuilt: what varies of the network, its initial weights, and the Keras model.

`rule_of` and `as_layers` say the same to the compiled loop.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from repro.four_layers import posted
from repro.four_layers.posted import WIDTHS, Floats
from repro.training import float64

if TYPE_CHECKING:
    import keras

    from repro.four_layers import loop as compiled

HiddenActivation = Literal["sigmoid", "relu", "leaky_relu", "maxout"]
OutputActivation = Literal["sigmoid", "relu", "leaky_relu", "linear"]
Backpropagation = Literal["posted", "output_mended", "hidden_mended", "true"]
Loss = Literal["squared", "cross_entropy"]
Initialization = Literal["book", "he"]

PIECES = 2  # linear pieces of a maxout unit


@dataclass(frozen=True)
class Design:
    """How the network computes and learns; see `experiment` for what the words mean."""

    hidden_activation: HiddenActivation = "relu"
    output_activation: OutputActivation = "relu"
    backpropagation: Backpropagation = "posted"
    loss: Loss = "squared"
    initialization: Initialization = "book"
    bias: bool = False
    learning_rate: float = 0.1
    momentum: float = 0.0

    @property
    def activations(self) -> tuple[str, str, str]:
        """The name of each layer's activation."""
        return self.hidden_activation, self.hidden_activation, self.output_activation

    @property
    def columns(self) -> list[int]:
        """The number of weighted sums of each layer."""
        pieces = PIECES if self.hidden_activation == "maxout" else 1
        return [WIDTHS[1] * pieces, WIDTHS[2] * pieces, WIDTHS[3]]

    @property
    def mended(self) -> tuple[bool, bool]:
        """Whether errors carry the derivative of the second hidden layer, and of the output."""
        words = self.backpropagation
        return words in ("hidden_mended", "true"), words in ("output_mended", "true")


def draw(design: Design, normal: Callable[..., Floats]) -> list[Floats]:
    """Draw the weights of the three layers, each (sums, inputs), from the first layer on.

    Args:
        design: its widths and initialization.
        normal: draws of a given mean, standard deviation and shape, as `numpy.random.normal`.
    """
    gain = np.sqrt(2) if design.initialization == "he" else 1.0
    return [gain * weights for weights in posted.draw(normal, sums=design.columns)]


def build_model(design: Design) -> "keras.Model":
    """Return the compiled Keras model in float64, drawn from numpy's global generator.

    After `keras.utils.set_random_seed(seed)` its initial weights are those of `draw` with
    `numpy.random.RandomState(seed)`. Batches of one image learn as the thread does.
    """
    import keras

    model = keras.Sequential([keras.Input((WIDTHS[0],), dtype="float64")])
    for columns, activation in zip(design.columns, design.activations, strict=True):
        for layer in _keras_layers(columns, activation, bias=design.bias):
            model.add(layer)
    for variable, weights in zip(_kernels(model), draw(design, np.random.normal), strict=True):
        variable.assign(weights.T)
    # Keras takes the mean over the outputs, the thread half their sum
    losses = {
        "squared": (keras.losses.MeanSquaredError, WIDTHS[-1] / 2),
        "cross_entropy": (keras.losses.BinaryCrossentropy, float(WIDTHS[-1])),
    }
    loss, weight = losses[design.loss]
    model.compile(
        keras.optimizers.SGD(float64.rate(design.learning_rate), momentum=design.momentum),
        loss=loss(dtype="float64"),
        loss_weights=weight,
        metrics=[keras.metrics.CategoricalAccuracy("online_accuracy")],
    )
    return model


def weights_of(model: "keras.Model", design: Design) -> tuple[list[Floats], list[Floats] | None]:
    """Return a model's weights, each (sums, inputs) as of `draw`, and its biases if it has any."""
    arrays = [np.asarray(v) for v in model.trainable_variables]
    if design.bias:
        return [w.T for w in arrays[::2]], arrays[1::2]
    return [w.T for w in arrays], None


def _keras_layers(columns: int, activation: str, *, bias: bool) -> "list[keras.layers.Layer]":
    from keras import layers

    dense = partial(layers.Dense, columns, use_bias=bias, dtype="float64")
    if activation == "leaky_relu":
        return [dense(), layers.LeakyReLU(float64.LEAKY_SLOPE, dtype="float64")]
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


def rule_of(design: Design) -> "compiled.Rule":
    """Return the design as the compiled loop takes it."""
    from repro.four_layers.loop import ACTIVATIONS, Rule

    hidden, _, output = map(ACTIVATIONS.index, design.activations)
    return Rule(
        hidden, output, *design.mended, design.loss == "cross_entropy", design.bias,
        float(design.learning_rate), float(design.momentum),
    )  # fmt: skip
