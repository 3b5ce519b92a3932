"""Labels moved by one row against the inputs."""

import keras
import numpy as np
from keras import layers
from small_data import breast_cancer

CAUSE = "labels_shifted"
CHANGES = ("move_labels",)
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
    x, y, x_test, y_test = breast_cancer()
    return x, np.roll(y, 1), x_test, np.roll(y_test, 1)
