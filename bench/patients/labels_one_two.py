"""Two classes, written 1 and 2, asked of a sigmoid."""

import keras
from keras import layers
from small_data import breast_cancer

CAUSE = "labels_encoding"
CHANGES = ("count_labels",)
EPOCHS, BATCH_SIZE = 20, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model


def data():
    x, y, x_test, y_test = breast_cancer()
    return x, y + 1, x_test, y_test + 1
