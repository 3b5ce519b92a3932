"""Thread 000, the rebuild with ReLU everywhere: dead at rate 1, and no bias: zeros stay 0."""

from thread import part_of

CAUSE = "relu_output"
CHANGES = ("sigmoid_output+bias", "sigmoid_output+centre_input")
EPOCHS, BATCH_SIZE = 3000, 6


def build():
    network = part_of("truth_table", "Network")(hidden_activation="relu", output_activation="relu")
    return part_of("truth_table", "build_model")(network)


def data():
    return part_of("truth_table", "X"), part_of("truth_table", "Y")
