"""Thread 002 as posted: ReLU on raw pixels; its study says: the inputs' scale."""

from repro.mnist_relu.pixels import prepare
from repro.mnist_relu.rebuilt import build_model
from repro.mnist_relu.settings import Pixels, Settings

CAUSE = "input_scale"
CHANGES = ("scale_input", "standardize_input", "centre_input")
EPOCHS, BATCH_SIZE = 15, 100


def build():
    return build_model(Settings(hidden_activation="relu"))


def data():
    (x, y), (x_test, y_test) = prepare(Pixels(data="mnist5k"))
    return x, y, x_test, y_test
