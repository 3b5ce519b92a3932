"""A rate with which nothing happens in the time given."""

import keras
from keras import layers
from small_data import iris

CAUSE = "rate_low"
CHANGES = ("rate_x100", "rate_x1000", "adam")
EPOCHS, BATCH_SIZE = 40, 16


def build():
    model = keras.Sequential(
        [
            layers.Dense(16, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def data():
    return iris()
