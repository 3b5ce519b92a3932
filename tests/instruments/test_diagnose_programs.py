"""`repro.diagnose` on faults of whole programs: arrays, axes, losses, weights, schedules."""

import importlib.util
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers, ops

import repro
from repro.instruments.diagnose import DiagnoseError
from repro.instruments.diagnose.changes.catalogue import CATALOGUE
from repro.instruments.diagnose.changes.change import changed_build
from repro.instruments.diagnose.changes.code import weighed_code
from repro.instruments.diagnose.changes.steps import optimizer_changes
from repro.instruments.diagnose.changes.targets import label_changes
from repro.instruments.diagnose.check import check
from repro.instruments.diagnose.measurements.examination import examine_data
from repro.instruments.diagnose.measurements.past import windows
from repro.instruments.diagnose.measurements.renamed import best_names
from repro.instruments.diagnose.proof.train import train, weights_of
from repro.instruments.diagnose.setup.compiled import compile_arguments
from repro.instruments.diagnose.setup.loading import load_data
from repro.instruments.diagnose.setup.outputs import Joint
from repro.instruments.diagnose.setup.reading import Data, worst_output
from repro.instruments.diagnose.setup.setup import make_setup
from repro.instruments.diagnose.setup.skill import metric, row_factors, skill
from repro.instruments.diagnose.setup.task import Task, balanced, outputs_a_target
from repro.instruments.diagnose.symptoms.causes import explain
from repro.instruments.diagnose.symptoms.find import find_symptoms

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(80, 6)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
CLASSES = DRAW.integers(0, 3, 80)
IMAGES = DRAW.normal(size=(80, 8, 8, 1)).astype("float32")
STEPS = DRAW.normal(size=(80, 5, 2)).astype("float32")
SPARSE = "sparse_categorical_crossentropy"


def sequential(*stack, loss="binary_crossentropy", optimizer="adam"):
    """A build function of these layers, each a function without arguments."""

    def build():
        model = keras.Sequential([make() for make in stack])
        model.compile(optimizer() if callable(optimizer) else optimizer, loss)
        return model

    return build


def dense(*arguments, **settings):
    return lambda: layers.Dense(*arguments, **settings)


HIDDEN, SIGMOID, LINEAR, THREE = (
    dense(8, "relu"),
    dense(1, "sigmoid"),
    dense(1),
    dense(3, "softmax"),
)


def setup_of(build, x, y, validation=None, **settings):
    settings = {"epochs": 8, "batch_size": 16, "seeds": range(2), "budget": 110} | settings
    return make_setup(build, x, y, validation, **settings)


def examined(setup):
    """The causes that code and data point at, and the changes on offer; nothing is trained."""
    examination = examine_data(setup)
    symptoms = find_symptoms(setup, examination, None)
    keys = frozenset(symptom.key for symptom in symptoms)
    offers = [change for group in CATALOGUE for change in group(setup, examination, keys)]
    return [finding.key for finding in explain(symptoms)], {c.key: c for c in offers}


# Faults that program and data show ---------------------------------------------------------------


class Rounded(layers.Layer):
    def call(self, x):
        return ops.round(x)


def turned_around(y, p):
    p = ops.clip(p, 1e-6, 1 - 1e-6)
    return ops.mean(y * ops.log(p) + (1 - y) * ops.log(1 - p))


def summed(y, p):
    return ops.sum(ops.square(y - p))


def without_square(y, p):
    return ops.mean(y - p)


def fading():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=1, decay_rate=0.1)
    return keras.optimizers.SGD(schedule)


def noise():
    return layers.GaussianNoise(0.9)


def across():
    return layers.Softmax(axis=0)


def convolution():
    return layers.Conv2D(8, 3, padding="same", activation="relu")


def thin_convolution():
    return layers.Conv2D(1, 3, padding="same", activation="relu")


def layer_norm():
    return layers.LayerNormalization()


def mask_zeros():
    return layers.Masking(0.0)


class Squares(keras.losses.Loss):
    """Reduces nothing, so that a list of targets and a column of outputs make a table of pairs."""

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred))


def joining(*read):
    """A build function of two inputs, of which those at these places are joined."""

    def build():
        inputs = [keras.Input((6,)), keras.Input((6,))]
        branches = [layers.Dense(4, "relu")(inputs[place]) for place in read]
        model = keras.Model(inputs, layers.Dense(1)(layers.concatenate(branches)))
        model.compile("adam", "mse")
        return model

    return build


def beside_a_constant():
    inputs = keras.Input((6,))
    same = layers.LayerNormalization()(inputs[:, :1])
    model = keras.Model(inputs, layers.Dense(1)(layers.concatenate([inputs, same])))
    model.compile("adam", "mse")
    return model


def with_states():
    inputs = keras.Input((5, 2))
    _, state, _ = layers.LSTM(3, return_state=True)(inputs)
    model = keras.Model(inputs, layers.Dense(1)(state))
    model.compile("adam", "mse")
    return model


CODES = DRAW.integers(0, 8, 80)
SIZES = DRAW.normal(size=8)
CODED = np.c_[CODES, X[:, :2]]
FAR_OUT = np.where(np.arange(480).reshape(80, 6) % 97, X, -999)
COUNTS = DRAW.poisson(2.0, 80).astype(float)
PADDED = np.where(np.arange(5)[:, None] < 3, STEPS, 0)
GAPS = np.where(DRAW.uniform(size=X.shape) < 0.1, np.nan, X)
CONVOLUTIONS = (convolution, layers.GlobalMaxPooling2D, THREE)
THIN = (thin_convolution, lambda: layers.MaxPooling2D(8), layers.Flatten, THREE)
PROGRAMS = {
    "inputs_missing fill_inputs": (sequential(HIDDEN, SIGMOID), GAPS, Y),
    "output_axes last_step": (
        sequential(lambda: layers.LSTM(3, return_sequences=True), LINEAR, loss="mse"),
        STEPS,
        X[:, 0],
    ),
    "output_axes flatten": (sequential(HIDDEN, THREE, loss=SPARSE), IMAGES, CLASSES),
    "loss_reversed sigmoid_output": (sequential(HIDDEN, SIGMOID, loss=turned_around), X, Y),
    "loss_reversed linear_output": (
        sequential(HIDDEN, LINEAR, loss=without_square),
        X,
        X[:, 0],
    ),
    "own_loss linear_output": (sequential(HIDDEN, LINEAR, loss=summed), X, X[:, 0]),
    "gradient_cut pass_gradient": (sequential(HIDDEN, Rounded, HIDDEN, SIGMOID), X, Y),
    "schedule constant_rate": (sequential(HIDDEN, SIGMOID, optimizer=fading), X, Y),
    "noise no_noise": (sequential(noise, HIDDEN, SIGMOID), X, Y),
    "output_loss softmax_output": (sequential(HIDDEN, dense(3), across, loss=SPARSE), X, CLASSES),
    "pooled no_pooling": (sequential(*CONVOLUTIONS, loss=SPARSE), IMAGES, CLASSES),
    "narrow more_units": (sequential(*THIN, loss=SPARSE), IMAGES, CLASSES),
    "channels_first move_channels": (
        sequential(convolution, layers.Flatten, THREE, loss=SPARSE),
        DRAW.normal(size=(80, 3, 8, 8)),
        CLASSES,
    ),
    "output_noise no_output_noise": (
        sequential(HIDDEN, THREE, layers.BatchNormalization, loss=SPARSE),
        X,
        CLASSES,
    ),
    "frozen unfreeze": (
        sequential(
            lambda: layers.Embedding(9, 2, trainable=False), lambda: layers.LSTM(3), SIGMOID
        ),
        DRAW.integers(0, 9, (80, 4)),
        Y,
    ),
    "dropout no_dropout": (
        sequential(lambda: layers.LSTM(3, recurrent_dropout=0.9), LINEAR, loss="mse"),
        STEPS,
        X[:, 0],
    ),
    "penalty no_penalty": (
        sequential(dense(8, "relu", activity_regularizer=keras.regularizers.L2(0.1)), SIGMOID),
        X,
        Y,
    ),
    "constraint no_constraint": (
        sequential(dense(8, "relu", kernel_constraint="unit_norm"), SIGMOID),
        X,
        Y,
    ),
    "optimizer_settings usual_settings": (
        sequential(HIDDEN, SIGMOID, optimizer=lambda: keras.optimizers.Adam(epsilon=1.0)),
        X,
        Y,
    ),
    "averages_lag fast_averages": (
        sequential(lambda: layers.BatchNormalization(momentum=0.9999), HIDDEN, SIGMOID),
        X,
        Y,
    ),
    "unadapted adapt": (
        sequential(lambda: keras.Input((6,)), layers.Normalization, HIDDEN, SIGMOID),
        20 * X + 9,
        Y,
    ),
    "mask mask": (
        sequential(lambda: layers.GRU(3), LINEAR, loss="mse"),
        np.where(np.arange(5)[:, None] < 3, STEPS, -1),
        X[:, 0],
    ),
    "pooled no_pooling ": (
        sequential(
            lambda: layers.Conv2D(8, 1, strides=8, activation="relu"),
            layers.Flatten,
            THREE,
            loss=SPARSE,
        ),
        IMAGES,
        CLASSES,
    ),
    "loss_choice squared_loss": (
        sequential(HIDDEN, dense(2), loss="cosine_similarity"),
        X,
        X[:, :2],
    ),
    "target_scale standardize_targets": (
        sequential(HIDDEN, LINEAR, loss="mse"),
        X,
        1e-4 * X[:, 0],
    ),
    "target_sizes standardize_each_target": (
        sequential(HIDDEN, dense(2), loss="mse"),
        X,
        X[:, :2] * [1, 100],
    ),
    "input_scale no_rescaling": (
        sequential(lambda: layers.Lambda(lambda t: t / 255), HIDDEN, SIGMOID),
        X,
        Y,
    ),
    "erased not_erased": (
        sequential(layer_norm, lambda: layers.LSTM(3), LINEAR, loss="mse"),
        STEPS[:, :, :1],
        X[:, 0],
    ),
    "unread_input join_input": (joining(0, 0), [X, X[::-1]], X[:, 0]),
    "loss_pairs target_column": (sequential(HIDDEN, LINEAR, loss=Squares()), X, X[:, 0]),
    "loss_pairs linear_output": (sequential(HIDDEN, LINEAR, loss=Squares()), X, X[:, 0]),
    "loss_summed mean_loss": (
        sequential(HIDDEN, LINEAR, loss=keras.losses.MeanSquaredError(reduction="sum")),
        X,
        X[:, 0],
    ),
    "masked_data no_mask": (
        sequential(mask_zeros, lambda: layers.GRU(3), LINEAR, loss="mse"),
        (STEPS[:, :, :1] > 0) * 1.0,
        X[:, 0],
    ),
    "masked_data no_mask ": (
        sequential(lambda: layers.Embedding(3, 2, mask_zero=True), lambda: layers.GRU(3), SIGMOID),
        DRAW.integers(0, 3, (80, 7)),
        Y,
    ),
    "unbounded_state bounded_state": (
        sequential(lambda: layers.LSTM(3, activation="relu"), LINEAR, loss="mse"),
        STEPS,
        X[:, 0],
    ),
    "output_loss exponential_output": (sequential(HIDDEN, LINEAR, loss="poisson"), X, COUNTS),
    "half_precision single_precision": (
        sequential(dense(8, "relu", dtype="float16"), dense(1, "sigmoid", dtype="float16")),
        X,
        Y,
    ),
    "output_loss linear_output": (
        sequential(HIDDEN, LINEAR, loss="mean_squared_logarithmic_error"),
        X,
        X[:, 0],
    ),
    "codes categories": (sequential(HIDDEN, LINEAR, loss="mse"), CODED, SIZES[CODES]),
    "outliers clip_outliers": (sequential(HIDDEN, SIGMOID), FAR_OUT, Y),
    "imbalance weigh_ones": (
        sequential(convolution, lambda: layers.Conv2D(1, 1, activation="sigmoid")),
        IMAGES,
        (IMAGES > 2).astype(int),
    ),
    "imbalance class_weights": (sequential(HIDDEN, SIGMOID), X, (np.arange(80) % 20 == 0) * 1),
}


QUICK = (
    "inputs_missing fill_inputs",
    "output_axes flatten",
    "loss_reversed sigmoid_output",
    "gradient_cut pass_gradient",
    "schedule constant_rate",
    "imbalance class_weights",
    "codes categories",
    "outliers clip_outliers",
    "imbalance weigh_ones",
    "erased not_erased",
    "unread_input join_input",
    "loss_pairs target_column",
    "loss_summed mean_loss",
    "masked_data no_mask",
    "unbounded_state bounded_state",
    "output_loss exponential_output",
    "half_precision single_precision",
    "output_loss linear_output",
)
KINDS = [pytest.param(k, marks=() if k in QUICK else pytest.mark.slow) for k in PROGRAMS]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:You are using a softmax")
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_measured_and_its_remedy_removes_it_and_runs_from_its_text(kind):
    cause, key = kind.split()
    build, x, y = PROGRAMS[kind]
    setup = setup_of(build, x, y)
    causes, changes = examined(setup)
    assert cause in causes
    assert cause in changes[key].removes
    change = changes[key]
    names = {"keras": keras, "np": np, "model": setup.build(), "x": np.array(x), "y": y}
    exec(compile(change.code, kind, "exec"), names)  # noqa: S102  # our own text
    if cause in ("imbalance", "codes"):  # the rows stay as they are, and so does the symptom
        return
    data = change.data(setup.train, setup.test) if change.data else (setup.train, setup.test)

    def changed():
        return changed_build(setup, change)()

    again, _ = examined(setup_of(changed, *data[0]))
    assert cause not in again
    assert np.isfinite(np.asarray(changed()(data[0][0][:4]))).all()


@pytest.mark.parametrize(
    ("cause", "build"),
    [
        ("output_loss", PROGRAMS["output_loss softmax_output"][0]),
        ("schedule", PROGRAMS["schedule constant_rate"][0]),
        ("noise", PROGRAMS["noise no_noise"][0]),
        ("output_noise", PROGRAMS["output_noise no_output_noise"][0]),
        ("frozen", PROGRAMS["frozen unfreeze"][0]),
    ],
)
def test_check_tells_what_needs_no_data(cause, build):
    assert cause in [finding.key for finding in check(build).findings]


@pytest.mark.slow
def test_healthy_programs_have_none_of_them():
    def cosine():
        return keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 200))

    def squared(y, p):
        return ops.mean(ops.square(y - p), axis=-1)

    healthy = [
        (sequential(HIDDEN, LINEAR, loss="mse", optimizer=cosine), X, X[:, 0]),
        (sequential(lambda: layers.LSTM(3), LINEAR, loss="mse"), STEPS, X[:, 0]),
        (sequential(layers.Flatten, HIDDEN, THREE, loss=SPARSE), IMAGES, CLASSES),
        (sequential(lambda: layers.BatchNormalization(momentum=0.9), HIDDEN, SIGMOID), X, Y),
        (sequential(lambda: layers.GaussianNoise(0.1), HIDDEN, SIGMOID), X, Y),
        (sequential(layer_norm, lambda: layers.LSTM(3), LINEAR, loss="mse"), STEPS, X[:, 0]),
        (joining(0, 1), [X, X], X[:, 0]),
        (beside_a_constant, X, X[:, 0]),
        (with_states, STEPS, X[:, 0]),
        (sequential(mask_zeros, lambda: layers.GRU(3), LINEAR, loss="mse"), PADDED, X[:, 0]),
        (sequential(HIDDEN, dense(1, "softplus"), loss="poisson"), X, COUNTS),
        (sequential(HIDDEN, dense(6), loss="mse"), X, X),
    ]
    told = {kind.split()[0] for kind in PROGRAMS}
    for build, x, y in healthy:
        assert not told & set(examined(setup_of(build, x, y))[0])
    causes, _ = examined(setup_of(sequential(HIDDEN, LINEAR, loss=squared), X, X[:, 0]))
    assert told & set(causes) == {"own_loss"}  # a suspicion, and no more


def test_a_warm_up_is_no_low_rate_unless_it_outlasts_the_training():
    def warming(steps):
        schedules = keras.optimizers.schedules
        rise = {"warmup_target": 0.003, "warmup_steps": steps}
        return lambda: keras.optimizers.Adam(schedules.CosineDecay(0.0, 10 * steps, **rise))

    def build(steps):
        return sequential(HIDDEN, SIGMOID, optimizer=warming(steps))

    assert examined(setup_of(build(4), X, Y))[0] == []  # of 32 steps
    long = setup_of(build(400), X, Y)
    causes, changes = examined(long)
    assert causes == ["warm_up"]
    rate = changed_build(long, changes["constant_rate"])().optimizer.learning_rate
    assert float(rate) == pytest.approx(0.003, rel=0.1)


@pytest.mark.parametrize(
    ("rate", "first"), [(1e-6, "rate_x1000"), (0.2, "rate_x0.001"), (2e-5, "rate_x0.1")]
)
def test_a_rate_out_of_the_usual_is_first_brought_into_its_middle(rate, first):
    build = sequential(HIDDEN, SIGMOID, optimizer=lambda: keras.optimizers.Adam(rate))
    setup = setup_of(build, X, Y)
    symptoms = find_symptoms(setup, examine_data(setup), None)
    keys = frozenset(
        {symptom.key for symptom in symptoms} | ({"nan_loss"} if rate > 0.1 else set())
    )
    rates = [c.key for c in optimizer_changes(setup, None, keys) if c.group == "rate"]
    assert rates[0] == first


def test_global_pooling_is_a_suspect_behind_a_rate_far_from_the_usual():
    stack = dense(8, "relu"), layers.GlobalAveragePooling1D, SIGMOID
    build = sequential(*stack, optimizer=lambda: keras.optimizers.Adam(1e-7))
    causes, _ = examined(setup_of(build, STEPS, Y))
    assert (causes[0], causes[-1]) == ("rate_low", "pooled")


def test_a_size_that_a_layer_in_front_divides_away_is_missed():
    x = np.random.default_rng(4).normal(size=(300, 3)).astype("float32")
    far = (np.square(x).sum(axis=1) > 2.4).astype(int)
    build = sequential(layers.UnitNormalization, HIDDEN, SIGMOID)
    causes, changes = examined(setup_of(build, x, far))
    assert causes == ["row_scale"]
    model = changed_build(setup_of(build, x, far), changes["rows_as_they_are"])()
    assert np.ptp(np.asarray(model(np.stack([x[0], 9 * x[0]])))) > 0
    assert np.ptp(np.asarray(build()(np.stack([x[0], 9 * x[0]])))) == pytest.approx(0, abs=1e-6)
    ahead = (x[:, 0] > 0).astype(int)  # which way a row points stays
    assert "row_scale" not in examined(setup_of(build, x, ahead))[0]
    behind = sequential(HIDDEN, layers.LayerNormalization, SIGMOID)
    assert "row_scale" not in examined(setup_of(behind, x, far))[0]


def test_tokens_are_asked_for_whether_labels_go_with_them():
    draw = np.random.default_rng(5)
    y = draw.integers(0, 2, 300)
    words = np.where(
        y[:, None] > 0, draw.integers(1, 30, (300, 8)), draw.integers(15, 45, (300, 8))
    )
    first = draw.integers(2, 12, (300, 8))
    first[:, 0] = y  # a place tells it, and no count of words does
    build = sequential(lambda: layers.Embedding(45, 8), lambda: layers.LSTM(8), SIGMOID)
    for tokens in (words, first):
        assert "labels_unrelated" not in examined(setup_of(build, tokens, y))[0]
        assert "labels_unrelated" in examined(setup_of(build, tokens, draw.permutation(y)))[0]


def test_an_embedding_that_passes_on_too_few_numbers_is_told_and_widened():
    draw = np.random.default_rng(6)
    tokens, y = draw.integers(0, 20, (80, 6)), draw.integers(0, 5, 80)

    def build(size, gather):
        stack = lambda: layers.Embedding(20, size), gather, dense(5, "softmax")
        return sequential(*stack, loss=SPARSE)

    pooled = setup_of(build(1, layers.GlobalMaxPooling1D), tokens, y)
    causes, changes = examined(pooled)
    assert "narrow" in causes
    assert "label_noise" not in causes  # rows of tokens may contradict each other
    model = changed_build(pooled, changes["more_units"])()
    assert model.layers[1].output_dim >= 8
    for size, gather in ((8, layers.GlobalMaxPooling1D), (1, layers.Flatten)):
        assert "narrow" not in examined(setup_of(build(size, gather), tokens, y))[0]


def test_whole_numbers_that_tell_more_by_chance_are_no_codes():
    whole = np.abs(50 * X).astype("uint8")  # of which 16 rows held out tell next to nothing
    assert "codes" not in examined(setup_of(sequential(HIDDEN, SIGMOID), whole, Y))[0]


def test_what_a_division_of_whole_numbers_leaves_is_named():
    build = sequential(HIDDEN, SIGMOID)
    assert "inputs_coarse" in examined(setup_of(build, (X > 1.5).astype(int), Y))[0]
    one_hot = np.eye(10)[DRAW.integers(0, 10, 80)]
    for fine in (X, (X > 0).astype(int), one_hot):  # none of them is
        assert "inputs_coarse" not in examined(setup_of(build, fine, Y))[0]


def test_what_stands_out_of_a_plain_background_is_no_outlier():
    images = 0.95 + 0.03 * DRAW.normal(size=(80, 12, 12, 1))
    images[:, :2, :2] = 0.1
    build = sequential(convolution, layers.Flatten, SIGMOID)
    assert "outliers" not in examined(setup_of(build, images, Y))[0]
    table = sequential(HIDDEN, SIGMOID)
    assert "outliers" in examined(setup_of(table, FAR_OUT, Y))[0]


def test_averages_of_which_most_is_their_first_value_are_a_fact():
    build = sequential(lambda: layers.BatchNormalization(momentum=0.99), HIDDEN, SIGMOID)
    for epochs, is_fact in ((4, True), (40, False)):  # of four steps each
        setup = setup_of(build, X, Y, epochs=epochs)
        found = explain(find_symptoms(setup, examine_data(setup), None))
        assert [f.is_certain for f in found if f.key == "averages_lag"] == [is_fact]


def test_rare_ones_count_as_much_as_zeros():
    y = np.zeros((80, 10), int)
    y[::8, 3] = y[:4, 5] = 1
    task = balanced(Task("classification", (), 10, several=True), y)
    zeros, ones = np.zeros(y.shape), np.ones(y.shape)
    score = metric(task, False)

    def skill_of(predicted):
        return float(skill(task, np.mean(np.asarray(score(y, predicted))), y))

    assert skill_of(y.astype("float32")) == pytest.approx(1, rel=1e-4)
    assert max(skill_of(zeros), skill_of(ones)) < 1e-6
    half = y.astype("float32")
    half[::8, 3] = 0
    assert 0.2 < skill_of(half) < 0.4  # 4 of 14
    assert balanced(replace(task, factors=()), (y + 1) % 2 * y + (X[:, :1] > 0)).factors == ()


# Faults of the data ------------------------------------------------------------------------------


def test_rows_that_a_reshape_has_mixed_up_are_put_right():
    draw = np.random.default_rng(3)
    labels = draw.integers(0, 3, 240)
    x = 3 * draw.normal(size=(3, 12))[labels] + draw.normal(size=(240, 12))
    mixed = np.ascontiguousarray(x.T).reshape(240, 12)
    build = sequential(HIDDEN, THREE, loss=SPARSE)
    setup = setup_of(build, mixed, labels)
    causes, changes = examined(setup)
    assert "mixed_rows" in causes
    (right, y), _ = changes["transpose"].rows(setup.train, setup.test)
    assert {tuple(row) for row in right} <= {tuple(row) for row in x}
    assert len(y) == len(setup.train[1])
    names = {"np": np, "x": mixed}
    exec(changes["transpose"].code, names)  # noqa: S102  # our own text
    assert np.array_equal(names["x"], x)
    cut = setup_of(build, mixed[:180], labels[:180], (mixed[180:], labels[180:]))
    assert "mixed_rows" in examined(cut)[0]
    assert "mixed_rows" not in examined(setup_of(build, x, labels))[0]


def test_a_feature_that_tells_the_target_in_training_alone_is_left_out():
    leaking, other = (np.c_[X, target + 0.1 * DRAW.normal(size=80)] for target in (Y, X[:, 2]))
    setup = setup_of(sequential(HIDDEN, SIGMOID), leaking, Y, (other, Y))
    causes, changes = examined(setup)
    assert "leak" in causes
    (x, _), _ = changes["no_leak"].data(setup.train, setup.test)
    assert np.array_equal(x[:, :6], leaking[:, :6].astype("float32"))
    assert not x[:, 6].any()
    assert (
        "leak" not in examined(setup_of(sequential(HIDDEN, SIGMOID), leaking, Y, (leaking, Y)))[0]
    )


def test_weights_that_silence_a_class_are_named():
    for arguments in ({"class_weight": {0: 1.0, 1: 100.0}}, {"sample_weight": Y.astype(float)}):
        setup = setup_of(sequential(HIDDEN, SIGMOID), X, Y, **arguments)
        causes, changes = examined(setup)
        assert "weights" in causes
        assert weights_of(setup, changes["no_weights"], setup.train[1]) is None
        alike = weights_of(setup, changes["class_weights"], setup.train[1])
        assert alike[setup.train[1] == 0].sum() == pytest.approx(alike[setup.train[1] == 1].sum())
    balance = {0: 1 / np.mean(Y == 0), 1: 1 / np.mean(Y)}
    assert (
        "weights"
        not in examined(setup_of(sequential(HIDDEN, SIGMOID), X, Y, class_weight=balance))[0]
    )


def test_where_nearly_all_rows_are_of_one_class_all_classes_count_alike():
    y = (np.arange(100) < 4).astype(float)
    task = balanced(Task("classification", (0.0, 1.0), 1), y)
    score = metric(task, from_logits=False)
    never = np.zeros((100, 1), "float32")
    half = np.where(np.arange(100) < 2, 1.0, 0.0)[:, None].astype("float32")

    def skill_of(predictions):
        return float(skill(task, np.asarray(score(y, predictions)).mean(), y))

    assert skill_of(never) == 0
    assert skill_of(y[:, None].astype("float32")) == pytest.approx(1)
    assert skill_of(half) == pytest.approx(0.5)  # half of the rare class, all of the other
    assert row_factors(task, y).mean() == pytest.approx(1)
    assert balanced(Task("classification", (0.0, 1.0), 1), Y).factors == ()


def test_text_for_labels_is_refused_with_the_line_that_counts_them():
    with pytest.raises(DiagnoseError, match=r"y = np.unique\(y, return_inverse=True\)\[1\]"):
        setup_of(sequential(HIDDEN, SIGMOID), X, np.where(Y, "yes", "no"))


# Axes and outputs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "target", "count"),
    [
        ((None, 20, 1), (80, 1), 20),
        ((None, 20, 1), (80,), 20),
        ((None, 8, 8, 10), (80, 1), 64),
        ((None, 20, 1), (80, 20), 1),
        ((None, 20, 1), (80, 20, 1), 1),
        ((None, 20, 3), (80, 20), 1),
        ((None, 3), (80,), 1),
        ((None, None, 1), (80, 1), 1),
    ],
)
def test_outputs_of_a_row_are_counted_for_each_target(output, target, count):
    assert outputs_a_target(output, target) == count


def test_an_output_for_every_step_is_scored_as_the_mean_over_the_steps():
    numbers = metric(Task("regression", (), 1), from_logits=False)
    y = np.array([[1.0], [2.0]], "float32")
    predictions = np.array([[[1.0], [3.0]], [[2.0], [2.0]]], "float32")
    assert np.asarray(numbers(y, predictions)).tolist() == [2.0, 0.0]


@pytest.mark.slow
def test_an_output_whose_loss_counts_for_nothing_is_named():
    def build():
        inputs = keras.Input((6,))
        hidden = HIDDEN()(inputs)
        model = keras.Model(inputs, [SIGMOID()(hidden), LINEAR()(hidden)])
        model.compile("adam", ["binary_crossentropy", "mse"], loss_weights=[1.0, 0.0])
        return model

    data = Data(x=X, y=[Y, X[:, 1] * X[:, 2]], batch_size=16)
    alone, data, notes, _ = worst_output(build, data, 1)
    assert "diagnosed alone" in notes[0]
    setup = setup_of(alone, data.x, data.y)
    if setup.task.kind == "regression":
        causes, changes = examined(setup)
        assert "loss_weight" in causes
        model = changed_build(setup, changes["whole_loss"])()
        assert float(model.compute_loss(x=X, y=data.y, y_pred=model(X))) > 0


@pytest.mark.parametrize(
    ("metric_name", "told"), [("categorical_accuracy", True), ("accuracy", False)]
)
def test_an_accuracy_that_reads_other_labels_is_told(metric_name, told):
    def build():
        model = keras.Sequential([HIDDEN(), THREE()])
        model.compile("adam", SPARSE, metrics=[metric_name])
        return model

    causes, _ = examined(setup_of(build, X, CLASSES))
    assert ("metric_labels" in causes) == told


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        (keras.metrics.Accuracy, True),
        (lambda: keras.metrics.MeanIoU(3), True),
        (keras.metrics.BinaryAccuracy, True),
        (lambda: "binary_accuracy", True),
        (lambda: keras.metrics.OneHotMeanIoU(3), False),
        (keras.metrics.CategoricalAccuracy, False),
        (lambda: "accuracy", False),
    ],
)
def test_a_metric_that_reads_a_softmax_in_another_way_is_told(metric, told):
    def build():
        model = keras.Sequential([HIDDEN(), THREE()])
        model.compile("adam", "categorical_crossentropy", metrics=[metric()])
        return model

    causes, _ = examined(setup_of(build, X, np.eye(3)[CLASSES]))
    assert ("metric_labels" in causes) == told


@pytest.mark.parametrize(
    ("low", "high", "are_soft"), [(0, 255, False), (-1, 1, False), (1, 2, False), (0, 255, True)]
)
def test_masks_in_other_numbers_than_0_and_1_are_brought_there(low, high, are_soft):
    def build():
        model = keras.Sequential(
            [
                keras.Input((4, 4, 1)),
                keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
            ]
        )
        model.compile("adam", "binary_crossentropy")
        return model

    draw = np.random.default_rng(3)
    x = draw.uniform(size=(80, 4, 4, 1))
    masks = x if are_soft else x > 0.5
    y = (low + (high - low) * masks).round()
    setup = setup_of(build, x, y)
    causes, changes = examined(setup)
    assert "labels_encoding" in causes and "output_loss" not in causes
    (_, shares), _ = changes["targets_as_shares"].data(setup.train, setup.test)
    np.testing.assert_allclose(shares.min(), 0, atol=1e-6)
    np.testing.assert_allclose(shares.max(), 1, atol=1e-2)
    names = {"y": np.array(setup.train[1])}
    exec(changes["targets_as_shares"].code, {}, names)  # noqa: S102  # our own text
    np.testing.assert_allclose(names["y"], shares, atol=1e-6)


@pytest.mark.parametrize("is_apart", [True, False])
def test_a_word_index_made_anew_for_the_validation_texts_is_told(is_apart):
    draw = np.random.default_rng(7)
    y, words = draw.integers(0, 2, 600), draw.integers(20, 60, (600, 8))
    words[:, :4] = 10 * y[:, None] + draw.integers(0, 10, (600, 4))
    index = draw.permutation(60) if is_apart else np.arange(60)

    def build():
        model = keras.Sequential(
            [
                keras.Input((8,), dtype="int32"),
                keras.layers.Embedding(60, 4),
                keras.layers.GlobalAveragePooling1D(),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile("adam", "binary_crossentropy")
        return model

    validation = index[words[400:]], y[400:]
    causes, _ = examined(setup_of(build, words[:400], y[:400], validation))
    assert ("rules_apart" in causes) == is_apart


@pytest.mark.parametrize("is_apart", [True, False])
def test_features_that_mean_the_reverse_in_the_validation_data_are_told(is_apart):
    draw = np.random.default_rng(8)
    x = draw.normal(size=(600, 6))
    y = (x[:, :3].sum(axis=1) > 0).astype(int)
    validation = (-x[400:] if is_apart else x[400:]), y[400:]
    build = sequential(HIDDEN, SIGMOID, loss="binary_crossentropy")
    causes, _ = examined(setup_of(build, x[:400], y[:400], validation))
    assert ("rules_apart" in causes) == is_apart


def test_validation_labels_of_another_order_are_renamed():
    build = sequential(HIDDEN, THREE, loss=SPARSE)
    model = keras.Sequential([keras.Input((6,)), THREE()])
    model.layers[-1].set_weights([np.eye(6, 3), np.zeros(3)])
    y = X[:, :3].argmax(axis=1)
    order = np.array([2, 0, 1])
    counted = setup_of(build, X[:40], y[:40], (X[40:], y[40:]))
    setup = setup_of(build, X[:40], y[:40], (X[40:], order[y[40:]]))
    assert set(y[:40]) == {0, 1, 2}
    assert best_names(counted, model)[0] == 0
    gained, names = best_names(setup, model)
    assert gained > 0.5
    examination = replace(examine_data(setup), renamed=gained, names=names)
    change = next(label_changes(setup, examination, frozenset({"labels_renamed"})))
    assert change.rows(setup.train, setup.test)[1][1].tolist() == y[40:].tolist()


def test_validation_labels_in_another_order_than_their_rows_are_told():
    x = np.random.default_rng(1).normal(size=(400, 4)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    (x, y), (x_val, y_val) = (x[:280], y[:280]), (x[280:], y[280:])
    build, mixed = sequential(HIDDEN, SIGMOID), np.random.default_rng(2).permutation(y_val)
    setup = setup_of(build, x, y, (x_val, mixed))
    causes, changes = examined(setup)
    assert "validation_labels" in causes
    assert "labels_unrelated" not in causes  # those of training are right
    train, test = changes["hold_out"].rows(setup.train, setup.test)
    together = np.concatenate([train[0], test[0]])
    assert np.array_equal(np.sort(together, axis=0), np.sort(x, axis=0))
    names = {"np": np, "x": x, "y": y}
    exec(changes["hold_out"].code, names)  # noqa: S102  # our own text
    assert np.array_equal(names["x_val"], test[0])
    assert np.array_equal(names["y"], train[1])
    for labels in (y_val, 1 - y_val):  # their own, and their own by other names
        assert "validation_labels" not in examined(setup_of(build, x, y, (x_val, labels)))[0]
    noise = np.random.default_rng(3).integers(0, 2, 280)  # of which near rows tell nothing
    assert "validation_labels" not in examined(setup_of(build, x, noise, (x_val, mixed)))[0]


def two_sizes():
    inputs = keras.Input((6,))
    hidden = dense(8, "relu")()(inputs)
    outputs = [
        keras.layers.Dense(1, name="first")(hidden),
        keras.layers.Dense(1, "sigmoid", name="second")(hidden),
    ]
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(0.01), ["mse", "binary_crossentropy"])
    return model


def test_of_outputs_that_fail_alike_the_largest_loss_comes_first():
    def build():
        model = two_sizes()
        turned = keras.Model(model.input, model.outputs[::-1])
        turned.compile("sgd", ["binary_crossentropy", "mse"])
        return turned

    y = [CLASSES % 2 * 1.0, 500 + 20 * X[:, 2]]
    _, _, notes, joint = worst_output(build, Data(x=X, y=y, batch_size=80), 1)
    assert joint is None
    assert "first is diagnosed alone" in notes[0]
    assert notes[1].startswith("losses that hardly count: second's is ")


def test_weights_that_make_losses_alike_are_pasted_with_the_metrics_as_they_were_given():
    def near(y, predicted):
        return ops.mean(ops.abs(y - predicted) < 1)

    for given in (
        {"first": ["mae", near], "second": ["accuracy", keras.metrics.AUC(num_thresholds=9)]},
        [["mae"], ["accuracy"]],
        None,
    ):
        model = two_sizes()
        model.compile("sgd", ["mse", "binary_crossentropy"], metrics=given)
        joint = Joint(
            "second", 0.001, (0.1,), (0.8,), (0.01, 1.5), compile_arguments(model)["metrics"]
        )
        code = weighed_code(joint)
        exec(compile(code, "joint", "exec"), {"model": model, "keras": keras})  # noqa: S102
        kept = compile_arguments(model)["metrics"]
        flat = [m if isinstance(m, str) else type(m).__name__ for m in keras.tree.flatten(kept)]
        expected = {dict: ["mae", "accuracy", "AUC"], list: ["mae", "accuracy"]}
        assert flat == expected.get(type(given), ["NoneType"])
        assert type(kept) is type(given)
        assert ("of your own again: near" in code) == isinstance(given, dict)
        model.fit(X[:8], [X[:8, 0], Y[:8]], verbose=0)


@pytest.mark.slow
def test_an_output_that_others_drown_is_trained_with_losses_made_alike():
    x = np.tile(X, (3, 1))
    y = [20 * x[:, 2], (x[:, 0] * x[:, 1] > 0) * 1.0]
    build, data, _, joint = worst_output(two_sizes, Data(x=x, y=y, batch_size=4), 20)
    assert joint is not None
    assert joint.name == "second"
    assert joint.share < 0.01
    assert joint.weights[0] < 0.01 < joint.weights[1]
    assert joint.gained == max(joint.gained, 0)
    setup = replace(setup_of(build, data.x, data.y), joint=joint)
    assert "drowned" in examined(setup)[0]
    names = {"model": two_sizes()}
    exec(compile(weighed_code(joint), "joint", "exec"), names)  # noqa: S102  # our own text
    assert names["model"].compiled


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["inputs_missing fill_inputs", "output_axes last_step"])
def test_its_remedy_recovers(kind):
    build, x, y = PROGRAMS[kind]
    setup = setup_of(build, np.tile(x, (4, *[1] * (x.ndim - 1))), np.tile(y, 4), epochs=40)
    change = examined(setup)[1][kind.split()[1]]
    trained = train(setup, change, setup.seeds)
    assert not trained.fails
    assert trained.test.mean() > 0.5 or kind.startswith("output")


# Tables ------------------------------------------------------------------------------------------


def test_empty_cells_of_inputs_are_missing_values(tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n,2\n1,3\n", encoding="utf-8")
    x = load_data(str(tmp_path / "table.csv"), "b")["x"]
    assert np.isnan(x[0, 0])
    assert x[1, 0] == 1


def test_parquet_is_read_or_refused_with_what_to_install(tmp_path):
    path = tmp_path / "table.parquet"
    if importlib.util.find_spec("pyarrow") is None:
        path.write_bytes(b"PAR1")
        with pytest.raises(DiagnoseError, match="pip install pyarrow") as error:
            load_data(str(path), "b")
        assert "\n" not in str(error.value)
    else:
        pd.DataFrame({"a": [1.0, 2.0], "b": [0, 1]}).to_parquet(path)
        data = load_data(str(path), "b")
        assert (data["x"].tolist(), data["y"].tolist()) == ([[1.0], [2.0]], [0, 1])


@pytest.mark.parametrize(
    ("stack", "shape"),
    [
        ((dense(4, "relu"), dense(3)), "(8,)"),
        ((lambda: layers.LSTM(4), dense(3)), "(8, 8)"),
        ((lambda: layers.Conv2D(4, 3), layers.Flatten, dense(3)), "(32, 32, 3)"),
    ],
)
def test_a_model_without_input_shape_gets_one_that_fits(stack, shape):
    found = check(sequential(*stack, loss=SPARSE))
    assert found.notes == (f"The model names no input shape; {shape} was assumed.",)
    assert found.findings  # the layers were looked at: softmax is missing


def test_a_model_without_layers_is_said_to_have_none():
    assert check(sequential()).notes == ("The model has no layers.",)


# Single steps, and targets that take more than a few numbers ------------------------------------


def one_step(kind=layers.LSTM):
    model = keras.Sequential([keras.Input((1, 1)), kind(4), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


SERIES = np.random.default_rng(9).normal(size=(300, 1, 1)).astype("float32")
MEANS = np.convolve(SERIES[:, 0, 0], np.ones(3) / 3)[:300]


def test_a_recurrent_layer_of_single_steps_is_offered_the_rows_before():
    causes, changes = examined(setup := setup_of(one_step, SERIES, MEANS))
    assert "single_step" in causes
    change = changes["windows"]
    (x, y), (x_test, _) = change.rows(setup.train, setup.test)
    assert x.shape[1:] == (3, 1)
    assert np.array_equal(y, setup.train[1])  # the same rows, each with those before it
    assert np.array_equal(x_test[:, -1:], setup.test[0])
    names = {"x": SERIES, "np": np}
    exec(compile(change.code, "windows", "exec"), names)  # noqa: S102  # our own text
    assert np.array_equal(names["x"], windows(SERIES, 3))
    assert changed_build(setup, change)()(x[:2]).shape == (2, 1)


def test_windows_of_the_users_validation_rows_are_taken_among_themselves():
    pair = (SERIES[200:], MEANS[200:])
    setup = setup_of(one_step, SERIES[:200], MEANS[:200], pair)
    (x, _), (x_test, y_test) = examined(setup)[1]["windows"].rows(setup.train, setup.test)
    assert np.array_equal(x, windows(SERIES[:200], 3))
    assert np.array_equal(x_test, windows(SERIES[200:], 3))
    assert np.array_equal(y_test, MEANS[200:])


def test_single_steps_are_no_fault_where_the_rows_before_tell_nothing_more():
    own = SERIES[:, 0, 0] * 2
    assert "single_step" not in examined(setup_of(one_step, SERIES, own))[0]
    longer = SERIES.reshape(150, 2, 1)
    build = sequential(dense(4, "relu"), dense(1), loss="mse")
    assert examine_data(setup_of(build, SERIES, MEANS)).past is None  # no recurrent layer
    model = sequential(lambda: layers.LSTM(4), dense(1), loss="mse")
    assert examine_data(setup_of(model, longer, MEANS[::2])).past is None


@pytest.mark.slow
def test_windows_recover_what_single_steps_lack():
    x = np.random.default_rng(9).normal(size=(800, 1, 1)).astype("float32")
    diagnosis = repro.diagnose(
        one_step,
        x,
        np.convolve(x[:, 0, 0], np.ones(3) / 3)[:800],
        epochs=20,
        batch_size=16,
        seeds=4,
    )
    assert (diagnosis.verdict, diagnosis.cause) == ("proven", "single_step")
    assert diagnosis.change.skill > 0.9


def test_a_bottleneck_of_many_targets_depends_on_their_components():
    tiled = np.tile(X, 3)  # six components of nearly the same variance
    for units, y, is_narrow in (
        (2, tiled, True),
        (6, tiled, False),
        (2, np.tile(X[:, :1], 18), False),
    ):
        setup = setup_of(sequential(dense(units, "relu"), dense(18), loss="mse"), X, y)
        symptoms = find_symptoms(setup, examine_data(setup), None)
        said = [symptom.says for symptom in symptoms if symptom.key == "narrow"]
        assert bool(said) == is_narrow
        assert all(
            "2 numbers for 18 targets, half of whose variance takes 3" in text for text in said
        )
