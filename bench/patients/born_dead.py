"""Initial weights that are never positive: on inputs that aren't either, no unit is ever on."""

import keras
from keras import layers
from small_data import digits

CAUSE = "initial_weights"
CHANGES = ("initializer", "initializer+hidden_leaky_relu")
EPOCHS, BATCH_SIZE = 15, 32


def build():
    model = keras.Sequential(
        [
            *(
                layers.Dense(
                    32,
                    activation="relu",
                    kernel_initializer=keras.initializers.RandomUniform(-0.5, 0),
                )
                for _ in range(3)
            ),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data():
    return digits()
