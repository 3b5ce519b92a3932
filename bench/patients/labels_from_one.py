"""Classes 1 to 3 for three units, which stand for 0 to 2."""

import keras
from keras import layers
from small_data import wine

CAUSE = "labels_encoding"
CHANGES = ("count_labels",)
EPOCHS, BATCH_SIZE = 30, 16


def build():
    model = keras.Sequential(
        [
            layers.Dense(16, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def data():
    x, y, x_test, y_test = wine()
    return x, y + 1, x_test, y_test + 1
