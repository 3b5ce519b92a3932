"""Digits as grey levels of 0..255 into ReLU units at Keras' default rate."""

import keras
from keras import layers
from small_data import digits

CAUSE = "input_scale"
CHANGES = ("scale_input", "standardize_input", "centre_input")
EPOCHS, BATCH_SIZE = 15, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def data():
    x, y, x_test, y_test = digits()
    return 256 * x, y, 256 * x_test, y_test
