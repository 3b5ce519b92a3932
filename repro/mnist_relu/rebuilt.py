"""Thread 002's network in Keras, with all that the study varies."""

from typing import TYPE_CHECKING

import numpy as np

from repro.mnist_relu.settings import Settings

if TYPE_CHECKING:
    import keras


def build_model(settings: Settings) -> "keras.Model":
    """Return the compiled network, drawn from Keras' global seed."""
    import keras
    from keras import layers

    from repro.mnist_relu.unit_activity import UnitActivity

    # Weights w on inputs a·x move as weights v = a·w on x do at a² times the rate, while the bias
    # keeps its rate: dw/dt = -r·a·g makes dv/dt = -r·a²·g, where g is the loss's gradient by v.
    a = np.sqrt(settings.first_layer_rate)
    inputs = keras.Input((784,))
    hidden = layers.Dense(
        settings.hidden_units, kernel_initializer=settings.initializer, name="hidden"
    )
    z = hidden(layers.Rescaling(a)(inputs) if a != 1 else inputs)
    if settings.batch_normalization:
        z = layers.BatchNormalization()(z)
    h = UnitActivity()(layers.Activation(settings.hidden_activation)(z))
    if settings.dropout:
        h = layers.Dropout(settings.dropout)(h)
    output = layers.Dense(
        10, activation=settings.output_activation, kernel_initializer=settings.initializer
    )
    outputs = output(h)
    if settings.clip_output:
        outputs = keras.ops.clip(outputs, 1e-10, 0.999999)
    model = keras.Model(inputs, outputs)
    hidden.kernel.assign(hidden.kernel * (settings.first_layer_init / a))
    model.compile(
        loss="categorical_crossentropy", metrics=["accuracy"], optimizer=make_optimizer(settings)
    )
    return model


def make_optimizer(settings: Settings) -> "keras.optimizers.Optimizer":
    """Return the optimizer with Keras' defaults; `momentum` is SGD with momentum 0.9."""
    from keras import optimizers

    rate, clipnorm = settings.learning_rate, settings.gradient_clipnorm or None
    if settings.optimizer == "momentum":
        return optimizers.SGD(rate, momentum=0.9, clipnorm=clipnorm)
    kinds = {"sgd": optimizers.SGD, "rmsprop": optimizers.RMSprop, "adam": optimizers.Adam}
    return kinds[settings.optimizer](rate, clipnorm=clipnorm)
