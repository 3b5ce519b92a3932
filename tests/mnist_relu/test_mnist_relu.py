"""The rebuild of thread 002, on real digits.

Slow: most of the parameters that reach the network; the same seed twice, which
tests/app/test_cli.py tries too; a run that diverges, as those of other threads do.
"""

import threading

import keras
import numpy as np
import pandas as pd
import pytest

from repro.data import load
from repro.mnist_relu import METRICS, experiment
from repro.mnist_relu.curvature import gauss_newton
from repro.mnist_relu.engine import block_size, graph_settings, shared_graphs, train
from repro.mnist_relu.image_activity import ImageActivity
from repro.mnist_relu.measures import (
    born_model,
    curvature,
    first_layer_shift,
    first_weights,
    give_weights,
    late_slope,
    trace,
)
from repro.mnist_relu.pixels import largest_eigenvalue, prepare
from repro.mnist_relu.rebuilt import build_model, build_watched_model
from repro.mnist_relu.settings import Pixels, Settings, Updates
from repro.mnist_relu.unit_activity import UnitActivity
from repro.training.fit import seeds_in_cache
from repro.training.generators import borrowed
from repro.training.sizes import split_evenly

SMALL = {"seeds": [0, 1], "data": "mnist5k", "epochs": 2}
RAW = Pixels(data="mnist5k")
SCALED = Pixels(data="mnist5k", input_scale=1 / 255)
STANDARDIZED = Pixels(data="mnist5k", input_scale=1 / 255, standardize=True)
SCALED_RELU = {"hidden_activation": "relu", "input_scale": 1 / 255}


@pytest.fixture(scope="module")
def images():
    return load("mnist5k")


@pytest.fixture(scope="module")
def scaled():
    return experiment(**SMALL, **SCALED_RELU)[0]


@pytest.fixture(scope="module")
def raw():
    return experiment(**SMALL, hidden_activation="relu")


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


@pytest.mark.long
def test_raw_pixels_are_scaled_pixels_with_init_and_rate_enlarged():
    """The identity behind the factorial, step by step in both networks."""
    (raw, y), _ = prepare(RAW)
    (scaled, _), _ = prepare(SCALED)
    settings = {"hidden_activation": "relu", "updates": Updates(learning_rate=1e-5)}
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


@pytest.mark.parametrize(("layer", "place"), [("first", 0), ("second", 2)])
def test_a_layers_rate_changes_its_weights_alone(layer, place):
    (x, y), _ = prepare(SCALED)
    moved = []
    for factor in (1.0, 4.0):
        keras.utils.set_random_seed(0)
        rate = {f"{layer}_layer_rate": factor, "updates": Updates(learning_rate=1.0)}
        model = build_model(Settings(**rate))
        before = [w.copy() for w in model.get_weights()]
        model.train_on_batch(x[:100], y[:100])
        steps = [b - a for a, b in zip(before, model.get_weights(), strict=True)]
        steps[place] *= np.sqrt(factor)
        moved.append(steps)
    plain, enlarged = moved
    plain[place] *= 4
    for a, b in zip(plain, enlarged, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("frozen", "still"), [("hidden", {0, 1}), ("hidden_weights", {0}), ("hidden_biases", {1})]
)
def test_what_is_frozen_stays(frozen, still):
    (x, y), _ = prepare(SCALED)
    model = build_model(Settings(frozen=frozen))
    variables = [v for layer in ("hidden", "output") for v in model.get_layer(layer).variables]
    before = [v.numpy().copy() for v in variables]
    model.train_on_batch(x[:100], y[:100])
    unmoved = [np.array_equal(a, v.numpy()) for a, v in zip(before, variables, strict=True)]
    assert {place for place, same in enumerate(unmoved) if same} == still


def test_the_early_rate_ends_with_the_early_epochs():
    updates = Updates(early_rate=0.5, early_epochs=2, learning_rate=0.25)
    rate = build_model(Settings(pixels=RAW, updates=updates)).optimizer._learning_rate
    assert [float(rate(step)) for step in (0, 79, 80)] == [0.5, 0.5, 0.25]  # 40 steps an epoch


@pytest.mark.long
def test_the_tables(raw):
    runs, curves = raw
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


def test_variants_that_share_a_graph_have_the_numbers_of_graphs_of_their_own(scaled):
    other = SMALL | {"hidden_activation": "relu", "learning_rate": 0.003, "first_layer_init": 2}
    shared = experiment(**other)
    settings = graph_settings(Settings(pixels=RAW, hidden_activation="relu"))
    assert list(shared_graphs(settings).blocks) == [(0, 2)]
    shared_graphs.cache_clear()
    alone = experiment(**other)
    for ours, theirs in zip(shared, alone, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_what_a_graph_holds_as_a_constant_gives_another_graph():
    usual = graph_settings(Settings())
    for changed in (Updates(optimizer="adam"), Updates(momentum=0.5), Updates(early_epochs=1)):
        assert graph_settings(Settings(updates=changed)) != usual
    early = [Updates(early_epochs=1, early_rate=rate) for rate in (0.1, 0.2)]
    assert len({graph_settings(Settings(updates=updates)) for updates in early}) == 2
    assert graph_settings(Settings(updates=Updates(learning_rate=0.5), pixels=SCALED)) == (
        graph_settings(Settings(pixels=RAW))
    )


@pytest.mark.parametrize(
    ("units", "seeds", "sizes"),
    [(100, 10, [5, 5]), (300, 4, [2, 2]), (300, 3, [3]), (300, 5, [3, 2])],
)
def test_no_seed_trains_alone_where_the_cache_is_small(units, seeds, sizes):
    size = block_size(Settings(hidden_units=units), seeds)
    blocks = split_evenly(list(range(seeds)), size)
    assert [len(block) for block in blocks] == sizes
    model = build_watched_model(Settings(hidden_units=units))
    batch = [np.zeros((100, 784), "float32"), np.zeros((100, 10), "float32")]
    assert block_size(Settings(hidden_units=units), 2) == seeds_in_cache(model, batch)


def test_a_plain_network_takes_the_weights_of_the_watched_one(images):
    settings = Settings(pixels=SCALED, batch_normalization=True, dropout=0.2, epochs=1)
    fit, plain = train(settings, [4]), born_model(settings, 4)
    give_weights(plain, fit.trained[4].state)
    x, digits = prepare(SCALED)[1]
    theirs = fit.model(4).predict([x, digits], verbose=0)
    np.testing.assert_array_equal(plain.predict(x, verbose=0), theirs)


def test_relu_units_die_on_raw_pixels_and_not_on_scaled_ones(raw, scaled):
    runs, _ = raw
    assert (runs.dead_fraction > 0.5).all()
    assert (scaled.dead_fraction < 0.1).all()
    pd.testing.assert_series_equal(runs.active_at_birth, scaled.active_at_birth)


def test_the_first_layers_shift_is_by_its_own_length(raw, scaled):
    drawn = first_weights(born_model(Settings(pixels=SCALED), 0))
    assert first_layer_shift(drawn, drawn) == {"first_layer_shift": 0}
    assert first_layer_shift(drawn, 1.5 * drawn)["first_layer_shift"] == pytest.approx(0.5)
    assert (scaled.first_layer_shift > 0.01).all()
    assert (raw[0].first_layer_shift > scaled.first_layer_shift).all()


@pytest.mark.slow
def test_a_diverged_run_is_kept_without_results():
    runs, curves = experiment(**SMALL, hidden_activation="relu", learning_rate=1e30)
    assert set(runs.status) == {"diverged"}
    assert (
        runs[["test_accuracy", "dead_fraction", "silent_images", "active_fraction"]]
        .isna()
        .all(axis=None)
    )
    assert runs.active_at_birth.notna().all()
    assert curves.test_accuracy.isna().all()
    assert (runs.beats_guess == 0).all()


def test_a_first_layer_rate_needs_a_linear_optimizer():
    with pytest.raises(ValueError, match="first_layer_rate needs optimizer sgd or momentum"):
        experiment(**SMALL, optimizer="adam", first_layer_rate=2.0)


@pytest.mark.long
@pytest.mark.parametrize(
    "change",
    [
        {"batch_normalization": True},
        *(
            pytest.param(change, marks=pytest.mark.slow)
            for change in (
                {"standardize": True},
                {"hidden_units": 50},
                {"hidden_activation": "leaky_relu"},
                {"optimizer": "momentum"},
                {"second_layer_rate": 2.0},
                {"frozen": "hidden_biases"},
                {"early_epochs": 1, "early_rate": 0.1},
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
def test_every_parameter_reaches_the_network(scaled, change):
    given = SCALED_RELU | change
    other, _ = experiment(**SMALL, **given)
    assert (other.test_loss != scaled.test_loss).all()


@pytest.mark.slow
def test_the_cross_entropys_epsilon_is_the_one_given():
    given = {**SMALL, "epochs": 1, "hidden_activation": "relu", "clip_output": True}
    runs, _ = experiment(**given, cross_entropy_epsilon=1e-3)
    assert (runs.test_loss > 1).all()
    assert (runs.test_loss <= -np.log(1e-3)).all()
    assert keras.config.epsilon() == 1e-7
    before, _ = experiment(**given)
    assert (before.test_loss > -np.log(1e-3)).any()


@pytest.mark.long
def test_another_threads_call_keeps_its_own_epsilon():
    settings = Settings(pixels=RAW, epochs=1, clip_output=True, cross_entropy_epsilon=1e-3)
    with borrowed():  # as a call of fit_seeds in this thread
        other = threading.Thread(target=train, args=(settings, [0, 1]))
        other.start()
        other.join(timeout=2)
        assert other.is_alive() and keras.config.epsilon() == 1e-7
    other.join()


def test_a_leaky_units_slope_is_the_one_given():
    slope = {"hidden_activation": "leaky_relu", "leaky_slope": 0.01}
    activation = build_model(Settings(**slope)).get_layer("activation")
    np.testing.assert_allclose(activation(np.array([[-2.0, 3.0]])), [[-0.02, 3.0]], rtol=1e-6)


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


@pytest.mark.long
def test_watching_changes_nothing_that_is_trained():
    (x, y), _ = prepare(RAW)
    losses = []
    for build, inputs in ((build_model, x[:200]), (build_watched_model, [x[:200], y[:200]])):
        keras.utils.set_random_seed(0)
        model = build(Settings(hidden_activation="relu"))
        fit = model.fit(inputs, y[:200], batch_size=100, shuffle=False, epochs=2, verbose=0)
        losses.append(fit.history["loss"])
    assert losses[0] == losses[1]


def test_image_activity_tells_images_apart():
    # image 0 is seen and right, 1 silent and right, 2 silent and wrong, 3 clipped and wrong
    digits = np.eye(10, dtype="float32")[[0, 1, 2, 3]]
    hidden = np.array([[1, 0], [0, 0], [0, 0], [0, 2]], "float32")
    sums = np.zeros((4, 10), "float32")
    sums[[0, 1, 2, 3], [0, 1, 5, 5]] = [9, 9, 9, 99]
    for clips, stuck in ((True, 0.25), (False, 0)):
        given = [keras.Input((10,)), keras.Input((2,)), keras.Input((10,))]
        outputs = keras.layers.Activation("softmax")(given[0])
        watch = ImageActivity("softmax", clips=clips)
        model = keras.Model(given, watch([outputs, *given]))
        model.compile(loss="mse")
        found = model.evaluate([sums, hidden, digits], digits, verbose=0, return_dict=True)
        assert found["silent_images"] == 0.5
        assert found["silent_correct"] == 0.25
        assert found["stuck_images"] == stuck


def test_accuracy_is_parted_into_seen_and_silent_images():
    row = dict.fromkeys(("loss", "val_loss", "accuracy", "val_dead_fraction"), 0.5)
    row |= {"seed": 0, "epoch": 1, "val_accuracy": 0.6, "val_always_on_fraction": 0.0}
    row |= {"val_silent_images": 0.4, "val_silent_correct": 0.1, "val_stuck_images": 0.1}
    curve = trace(pd.DataFrame([row, row | {"val_silent_images": 0, "val_silent_correct": 0}]))
    np.testing.assert_allclose(curve.accuracy_on_silent, [0.25, np.nan])
    np.testing.assert_allclose(curve.accuracy_on_seen, [0.5 / 0.6, 0.6])
    np.testing.assert_allclose(curve.stuck_errors, [0.25, 0.25])


def test_late_slope_is_that_of_the_last_five():
    assert late_slope(pd.Series([9, 9, 0.1, 0.2, 0.3, 0.4, 0.5])) == pytest.approx(0.1)
    assert late_slope(pd.Series([0.3])) == 0


def test_the_curvature_is_that_of_the_matrix_built_from_gradients():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(6, 3))
    weights = [generator.normal(size=shape) for shape in ((3, 2), (2,), (2, 10), (10,))]
    for activation in ("relu", "sigmoid", "tanh", "leaky_relu"):
        matrix = gauss_newton(x, weights, activation=activation, leaky_slope=0.3)
        built = np.array([matrix.product(column) for column in np.eye(matrix.size)])
        np.testing.assert_allclose(built, built.T, atol=1e-12)
        expected = _by_finite_differences(x, weights, activation)
        np.testing.assert_allclose(built, expected, atol=1e-5)
        largest = np.linalg.eigvalsh(built)[-1]
        assert matrix.largest_eigenvalue() == pytest.approx(largest, rel=1e-2)


def _by_finite_differences(x, weights, activation):
    """Return the mean of J'HJ, with the Jacobian J from differences of the output's sums."""
    activate = {
        "relu": lambda z: np.maximum(z, 0),
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "leaky_relu": lambda z: np.where(z > 0, z, 0.3 * z),
    }[activation]
    ends = np.cumsum([w.size for w in weights])[:-1]

    def sums(flat):
        w = [part.reshape(v.shape) for part, v in zip(np.split(flat, ends), weights, strict=True)]
        return activate(x @ w[0] + w[1]) @ w[2] + w[3]

    flat, step = np.concatenate([w.ravel() for w in weights]), 1e-6
    jacobian = np.array(
        [(sums(flat + e) - sums(flat - e)) / (2 * step) for e in step * np.eye(flat.size)]
    )
    p = np.exp(sums(flat))
    p /= p.sum(axis=1, keepdims=True)
    hessians = np.array([np.diag(q) - np.outer(q, q) for q in p])
    return np.einsum("anc,ncd,bnd->ab", jacobian, hessians, jacobian) / len(x)


def test_the_curvature_has_converged_in_images():
    settings = Settings(pixels=RAW, hidden_activation="relu")
    keras.utils.set_random_seed(0)
    model = build_model(settings)
    assert curvature(settings, model) == pytest.approx(curvature(settings, model, 4000), rel=0.25)


@pytest.mark.long
def test_every_block_of_seeds_trains_at_once():
    """A warning, which is an error here, says what does not."""
    runs, _ = experiment(seeds=range(9), data="mnist5k", epochs=1, steps_per_epoch=2)
    assert len(runs) == 9
