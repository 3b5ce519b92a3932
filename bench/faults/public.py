"""Faults of Keras programs from public questions and issues."""

import keras
import numpy as np
from keras import layers, optimizers

from bench.faults.fault import Fault, Rows, dense, draw, network
from bench.faults.programs import FAULTS as OF_PROGRAMS
from bench.patients.small_data import (
    breast_cancer,
    diabetes,
    digits,
    iris,
    raw_breast_cancer,
    wine,
)

KERAS = "https://github.com/keras-team/keras/issues"
STATS = "https://stats.stackexchange.com/questions"
SPARSE, BINARY = "sparse_categorical_crossentropy", "binary_crossentropy"
RELU, SIGMOID = dense(16, "relu"), dense(1, "sigmoid")
THREE, TEN_OUT = dense(3, "softmax"), dense(10, "softmax")


def exclusive_or() -> Rows:
    """Two bits with a little noise, and whether they differ."""
    bits = draw(1).integers(0, 2, (400, 2))
    return bits + draw(2).normal(0, 0.05, (400, 2)), bits[:, 0] ^ bits[:, 1]


def fourth_power() -> Rows:
    """Numbers of -100 to 100 to the power of four."""
    x = draw(3).uniform(-100, 100, (600, 1))
    return x, x[:, 0] ** 4


def raw_line() -> Rows:
    """Twice a number of 0 to 200."""
    x = np.arange(200.0)[:, None]
    return x, 2 * x[:, 0]


def prices() -> Rows:
    """House prices near 250,000 that follow eight standardized features."""
    x = draw(4).normal(size=(600, 8))
    return x, 250_000 + 80_000 * (x @ draw(5).normal(size=8) / 3)


def sorted_classes() -> tuple[object, ...]:
    """Wines in the order of their class, the last fifth of them to validate on."""
    x, y, *_ = wine()
    order = np.argsort(y, kind="stable")
    cut = int(0.8 * len(y))
    return x[order[:cut]], y[order[:cut]], x[order[cut:]], y[order[cut:]]


def negative_line() -> Rows:
    """Twice a number of -1 to 5, less one: some are negative."""
    x = draw(6).uniform(-1, 5, (300, 1))
    return x, 2 * x[:, 0] - 1


def halves_of_digits() -> tuple[object, ...]:
    """Digits; the last classes in validation alone."""
    x, y, *_ = digits()
    return x[y < 8], y[y < 8], x[y >= 8], y[y >= 8]


def padded_tokens() -> Rows:
    """Tokens with a sum to tell, and many zeros behind them."""
    x = draw(7).integers(1, 20, (800, 40))
    label = (x[:, :4] > 10).sum(axis=1) >= 2
    return np.where(np.arange(40) < 4, x, 0), label.astype(int)


def tokens_out_of_range() -> Rows:
    """Tokens of 1 to 50, of which the largest decides."""
    x = draw(8).integers(1, 51, (500, 6))
    return x, (x.max(axis=1) > 44).astype(int)


def house_blocks() -> Rows:
    """Thirteen features in units of their own, and a price in thousands."""
    x = draw(9).normal(size=(500, 13)) * np.geomspace(0.1, 400, 13) + np.geomspace(0.5, 900, 13)
    weights = draw(10).normal(size=13) / np.geomspace(0.1, 400, 13)
    return x, 22 + 3 * ((x - x.mean(axis=0)) @ weights)


def several_or_none() -> Rows:
    """Two labels a row, each yes or no on its own."""
    x = draw(11).normal(size=(600, 31))
    return x, (x[:, :2] + x[:, 2:4] > 0.5).astype(int)


def noisy_tanh() -> Rows:
    """Targets of -4 to 4."""
    x = draw(12).normal(size=(600, 6))
    return x, 2 * x[:, 0] - x[:, 1]


def labels_minus() -> Rows:
    """Labels of -6 to 6, as a scale counts them."""
    x, y, *_ = digits()
    return x, y - 5


def one_hot(pair: tuple[object, ...]) -> tuple[object, ...]:
    """Return data with one column a class."""
    x, y, x_test, y_test = pair
    count = int(np.max(y)) + 1
    return x, np.eye(count)[y], x_test, np.eye(count)[y_test]


def from_one() -> tuple[object, ...]:
    """Flowers whose classes are counted from 1."""
    x, y, x_test, y_test = iris()
    return x, y + 1, x_test, y_test + 1


FAULTS = (
    Fault(
        name="xor_two_relu",
        address=f"{STATS}/433365",
        published="ReLU output under squared error, no activation in the first layer, few epochs",
        causes=("relu_output", "linear_stack", "epochs", "rate_low", "narrow", "loss_choice"),
        build=network(
            dense(2),
            dense(2, "relu"),
            dense(1, "relu"),
            loss="mse",
            optimizer="sgd",
        ),
        data=exclusive_or,
        epochs=5,
    ),
    Fault(
        name="fourth_power",
        address="https://stackoverflow.com/questions/52800582",
        published="inputs and targets are far too large for the first weights: normalize both",
        causes=("target_scale", "input_scale"),
        build=network(dense(50, "sigmoid"), dense(50, "elu"), dense(1), loss="mse"),
        data=fourth_power,
        epochs=60,
    ),
    Fault(
        name="line_nan",
        address=f"{STATS}/284189",
        published="data not normalized: the loss is NaN unless the rate is tiny",
        causes=("input_scale", "rate_high"),
        build=network(dense(1), loss="mse", optimizer="sgd"),
        data=raw_line,
        epochs=30,
    ),
    Fault(
        name="line_rate",
        address=f"{KERAS}/3040",
        published="rate too high for inputs of up to 200",
        causes=("rate_high", "input_scale"),
        build=network(dense(1), loss="mse", optimizer=lambda: optimizers.SGD(0.001)),
        data=raw_line,
        epochs=10,
        batch_size=1,
    ),
    Fault(
        name="rate_half",
        address=f"{STATS}/420006",
        published="a rate of 0.5 is too large, 0.1 and 0.01 learn",
        causes=("rate_high",),
        build=network(
            *[dense(10, "relu")] * 4,
            TEN_OUT,
            loss=SPARSE,
            optimizer=lambda: optimizers.SGD(2.0),
        ),
        data=digits,
        epochs=20,
    ),
    Fault(
        name="prices_from_zero",
        address=f"{STATS}/409000",
        published="targets near 250,000: scale them, or the output creeps up from 0",
        causes=("target_scale",),
        build=network(dense(32, "relu"), dense(1), loss="mse"),
        data=prices,
        epochs=30,
    ),
    Fault(
        name="last_fifth_one_class",
        address=f"{KERAS}/8346",
        published="validation takes the last rows of data sorted by class: shuffle first",
        causes=("split",),
        build=network(RELU, THREE, loss=SPARSE),
        data=sorted_classes,
        epochs=40,
        batch_size=16,
    ),
    Fault(
        name="validation_of_other_classes",
        address=f"{KERAS}/796",
        published="the validation set has labels that training has not: split stratified",
        causes=("split",),
        build=network(dense(32, "relu"), TEN_OUT, loss=SPARSE),
        data=halves_of_digits,
        epochs=10,
    ),
    Fault(
        name="no_sigmoid",
        address=f"{KERAS}/4784",
        published="labels of 0 and 1 need a sigmoid with binary cross-entropy",
        causes=("output_loss",),
        build=network(RELU, RELU, dense(1), loss=BINARY),
        data=breast_cancer,
        epochs=15,
    ),
    Fault(
        name="categorical_of_one_unit",
        address=f"{KERAS}/14729",
        published="categorical cross-entropy with a single sigmoid: use the binary one",
        causes=("output_loss",),
        build=network(RELU, RELU, SIGMOID, loss="categorical_crossentropy"),
        data=breast_cancer,
        epochs=15,
    ),
    Fault(
        name="categorical_loss_zero",
        address=f"{KERAS}/17029",
        published="categorical cross-entropy of one softmax unit is always 0",
        causes=("output_loss",),
        build=network(RELU, dense(1, "softmax"), loss="categorical_crossentropy"),
        data=breast_cancer,
        epochs=15,
    ),
    Fault(
        name="categorical_of_two_sigmoids",
        address=f"{KERAS}/6421",
        published="rows with no label or two under categorical cross-entropy: use the binary one",
        causes=("output_loss",),
        build=network(dense(40, "relu"), dense(2, "softmax"), loss="categorical_crossentropy"),
        data=several_or_none,
        epochs=20,
    ),
    Fault(
        name="labels_not_one_hot",
        address=f"{KERAS}/1013",
        published="hard labels under categorical cross-entropy need one column a class",
        causes=("labels_encoding", "output_loss"),
        build=network(RELU, THREE, loss="categorical_crossentropy"),
        data=iris,
        epochs=40,
        batch_size=16,
    ),
    Fault(
        name="double_softmax",
        address="https://github.com/tflearn/tflearn/pull/562",
        published="softmax is applied twice: take the second away",
        causes=("double_activation",),
        build=network(dense(32, "relu"), TEN_OUT, layers.Softmax, loss=SPARSE, optimizer="sgd"),
        data=digits,
        epochs=15,
    ),
    Fault(
        name="logits_as_probabilities",
        address="https://github.com/tensorflow/docs/pull/2102",
        published="an output without softmax needs from_logits=True",
        causes=("output_loss",),
        build=network(dense(32, "relu"), dense(10), loss=SPARSE),
        data=digits,
        epochs=15,
    ),
    Fault(
        name="one_sigmoid_for_ten_digits",
        address="https://datascience.stackexchange.com/questions/38604",
        published="one sigmoid unit under binary cross-entropy can't tell ten digits",
        causes=("output_loss", "output_width", "labels_encoding", "unreachable"),
        build=network(dense(64, "relu"), SIGMOID, loss=BINARY, metrics=("accuracy",)),
        data=digits,
        epochs=10,
    ),
    Fault(
        name="entropy_of_prices",
        address="https://openillumi.com/en/en-keras-tf-fix-huge-negative-loss-regression",
        published="binary cross-entropy on prices: use a loss of numbers",
        causes=("output_loss", "unreachable"),
        build=network(dense(32, "relu"), SIGMOID, loss=BINARY, metrics=("accuracy",)),
        data=diabetes,
        epochs=30,
    ),
    Fault(
        name="relu_output_of_negatives",
        address="https://community.deeplearning.ai/t/loss-values-do-not-change/324182",
        published="ReLU on the output of a line that goes below 0, and few units that die",
        causes=("unreachable", "relu_output", "narrow", "dead"),
        build=network(dense(4, "relu"), dense(2, "relu"), dense(1, "relu"), loss="mse"),
        data=negative_line,
        epochs=60,
    ),
    Fault(
        name="xor_without_hidden_layer",
        address="https://ai.stackexchange.com/questions/27010",
        published="no hidden layer that could tell what isn't linear",
        causes=("no_hidden", "narrow"),
        build=network(dense(2, "softmax"), loss="categorical_crossentropy"),
        data=lambda: (exclusive_or()[0], np.eye(2)[exclusive_or()[1]]),
        epochs=40,
    ),
    Fault(
        name="labels_minus_five",
        address="https://github.com/tplusone/hanser_ml_zeitreihen/issues/3",
        published="labels of a sparse loss must count from 0",
        causes=("labels_encoding",),
        build=network(dense(32, "relu"), TEN_OUT, loss=SPARSE),
        data=labels_minus,
        epochs=15,
    ),
    Fault(
        name="labels_from_one",
        address="https://github.com/rstudio/keras3/issues/465",
        published="three classes counted 1 to 3: count from 0",
        causes=("labels_encoding",),
        build=network(RELU, THREE, loss=SPARSE),
        data=from_one,
        epochs=40,
        batch_size=16,
    ),
    Fault(
        name="embedding_too_small",
        address="https://github.com/TannerGilbert/Tutorials/issues/1",
        published="input_dim must be the largest index plus 1",
        causes=("index_range",),
        build=network(lambda: layers.Embedding(50, 4), layers.Flatten, RELU, SIGMOID, loss=BINARY),
        data=tokens_out_of_range,
        epochs=30,
    ),
    Fault(
        name="accuracy_of_a_regression",
        address="https://github.com/rstudio/keras3/issues/30",
        published="accuracy means nothing for numbers",
        causes=("metric", "input_scale"),
        build=network(dense(13, "relu"), dense(1), loss="mse", metrics=("accuracy",)),
        data=house_blocks,
        epochs=60,
        batch_size=5,
    ),
    Fault(
        name="tanh_on_a_regression",
        address=f"{KERAS}/108",
        published="a tanh on the output of a regression: leave it out",
        causes=("unreachable",),
        build=network(dense(16, "tanh"), dense(16, "tanh"), dense(1, "tanh"), loss="mse"),
        data=noisy_tanh,
        epochs=30,
    ),
    Fault(
        name="all_zero_predictions",
        address=f"{KERAS}/3687",
        published="ReLU on the output and a momentum of 0.99: predictions are all zero",
        causes=("relu_output", "unreachable", "rate_high", "dead"),
        build=network(
            dense(64, "relu"),
            dense(1, "relu"),
            loss="mse",
            optimizer=lambda: optimizers.SGD(0.01, momentum=0.99, nesterov=True),
        ),
        data=diabetes,
        epochs=20,
    ),
    Fault(
        name="tanh_to_relu",
        address=f"{KERAS}/6447",
        published="the same output for all inputs: the gradient vanished, relu mends it",
        causes=("vanishing", "initial_weights"),
        build=network(*[dense(16, "sigmoid")] * 6, TEN_OUT, loss=SPARSE),
        data=digits,
        epochs=15,
    ),
    Fault(
        name="penalty_half",
        address=f"{KERAS}/2134",
        published="l2 of 0.5 with dropout of 0.7 and a rate of 1e-5 in a regression",
        causes=("penalty", "dropout", "rate_low"),
        build=network(
            *[
                dense(64, "relu", kernel_regularizer=keras.regularizers.L2(0.5)),
                lambda: layers.Dropout(0.7),
            ]
            * 2,
            dense(1),
            loss="mse",
            optimizer=lambda: optimizers.SGD(1e-5, momentum=0.9, nesterov=True),
        ),
        data=noisy_tanh,
        epochs=30,
    ),
    Fault(
        name="dropout_and_l2",
        address="https://stackoom.com/en/question/4HpqD",
        published="l2 beside dropout of 0.5 keeps a sigmoid layer from learning",
        causes=("penalty",),
        build=network(
            dense(36, "sigmoid", kernel_regularizer="l2"),
            lambda: layers.Dropout(0.5),
            dense(10, "softmax", kernel_regularizer=keras.regularizers.L2(0.3)),
            loss="categorical_crossentropy",
            optimizer="rmsprop",
        ),
        data=lambda: one_hot(digits()),
        epochs=15,
    ),
    Fault(
        name="unscaled_targets_diverge",
        address=f"{STATS}/418955",
        published="two linear layers diverge because the target isn't scaled",
        causes=("target_scale", "rate_high"),
        build=network(dense(1), dense(1), loss="mse", optimizer="sgd"),
        data=lambda: ((np.arange(200.0)[:, None] - 100) / 58, np.arange(200.0) * 40 + 3),
        epochs=30,
    ),
    Fault(
        name="padding_behind",
        address="https://keras.io/guides/understanding_masking_and_padding",
        published="padding at the end is read unless it is masked",
        causes=("mask",),
        build=network(
            lambda: layers.Embedding(20, 4), lambda: layers.SimpleRNN(8), SIGMOID, loss=BINARY
        ),
        data=padded_tokens,
        epochs=15,
    ),
    Fault(
        name="raw_measurements",
        address=f"{STATS}/284189",
        published="features in the units that they were measured in: normalize",
        causes=("input_scale",),
        build=network(RELU, SIGMOID, loss=BINARY, optimizer="sgd"),
        data=raw_breast_cancer,
        epochs=20,
    ),
    *OF_PROGRAMS,
    Fault(
        name="healthy_cancer",
        address="",
        published="healthy",
        causes=(),
        build=network(RELU, SIGMOID, loss=BINARY),
        data=breast_cancer,
    ),
    Fault(
        name="healthy_flowers",
        address="",
        published="healthy",
        causes=(),
        build=network(RELU, THREE, loss=SPARSE, optimizer=lambda: optimizers.Adam(0.01)),
        data=iris,
        epochs=40,
    ),
    Fault(
        name="healthy_numbers",
        address="",
        published="healthy",
        causes=(),
        build=network(
            dense(32, "relu"), dense(1), loss="mse", optimizer=lambda: optimizers.Adam(0.01)
        ),
        data=noisy_tanh,
        epochs=30,
    ),
)
