"""fit_seeds must be keras.Model.fit, seed by seed, only faster.

Slow: optimizers, which tests/training/matrix has, too; another way to build what cannot be fused; a
block on two cores.
"""

import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers

from repro import fit_seeds
from repro.data import load
from repro.training.fit import seeds_in_cache
from repro.training.fused import FusedSeeds
from repro.training.sizes import blocks_at_once
from tests.training.plain import fit_by_hand, state

SEEDS = [3, 0, 11]
SLOW = pytest.mark.slow
EPOCHS = 2


@pytest.fixture(scope="module")
def digits():
    """210 training and 50 validation images, 28 x 28: with batches of 32 the last is not full."""
    data = load("mnist5k")
    x = data.x_train[:260].astype("float32") / 255
    y = data.y_train[:260].astype("int64")
    return (x[:210], y[:210]), (x[210:], y[210:])


def dense():
    return [
        layers.Flatten(),
        layers.Dense(16, activation="relu"),
        layers.Dense(10, activation="softmax", kernel_regularizer="l2"),
    ]


def convolutional():
    return [
        layers.Reshape((28, 28, 1)),
        layers.Conv2D(4, 5, strides=3, activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.3),
        layers.Flatten(),
        layers.Dense(10, activation="softmax", activity_regularizer="l1"),
    ]


def builder(make_layers, make_optimizer, **compiled):
    def build():
        model = keras.Sequential([keras.Input((28, 28)), *make_layers()])
        compiled.setdefault("loss", "sparse_categorical_crossentropy")
        compiled.setdefault("metrics", ["accuracy"])
        model.compile(optimizer=make_optimizer(), **compiled)
        return model

    return build


def plain_fit(build, seed, train, validation):
    """What a user would do by hand: the model, and its logs an epoch."""
    model, history = fit_by_hand(
        build,
        seed,
        *train,
        batch_size=32,
        epochs=EPOCHS,
        validation_data=validation,
        validation_batch_size=32,
    )
    epochs = zip(*history.history.values(), strict=True)
    return model, [dict(zip(history.history, values, strict=True)) for values in epochs]


def assert_same_as_plain_fit(build, digits, seeds=SEEDS, *, by_hand=1):
    """The last of the seeds are trained by hand, too: what another seed has does not suit them."""
    train, validation = digits
    fit = fit_seeds(
        build,
        *train,
        seeds=seeds,
        epochs=EPOCHS,
        batch_size=32,
        validation_data=validation,
        check=False,
    )
    for seed in seeds[-by_hand:]:
        model, history = plain_fit(build, seed, train, validation)
        rows = fit.frame[fit.frame.seed == seed]
        assert list(rows.epoch) == [1, 2]
        assert set(rows.columns) == {"seed", "epoch"} | set(history[0])
        for name in history[0]:
            np.testing.assert_allclose(rows[name], [h[name] for h in history], rtol=2e-5)
        for ours, theirs in zip(state(fit.model(seed)), state(model), strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-6)


OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.05),
    "momentum": lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda: keras.optimizers.Adam(0.01),
    "schedule": lambda: keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.05, 20)),
    "global_clipnorm": lambda: keras.optimizers.Adam(0.01, global_clipnorm=0.1),
    "weight_decay": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
}  # all others: tests/training/matrix


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(n, marks=SLOW)  # tests/training/matrix has them, too
        for n in ("global_clipnorm", "momentum", "schedule", "weight_decay")
    ],
)
def test_fused_equals_sequential_for_dense_layers(digits, optimizer):
    assert_same_as_plain_fit(builder(dense, OPTIMIZERS[optimizer]), digits, by_hand=3)


def test_fused_equals_sequential_with_convolution_normalization_and_dropout(digits):
    assert_same_as_plain_fit(builder(convolutional, OPTIMIZERS["adam"]), digits)


@pytest.mark.slow
def test_blocks_of_other_sizes_give_the_same_numbers(digits):
    build = builder(dense, OPTIMIZERS["sgd"])
    (x, y), _ = digits
    one, two = (
        fit_seeds(build, x, y, seeds=SEEDS, block_size=size, check=False) for size in (3, 2)
    )
    pd.testing.assert_frame_equal(one.frame, two.frame, rtol=1e-5)


@pytest.mark.slow
def test_what_cannot_be_fused_is_trained_one_by_one_and_says_which_setting(digits):
    def make_layers():
        return [layers.Rescaling(float(np.random.uniform(1, 2))), *dense()]

    message = "one seed at a time: .*different settings.*scale is 1"
    with pytest.warns(UserWarning, match=message):
        build = builder(make_layers, OPTIMIZERS["sgd"])
        assert_same_as_plain_fit(build, digits, seeds=[3, 0])


def test_settings_are_compared_over_all_blocks(digits):
    def make_layers():
        return [layers.Rescaling(float(np.random.uniform(1, 2))), *dense()]

    (x, y), _ = digits
    with pytest.warns(UserWarning, match="different settings"):
        fit = fit_seeds(
            builder(make_layers, OPTIMIZERS["sgd"]),
            x,
            y,
            seeds=[3, 0],
            block_size=1,
            batch_size=32,
            check=False,
        )
    _, history = plain_fit(builder(make_layers, OPTIMIZERS["sgd"]), 0, (x, y), None)
    np.testing.assert_allclose(fit.frame.loss[0], history[0]["loss"], rtol=1e-5)


@pytest.mark.slow
def test_a_constant_drawn_inside_build_is_noticed(digits):
    def build():
        scale = np.random.uniform(1, 2)
        model = keras.Sequential(
            [keras.Input((28, 28)), layers.Lambda(lambda x: x * scale), *dense()]
        )
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    with pytest.warns(UserWarning, match="one seed at a time"):
        assert_same_as_plain_fit(build, digits, seeds=[3, 0])


@pytest.mark.long
def test_an_overridden_train_step_is_respected(digits):
    class Halved(keras.Sequential):
        def train_step(self, data):
            x, y = data
            return super().train_step((x / 2, y))

    def build():
        model = Halved([keras.Input((28, 28)), *dense()])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    with pytest.warns(UserWarning, match="Halved overrides train_step"):
        assert_same_as_plain_fit(build, digits, seeds=[3, 0])


@pytest.mark.long
def test_the_same_call_gives_the_same_bits_and_other_company_the_same_numbers(digits):
    build = builder(lambda: [*dense()[:2], layers.Dropout(0.3), dense()[2]], OPTIMIZERS["adam"])
    (x, y), _ = digits
    one, again = (fit_seeds(build, x, y, seeds=[1, 2, 4], check=False) for _ in range(2))
    other = fit_seeds(build, x, y, seeds=[4, 5], check=False)
    pd.testing.assert_frame_equal(one.frame, again.frame, check_exact=True)
    for a, b, c in zip(*(state(fit.model(4)) for fit in (one, again, other)), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-4, atol=2e-6)
    assert not np.array_equal(state(one.model(1))[0], state(one.model(4))[0])


def test_blocks_of_one_size_share_their_graph(monkeypatch, digits):
    traced = []
    dense_layer_call = layers.Dense.call

    def call(layer, inputs, *args, **kwargs):
        traced.append(getattr(tf.compat.v1.get_default_graph(), "name", ""))
        return dense_layer_call(layer, inputs, *args, **kwargs)

    monkeypatch.setattr(layers.Dense, "call", call)
    (x, y), _ = digits
    times = []
    for seeds in (2, 6):
        traced.clear()
        fit_seeds(builder(dense, OPTIMIZERS["adam"]), x, y, seeds=seeds, block_size=2, check=False)
        times.append(sum(name.startswith("while_body") for name in traced))
    assert times[0] == times[1] > 0


@pytest.mark.slow
def test_blocks_side_by_side_give_the_bits_of_one_after_the_other(monkeypatch, digits):
    build = builder(dense, OPTIMIZERS["adam"])
    (x, y), _ = digits
    given = {"seeds": range(4), "epochs": 2, "block_size": 2, "check": False}
    fits = []
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    for blocks in (1, 2):
        monkeypatch.setenv("TF_NUM_INTEROP_THREADS", str(blocks))
        assert blocks_at_once() == blocks
        fits.append(fit_seeds(build, x, y, **given))
    one_after_the_other, side_by_side = fits
    pd.testing.assert_frame_equal(one_after_the_other.frame, side_by_side.frame, check_exact=True)
    for a, b in zip(*(state(fit.model(3)) for fit in fits), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.long
@pytest.mark.parametrize(
    ("threads", "units", "size"), [pytest.param("2", 1000, 8, marks=SLOW), ("1", 100, 4)]
)
def test_a_block_on_one_core_fits_its_cache(monkeypatch, digits, threads, units, size):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", threads)
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", "1")
    sizes = []
    monkeypatch.setattr(FusedSeeds, "__init__", _noting_size(FusedSeeds.__init__, sizes))
    build = builder(
        lambda: [layers.Flatten(), layers.Dense(units), layers.Dense(10, activation="softmax")],
        OPTIMIZERS["sgd"],
    )
    fit_seeds(build, *digits[0], seeds=range(8), batch_size=100, check=False)
    assert sizes[0] == size


def _noting_size(init, sizes):
    def noting(self, models):
        sizes.append(len(models))
        init(self, models)

    return noting


@pytest.mark.parametrize(("units", "size"), [(16, 8), (100, 5), (300, 2), (2000, 2)])
def test_wide_networks_leave_room_in_the_cache_for_fewer_seeds(digits, units, size):
    network = [layers.Flatten(), layers.Dense(units), layers.Dense(10)]
    build = builder(lambda: network, OPTIMIZERS["sgd"])
    (x, _), _ = digits
    model = build()
    model(x[:1])
    assert seeds_in_cache(model, x[:100]) == size


def test_weights_move_and_samples_keep_their_order_when_told(digits):
    build = builder(dense, OPTIMIZERS["sgd"])
    (x, y), _ = digits
    fit = fit_seeds(build, x, y, seeds=[7], shuffle=False, check=False)
    keras.utils.set_random_seed(7)
    model = build()
    before = model.get_weights()[0].copy()
    model.fit(x, y, shuffle=False, verbose=0)
    np.testing.assert_allclose(fit.model(7).get_weights()[0], model.get_weights()[0], rtol=1e-5)
    assert not np.allclose(before, model.get_weights()[0])


def test_double_precision_stays_double():
    x = np.linspace(0, 1, 6)[:, None]

    def build():
        layer = layers.Dense(1, dtype="float64")
        model = keras.Sequential([keras.Input((1,), dtype="float64"), layer])
        # Keras keeps rates in float32, and computes a loss in float32 unless told otherwise
        loss = keras.losses.MeanSquaredError(dtype="float64")
        model.compile(keras.optimizers.SGD(2**-7), loss)
        return model

    fit = fit_seeds(build, x, 0.1 * x, seeds=[0], batch_size=6)
    keras.utils.set_random_seed(0)
    w, b = (v.astype("float64") for v in build().get_weights())
    error = x @ w + b - 0.1 * x
    expected = w - 2**-7 * 2 * np.mean(x * error)
    np.testing.assert_allclose(fit.model(0).get_weights()[0], expected, rtol=1e-13)


def test_a_run_that_diverges_is_kept(digits):
    build = builder(dense, lambda: keras.optimizers.SGD(1e30))
    (x, y), _ = digits
    fit = fit_seeds(build, x, y, seeds=[0, 1], epochs=2, check=False)
    assert len(fit.frame) == 4
    assert not np.isfinite(fit.frame.loss).all()


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"seeds": []}, ValueError, "no seeds"),
        ({"seeds": [-1]}, ValueError, "seeds must lie in"),
        ({"seeds": [1, 1]}, ValueError, "repeated"),
        ({"seeds": [0.5]}, TypeError, "float"),
        ({"epochs": None}, TypeError, "epochs must be an integer, got None"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        ({"validation_batch_size": 0}, ValueError, "validation_batch_size must be at least 1"),
        ({"block_size": 0}, ValueError, "block_size must be at least 1"),
        ({"build": keras.Sequential}, TypeError, "compiled keras.Model"),
    ],
)  # the rest: test_arguments.py
def test_bad_input_is_named(digits, wrong, error, message):
    (x, y), _ = digits
    given = {"build": builder(dense, OPTIMIZERS["sgd"]), "x": x, "y": y, "seeds": [0]} | wrong
    with pytest.raises(error, match=message):
        fit_seeds(**given)


@pytest.mark.slow
def test_nothing_warns_when_all_is_fused(digits):
    (x, y), _ = digits
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_seeds(builder(convolutional, OPTIMIZERS["adam"]), x, y, seeds=[0, 1])
