"""Thread 002's network in Keras, with all that the study varies."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.mnist_relu.pixels import prepare
from repro.mnist_relu.read_out import read_out
from repro.mnist_relu.settings import Settings

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Network:
    """The tensors of a network that is not compiled yet; shapes are (batch, features)."""

    pixels: Any
    hidden: Any
    sums: Any  # the output layer's
    outputs: Any


def build_model(settings: Settings) -> "keras.Model":
    """Return the compiled network, drawn from Keras' global seed."""
    import keras

    network = _connect(settings)
    return _compiled(keras.Model(network.pixels, network.outputs), settings)


def build_watched_model(settings: Settings) -> "keras.Model":
    """Return the network of `build_model` with the digits (n, 10) as a second input.

    Nothing that is trained depends on them: they are for what `ImageActivity` measures.
    """
    import keras

    from repro.mnist_relu.image_activity import ImageActivity

    network = _connect(settings)
    digits = keras.Input((10,))
    watch = ImageActivity(settings.output_activation, clips=settings.clip_output)
    outputs = watch([network.outputs, network.sums, network.hidden, digits])
    return _compiled(keras.Model([network.pixels, digits], outputs), settings)


def _connect(settings: Settings) -> Network:
    import keras
    from keras import layers

    from repro.mnist_relu.unit_activity import UnitActivity

    pixels = keras.Input((784,))
    z = _dense(settings, "hidden", pixels)
    if settings.batch_normalization:
        z = layers.BatchNormalization(
            momentum=settings.batchnorm_momentum, epsilon=settings.batchnorm_epsilon
        )(z)
    hidden = UnitActivity()(_activation(settings)(z))
    kept = layers.Dropout(settings.dropout)(hidden) if settings.dropout else hidden
    sums = _dense(settings, "output", kept)
    outputs = read_out(sums, settings.output_activation, settings.clip_output)
    return Network(pixels, hidden, sums, outputs)


def _dense(settings: Settings, name: str, inputs: Any) -> Any:
    """Return the sums of a layer whose weights have a rate and an initial size of their own.

    Weights w on inputs a·x move as weights v = a·w on x do at a² times the rate, while the bias
    keeps its rate: dw/dt = -r·a·g makes dv/dt = -r·a²·g, where g is the loss's gradient by v.
    """
    from keras import layers

    is_first = name == "hidden"
    a = np.sqrt(settings.first_layer_rate if is_first else settings.second_layer_rate)
    layer = layers.Dense(
        settings.hidden_units if is_first else 10,
        kernel_initializer=settings.initializer,
        trainable=not is_first or settings.frozen != "hidden",
        name=name,
    )
    sums = layer(layers.Rescaling(a)(inputs) if a != 1 else inputs)
    layer.kernel.assign(layer.kernel * ((settings.first_layer_init if is_first else 1) / a))
    if is_first:
        _freeze(layer, settings.frozen)
    return sums


def _freeze(layer: "keras.layers.Dense", frozen: str) -> None:
    if frozen == "hidden_weights":
        layer.kernel.trainable = False
    if frozen == "hidden_biases":
        layer.bias.trainable = False


def _activation(settings: Settings) -> "keras.layers.Layer":
    from keras import layers

    if settings.hidden_activation == "leaky_relu":
        return layers.LeakyReLU(negative_slope=settings.leaky_slope, name="activation")
    return layers.Activation(settings.hidden_activation, name="activation")


def _compiled(model: "keras.Model", settings: Settings) -> "keras.Model":
    model.compile(
        loss="categorical_crossentropy", metrics=["accuracy"], optimizer=make_optimizer(settings)
    )
    return model


def make_optimizer(settings: Settings) -> "keras.optimizers.Optimizer":
    """Return the optimizer; `momentum` is SGD with momentum."""
    from keras import optimizers

    updates = settings.updates
    rate, clipnorm = _rate(settings), updates.gradient_clipnorm or None
    epsilon = updates.optimizer_epsilon
    match updates.optimizer:
        case "sgd":
            return optimizers.SGD(rate, clipnorm=clipnorm)
        case "momentum":
            return optimizers.SGD(rate, momentum=updates.momentum, clipnorm=clipnorm)
        case "rmsprop":
            return optimizers.RMSprop(
                rate, rho=updates.rmsprop_rho, epsilon=epsilon, clipnorm=clipnorm
            )
        case "adam":
            return optimizers.Adam(
                rate,
                beta_1=updates.adam_beta_1,
                beta_2=updates.adam_beta_2,
                epsilon=epsilon,
                clipnorm=clipnorm,
            )


def _rate(settings: Settings) -> Any:
    """Return the rate, or a schedule if the early epochs have another."""
    from keras.optimizers.schedules import PiecewiseConstantDecay

    updates = settings.updates
    if not updates.early_epochs:
        return updates.learning_rate
    (x, _), _ = prepare(settings.pixels)
    steps = settings.steps_per_epoch or -(-len(x) // settings.batch_size)
    # the rate of step number n, from 0, is the first one up to and including the boundary
    boundary = updates.early_epochs * steps - 1
    return PiecewiseConstantDecay([boundary], [updates.early_rate, updates.learning_rate])
