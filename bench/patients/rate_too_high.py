"""Standardized inputs, and a hundred times the usual rate."""

import keras
from keras import layers
from small_data import wine

CAUSE = "rate_high"
CHANGES = ("rate_x0.1", "rate_x0.01")
EPOCHS, BATCH_SIZE = 50, 16


def build():
    model = keras.Sequential(
        [
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(3.0), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def data():
    return wine()
