"""A disease's progression, inputs and targets standardized."""

import keras
from keras import layers
from small_data import diabetes

CAUSE = ""
CHANGES = ()
EPOCHS, BATCH_SIZE = 30, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mean_squared_error")
    return model


def data():
    x, y, x_test, y_test = diabetes()
    return x, (y - 152) / 77, x_test, (y_test - 152) / 77
