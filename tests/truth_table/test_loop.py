"""The compiled loop of thread 000 against the posted code, seed by seed."""

import numpy as np
import pytest

from repro.truth_table.engine import snapshots
from repro.truth_table.loop import LANES, descend
from repro.truth_table.posted import X, Y, posted_functions, train_posted
from repro.truth_table.rebuilt import draw, rule_of, unpack
from repro.truth_table.settings import Settings

SEEDS = range(20)


def settings(hidden="sigmoid", output="sigmoid", backpropagation="true", **changes):
    return Settings(
        hidden_activation=hidden,
        output_activation=output,
        backpropagation=backpropagation,
        **changes,
    )


def start(seeds):
    return np.stack([draw(np.random.RandomState(seed)) for seed in seeds])


def compiled(network, seeds, updates):
    parameters = start(seeds)
    descend(parameters, X, Y[:, 0], rule_of(network), updates)
    return parameters


@pytest.mark.parametrize("output", ["sigmoid", "relu"])
@pytest.mark.parametrize("hidden", ["sigmoid", "relu"])
@pytest.mark.parametrize(("bias", "learning_rate"), [(False, 1.0), (True, 0.1)])
def test_is_the_posted_loop(hidden, output, bias, learning_rate):
    """To rounding: BLAS sums in an order of its own, and its exp is another."""
    network = settings(hidden, output, "posted", bias=bias, learning_rate=learning_rate)
    expected = start(SEEDS)
    for one in expected:
        train_posted(
            unpack(one),
            *posted_functions(hidden, output),
            iterations=100,
            learning_rate=learning_rate,
            bias=bias,
        )
    np.testing.assert_allclose(compiled(network, SEEDS, 100), expected, rtol=1e-10, atol=1e-10)


def test_sigmoid_stays_the_posted_loop_for_thousands_of_iterations():
    network = settings("sigmoid", "sigmoid", "posted")
    expected = start([1])[0]
    train_posted(unpack(expected), *posted_functions("sigmoid", "sigmoid"), iterations=5_000)
    np.testing.assert_allclose(compiled(network, [1], 5_000)[0], expected, rtol=1e-12)


def test_masks_change_what_the_second_layer_learns_from():
    posted, true = (
        unpack(compiled(settings("relu", "sigmoid", rule), SEEDS, 1)) for rule in ("posted", "true")
    )
    np.testing.assert_array_equal(posted.syn0, true.syn0)
    assert np.abs(posted.syn1 - true.syn1).max() > 0.1


@pytest.mark.parametrize("hidden", ["sigmoid", "leaky_relu"])
def test_a_seed_depends_on_no_other(hidden):
    network = settings(hidden, bias=True)
    many = compiled(network, range(LANES + 6), 200)
    np.testing.assert_array_equal(compiled(network, [3], 200)[0], many[3])
    np.testing.assert_array_equal(compiled(network, [LANES + 1, 3], 200), many[[LANES + 1, 3]])
    assert (many[3] != many[4]).any()


def test_steps_add_up():
    network = settings("relu", "linear", learning_rate=0.1)
    parts = compiled(network, SEEDS, 30)
    descend(parts, X, Y[:, 0], rule_of(network), 70)
    np.testing.assert_array_equal(parts, compiled(network, SEEDS, 100))


def test_stopping_where_nothing_moves_changes_no_bit():
    """Seeds that a step leaves as they are drop out of later steps, and of their lanes."""
    network = settings("relu", "relu", "posted")
    seeds = range(LANES + 30)
    sizes = []

    def some(parameters, updates):
        sizes.append(len(parameters))
        descend(parameters, X, Y[:, 0], rule_of(network), updates)

    *_, last = snapshots(start(seeds), some, [1, 2, 10, 100, 1_000, 2_000])
    np.testing.assert_array_equal(last.parameters, compiled(network, seeds, 1_999))
    assert sizes[0] > LANES
    assert 0 < sizes[-1] < LANES


def test_no_update_and_no_seed_change_nothing():
    network = Settings()
    np.testing.assert_array_equal(compiled(network, SEEDS, 0), start(SEEDS))
    descend(np.empty((0, 21)), X, Y[:, 0], rule_of(network), 3)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"got \(\(20,\)"):
        descend(np.zeros((2, 20)), X, Y[:, 0], rule_of(Settings()), 1)
