"""Thread 002 as posted: ReLU on raw pixels; its study says: the inputs' scale."""

from repro.data import load
from repro.mnist_relu.experiment import build_model, prepare

CAUSE = "input_scale"
CHANGES = ("scale_input", "standardize_input", "centre_input")
EPOCHS, BATCH_SIZE = 15, 100


def build():
    return build_model("relu")


def data():
    (x, y), (x_test, y_test) = prepare(load("mnist5k"), 1.0, False)
    return x, y, x_test, y_test
