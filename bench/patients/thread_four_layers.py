"""Thread 004, the rebuild with ReLU on every layer at the thread's rate, 1,000 digits."""

from repro.data import load
from repro.four_layers.posted import scaled, targets_of
from repro.four_layers.rebuilt import build_model
from repro.four_layers.settings import Settings

CAUSE = "relu_output"
CHANGES = ("linear_output", "linear_output+rate_x0.1", "sigmoid_output")
EPOCHS, BATCH_SIZE = 1, 1


def build():
    return build_model(Settings())


def data():
    images = load("mnist5k")
    x, y = scaled(images.x_train[:1000]), targets_of(images.y_train[:1000])
    return x, y, scaled(images.x_test), targets_of(images.y_test)
