"""Thirty ReLU layers with Glorot's weights, made for tanh."""

import keras
from keras import layers
from small_data import digits

CAUSE = "initial_weights"
CHANGES = ("initializer", "batch_normalization")
EPOCHS, BATCH_SIZE = 10, 32


def build():
    model = keras.Sequential(
        [
            *(layers.Dense(32, activation="relu") for _ in range(30)),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def data():
    return digits()
