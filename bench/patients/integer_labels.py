"""Integer labels under the loss for one-hot labels."""

import keras
from keras import layers
from small_data import iris

CAUSE = "labels_encoding"
CHANGES = ("softmax_output",)
EPOCHS, BATCH_SIZE = 40, 16


def build():
    model = keras.Sequential(
        [
            layers.Dense(16, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model


def data():
    return iris()
