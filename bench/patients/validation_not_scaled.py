"""Training inputs standardized, validation inputs left in the units of measurement."""

import keras
from keras import layers
from small_data import breast_cancer, raw_breast_cancer

CAUSE = "validation"
CHANGES = ("match_validation",)
EPOCHS, BATCH_SIZE = 20, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def data():
    x, y, _, _ = breast_cancer()
    _, _, x_test, y_test = raw_breast_cancer()
    return x, y, x_test, y_test
