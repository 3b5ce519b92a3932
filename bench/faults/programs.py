"""Published faults of arrays, axes, losses, weights and schedules; part of the public set."""

import numpy as np
from keras import layers, ops, optimizers

from bench.faults.fault import Fault, Rows, dense, draw, network
from bench.patients.small_data import breast_cancer, diabetes, digits

KERAS = "https://github.com/keras-team/keras/issues"
SPARSE, BINARY = "sparse_categorical_crossentropy", "binary_crossentropy"
RELU, SIGMOID, TEN_OUT = dense(16, "relu"), dense(1, "sigmoid"), dense(10, "softmax")


def gaps() -> tuple[object, ...]:
    """Tumours with one number in a hundred missing."""
    x, y, x_test, y_test = breast_cancer()
    missing = draw(21).uniform(size=np.shape(x)) < 0.01
    return np.where(missing, np.nan, x), y, x_test, y_test


def sums_of_steps() -> Rows:
    """Ten steps, and the sum of the last three."""
    x = draw(22).normal(size=(700, 10, 1))
    return x, x[:, -3:, 0].sum(axis=1, keepdims=True) / 2


def rare_class() -> Rows:
    """Two classes, of which one has three rows in a hundred."""
    y = (draw(23).uniform(size=2500) < 0.03).astype(int)
    return draw(24).normal(size=(2500, 8)) + 1.4 * y[:, None], y


def scaled_diabetes() -> tuple[object, ...]:
    """The diabetes data with standardized targets."""
    x, y, x_test, y_test = diabetes()
    mean, deviation = np.mean(y), np.std(y)
    return x, (y - mean) / deviation, x_test, (y_test - mean) / deviation


def reshaped_digits() -> tuple[object, ...]:
    """Digits as an archive holds them, rows last, reshaped to have the rows in front."""
    x, y, x_test, y_test = digits()
    return np.ascontiguousarray(np.transpose(x)).reshape(np.shape(x)), y, x_test, y_test


def shuffled_pixels() -> tuple[object, ...]:
    """Digits whose pixels are in another random order in every row."""
    x, y, x_test, y_test = digits()
    mixed = [draw(25).permuted(rows, axis=1) for rows in (x, x_test)]
    return mixed[0], y, mixed[1], y_test


def colours_first() -> Rows:
    """Images of noise with a bright square in one of three colours, or in all; colours in front."""
    generator = draw(26)
    y = generator.integers(0, 4, 800)
    x = generator.normal(0, 0.3, (800, 3, 12, 12))
    for image, label in zip(x, y, strict=True):
        top, left = generator.integers(0, 8, 2)
        image[[label] if label < 3 else [0, 1, 2], top : top + 4, left : left + 4] += 1
    return x, y


class Rounded(layers.Layer):
    """Rounds what comes in."""

    def call(self, x: object) -> object:
        """Return whole numbers."""
        return ops.round(x)


def rounding_loss(y: object, p: object) -> object:
    """Mean squared error of rounded predictions."""
    return ops.mean(ops.square(y - ops.round(p)))


def explained_variance(y: object, p: object) -> object:
    """R²: larger is better, which no loss may be."""
    return 1 - ops.sum(ops.square(y - p)) / (ops.sum(ops.square(y - ops.mean(y))) + 1e-6)


def soon_gone() -> optimizers.Optimizer:
    """A rate that is a hundredth after thirty steps."""
    schedule = optimizers.schedules.ExponentialDecay(0.1, decay_steps=7, decay_rate=0.33)
    return optimizers.SGD(schedule)


FAULTS = (
    Fault(
        name="missing_values",
        address="https://github.com/danielegrattarola/keras-gat/issues/14",
        published="the loss is NaN because the inputs hold NaN: put 0 in their place",
        causes=("inputs_missing",),
        build=network(RELU, SIGMOID, loss=BINARY),
        data=gaps,
    ),
    Fault(
        name="all_steps_returned",
        address=f"{KERAS}/815",
        published="one target a row: the last recurrent layer needs return_sequences=False",
        causes=("output_axes",),
        build=network(
            lambda: layers.LSTM(16, return_sequences=True),
            dense(1),
            loss="mse",
            optimizer=lambda: optimizers.Adam(0.01),
        ),
        data=sums_of_steps,
        epochs=25,
    ),
    Fault(
        name="rare_class_never_told",
        address="https://errorhandle.ai/keras-prediction-returns-only-one-class-in-binary-problem",
        published="one class dominates, and is all that is predicted: weigh the classes",
        causes=("imbalance",),
        build=network(RELU, SIGMOID, loss=BINARY, optimizer=lambda: optimizers.SGD(0.01)),
        data=rare_class,
        epochs=15,
    ),
    Fault(
        name="decay_of_a_few_steps",
        address="https://github.com/cjiang2/VDCNN/issues/4",
        published="decay_steps has to be of the size of all steps of training",
        causes=("schedule",),
        build=network(dense(32, "relu"), TEN_OUT, loss=SPARSE, optimizer=soon_gone),
        data=digits,
        epochs=30,
    ),
    Fault(
        name="rounding_layer",
        address=f"{KERAS}/5521",
        published="rounding has no gradient, so the layers in front of it get none",
        causes=("gradient_cut",),
        build=network(dense(8), Rounded, SIGMOID, loss=BINARY),
        data=breast_cancer,
    ),
    Fault(
        name="rounding_loss",
        address=f"{KERAS}/4175",
        published="a loss of rounded predictions has no gradient",
        causes=("gradient_cut", "own_loss"),
        build=network(RELU, SIGMOID, loss=rounding_loss),
        data=breast_cancer,
    ),
    Fault(
        name="maximized_as_a_loss",
        address=f"{KERAS}/7249",
        published="R² is to be large: a loss needs its sign turned",
        causes=("loss_reversed",),
        build=network(
            RELU, dense(1), loss=explained_variance, optimizer=lambda: optimizers.Adam(0.01)
        ),
        data=scaled_diabetes,
        epochs=30,
    ),
    Fault(
        name="normalized_rows_alone",
        address="https://github.com/microsoft/CNTK/issues/905",
        published="batch normalization in batches of one row gives no useful result",
        causes=("batch_norm_alone",),
        build=network(
            dense(16),
            layers.BatchNormalization,
            lambda: layers.Activation("relu"),
            TEN_OUT,
            loss=SPARSE,
        ),
        data=digits,
        epochs=2,
        batch_size=1,
    ),
    Fault(
        name="nothing_trained",
        address=f"{KERAS}/2506",
        published="trainable=False on all layers: an accuracy of one in ten",
        causes=("frozen",),
        build=network(
            dense(32, "relu", trainable=False),
            dense(32, "relu", trainable=False),
            dense(10, "softmax", trainable=False),
            loss=SPARSE,
        ),
        data=digits,
    ),
    Fault(
        name="reshaped_archive",
        address="https://lihan.me/2018/01/numpy-reshape-and-transpose/",
        published="reshape cuts numbers anew where transpose would move axes: rows are mixed up",
        causes=("mixed_rows",),
        build=network(dense(32, "relu"), TEN_OUT, loss=SPARSE),
        data=reshaped_digits,
    ),
    Fault(
        name="pixels_shuffled_row_by_row",
        address="https://cs.stackexchange.com/questions/78123",
        published="pixels are in another order in every row, so that nothing is left to learn",
        causes=("labels_unrelated",),
        build=network(dense(32, "relu"), TEN_OUT, loss=SPARSE),
        data=shuffled_pixels,
    ),
    Fault(
        name="channels_in_front",
        address="https://github.com/VinF/deer/issues/57",
        published="channels come first, and Conv2D takes the last axis for them",
        causes=("channels_first",),
        build=network(
            lambda: layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.Flatten,
            dense(4, "softmax"),
            loss=SPARSE,
            optimizer=lambda: optimizers.Adam(0.003),
        ),
        data=colours_first,
        epochs=10,
    ),
)
