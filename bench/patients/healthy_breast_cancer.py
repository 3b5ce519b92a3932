"""Tumours, standardized, sigmoid output, dropout."""

import keras
from keras import layers
from small_data import breast_cancer

CAUSE = ""
CHANGES = ()
EPOCHS, BATCH_SIZE = 30, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def data():
    return breast_cancer()
