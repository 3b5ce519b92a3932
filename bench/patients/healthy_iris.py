"""Iris, standardized, tanh."""

import keras
from keras import layers
from small_data import iris

CAUSE = ""
CHANGES = ()
EPOCHS, BATCH_SIZE = 40, 16


def build():
    model = keras.Sequential(
        [
            layers.Dense(16, activation="tanh"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def data():
    return iris()
