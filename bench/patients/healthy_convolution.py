"""Digits as images of 0..16, scaled inside the model; convolutions, normalization, dropout."""

import keras
from keras import layers
from small_data import digits

CAUSE = ""
CHANGES = ()
EPOCHS, BATCH_SIZE = 6, 32


def build():
    model = keras.Sequential(
        [
            layers.Rescaling(1 / 16),
            layers.Conv2D(8, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), loss, metrics=["accuracy"])
    return model


def data():
    x, y, x_test, y_test = digits()
    images = [(16 * part).astype("uint8").reshape(-1, 8, 8, 1) for part in (x, x_test)]
    return images[0], y, images[1], y_test
