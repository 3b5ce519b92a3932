"""Steps and channels that a reshape has mixed up; and losses whose outputs are parameters."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from sklearn.datasets import load_digits

from repro.instruments.diagnose.changes.change import NOTHING, changed_metric
from tests.instruments.test_diagnose_programs import examined, setup_of

DRAW = np.random.default_rng(0)
ROWS, STEPS, CHANNELS = 200, 30, 4


def smooth(channels, steps):
    """Return noise, shape (rows, channels, steps), each number near those beside it."""
    noise = DRAW.normal(size=(ROWS, channels, steps + 4))
    return sum(noise[:, :, place : place + steps] for place in range(5)).astype("float32")


APART = smooth(CHANNELS, STEPS)
SIGNAL = smooth(1, STEPS * CHANNELS)[:, 0]
COMMON = smooth(1, STEPS) + 0.3 * DRAW.normal(size=APART.shape).astype("float32")
LABELS = (APART[:, 0].max(axis=1) > np.median(APART[:, 0].max(axis=1))).astype(int)
RIGHT = {  # whatever else numbers side by side may have to do with each other
    "transposed": APART.transpose(0, 2, 1),
    "frames of one signal": SIGNAL.reshape(ROWS, STEPS, CHANNELS),
    "a signal that all channels share": COMMON.transpose(0, 2, 1),
    "channels that lag": np.stack([SIGNAL[:, k : k + STEPS] for k in range(CHANNELS)], axis=2),
    "images": load_digits().images[:ROWS].astype("float32"),
    "noise": DRAW.normal(size=(ROWS, STEPS, CHANNELS)).astype("float32"),
}


def reads(x):
    def build():
        stack = [keras.Input(x.shape[1:]), layers.Conv1D(4, 3), layers.GlobalMaxPooling1D()]
        model = keras.Sequential([*stack, layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy")
        return model

    return setup_of(build, np.ascontiguousarray(x), LABELS)


def test_channels_that_a_reshape_has_cut_are_put_right():
    mixed = APART.reshape(ROWS, STEPS, CHANNELS)
    causes, changes = examined(setup := reads(mixed))
    assert "mixed_axes" in causes
    (x, y), _ = changes["transpose_steps"].rows(setup.train, setup.test)
    assert x.shape == setup.train[0].shape and len(y) == len(x)
    names = {"np": np, "x": mixed}
    exec(changes["transpose_steps"].code, names)  # noqa: S102  # our own text
    np.testing.assert_array_equal(names["x"], RIGHT["transposed"])


@pytest.mark.parametrize("kind", RIGHT)
def test_channels_that_are_whole_are_left_alone(kind):
    assert "mixed_axes" not in examined(reads(RIGHT[kind]))[0]


X = DRAW.normal(size=(120, 3)).astype("float32")
Y = X[:, :1] * X[:, 1:2]


def likelihood(y_true, y_pred):
    mean, log_scale = y_pred[:, :1], y_pred[:, 1:]
    return ops.mean(log_scale + 0.5 * ops.square((y_true - mean) * ops.exp(-log_scale)))


def scale_first(y_true, y_pred):
    return likelihood(y_true, y_pred[:, ::-1])


def quantiles(y_true, y_pred):
    over = y_true - y_pred
    share = ops.array([[0.1, 0.5, 0.9]])
    return ops.mean(ops.maximum(share * over, (share - 1) * over))


def stretched(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred))


def puts_out(units, loss):
    def build():
        hidden = layers.Dense(8, "relu")
        model = keras.Sequential([keras.Input((3,)), hidden, layers.Dense(units)])
        model.compile("adam", loss)
        return model

    return setup_of(build, X, Y)


@pytest.mark.parametrize(
    ("loss", "units", "place"), [(likelihood, 2, 0), (scale_first, 2, 1), (quantiles, 3, 1)]
)
def test_the_output_that_predicts_is_scored(loss, units, place):
    setup = puts_out(units, loss)
    assert setup.task.place == place
    assert "output_width" not in examined(setup)[0]
    score = changed_metric(setup, NOTHING, setup.task)
    predicted = DRAW.normal(size=(len(Y), units)).astype("float32")
    predicted[:, place] = Y[:, 0]
    assert np.asarray(score(Y, predicted)).max() == 0
    assert np.asarray(score(Y, Y)).max() == 0  # of a change that leaves one output
    assert np.asarray(score(Y, np.roll(predicted, 1, axis=1))).mean() > 0.1


@pytest.mark.parametrize("loss", [stretched, "mean_squared_error"])
def test_targets_stretched_over_two_outputs_are_a_fault(loss):
    setup = puts_out(2, loss)
    assert setup.task.place is None and "output_width" in examined(setup)[0]
