"""Seven sigmoid layers: each slope is at most a quarter."""

import keras
from keras import layers
from small_data import digits

CAUSE = "vanishing"
CHANGES = ("hidden_relu", "batch_normalization", "adam")
EPOCHS, BATCH_SIZE = 10, 32


def build():
    model = keras.Sequential(
        [
            *(layers.Dense(32, activation="sigmoid") for _ in range(7)),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def data():
    return digits()
