"""Three yes-or-no labels a digit (even, prime, over 4) under a softmax, which tells one of them."""

import keras
import numpy as np
from keras import layers
from small_data import digits

CAUSE = "output_loss"
CHANGES = ("sigmoid_output",)
EPOCHS, BATCH_SIZE = 15, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(64, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model


def _labels(y):
    return np.stack([y % 2 == 0, np.isin(y, (2, 3, 5, 7)), y > 4], axis=1).astype(int)


def data():
    x, y, x_test, y_test = digits()
    return x, _labels(y), x_test, _labels(y_test)
