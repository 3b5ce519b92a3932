"""Labels shuffled without their rows."""

import keras
import numpy as np
from keras import layers
from small_data import digits

CAUSE = "labels_unrelated"
CHANGES = ()
EPOCHS, BATCH_SIZE = 15, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data():
    x, y, x_test, y_test = digits()
    generator = np.random.default_rng(0)
    return x, generator.permutation(y), x_test, generator.permutation(y_test)
