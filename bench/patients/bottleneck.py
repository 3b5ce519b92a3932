"""Ten digits through one hidden unit."""

import keras
from keras import layers
from small_data import digits

CAUSE = "narrow"
CHANGES = ("more_units",)
EPOCHS, BATCH_SIZE = 15, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(1, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def data():
    return digits()
