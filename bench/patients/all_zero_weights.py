"""All weights start at zero."""

import keras
from keras import layers
from small_data import wine

CAUSE = "alike"
CHANGES = ("initializer",)
EPOCHS, BATCH_SIZE = 30, 16


def build():
    model = keras.Sequential(
        [
            layers.Dense(16, activation="relu", kernel_initializer="zeros"),
            layers.Dense(3, activation="softmax", kernel_initializer="zeros"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def data():
    return wine()
