"""Nine in ten units dropped, twice."""

import keras
from keras import layers
from small_data import digits

CAUSE = "dropout"
CHANGES = ("no_dropout",)
EPOCHS, BATCH_SIZE = 10, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.9),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.9),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data():
    return digits()
