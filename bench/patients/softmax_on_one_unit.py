"""Two classes, one output unit, softmax."""

import keras
from keras import layers
from small_data import breast_cancer

CAUSE = "output_loss"
CHANGES = ("sigmoid_output",)
EPOCHS, BATCH_SIZE = 20, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="softmax"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def data():
    return breast_cancer()
