"""Thread 003, the rebuild with ReLU on every layer: half of the networks are born dead."""

from thread import part_of

CAUSE = "relu_output"
CHANGES = ("linear_output", "sigmoid_output", "tanh_output")
EPOCHS, BATCH_SIZE = 500, 1


def build():
    return part_of("add_numbers", "build_model")(part_of("add_numbers", "Network")())


def data():
    return part_of("add_numbers", "X"), part_of("add_numbers", "Y")
