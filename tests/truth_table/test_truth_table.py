"""Thread 000: the posted code, the rebuild, the floors and the experiment.

Slow: more of the networks that the rebuild is compared in.
"""

import ast

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from repro import fit_seeds, gradient_audit
from repro.truth_table import METRICS, experiment
from repro.truth_table.engine import snapshots
from repro.truth_table.measures import activate, measure_step
from repro.truth_table.posted import (
    UNITS,
    X,
    Y,
    answer_relu,
    answer_relu_returned,
    nonlin,
    posted_functions,
    relu,
    train_posted,
    verbatim_l1,
)
from repro.truth_table.rebuilt import build_model, draw, unpack
from repro.truth_table.settings import Settings

ALL_RELU = {"hidden_activation": "relu", "output_activation": "relu"}


def settings(hidden="sigmoid", output="sigmoid", bias=False, **changes):
    changes = {"backpropagation": "true"} | changes
    return Settings(hidden_activation=hidden, output_activation=output, bias=bias, **changes)


def start(*seeds):
    return np.stack([draw(np.random.RandomState(seed)) for seed in seeds])


# The snippet


def test_the_target_is_not_x3():
    np.testing.assert_array_equal(Y, 1 - X[:, 2:])


def test_weights_are_drawn_as_the_thread_draws_them():
    np.random.seed(1)
    syn0 = 2 * np.random.random((3, 4)) - 1
    syn1 = 2 * np.random.random((4, 1)) - 1
    weights = unpack(draw(np.random.RandomState(1)))
    np.testing.assert_array_equal(weights.syn0, syn0)
    np.testing.assert_array_equal(weights.syn1, syn1)
    assert not weights.b0.any()
    assert not weights.b1.any()


def test_he_weights_have_hes_deviation():
    weights = unpack(np.stack([draw(np.random.RandomState(s), "he_normal") for s in range(500)]))
    assert weights.syn0.std() == pytest.approx(np.sqrt(2 / 3), rel=0.05)
    assert weights.syn1.std() == pytest.approx(np.sqrt(2 / 4), rel=0.05)


@pytest.mark.parametrize("function", [relu, answer_relu_returned])
def test_the_derivative_overwrites_the_activations(function):
    activations = np.array([[0.3, 0.0], [2.0, 0.0]])
    mask = function(activations, deriv=True)
    assert mask is activations
    np.testing.assert_array_equal(mask, [[1, 0], [1, 0]])


def test_the_posted_derivative_lacks_no_else():
    """That branch returns, so that what follows overwrites nothing."""
    x = np.array([[-2.0, 0.5]])
    np.testing.assert_array_equal(relu(x.copy()), [[0, 0.5]])
    np.testing.assert_array_equal(relu(x.copy(), deriv=True), [[0, 1]])


def test_the_snippet_needs_its_repairs():
    """A name that is bound nowhere, and Python 2."""
    with pytest.raises(NameError, match="syn0Performing"):
        verbatim_l1(X, unpack(start(1)[0]).syn0)
    for line in ('print "Error:" + str(np.mean(np.abs(l2_error)))', "print syn1"):
        with pytest.raises(SyntaxError, match="parentheses"):
            ast.parse(line)


def test_the_answers_function_stops_the_training():
    assert answer_relu(np.ones((2, 2)), deriv=True) is None
    with pytest.raises(TypeError, match="NoneType"):
        train_posted(unpack(start(1)[0]), answer_relu, answer_relu, iterations=1)


@pytest.mark.parametrize("seed", range(5))
def test_the_answers_function_with_a_return_changes_no_bit(seed):
    posted, answered = start(seed, seed)
    errors = [
        train_posted(unpack(one), function, function, iterations=40)
        for one, function in ((posted, relu), (answered, answer_relu_returned))
    ]
    np.testing.assert_array_equal(posted, answered)
    assert errors[0] == errors[1]


def test_final_error_is_taken_before_the_last_update():
    first = start(1)[0]
    weights = unpack(first.copy())
    expected = np.abs(Y - nonlin(nonlin(X @ weights.syn0) @ weights.syn1)).mean()
    assert train_posted(weights, nonlin, nonlin, iterations=1) == pytest.approx(expected)
    assert not np.array_equal(weights.syn0, unpack(first).syn0)


# The rebuild


def trained(network, seed, epochs):
    """Parameters (21,) of the Keras model after so many full-batch epochs, and its history."""
    fit = fit_seeds(
        lambda: build_model(network), X, Y, seeds=[seed], epochs=epochs, batch_size=6, shuffle=False
    )
    arrays = fit.model(seed).get_weights()
    parameters = np.zeros(21)
    views = unpack(parameters)
    for view, array in zip(views if network.bias else views[::2], arrays, strict=True):
        view[:] = array
    return parameters, fit.frame


def test_it_is_the_threads_network():
    assert build_model(settings()).count_params() == 3 * UNITS + UNITS * 1 == 16
    assert build_model(settings(bias=True)).count_params() == 21


@pytest.mark.parametrize("bias", [pytest.param(False, marks=pytest.mark.slow), True])
def test_sigmoid_as_posted_and_rebuilt_agree_step_by_step(bias):
    network = settings(bias=bias)
    one = start(1)[0]
    errors = [train_posted(unpack(one), nonlin, nonlin, iterations=1, bias=bias) for _ in range(30)]
    parameters, history = trained(network, 1, 30)
    np.testing.assert_allclose(parameters, one, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(history["mean_abs_error"], errors, rtol=1e-12)


@pytest.mark.parametrize(
    ("hidden", "output", "bias"),
    [
        ("relu", "sigmoid", True),
        ("leaky_relu", "leaky_relu", True),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                ("relu", "relu", False),
                ("relu", "relu", True),
                ("relu", "sigmoid", False),
                ("relu", "linear", False),
                ("relu", "linear", True),
                ("leaky_relu", "leaky_relu", False),
            )
        ),
    ],
)
def test_the_mended_loop_is_the_rebuild(hidden, output, bias):
    parameters, history = trained(settings(hidden, output, bias, learning_rate=0.1), 4, 30)
    runs, curves = experiment(
        seeds=[4],
        backpropagation="true",
        hidden_activation=hidden,
        output_activation=output,
        bias=bias,
        learning_rate=0.1,
        iterations=30,
    )
    expected = history["mean_abs_error"].to_numpy()
    np.testing.assert_allclose(
        curves["mean_abs_error"], expected[curves["step"] - 1], rtol=1e-10, atol=1e-12
    )
    after = measure_step(settings(hidden, output, bias), [4], 31, parameters[np.newaxis])
    more = experiment(
        seeds=[4],
        backpropagation="true",
        hidden_activation=hidden,
        output_activation=output,
        bias=bias,
        learning_rate=0.1,
        iterations=31,
    )[0]
    assert more["mean_abs_error"][0] == pytest.approx(after["mean_abs_error"][0], rel=1e-10)
    assert runs["status"][0] == "ok"


def test_relu_as_posted_parts_from_the_rebuild_in_the_second_layer():
    one = start(4)[0]
    train_posted(unpack(one), relu, relu, iterations=1)
    posted, rebuilt = unpack(one), unpack(trained(settings("relu", "relu"), 4, 1)[0])
    np.testing.assert_allclose(posted.syn0, rebuilt.syn0, rtol=1e-12)
    assert np.abs(posted.syn1 - rebuilt.syn1).max() > 0.1


def half_squared_error(y, predictions):
    return keras.ops.sum((predictions - y) ** 2) / 2


@pytest.mark.parametrize(
    ("name", "causes"),
    [("sigmoid", {}), ("relu", {"a 0/1 mask in place of the activation": ["W2"]})],
)
def test_the_gradient_audit_names_the_mask(name, causes):
    network = settings(name, name)
    keras.utils.set_random_seed(4)
    weights = unpack(draw(np.random))

    def step(parameters, x, y):
        syn0, syn1 = parameters
        functions = posted_functions(name, name)
        train_posted(weights._replace(syn0=syn0, syn1=syn1), *functions, iterations=1)

    audit = gradient_audit(
        step,
        [weights.syn0, weights.syn1],
        X,
        Y,
        model=build_model(network),
        loss=half_squared_error,
        learning_rate=1.0,
    )
    assert audit.causes == causes


# The floors


@pytest.mark.parametrize(
    ("hidden", "output", "bias", "floor"),
    [
        ("relu", "relu", False, 1 / 6),
        ("relu", "linear", False, 1 / 6),
        ("leaky_relu", "leaky_relu", False, 1 / 6),
        ("relu", "sigmoid", False, 1 / 12),
        ("relu", "relu", True, 0),
        ("relu", "sigmoid", True, 0),
        ("sigmoid", "sigmoid", False, 0),
    ],
)
def test_no_weights_get_below_the_structural_floor(hidden, output, bias, floor):
    network = settings(hidden, output, bias)
    weights = np.random.RandomState(0).standard_normal((5_000, 21)) * 3
    if not bias:
        weights[:, [*range(12, 16), 20]] = 0
    errors = measure_step(network, range(5_000), 1, weights)["mean_abs_error"]
    assert errors.min() >= floor - 1e-12


def test_the_floor_of_a_relu_output_is_reached():
    """By h = relu(x1 + x2 - x3), which is `not x3` on every row but (0, 0, 0)."""
    parameters = np.zeros((1, 21))
    weights = unpack(parameters)
    weights.syn0[0, :, 0], weights.syn1[0, 0] = [1, 1, -1], 1
    for output in ("relu", "linear"):
        error = measure_step(settings("relu", output), [0], 1, parameters)["mean_abs_error"][0]
        assert error == 1 / 6


def test_the_floor_of_a_sigmoid_output_is_approached():
    """By a(relu(x1 + x2 - x3) - relu(x3)) as a grows."""
    errors = []
    for a in (1, 10, 30):
        parameters = np.zeros((1, 21))
        weights = unpack(parameters)
        weights.syn0[0, :, :2] = np.transpose([[1, 1, -1], [0, 0, 1]])
        weights.syn1[0, :2, 0] = a, -a
        errors.append(measure_step(settings("relu"), [0], 1, parameters)["mean_abs_error"][0])
    assert errors[0] > errors[1] > errors[2] > 1 / 12
    assert errors[2] == pytest.approx(1 / 12, abs=1e-12)


def test_biases_remove_the_floor_and_rounding_is_not_counted_as_error():
    """By relu(1 - x3), which is `not x3`."""
    parameters = np.zeros((1, 21))
    weights = unpack(parameters)
    weights.syn0[0, 2, 0], weights.b0[0, 0], weights.syn1[0, 0] = -1, 1, 1
    for output in ("relu", "linear"):
        row = measure_step(settings("relu", output, bias=True), [0], 1, parameters).iloc[0]
        assert row["mean_abs_error"] == np.finfo(float).eps
        assert row["moving_error"] == 0


def test_a_constant_output_in_the_targets_range_is_wrong_by_a_half():
    weights = np.zeros((1, 21))
    weights[0, 20] = 0.3
    row = measure_step(settings("relu", "linear", bias=True), [0], 1, weights).iloc[0]
    assert row["mean_abs_error"] == pytest.approx(0.5)
    assert row[["constant_output", "dead_fraction"]].tolist() == [1, 1]


@pytest.mark.long
@pytest.mark.parametrize(
    ("hidden", "output", "bias"),
    [
        ("relu", "relu", False),
        ("relu", "linear", False),
        ("relu", "linear", True),
        ("leaky_relu", "sigmoid", False),
        ("sigmoid", "sigmoid", False),
    ],
)
def test_the_moving_error_is_that_of_rows_with_a_gradient(hidden, output, bias):
    """Against TensorFlow's gradient of each row's loss alone."""
    network = settings(hidden, output, bias)
    for seed in range(5):
        keras.utils.set_random_seed(seed)
        model = build_model(network)
        expected = 0.0
        for x, y in zip(X, Y, strict=True):
            with tf.GradientTape() as tape:
                error = y - model(x[np.newaxis])
                loss = keras.ops.sum(error**2)
            gradients = tape.gradient(loss, model.trainable_weights)
            moves = any(np.any(gradient != 0) for gradient in gradients)
            expected += moves * abs(float(error[0, 0])) / 6
        row = measure_step(network, [seed], 1, start(seed)).iloc[0]
        assert row["moving_error"] == pytest.approx(expected, rel=1e-12)
        assert (row["moving_error"] == row["mean_abs_error"]) == (bias or hidden == "sigmoid")


def test_activations_at_zero_and_around_it():
    z = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_allclose(activate(settings(leaky_slope=0.2), "leaky_relu", z), [-0.4, 0, 3])
    np.testing.assert_allclose(activate(settings(), "sigmoid", z), nonlin(z))


# The experiment


@pytest.fixture(scope="module")
def runs_and_curves():
    return experiment(seeds=range(70), **ALL_RELU, iterations=300)


def test_runs_and_curves_have_the_contracts_columns(runs_and_curves):
    runs, curves = runs_and_curves
    assert runs.columns.tolist() == ["seed", *METRICS, "status"]
    assert runs["seed"].tolist() == list(range(70))
    assert curves.groupby("seed")["step"].agg(list)[3] == [1, 2, 10, 100, 300]
    last = curves.groupby("seed").last()
    np.testing.assert_array_equal(last["mean_abs_error"], runs["mean_abs_error"])
    tenth = curves[curves["step"] == 10].set_index("seed")["constant_output"]
    assert 0 < tenth.sum() < last["constant_output"].sum()
    np.testing.assert_array_equal(runs["constant_output_early"], tenth)


@pytest.mark.parametrize(
    ("backpropagation", "engine"),
    [("posted", "compiled"), ("answer_returned", "numpy"), ("true", "compiled")],
)
def test_a_seed_alone_has_the_result_that_it_has_among_others(backpropagation, engine):
    given = {**ALL_RELU, "backpropagation": backpropagation, "engine": engine, "iterations": 60}
    together = experiment(seeds=range(6), **given)
    alone = experiment(seeds=[5], **given)
    for many, one in zip(together, alone, strict=True):
        pd.testing.assert_frame_equal(many[many["seed"] == 5].reset_index(drop=True), one)
    assert together[0]["largest_output"].nunique() == 6


def test_the_error_is_what_the_thread_prints(runs_and_curves):
    for seed in (0, 1, 2):
        expected = train_posted(unpack(start(seed)[0]), relu, relu, iterations=300)
        assert runs_and_curves[0]["mean_abs_error"][seed] == pytest.approx(expected, rel=1e-9)


def test_the_answer_gives_the_posted_error(runs_and_curves):
    answered, _ = experiment(
        seeds=range(8),
        backpropagation="answer_returned",
        engine="numpy",
        iterations=300,
        **ALL_RELU,
    )
    np.testing.assert_allclose(
        answered["mean_abs_error"], runs_and_curves[0]["mean_abs_error"][:8], rtol=1e-9
    )


@pytest.mark.parametrize("backpropagation", ["verbatim", "answer"])
def test_code_that_does_not_run_is_a_result(backpropagation):
    runs, curves = experiment(
        seeds=[0, 1], backpropagation=backpropagation, engine="numpy", **ALL_RELU
    )
    assert runs["runs_as_written"].tolist() == [0, 0]
    assert runs["status"].tolist() == ["crashed", "crashed"]
    assert runs["mean_abs_error"].isna().all()
    assert curves.empty


def test_keras_runs_have_the_error_alone():
    keras_settings = {"backpropagation": "true", "engine": "keras"}
    runs, curves = experiment(seeds=[1, 0], iterations=20, **keras_settings)
    posted, _ = experiment(seeds=[1, 0], iterations=20)
    assert runs["seed"].tolist() == posted["seed"].tolist() == [1, 0]
    np.testing.assert_allclose(runs["mean_abs_error"], posted["mean_abs_error"], rtol=1e-10)
    assert runs["constant_output"].isna().all()
    assert curves["step"].unique().tolist() == [1, 2, 10, 20]


def test_divergence_is_a_result():
    runs, _ = experiment(
        seeds=[0, 1],
        backpropagation="true",
        hidden_activation="relu",
        output_activation="linear",
        bias=True,
        learning_rate=5.0,
        iterations=20_000,
    )
    assert runs["status"].tolist() == ["diverged", "diverged"]
    assert runs["learned"].tolist() == [0, 0]
    assert runs[["mean_abs_error", "constant_output", "dead_fraction"]].isna().all(axis=None)
    assert runs["largest_output"].isna().all()


def test_what_an_update_left_alone_is_not_computed_again():
    calls = []

    def halve_the_first(parameters, updates):
        calls.append((len(parameters), updates))
        for _ in range(updates):
            parameters[parameters > 1] /= 2

    taken = list(snapshots(np.array([[1.0], [64.0]]), halve_the_first, [1, 2, 4, 9]))
    values = [snapshot.parameters[:, 0].tolist() for snapshot in taken]
    assert values == [[1, 64], [1, 32], [1, 8], [1, 1]]
    assert calls == [(2, 0), (2, 1), (1, 1), (1, 1), (1, 4), (1, 1)]


def test_logged_steps():
    assert Settings(iterations=1).logged == [1]
    assert Settings(iterations=10).logged == [1, 2, 10]
    assert Settings().logged[-2:] == [100_000, 500_000]
    assert Settings(iterations=4, every_step=True).logged == [1, 2, 3, 4]


def test_looking_at_every_step_changes_no_run_and_misses_no_output():
    (runs, curves), (seldom, _) = (
        experiment(seeds=range(20), iterations=30, **ALL_RELU, every_step=every)
        for every in (True, False)
    )
    assert len(curves) == 20 * 30
    assert (runs.largest_output >= seldom.largest_output).all()
    assert (runs.largest_output > seldom.largest_output).any()
    columns = ["mean_abs_error", "constant_output", "constant_output_early"]
    pd.testing.assert_frame_equal(runs[columns], seldom[columns])


def test_any_range_of_seeds_has_curves():
    _, curves = experiment(seeds=[200, 201], iterations=2)
    assert curves["seed"].tolist() == [200, 200, 201, 201]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"iterations": 0}, "iterations must be positive, got 0"),
        ({"learning_rate": -0.1}, "learning_rate must be positive"),
        ({"hidden_activation": "leaky_relu"}, "has no leaky_relu: give backpropagation"),
        ({"engine": "keras"}, '"keras" can\'t train .* "posted", which needs compiled or numpy'),
        ({"backpropagation": "answer"}, '"answer", which needs numpy'),
        ({"backpropagation": "true", "engine": "numpy"}, '"true", which needs compiled or keras'),
        ({"backpropagation": "answer", "engine": "numpy"}, "needs a layer with relu"),
    ],
)
def test_what_can_not_be_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        experiment(seeds=[0], **given)
