"""Wine, standardized, one-hot labels."""

import keras
import numpy as np
from keras import layers
from small_data import wine

CAUSE = ""
CHANGES = ()
EPOCHS, BATCH_SIZE = 30, 16


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
    x, y, x_test, y_test = wine()
    return x, np.eye(3)[y], x_test, np.eye(3)[y_test]
