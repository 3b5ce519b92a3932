"""The experiment of thread 004, its posted code beside Keras, and what it measures.

Slow: most of the designs whose steps are Keras'.
"""

import numpy as np
import pandas as pd
import pytest

from repro import data_order, fit_seeds
from repro.data import load
from repro.four_layers import METRICS, experiment, mechanism
from repro.four_layers.loop import sparse, train
from repro.four_layers.measures import mean_over_time
from repro.four_layers.posted import WIDTHS, PostedNetwork, scaled, targets_of
from repro.four_layers.rebuilt import as_layers, build_model, draw, rule_of
from repro.four_layers.settings import Settings
from repro.four_layers.steps import activate, after_own_step, deltas, forward

DIGITS = load("mnist5k")
X, Y = scaled(DIGITS.x_train[:50]), targets_of(DIGITS.y_train[:50])
IMAGES = sparse(DIGITS.x_train, DIGITS.y_train)
SIGMOID = {"hidden_activation": "sigmoid", "output_activation": "sigmoid"}


def settings(hidden="relu", output="relu", backpropagation="posted", **changes):
    return Settings(
        hidden_activation=hidden,
        output_activation=output,
        backpropagation=backpropagation,
        **changes,
    )


def run(seeds=(0,), **parameters):
    return experiment(seeds=seeds, data="mnist5k", **({"images": 400} | parameters))


def weights_of(design, seed=0):
    return draw(design, np.random.RandomState(seed).normal)


def keras_model(design, weights):
    model = build_model(design)
    arrays = [w.T for w in weights]
    if design.bias:
        arrays = [a for w in arrays for a in (w, np.zeros(w.shape[1]))]
    model.set_weights(arrays)
    return model


def posted_after(weights, images, *, activation, rate):
    network = PostedNetwork(weights, activation=activation, learning_rate=rate)
    for i in images:
        network.train(X[i], Y[i])
    return network.wih, network.wh1h2, network.wh2o


def keras_after(design, weights, images):
    fit = fit_seeds(
        lambda: keras_model(design, weights),
        X[images],
        Y[images],
        seeds=[0],
        batch_size=1,
        shuffle=False,
    )
    return [w for w in fit.model(0).get_weights() if w.ndim == 2]


# The network -------------------------------------------------------------------------------------


def test_the_network_is_the_books():
    shapes = [w.shape for w in weights_of(settings())]
    assert shapes == [(200, 784), (100, 200), (10, 100)]
    assert sum(a * b for a, b in shapes) == 177_800 == build_model(settings()).count_params()
    assert [w.std() * n**0.5 for w, n in zip(weights_of(settings()), WIDTHS, strict=False)] == (
        pytest.approx([1, 1, 1], abs=0.05)
    )
    for he, book in zip(
        weights_of(settings(initializer="he_normal")), weights_of(settings()), strict=True
    ):
        np.testing.assert_allclose(he, np.sqrt(2) * book)


def test_inputs_and_targets_are_the_books():
    image = np.array([[[0, 255], [51, 0]]], np.uint8)
    np.testing.assert_allclose(scaled(image), [[0.01, 1.0, 0.208, 0.01]])
    assert targets_of(np.array([3], np.uint8)).tolist() == [[0.01] * 3 + [0.99] + [0.01] * 6]


# As posted beside Keras --------------------------------------------------------------------------


@pytest.mark.slow
def test_where_every_unit_is_on_the_posted_relu_code_is_right():
    weights = [abs(w) / 50 for w in weights_of(settings())]  # all derivatives are 1
    design = settings(backpropagation="true", learning_rate=1e-3)
    for steps in (1, 5):
        posted = posted_after(weights, range(steps), activation="relu", rate=1e-3)
        rebuilt = keras_after(design, weights, slice(steps))
        for mine, theirs in zip(posted, rebuilt, strict=True):
            np.testing.assert_allclose(mine.T, theirs, rtol=0, atol=1e-14)


@pytest.mark.long
@pytest.mark.parametrize("activation", ["relu", pytest.param("sigmoid", marks=pytest.mark.slow)])
def test_elsewhere_only_its_output_weights_move_along_the_gradient(activation):
    design = settings(activation, activation, "true", learning_rate=0.1)
    weights = weights_of(design)
    posted = posted_after(weights, [0], activation=activation, rate=0.1)
    rebuilt = keras_after(design, weights, slice(1))
    same = [np.allclose(p.T, k, rtol=0, atol=1e-14) for p, k in zip(posted, rebuilt, strict=True)]
    assert same == [False, False, True]


@pytest.mark.long
@pytest.mark.parametrize("activation", ["relu", pytest.param("sigmoid", marks=pytest.mark.slow)])
def test_the_audit_names_the_missing_derivatives(activation):
    import keras

    from repro import gradient_audit

    def half_squared_error(y, predictions):
        return keras.ops.sum((y - predictions) ** 2) / 2

    def step(parameters, x, y):
        network = PostedNetwork(parameters, activation=activation, learning_rate=0.1)
        network.train(x[0], y[0])
        return [network.wih, network.wh1h2, network.wh2o]

    design = settings(activation, activation, "true")
    weights = weights_of(design)
    audit = gradient_audit(
        step,
        weights,
        X[:1],
        Y[:1],
        model=build_model(design),
        learning_rate=0.1,
        loss=half_squared_error,
        checks=2,
    )
    first, second, output = audit.table.missing_factor
    assert first == second == "activation derivative of layers 2 and 3 in the errors passed back"
    assert output == "none"


@pytest.mark.long
def test_the_posted_error_passes_layers_that_are_off():
    first, second, output = weights_of(settings())
    weights = [first, -abs(second), output]  # no unit of the second hidden layer is ever on
    moved = {
        backpropagation: not np.array_equal(kernel_after_one(backpropagation, weights), first.T)
        for backpropagation in ("posted", "output_mended", "hidden_mended", "true")
    }
    assert moved == {"posted": True, "output_mended": False, "hidden_mended": False, "true": False}


def kernel_after_one(backpropagation, weights):
    layers = as_layers(weights)
    rule = rule_of(settings(backpropagation=backpropagation))
    train(layers, IMAGES, np.array([0]), rule, np.zeros(1, bool))
    return layers[0].kernel


def test_the_posted_sigmoid_step_is_cross_entropys_in_the_second_layer():
    squared, entropy = (
        settings("sigmoid", "sigmoid", loss=e) for e in ("squared", "cross_entropy")
    )
    layers = as_layers(weights_of(squared))
    inputs, slopes = forward(squared, layers, X)
    posted = deltas(squared, layers, slopes, Y - inputs[-1], mended=(False, False))
    true = deltas(entropy, layers, slopes, Y - inputs[-1], mended=(True, True))
    np.testing.assert_array_equal(posted[1], true[1])


DESIGNS = [
    settings("sigmoid", "sigmoid", "true"),
    settings("relu", "relu", "true", learning_rate=0.01),
    settings("leaky_relu", "leaky_relu", "true", learning_rate=0.01),
    settings("maxout", "linear", "true", learning_rate=0.01),
    settings("relu", "linear", "true", learning_rate=0.01, initializer="he_normal", bias=True),
    settings("relu", "linear", "true", learning_rate=0.001, momentum=0.75),
    settings("sigmoid", "sigmoid", "true", loss="cross_entropy"),
]


@pytest.mark.long
@pytest.mark.parametrize(
    "design",
    [DESIGNS[0], *(pytest.param(d, marks=pytest.mark.slow) for d in DESIGNS[1:])],
    ids=str,
)
def test_the_true_gradient_is_keras_step_by_step(design):
    weights = weights_of(design)
    # Keras keeps the slope of leaky ReLU as float32 (and momentum, hence one that float32 has)
    tolerance = 1e-10 if design.hidden_activation == "leaky_relu" else 1e-12
    for steps in (1, 30):
        layers, correct = as_layers(weights), np.zeros(steps, bool)
        train(layers, IMAGES, np.arange(steps), rule_of(design), correct)
        rebuilt = keras_after(design, weights, slice(steps))
        for layer, kernel in zip(layers, rebuilt, strict=True):
            np.testing.assert_allclose(layer.kernel, kernel, rtol=0, atol=tolerance)


def test_keras_draws_the_same_initial_weights():
    import keras

    keras.utils.set_random_seed(7)
    for kernel, weights in zip(
        build_model(settings()).get_weights(), weights_of(settings(), 7), strict=True
    ):
        assert (kernel == weights.T).all()


# The experiment ----------------------------------------------------------------------------------


def test_tables_have_the_promised_columns():
    runs, curves = run((0, 1))
    assert list(runs) == ["seed", *METRICS, "status"]
    assert runs.seed.tolist() == [0, 1]
    assert curves[curves.seed == 1].step.tolist() == [0, 1, 10, 100, 300, 400]
    twins = ["twin_distance", "twin_disagreement"]
    assert np.isfinite(runs[list(METRICS)].drop(columns=twins).to_numpy(float)).all()
    assert runs[twins].isna().all(axis=None)


def test_a_seed_depends_on_nothing_but_itself():
    together, curves = run((3, 0, 5), **SIGMOID)
    alone, curve = run((0,), **SIGMOID)
    again, _ = run((0,), **SIGMOID)
    assert together.iloc[[1]].reset_index(drop=True).equals(alone)
    assert again.equals(alone)
    assert curves[curves.seed == 0].reset_index(drop=True).equals(curve)
    assert not together.iloc[0].equals(together.iloc[2])


def test_images_are_learned_in_the_seeds_order():
    design = settings("sigmoid", "sigmoid")
    layers, correct = as_layers(weights_of(design, 4)), np.zeros(300, bool)
    order = np.concatenate([data_order(4, epoch, 150) for epoch in (1, 2)])
    train(layers, IMAGES, order, rule_of(design), correct)
    runs, _ = run((4,), images=150, epochs=2, **SIGMOID)
    assert runs.online_accuracy[0] == correct.mean()


def test_sigmoid_learns_and_relu_as_posted_does_not():
    sigmoid, _ = run((0, 1), images=4000, **SIGMOID)
    relu, curves = run((0, 1), images=4000)
    assert (sigmoid.learned == 1).all() and (sigmoid.died == 0).all()
    assert (relu.learned == 0).all() and (relu.missing_digits == 9).all()
    assert curves.groupby("seed").dead_fraction_second.last().min() > 0.9


def test_a_diverged_run_is_kept():
    runs, curves = run(output_activation="linear", backpropagation="true", learning_rate=5.0)
    assert runs.status.tolist() == ["diverged"]
    assert runs[["learned", "lost"]].to_numpy().tolist() == [[0, 1]]
    assert runs[["test_accuracy", "test_error", "died", "missing_digits"]].isna().all(axis=None)
    assert runs.dead_fraction_second.isna().all() and curves.test_accuracy.isna().iloc[-1]
    assert np.isfinite(runs.cosine_first).all()  # until then
    assert curves.step.iloc[-1] <= 400


def test_more_images_than_there_are_means_all():
    _, curves = run(images=60_000, learning_rate=0.001)
    assert curves.step.iloc[-1] == 4000


def test_the_keras_engine_agrees_with_the_loop():
    parameters = {"backpropagation": "true", "learning_rate": 0.01, "images": 60}
    loop, _ = run((0, 1), **parameters)
    keras, curves = run((0, 1), engine="keras", **parameters)
    assert curves.step.tolist() == [0, 60, 0, 60]
    columns = ["test_accuracy", "missing_digits", "dead_fraction_first", "dead_fraction_second"]
    assert keras[columns].equals(loop[columns])
    np.testing.assert_allclose(keras.online_accuracy, loop.online_accuracy, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "wrong, named",
    [
        ({"images": 0}, "images"),
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"loss": "cross_entropy"}, "output_activation"),
        ({"engine": "keras"}, "backpropagation"),
        ({"engine": "keras", "backpropagation": "true", "twin": 1e-15}, "twin"),
    ],
)
def test_what_makes_no_sense_is_named(wrong, named):
    with pytest.raises(ValueError, match=named):
        run(**wrong)


# What is measured --------------------------------------------------------------------------------


def test_slopes_are_the_derivatives_of_outputs():
    sums = np.random.default_rng(0).normal(size=(5, 8))
    for name in ("sigmoid", "relu", "leaky_relu", "linear", "maxout"):
        up, down = (activate(settings(), name, sums + e)[0] for e in (1e-6, -1e-6))
        outputs, slopes = activate(settings(), name, sums)
        units = slopes.reshape(5, outputs.shape[1], -1).sum(axis=2)  # all of a unit's sums moved
        np.testing.assert_allclose((up - down) / 2e-6, units, atol=1e-8)


@pytest.mark.parametrize("design", DESIGNS[:5], ids=str)
def test_after_own_step_is_a_step_on_that_image(design):
    layers = as_layers(weights_of(design))
    inputs, slopes = forward(design, layers, X)
    steps = deltas(design, layers, slopes, Y - inputs[-1], mended=design.mended)
    predicted = after_own_step(design, layers, inputs, steps)
    for image in (0, 7):
        stepped = as_layers(weights_of(design))
        train(stepped, IMAGES, np.array([image]), rule_of(design), np.zeros(1, bool))
        np.testing.assert_allclose(
            forward(design, stepped, X[[image]])[0][-1][0], predicted[image], atol=1e-12
        )


def test_cosines_and_lengths_of_one_layer_that_is_off_by_a_known_factor():
    # sigmoid outputs of a network of zeros: every derivative of the output is 1/4
    design = settings("sigmoid", "sigmoid")
    layers = as_layers([np.zeros_like(w) for w in weights_of(design)])
    layers[2].kernel[:] = 1e-6
    _, slopes = forward(design, layers, X)
    errors = np.ones((50, 10))
    posted = deltas(design, layers, slopes, errors, mended=(False, False))
    true = deltas(design, layers, slopes, errors, mended=(True, True))
    np.testing.assert_allclose(posted[1], 4 * true[1], rtol=1e-6)
    np.testing.assert_allclose(posted[2], true[2])


def test_means_are_over_time():
    steps, values = pd.Series([0, 10, 100]), pd.Series([1.0, 3.0, 5.0])
    assert mean_over_time(steps, values) == pytest.approx((10 * 2 + 90 * 4) / 100)
    assert mean_over_time(steps, pd.Series([1.0, 3.0, np.nan])) == pytest.approx((5 + 150) / 55)
    assert np.isnan(mean_over_time(steps, pd.Series([np.nan] * 3)))


def test_the_test_error_is_that_of_the_outputs():
    parameters = {"backpropagation": "true", "learning_rate": 0.01, "images": 60}
    runs, _ = run(**parameters)
    design, correct = settings(**parameters | {"output": "relu"}), np.zeros(60, bool)
    layers = as_layers(weights_of(design))
    train(layers, IMAGES, data_order(0, 1, 60), rule_of(design), correct)
    outputs = forward(design, layers, scaled(DIGITS.x_test))[0][-1]
    expected = np.mean((outputs - targets_of(DIGITS.y_test)) ** 2)
    assert runs.test_error[0] == pytest.approx(expected, rel=1e-10)


def test_a_twin_that_starts_elsewhere_ends_elsewhere():
    same = {"images": 100, "learning_rate": 0.001}
    far, near = (run(twin=twin, **same)[0] for twin in (0.5, 1e-3))
    alone, _ = run(**same)
    assert far.twin_distance[0] > 100 * near.twin_distance[0] > 0
    assert far.twin_disagreement[0] > near.twin_disagreement[0]
    assert far.test_accuracy.equals(alone.test_accuracy)


def test_the_figure_is_drawn_from_the_tables_alone():
    tables = {v: run((0, 1), images=30, learning_rate=0.01) for v in mechanism.VARIANTS}
    runs, curves = (pd.concat([t[i].assign(variant=v) for v, t in tables.items()]) for i in (0, 1))
    figure = mechanism.draw(runs, curves)
    assert [a.get_xlabel() for a in figure.axes if a.lines]
