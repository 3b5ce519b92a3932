"""Thread 004, the rebuild with ReLU on every layer at the thread's rate, 1,000 digits."""

from thread import part_of

from repro.data import load

CAUSE = "relu_output"
CHANGES = ("linear_output", "sigmoid_output")
EPOCHS, BATCH_SIZE = 1, 1


def build():
    return part_of("four_layers", "build_model")(part_of("four_layers", "Design")())


def data():
    scaled, targets_of = (part_of("four_layers", name) for name in ("scaled", "targets_of"))
    images = load("mnist5k")
    return (
        scaled(images.x_train[:1000]), targets_of(images.y_train[:1000]),
        scaled(images.x_test), targets_of(images.y_test),
    )  # fmt: skip
