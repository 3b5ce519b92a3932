"""A disease's progression, 25 to 346, asked of a sigmoid."""

import keras
from keras import layers
from small_data import diabetes

CAUSE = "unreachable"
CHANGES = (
    "linear_output",
    "linear_output+standardize_targets",
    "standardize_targets+linear_output",
)
EPOCHS, BATCH_SIZE = 40, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mean_squared_error")
    return model


def data():
    return diabetes()
