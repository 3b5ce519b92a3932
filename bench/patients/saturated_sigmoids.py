"""Weights so large that every sigmoid starts flat."""

import keras
from keras import layers
from small_data import digits

CAUSE = "initial_weights"
CHANGES = ("initializer", "batch_normalization")
EPOCHS, BATCH_SIZE = 15, 32


def build():
    model = keras.Sequential(
        [
            *(
                layers.Dense(
                    64,
                    activation="sigmoid",
                    kernel_initializer=keras.initializers.RandomNormal(0, 5),
                )
                for _ in range(2)
            ),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data():
    return digits()
