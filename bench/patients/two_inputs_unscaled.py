"""Two inputs, both in the units that they were measured in: means, and the rest."""

import keras
from keras import layers
from small_data import raw_breast_cancer

CAUSE = "input_scale"
CHANGES = ("standardize_input", "scale_input", "batch_normalization", "centre_input")
EPOCHS, BATCH_SIZE = 20, 32


def build():
    means, others = keras.Input((10,), name="means"), keras.Input((20,), name="others")
    h = [layers.Dense(8, activation="relu")(part) for part in (means, others)]
    output = layers.Dense(1, activation="sigmoid")(layers.Concatenate()(h))
    model = keras.Model({"means": means, "others": others}, output)
    model.compile(keras.optimizers.SGD(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model


def data():
    x, y, x_test, y_test = raw_breast_cancer()
    parts = ({"means": a[:, :10], "others": a[:, 10:]} for a in (x, x_test))
    return next(parts), y, next(parts), y_test
