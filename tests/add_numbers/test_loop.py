"""The compiled loop against the readable one, seed by seed.

Slow: a third activation.
"""

import numpy as np
import pytest

from repro.add_numbers.engine import stacked
from repro.add_numbers.loop import LANES, Watch, train
from repro.add_numbers.posted import X, Y, train_posted
from repro.add_numbers.rebuilt import draw, rule_of
from repro.add_numbers.settings import Settings

EPOCHS = 300
SEEDS = range(12)


def start(seeds):
    return stacked([draw(Settings(), np.random.RandomState(seed).randn) for seed in seeds])


def rule(activation):
    return rule_of(Settings(hidden_activation=activation, output_activation=activation))


@pytest.fixture(
    scope="module", params=["relu", "sigmoid", pytest.param("tanh", marks=pytest.mark.slow)]
)
def both(request):
    watch = Watch(range(1, EPOCHS + 1), below=0.05, rise=5e-7)
    history = train(start(SEEDS), X, Y, rule(request.param), watch)
    return history, [train_posted(s, activation=request.param, epochs=EPOCHS) for s in SEEDS]


# Not bit for bit: numpy's matrix products fuse multiplication and addition, and its exp and tanh
# are not the C library's.
def test_every_epochs_error_is_the_posted_codes(both):
    history, posted = both
    expected = np.stack([errors for _, errors in posted])
    np.testing.assert_allclose(history.errors, expected, rtol=1e-11, atol=1e-14)


def test_trained_parameters_are_the_posted_codes(both):
    history, posted = both
    for layer, (weights, biases) in enumerate(history.layers):
        for i, (parameters, _) in enumerate(posted):
            np.testing.assert_allclose(weights[i], parameters[2 * layer], atol=1e-12)
            np.testing.assert_allclose(biases[i], parameters[2 * layer + 1][:, 0], atol=1e-12)


def test_first_epoch_below_and_rises_are_those_of_the_errors(both):
    history, posted = both
    for i, (_, errors) in enumerate(posted):
        below = np.flatnonzero(errors < 0.05)
        assert history.first_below[i] == (below[0] + 1 if below.size else 0)
        assert history.rose[i] == (errors[1:] > np.minimum.accumulate(errors)[:-1] + 5e-7).any()


def test_a_seeds_result_does_not_depend_on_its_company():
    watch = Watch([1, 50], 1e-3, 5e-7)
    many = train(start(range(LANES + 3)), X, Y, rule("relu"), watch)
    for i in (0, LANES - 1, LANES + 2):
        alone = train(start([i]), X, Y, rule("relu"), watch)
        np.testing.assert_array_equal(alone.errors[0], many.errors[i])
        for (a, b), (c, d) in zip(alone.layers, many.layers, strict=True):
            np.testing.assert_array_equal(a[0], c[i])
            np.testing.assert_array_equal(b[0], d[i])


def test_initial_parameters_are_left_as_they_are():
    initial, same = start([2]), start([2])
    history = train(initial, X, Y, rule("relu"), Watch([1], 1e-3, 5e-7))
    for given, kept, trained in zip(initial, same, history.layers, strict=True):
        np.testing.assert_array_equal(given[0], kept[0])
        assert (trained[0] != kept[0]).any()


def test_divergence_shows_as_errors_that_are_not_finite():
    linear = Settings(
        output_activation="linear",
        learning_rate=100.0,
        bias_update="gradient",
        error_weights="current",
    )
    history = train(start(range(4)), X, Y, rule_of(linear), Watch([1, 40], 1e-3, 5e-7))
    assert np.isfinite(history.errors[:, 0]).all()
    assert not np.isfinite(history.errors[:, 1]).all()
