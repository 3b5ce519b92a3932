"""Three at once: inputs near 1000, targets of 25 to 346, a softmax of one unit between them."""

import keras
from keras import layers
from small_data import diabetes

CAUSE = "output_loss"
CHANGES = (
    "linear_output+standardize_input+standardize_targets",
    "linear_output+standardize_input",
)
EPOCHS, BATCH_SIZE = 30, 32


def build():
    model = keras.Sequential(
        [
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mean_squared_error")
    return model


def data():
    x, y, x_test, y_test = diabetes()
    return 100 * x + 1000, y, 100 * x_test + 1000, y_test
