"""Training inputs scaled, validation inputs not."""

import keras
from keras import layers
from small_data import digits

CAUSE = "validation"
CHANGES = ("match_validation",)
EPOCHS, BATCH_SIZE = 10, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data():
    x, y, x_test, y_test = digits()
    return x, y, 16 * x_test, y_test
