"""Digits, scaled, one hidden layer of ReLU."""

import keras
from keras import layers
from small_data import digits

CAUSE = ""
CHANGES = ()
EPOCHS, BATCH_SIZE = 20, 32


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
    return digits()
