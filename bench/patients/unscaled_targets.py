"""Targets in the hundred thousands under SGD."""

import keras
from keras import layers
from small_data import diabetes

CAUSE = "target_scale"
CHANGES = ("standardize_targets",)
EPOCHS, BATCH_SIZE = 30, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(32, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.01), "mean_squared_error")
    return model


def data():
    x, y, x_test, y_test = diabetes()
    return x, 1000 * y, x_test, 1000 * y_test
