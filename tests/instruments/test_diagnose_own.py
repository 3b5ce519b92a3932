"""`repro.diagnose` on losses, steps and outputs of the user's own."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, ops

from repro.instruments.diagnose.changes.change import NOTHING, changed_build
from repro.instruments.diagnose.check import check
from repro.instruments.diagnose.measurements.examination import (
    examine,
    examine_data,
    with_trained,
)
from repro.instruments.diagnose.measurements.pairing import change_by_pairing
from repro.instruments.diagnose.measurements.undefined import find_undefined
from repro.instruments.diagnose.proof.train import train
from repro.instruments.diagnose.setup.anatomy import has_own_steps
from repro.instruments.diagnose.setup.setup import make_setup
from repro.instruments.diagnose.setup.skill import metric
from repro.instruments.diagnose.symptoms.find import find_symptoms
from tests.instruments.found import found_in

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(200, 4)).astype("float32")
Y = X[:, 0] - X[:, 1]
PAIRS = DRAW.normal(size=(80, 2, 4)).astype("float32")
ALIKE = (3, 30, 60)
PAIRS[list(ALIKE), 1] = PAIRS[list(ALIKE), 0]
SAME = (np.abs(PAIRS[:, 0] - PAIRS[:, 1]).mean(axis=1) < 1).astype("float32")


def setup_of(build, x, y, **settings):
    settings = {"epochs": 20, "batch_size": 16, "seeds": range(2), "budget": 110} | settings
    return make_setup(build, x, y, None, **settings)


# A loss that takes a batch's targets in any order ------------------------------------------------


class OwnSteps(keras.Model):
    """Trains by steps of its own, which may compare every row with every other."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.hidden, self.out = layers.Dense(16, "relu"), layers.Dense(1)

    def call(self, x):
        return self.out(self.hidden(x))

    def train_step(self, batch):
        import tensorflow as tf

        x, y = batch
        y = tf.cast(y, "float32")
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.reshape(y, self.shape) - self(x)))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


def own_steps(*shape):
    def build():
        model = OwnSteps(shape)
        model.compile(keras.optimizers.Adam(0.05), "mean_squared_error")
        model(X[:1])
        return model

    return build


def in_a_list(y, p):
    return ops.mean(ops.square(ops.reshape(y, (-1,)) - p))


def in_a_column(y, p):
    return ops.mean(ops.square(ops.reshape(y, (-1, 1)) - p))


def dense_with(loss):
    def build():
        model = keras.Sequential([layers.Dense(1)])
        model.compile("adam", loss)
        return model

    return build


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (own_steps(-1), True),
        (own_steps(-1, 1), False),
        (dense_with(in_a_list), True),
        (dense_with(in_a_column), False),
        (dense_with(lambda y, p: ops.mean(ops.square(p))), False),  # asks nothing of the targets
        (dense_with("mean_squared_error"), False),
    ],
)
def test_a_loss_that_takes_targets_in_any_order_is_named(build, told):
    setup = setup_of(build, X, Y)
    assert ("loss_pairs" in found_in(setup)[0]) == told


def test_targets_that_are_all_alike_tell_nothing_of_it():
    alike = np.zeros(200)
    alike[190:] = 1.0  # of the first rows, none differs
    assert np.isnan(change_by_pairing(setup_of(dense_with(in_a_list), X, alike)))


def test_steps_that_take_nothing_but_inputs_and_targets_are_taken_and_measured():
    setup = setup_of(own_steps(-1, 1), X, Y, epochs=2, seeds=[0])
    examination = examine(setup)
    assert not examination.fails and set(examination.outputs.step) >= {0, 1, 16}
    trained = train(setup, NOTHING, [0])
    # a training that ends well is none that fails, whatever kept its first steps from being taken
    unmeasured = replace(examine_data(setup), fails="too many values to unpack")
    measured = with_trained(unmeasured, setup, trained.model, trained.fails)
    assert not measured.fails
    assert "crash" not in {s.key for s in find_symptoms(setup, measured, trained.curve)}


def test_keras_own_step_in_place_of_the_users_is_tried():
    setup = setup_of(own_steps(-1), X, Y)
    change = found_in(setup, "own_steps")[1]["keras_steps"]
    assert {"loss_pairs", "own_steps"} <= set(change.removes)
    model = changed_build(setup, change)()
    assert isinstance(model, OwnSteps) and not has_own_steps(model)
    assert train(setup, change, [0]).test.mean() > 0.9


# A loss that is a number with a gradient that is none ---------------------------------------------


def siamese(least):
    def distance(pair):
        gap = ops.sum(ops.square(pair[0] - pair[1]), axis=1, keepdims=True)
        return ops.sqrt(ops.maximum(gap, least))

    def build():
        inputs = keras.Input((2, 4))
        branch = layers.Dense(3)
        model = keras.Model(
            inputs, layers.Lambda(distance)([branch(inputs[:, 0]), branch(inputs[:, 1])])
        )
        model.compile("adam", contrastive)
        return model

    return build


def contrastive(y, d):
    return ops.mean(y * d + (1 - y) * ops.maximum(1 - d, 0))


def test_rows_without_a_gradient_are_found_and_left_out():
    setup = setup_of(siamese(0.0), PAIRS, SAME)
    undefined = find_undefined(setup)
    x = setup.train[0]
    expected = np.flatnonzero((x[:, 0] == x[:, 1]).all(axis=1))
    assert undefined is not None and undefined.rows == tuple(expected) and len(expected)
    examination = replace(examine_data(setup), undefined=undefined)
    causes, changes = found_in(setup, examination=examination)
    assert "undefined_gradient" in causes
    (kept, _), test = changes["defined_rows"].rows(setup.train, setup.test)
    assert len(kept) == len(x) - len(expected) and test is setup.test
    names = {"keras": keras, "np": np, "model": setup.build(), "x": PAIRS, "y": SAME[:, None]}
    exec(changes["defined_rows"].code, names)  # noqa: S102  # our own text
    assert len(names["x"]) == len(PAIRS) - len(ALIKE)
    assert find_undefined(setup_of(siamese(1e-7), PAIRS, SAME)) is None


# Outputs that are distances ----------------------------------------------------------------------


def test_outputs_of_a_contrastive_loss_are_small_where_the_label_is_1():
    task = setup_of(siamese(1e-7), PAIRS, SAME).task
    assert task.distances and task.classes == 2
    score = metric(task, from_logits=False)
    assert np.asarray(
        score(np.float32([1, 1, 0, 0]), np.float32([0.1, 0.9, 0.9, 0.1]))
    ).tolist() == [
        1,
        0,
        1,
        0,
    ]


def test_a_loss_with_its_sign_turned_asks_for_no_distances():
    def turned(y, p):
        p = ops.clip(p, 1e-6, 1 - 1e-6)
        return ops.mean(y * ops.log(p) + (1 - y) * ops.log(1 - p))

    for loss in (turned, lambda y, p: ops.mean(y - p), lambda y, p: -turned(y, p)):
        assert not setup_of(dense_with(loss), X, (Y > 0) * 1.0).task.distances


def gap(pair):
    return ops.sqrt(ops.sum(ops.square(pair[0] - pair[1]), axis=1, keepdims=True) + 1e-6)


def test_distances_below_0_say_nothing_of_a_loss():
    def build():
        inputs = keras.Input((2, 4))
        branch = layers.Dense(4)
        distance = layers.Lambda(gap)([branch(inputs[:, 0]), branch(inputs[:, 1])])
        model = keras.Model(inputs, distance)
        model.compile("adam", lambda y, d: contrastive(1 - y, d))  # here 1 means apart
        return model

    apart = (np.arange(80) % 3 == 0).astype("float32")
    causes, _ = found_in(setup_of(build, PAIRS, apart))
    assert "own_loss" in causes and "loss_reversed" not in causes


# Classes a pixel ---------------------------------------------------------------------------------


def a_class_a_pixel(loss):
    def build():
        model = keras.Sequential(
            [keras.Input((6, 6, 1)), layers.Conv2D(3, 1, activation="softmax")]
        )
        model.compile("adam", loss)
        return model

    return build


@pytest.mark.parametrize("kind", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_rare_classes_of_pixels_count_as_much_as_common_ones(kind):
    images = DRAW.normal(size=(80, 6, 6, 1))
    labels = np.digitize(images[..., 0], [1.8, 2.3])  # 96 % are of class 0
    y = labels if kind.startswith("sparse") else np.eye(3)[labels]
    setup = setup_of(a_class_a_pixel(kind), images, y)
    assert setup.task.per_step and len(setup.task.factors) == 3
    causes, changes = found_in(setup)
    assert "imbalance" in causes
    score = metric(setup.task, from_logits=False)
    never = np.eye(3, dtype="float32")[np.zeros_like(labels)]
    assert np.asarray(score(y, never)).mean() == pytest.approx(1 / 3)
    change = changes["weigh_classes"]
    pasted = {"keras": keras, "np": np, "model": setup.build()}
    exec(change.code, pasted)  # noqa: S102  # our own text
    predicted = setup.build().predict(images[:4], verbose=0)
    losses = [
        float(np.mean(f(y[:4].astype("float32"), predicted)))
        for f in (pasted["weighed"], change.loss)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    plain = changed_build(setup, change)().compute_loss(y=y[:4].astype("float32"), y_pred=predicted)
    assert float(plain) == pytest.approx(losses[1], rel=1e-4)


# Inputs that are one number, layers without an activation -----------------------------------------


def test_windows_of_the_time_hold_a_single_number():
    time = np.arange(400.0)
    windows = np.stack([time[i : i + 20] for i in range(300)])
    series = np.sin(windows)
    for x, told in ((windows, True), (series, False), (windows[:, :2], False)):
        causes, _ = found_in(setup_of(dense_with("mse"), x, series[:, -1]))
        assert ("inputs_line" in causes) == told


def test_sigmoids_are_offered_where_no_layer_has_an_activation():
    def build(hidden=None):
        model = keras.Sequential([layers.Dense(5, hidden), layers.Dense(3)])
        model.compile("sgd", "mse")
        return model

    y = np.eye(3)[DRAW.integers(0, 3, 200)]
    setup = setup_of(build, X, y)
    change = found_in(setup)[1]["sigmoid_on_linear"]
    names = [layer.activation.__name__ for layer in changed_build(setup, change)().layers[-2:]]
    assert names == ["sigmoid", "sigmoid"]
    assert "all layers" in change.title
    assert "sigmoid_on_linear" not in found_in(setup_of(lambda: build("relu"), X, y))[1]


def test_initial_weights_of_one_sign_are_named():
    def build(initializer):
        hidden = [layers.Dense(5, "tanh", kernel_initializer=initializer) for _ in range(5)]
        model = keras.Sequential([keras.Input((2,)), *hidden, layers.Dense(1, "sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        return model

    shifted = keras.initializers.RandomUniform(0, 1)
    found = check(lambda: build(shifted)).findings
    assert "initial_weights" in [finding.key for finding in found]
    found = check(lambda: build("glorot_uniform")).findings
    assert "initial_weights" not in [finding.key for finding in found]


@pytest.mark.parametrize(("inputs", "is_named"), [(1, False), (2, False), (3, True)])
def test_one_or_two_weights_that_are_small_by_the_draw_are_no_small_initial_weights(
    inputs, is_named
):
    def build():
        small = keras.initializers.RandomUniform(1e-4, 2e-4)
        model = keras.Sequential(
            [keras.Input((inputs,)), layers.Dense(1, kernel_initializer=small)]
        )
        model.compile("sgd", "mse")
        return model

    found = check(build).findings
    assert ("initial_weights" in [finding.key for finding in found]) == is_named
