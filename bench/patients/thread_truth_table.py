"""Thread 000, the rebuild with ReLU everywhere: dead at rate 1, and no bias: zeros stay 0."""

from repro.truth_table.posted import X, Y
from repro.truth_table.rebuilt import build_model
from repro.truth_table.settings import Settings

CAUSE = "relu_output"
CHANGES = ("sigmoid_output+bias", "sigmoid_output+centre_input")
EPOCHS, BATCH_SIZE = 3000, 6


def build():
    return build_model(Settings(hidden_activation="relu", output_activation="relu"))


def data():
    return X, Y
