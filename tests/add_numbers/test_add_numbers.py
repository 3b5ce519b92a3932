"""Thread 003: the posted code and its mistakes, the rebuild, and what is measured.

Slow: more settings with which the mended loop is compared with Keras.
"""

from dataclasses import replace

import keras
import numpy as np
import pytest

from repro.add_numbers import METRICS, experiment
from repro.add_numbers.engine import stacked
from repro.add_numbers.loop import History, Watch, train
from repro.add_numbers.measures import UNSEEN, forward, measure
from repro.add_numbers.posted import X, Y, posted_step, train_posted
from repro.add_numbers.rebuilt import build_model, draw, rule_of
from repro.add_numbers.relu_death import death_probability
from repro.add_numbers.settings import Settings
from repro.instruments.gradient_audit import gradient_audit
from repro.study.schema import load_study

SLOW = pytest.mark.slow
TRUE = {"bias_update": "gradient", "error_weights": "current"}
SIGMOID = Settings(hidden_activation="sigmoid", output_activation="sigmoid")


def drawn(seed, settings=SIGMOID):
    return draw(settings, np.random.RandomState(seed).randn)


def as_posted(parameters, x, y):
    posted_step(parameters, x.T, y, activation="sigmoid", learning_rate=0.01)


# As posted


def test_it_is_the_threads_network_and_data():
    assert [p.shape for p in drawn(0)] == [(4, 2), (4, 1), (4, 4), (4, 1), (1, 4), (1, 1)]
    assert build_model(Settings()).count_params() == 12 + 20 + 5 == 37
    np.testing.assert_allclose(X.sum(axis=1), Y)


def test_parameters_are_drawn_in_the_threads_order():
    np.random.seed(5)
    for array in drawn(5):
        np.testing.assert_array_equal(array, np.random.randn(*array.shape))


def test_the_bias_update_takes_the_bias_for_its_gradient():
    parameters, before = drawn(0), drawn(0)
    as_posted(parameters, X[:1], Y[:1, np.newaxis])
    for biases, old in zip(parameters[1::2], before[1::2], strict=True):
        np.testing.assert_allclose(biases, 0.99 * old)


def test_the_audit_names_both_mistakes():
    audit = gradient_audit(
        as_posted,
        drawn(0),
        X[:1],
        Y[:1, np.newaxis],
        learning_rate=0.01,
        model=build_model(SIGMOID),
    )
    assert audit.causes == {
        "errors passed back through the updated weights": ["W1", "W2"],
        "error replaced by the bias (weight decay)": ["b1", "b2", "b3"],
    }


def test_an_epochs_error_is_what_the_thread_prints():
    parameters, errors = train_posted(2, epochs=2)
    step = {"activation": "relu", "learning_rate": 0.01}
    repeated = drawn(2)
    for printed in errors:
        six = [posted_step(repeated, x[:, None], y.reshape(1, 1), **step) for x, y in zip(X, Y)]  # noqa: B905
        assert printed == sum(six) / 6
    np.testing.assert_array_equal(repeated[0], parameters[0])


# The rebuild


def test_keras_draws_the_threads_initial_weights():
    keras.utils.set_random_seed(7)
    for i, (kept, ours) in enumerate(
        zip(build_model(SIGMOID).get_weights(), drawn(7), strict=True)
    ):
        np.testing.assert_array_equal(kept, ours[:, 0] if i % 2 else ours.T)
        assert kept.dtype == np.float64


@pytest.mark.parametrize(
    "parameters",
    [
        {"hidden_activation": "leaky_relu", "output_activation": "linear", "momentum": 0.9},
        {
            "hidden_units": 3,
            "hidden_layers": 1,
            "unit_signs": "flipped",
            "bias_initializer": "zeros",
        },
        pytest.param({}, marks=SLOW),
        pytest.param(
            {"hidden_activation": "tanh", "output_activation": "sigmoid", "target_scale": 0.5},
            marks=SLOW,
        ),
        pytest.param(
            {
                "hidden_activation": "leaky_relu",
                "output_activation": "leaky_relu",
                "leaky_slope": 0.3,
            },
            marks=SLOW,
        ),
    ],
)
def test_with_both_mistakes_mended_the_loop_trains_as_keras_does(parameters):
    """Step by step: every epoch's error and the end of it, to rounding."""
    settings = {"seeds": [0, 2, 5], "epochs": 10, **TRUE, **parameters}
    ours, our_curves = experiment(**settings)
    theirs, their_curves = experiment(**settings, engine="keras")
    np.testing.assert_allclose(ours["mse"], theirs["mse"], rtol=1e-12)
    np.testing.assert_allclose(ours["prediction"], theirs["prediction"], rtol=1e-12)
    np.testing.assert_allclose(our_curves["mse"], their_curves["mse"], rtol=1e-6)
    assert theirs["gradient_share"].isna().all()
    same = [name for name in METRICS if name not in ("mse", "prediction", "gradient_share")]
    assert ours[same].equals(theirs[same])


WEIGHTS, BIASES = {"W1", "W2", "W3"}, {"b1", "b2", "b3"}


@pytest.mark.parametrize(
    ("bias_update", "error_weights", "right"),
    [
        ("posted", "updated", {"W3"}),
        ("gradient", "updated", {"W3", "b3"}),
        ("posted", "current", WEIGHTS),
        ("gradient", "current", WEIGHTS | BIASES),
    ],
)
def test_each_mistake_spoils_its_own_part_of_a_step(bias_update, error_weights, right):
    keras.utils.set_random_seed(0)
    model = build_model(SIGMOID)
    model.train_on_batch(keras.ops.array(X[:1], "float64"), keras.ops.array(Y[:1], "float64"))
    rule = rule_of(replace(SIGMOID, bias_update=bias_update, error_weights=error_weights))
    watch = Watch([1], 0, 0)
    layers = train(stacked([drawn(0)]), X[:1], Y[:1], rule=rule, watch=watch).layers
    ours = [array[0].T for layer in layers for array in layer]
    names = ["W1", "b1", "W2", "b2", "W3", "b3"]
    pairs = zip(names, ours, model.get_weights(), strict=True)
    assert {name for name, a, b in pairs if np.allclose(a, b, rtol=1e-14, atol=0)} == right


# The experiment


def test_runs_are_the_posted_code_for_every_seed():
    runs, curves = experiment(seeds=[1, 2, 3], epochs=40)
    assert tuple(runs.columns) == ("seed", *METRICS, "status")
    assert list(curves["epoch"].unique()) == [1, 3, 10, 30, 40]
    for seed in (1, 2, 3):
        parameters, errors = train_posted(seed, epochs=40)
        row = runs[runs["seed"] == seed].iloc[0]
        assert row["mse"] == pytest.approx(errors[-1], rel=1e-12)
        prediction = forward(Settings(), stacked([parameters]), UNSEEN)[-1].item()
        assert row["prediction"] == pytest.approx(prediction, rel=1e-12)
        curve = curves.loc[curves["seed"] == seed, "mse"]
        np.testing.assert_allclose(curve, errors[[0, 2, 9, 29, 39]], rtol=1e-6)


def test_a_seeds_row_does_not_depend_on_the_others():
    together, _ = experiment(seeds=range(70), epochs=20)
    alone, _ = experiment(seeds=[66], epochs=20)
    assert alone.iloc[0].equals(together.iloc[66])


def test_learning_is_judged_by_the_last_epoch():
    runs, _ = experiment(seeds=range(40), epochs=2000)
    assert 0 < runs["learned"].mean() < 1
    assert (runs["learned"] == (runs["mse"] < 0.001)).all()
    learned = runs[runs["learned"] == 1]
    assert (learned["epochs_to_learn"] < 2000).all()
    assert runs.loc[runs["stuck"] == 1, "epochs_to_learn"].isna().any()


def test_errors_and_predictions_of_scaled_targets_are_scaled_back():
    parameters = {"target_scale": 0.5, "output_activation": "linear", "learning_rate": 1e-12}
    runs, _ = experiment(seeds=[4], epochs=1, **parameters)
    linear = Settings(output_activation="linear")
    outputs = forward(linear, stacked([drawn(4)]), X)[-1][0, :, 0]
    assert runs["mse"].item() == pytest.approx(np.mean((outputs / 0.5 - Y) ** 2))


def test_any_range_of_seeds_has_curves():
    _, curves = experiment(seeds=[98, 99, 100, 201], epochs=3)
    assert list(curves["seed"].unique()) == [98, 99, 100, 201]


@pytest.mark.long
def test_a_diverged_run_is_kept_and_counted_as_a_failure():
    runs, curves = experiment(
        seeds=range(3), output_activation="linear", learning_rate=100, epochs=50
    )
    assert (runs["status"] == "diverged").any()
    diverged = runs[runs["status"] == "diverged"]
    assert (diverged[["learned", "always_fell"]] == 0).all(axis=None)
    assert (
        diverged[["mse", "stuck", "dead", "failed_alive", "gradient_share"]].isna().all(axis=None)
    )
    assert diverged["born_dead"].notna().all()
    assert len(runs) == curves["seed"].nunique() == 3


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs must be positive"),
        ({}, "bias_update"),
        ({**TRUE, "hidden_rate_factor": 10.0}, "hidden_rate_factor 1"),
    ],
)
def test_what_can_not_be_run_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        experiment(seeds=[0], **{"engine": "keras", "epochs": 1} | wrong)


# Initialization and death


def test_he_scales_the_same_draws():
    posted, he = drawn(3), drawn(3, Settings(initializer="he_normal", bias_initializer="zeros"))
    for i, n_inputs in ((0, 2), (2, 4), (4, 4)):
        np.testing.assert_allclose(he[i], posted[i] * np.sqrt(2 / n_inputs))
        assert not he[i + 1].any()


def test_flipped_signs_leave_no_network_dead_and_magnitudes_alone():
    for start in ({}, {"initializer": "he_normal", "bias_initializer": "zeros"}):
        of = {"seeds": range(100), "epochs": 1, **start}
        drawn_signs, flipped = (experiment(**of, unit_signs=s)[0] for s in ("drawn", "flipped"))
        assert drawn_signs["born_dead"].mean() > 0.3
        assert flipped["born_dead"].sum() == 0
    a, b = (drawn(1, Settings(unit_signs=signs)) for signs in ("drawn", "flipped"))
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(np.abs(one), np.abs(other))


def test_fates_of_hand_made_networks():
    def network(hidden, output):
        one = [np.full((4, 2), hidden), np.zeros((4, 1)), np.full((4, 4), 1.0), np.zeros((4, 1))]
        return [*one, np.full((1, 4), output), np.zeros((1, 1))]

    alive, no_output, no_hidden = network(1.0, 1.0), network(1.0, -1.0), network(-1.0, 1.0)
    start = stacked([no_output, alive, no_hidden, alive])
    end = stacked([no_output, no_output, no_hidden, alive])
    errors = np.full((4, 1), 0.5)
    unknown = np.zeros(4)
    history = History(start, end, errors, np.zeros(4, int), np.zeros(4, bool), unknown, unknown)
    runs, _ = measure(Settings(epochs=1), range(4), history)
    assert list(runs["born_dead"]) == list(runs["born_dead_one_input"]) == [1, 0, 1, 0]
    assert list(runs["born_dead_output"]) == [1, 0, 0, 0]
    assert list(runs["dead"]) == [1, 1, 1, 0]
    assert list(runs["dead_output"]) == [1, 1, 0, 0]
    assert list(runs["died"]) == [0, 1, 0, 0]
    assert list(runs["failed_alive"]) == [0, 0, 0, 1]
    swapped, _ = measure(Settings(epochs=1), range(4), history._replace(start=end, layers=start))
    assert list(swapped["revived"]) == [0, 1, 0, 0]


def test_a_dead_network_never_moves_its_first_layer():
    runs, _ = experiment(seeds=range(20), epochs=200, bias_initializer="zeros", **TRUE)
    dead = runs[runs["born_dead"] == 1]
    assert len(dead) > 3
    assert dead["mse"].tolist() == pytest.approx([np.mean(Y**2)] * len(dead))
    assert dead["revived"].sum() == 0


def test_one_unit_is_silent_on_all_six_as_often_as_their_angle_says():
    """Its weights' direction is uniform: 1/2 - angle between the outermost inputs / 2 pi."""
    of = {"hidden_units": 1, "hidden_layers": 1, "output_activation": "linear"}
    runs, _ = experiment(seeds=range(2000), bias_initializer="zeros", epochs=1, **of)
    angles = np.arctan2(X[:, 1], X[:, 0])
    expected = 0.5 - np.ptp(angles) / (2 * np.pi)
    assert runs["born_dead"].mean() == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 2000))
    assert runs["born_dead_one_input"].mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 2000))
    assert (runs["born_dead_formula"] == 0.5).all()


def test_a_dead_networks_error_never_falls_and_a_living_ones_does():
    runs, _ = experiment(seeds=range(40), epochs=200, bias_initializer="zeros", **TRUE)
    assert (runs.loc[runs["born_dead"] == 1, "never_fell"] == 1).all()
    assert (runs.loc[runs["learned"] == 1, "never_fell"] == 0).all()


# The gradient that reaches the first layer


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_the_gradient_share_is_tensorflows(activation):
    """Of one epoch at a rate so small that nothing moves."""
    import tensorflow as tf

    settings = Settings(hidden_activation=activation, output_activation=activation)
    keras.utils.set_random_seed(3)
    model = build_model(settings)
    with tf.GradientTape() as tape:
        kernel, bias = model.layers[0].get_weights()
        sums = tf.constant(X @ kernel + bias)
        tape.watch(sums)
        outputs = model.layers[2](model.layers[1](model.layers[0].activation(sums)))
        loss = tf.reduce_sum((outputs - Y[:, np.newaxis]) ** 2)
    first = tape.gradient(loss, sums)
    expected = np.linalg.norm(first) / np.linalg.norm(2 * (outputs - Y[:, np.newaxis]))
    same = {"hidden_activation": activation, "output_activation": activation}
    runs, _ = experiment(seeds=[3], epochs=3, learning_rate=1e-12, **same)
    assert runs["gradient_share"].item() == pytest.approx(expected, rel=1e-6)


def test_the_hidden_rate_moves_hidden_layers_alone():
    layers = [
        train(
            stacked([drawn(0)]),
            X[:1],
            Y[:1],
            rule=rule_of(replace(SIGMOID, hidden_rate_factor=factor, error_weights="current")),
            watch=Watch([1], 0, 0),
        ).layers
        for factor in (1.0, 10.0)
    ]
    start = stacked([drawn(0)])
    slow, fast = ([w - s for (w, _), (s, _) in zip(end, start, strict=True)] for end in layers)
    np.testing.assert_allclose(fast[0], 10 * slow[0], rtol=1e-9)
    np.testing.assert_allclose(fast[1], 10 * slow[1], rtol=1e-9)
    np.testing.assert_array_equal(fast[2], slow[2])


# The study


def test_the_studys_targets_are_the_formulas():
    study = load_study("add_numbers")
    for name, claim in study.claims.items():
        if name.startswith("formula_"):
            set_by = study.all_variants[claim.variant].parameters
            width, layers = set_by.get("hidden_units", 4), set_by.get("hidden_layers", 2)
            output = [] if set_by.get("output_activation") == "linear" else [1]
            expected = death_probability([width] * layers + output)
            assert (claim.target or claim.bound) == pytest.approx(expected, abs=1e-12)
