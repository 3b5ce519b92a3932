"""The rebuild of thread 002, on real digits.

Slow: most of the parameters that reach the network; the same seed twice, which
tests/app/test_cli.py tries too.
"""

import keras
import numpy as np
import pandas as pd
import pytest

from repro.data import load
from repro.mnist_relu import METRICS, experiment
from repro.mnist_relu.pixels import largest_eigenvalue, prepare
from repro.mnist_relu.rebuilt import build_model
from repro.mnist_relu.settings import Pixels, Settings
from repro.mnist_relu.unit_activity import UnitActivity

SMALL = {"seeds": [0, 1], "data": "mnist5k", "epochs": 2}
RAW = Pixels(data="mnist5k")
SCALED = Pixels(data="mnist5k", input_scale=1 / 255)
STANDARDIZED = Pixels(data="mnist5k", input_scale=1 / 255, standardize=True)
SCALED_RELU = {"hidden_activation": "relu", "input_scale": 1 / 255}


@pytest.fixture(scope="module")
def images():
    return load("mnist5k")


@pytest.fixture(scope="module")
def base():
    return experiment(**SMALL, **SCALED_RELU)[0]


def test_it_is_the_threads_network():
    model = build_model(Settings())
    assert model.count_params() == 784 * 100 + 100 + 100 * 10 + 10 == 79_510
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    assert model.loss == "categorical_crossentropy"
    assert 60_000 // 100 == 600  # steps an epoch


def test_raw_pixels_stay_raw(images):
    (x, y), (x_test, _) = prepare(RAW)
    np.testing.assert_array_equal(x, images.x_train.reshape(4000, 784))
    assert x.dtype == np.float32
    assert x_test.shape == (1000, 784)
    np.testing.assert_array_equal(y.argmax(axis=1), images.y_train)


def test_standardized_pixels_have_mean_zero_and_deviation_one():
    (x, _), _ = prepare(STANDARDIZED)
    assert x.mean(dtype=float) == pytest.approx(0, abs=1e-6)
    assert x.std(dtype=float) == pytest.approx(1, abs=1e-6)


def test_largest_eigenvalue_against_numpy():
    (x, _), _ = prepare(SCALED)
    expected = np.linalg.eigvalsh(x.T.astype(float) @ x.astype(float) / len(x))[-1]
    assert largest_eigenvalue(x) == pytest.approx(expected, rel=1e-4)


def test_raw_pixels_are_scaled_pixels_with_init_and_rate_enlarged():
    """The identity behind the factorial, step by step in both networks."""
    (raw, y), _ = prepare(RAW)
    (scaled, _), _ = prepare(SCALED)
    settings = {"hidden_activation": "relu", "learning_rate": 1e-5}
    keras.utils.set_random_seed(3)
    on_raw = build_model(Settings(**settings))
    keras.utils.set_random_seed(3)
    enlarged = {"first_layer_init": 255.0, "first_layer_rate": 65025.0}
    on_scaled = build_model(Settings(**settings, **enlarged))
    before = on_raw.get_weights()[0].copy()
    for model, x in ((on_raw, raw), (on_scaled, scaled)):
        model.fit(x[:500], y[:500], batch_size=100, shuffle=False, verbose=0)
    assert not np.allclose(on_raw.get_weights()[0], before)
    np.testing.assert_allclose(
        on_scaled.predict(scaled[:50], verbose=0),
        on_raw.predict(raw[:50], verbose=0),
        rtol=1e-3,
        atol=1e-5,
    )


def test_a_first_layer_rate_changes_that_layers_weights_alone():
    (x, y), _ = prepare(SCALED)
    moved = []
    for factor in (1.0, 4.0):
        keras.utils.set_random_seed(0)
        model = build_model(Settings(first_layer_rate=factor, learning_rate=1.0))
        scale = np.sqrt(factor)
        before = [w.copy() for w in model.get_weights()]
        model.train_on_batch(x[:100], y[:100])
        steps = [b - a for a, b in zip(before, model.get_weights(), strict=True)]
        moved.append([scale * steps[0], *steps[1:]])
    plain, enlarged = moved
    np.testing.assert_allclose(enlarged[0], 4 * plain[0], rtol=1e-4, atol=1e-7)
    for a, b in zip(plain[1:], enlarged[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-7)


def test_the_tables():
    runs, curves = experiment(**SMALL, hidden_activation="relu")
    assert list(runs.seed) == [0, 1]
    assert set(runs.columns) == {"seed", "status", *METRICS}
    assert set(runs.status) == {"ok"}
    assert list(curves.epoch) == [1, 2, 1, 2]
    last = curves[curves.epoch == 2].reset_index()
    pd.testing.assert_series_equal(runs.test_accuracy, last.test_accuracy)
    assert (runs.first_epoch_loss == curves[curves.epoch == 1].train_loss.to_numpy()).all()
    assert runs.test_accuracy.nunique() == 2  # two seeds differ


@pytest.mark.slow
def test_the_same_seed_repeats():
    first, again = (experiment(**SMALL) for _ in range(2))
    pd.testing.assert_frame_equal(first[0], again[0], check_exact=True)
    pd.testing.assert_frame_equal(first[1], again[1], check_exact=True)


def test_relu_units_die_on_raw_pixels_and_not_on_scaled_ones():
    raw, _ = experiment(**SMALL, hidden_activation="relu")
    scaled, _ = experiment(**SMALL, hidden_activation="relu", input_scale=1 / 255)
    assert (raw.dead_fraction > 0.5).all()
    assert (scaled.dead_fraction < 0.1).all()
    pd.testing.assert_series_equal(raw.active_at_birth, scaled.active_at_birth)


def test_a_diverged_run_is_kept():
    runs, _ = experiment(**SMALL, hidden_activation="relu", learning_rate=1e30)
    assert set(runs.status) == {"diverged"}


def test_a_first_layer_rate_needs_a_linear_optimizer():
    with pytest.raises(ValueError, match="first_layer_rate needs optimizer sgd or momentum"):
        experiment(**SMALL, optimizer="adam", first_layer_rate=2.0)


@pytest.mark.parametrize(
    "change",
    [
        {"batch_normalization": True},
        {"standardize": True},
        *(
            pytest.param(change, marks=pytest.mark.slow)
            for change in (
                {"hidden_units": 50},
                {"optimizer": "momentum"},
                {"initializer": "he_normal"},
                {"dropout": 0.5},
                {"gradient_clipnorm": 0.01},
                {"output_activation": "relu"},
                {"first_layer_init": 2.0},
            )
        ),
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_parameter_reaches_the_network(base, change):
    given = SCALED_RELU | change
    other, _ = experiment(**SMALL, **given)
    assert (other.test_loss != base.test_loss).all()


def test_clipping_keeps_the_output_off_zero_and_one():
    (raw, _), _ = prepare(RAW)
    keras.utils.set_random_seed(0)
    plain = build_model(Settings(hidden_activation="relu")).predict(raw[:50], verbose=0)
    keras.utils.set_random_seed(0)
    clipping = Settings(hidden_activation="relu", clip_output=True)
    clipped = build_model(clipping).predict(raw[:50], verbose=0)
    assert plain.max() == 1
    assert plain.min() < 1e-10
    np.testing.assert_array_equal(clipped, plain.clip(np.float32(1e-10), np.float32(0.999999)))


def test_unit_activity_counts_units_over_the_whole_evaluation():
    # identity network: unit 0 is never above zero, unit 1 always, unit 2 once, in the last batch
    x = np.array([[-1, 1, -1], [0, 2, -1], [-3, 1, 0], [-1, 5, 4]], "float32")
    model = keras.Sequential([keras.Input((3,)), UnitActivity()])
    model.compile(loss="mse")
    found = model.evaluate(x, x, batch_size=2, verbose=0, return_dict=True)
    assert found["dead_fraction"] == pytest.approx(1 / 3)
    assert found["always_on_fraction"] == pytest.approx(1 / 3)
