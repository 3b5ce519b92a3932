"""The compiled loop of thread 000 against the posted code, seed by seed."""

import numpy as np
import pytest

from repro.truth_table.engine import train
from repro.truth_table.loop import LANES, Rule, descend
from repro.truth_table.measures import SLOPES
from repro.truth_table.posted import X, Y, posted_functions, train_posted
from repro.truth_table.rebuilt import Network, draw, unpack

SEEDS = range(20)


def rule(network, masks=True):
    hidden, output = network.hidden_activation, network.output_activation
    return Rule(
        sigmoid_hidden=hidden == "sigmoid",
        hidden_slope=SLOPES.get(hidden, 0.0),
        sigmoid_output=output == "sigmoid",
        output_slope=SLOPES.get(output, 0.0),
        masks=masks and hidden == "relu",
        learning_rate=network.learning_rate,
        bias_rate=network.learning_rate * network.bias,
    )


def start(seeds):
    return np.stack([draw(np.random.RandomState(seed)) for seed in seeds])


def compiled(network, seeds, updates, **kwargs):
    parameters = start(seeds)
    descend(parameters, X, Y[:, 0], rule(network, **kwargs), updates)
    return parameters


@pytest.mark.parametrize("output", ["sigmoid", "relu"])
@pytest.mark.parametrize("hidden", ["sigmoid", "relu"])
@pytest.mark.parametrize(("bias", "learning_rate"), [(False, 1.0), (True, 0.1)])
def test_is_the_posted_loop(hidden, output, bias, learning_rate):
    """To rounding: BLAS sums in an order of its own, and its exp is another."""
    network = Network(hidden, output, bias, learning_rate)
    expected = start(SEEDS)
    for one in expected:
        train_posted(
            unpack(one), *posted_functions(hidden, output), iterations=100,
            learning_rate=learning_rate, bias=bias,
        )  # fmt: skip
    np.testing.assert_allclose(compiled(network, SEEDS, 100), expected, rtol=1e-10, atol=1e-10)


def test_sigmoid_stays_the_posted_loop_for_thousands_of_iterations():
    network = Network("sigmoid", "sigmoid")
    expected = start([1])[0]
    train_posted(unpack(expected), *posted_functions("sigmoid", "sigmoid"), iterations=5_000)
    np.testing.assert_allclose(compiled(network, [1], 5_000)[0], expected, rtol=1e-12)


def test_masks_change_what_the_second_layer_learns_from():
    network = Network("relu", "sigmoid")
    posted, true = (unpack(compiled(network, SEEDS, 1, masks=masks)) for masks in (True, False))
    np.testing.assert_array_equal(posted.syn0, true.syn0)
    assert np.abs(posted.syn1 - true.syn1).max() > 0.1


@pytest.mark.parametrize("hidden", ["sigmoid", "leaky_relu"])
def test_a_seed_depends_on_no_other(hidden):
    network = Network(hidden, "sigmoid", bias=True)
    many = compiled(network, range(LANES + 6), 200)
    np.testing.assert_array_equal(compiled(network, [3], 200)[0], many[3])
    np.testing.assert_array_equal(compiled(network, [LANES + 1, 3], 200), many[[LANES + 1, 3]])
    assert (many[3] != many[4]).any()


def test_steps_add_up():
    network = Network("relu", "linear", learning_rate=0.1)
    parts = compiled(network, SEEDS, 30)
    descend(parts, X, Y[:, 0], rule(network), 70)
    np.testing.assert_array_equal(parts, compiled(network, SEEDS, 100))


def test_stopping_where_nothing_moves_changes_no_bit():
    """Seeds that a step leaves as they are drop out of later steps, and of their lanes."""
    network = Network("relu", "relu")
    seeds = range(LANES + 30)
    sizes = []

    def some(parameters, updates):
        sizes.append(len(parameters))
        descend(parameters, X, Y[:, 0], rule(network), updates)

    *_, (_, at_end) = train(start(seeds), some, [1, 2, 10, 100, 1_000, 2_000])
    np.testing.assert_array_equal(at_end, compiled(network, seeds, 1_999))
    assert sizes[0] > LANES
    assert 0 < sizes[-1] < LANES


def test_no_update_and_no_seed_change_nothing():
    network = Network()
    np.testing.assert_array_equal(compiled(network, SEEDS, 0), start(SEEDS))
    descend(np.empty((0, 21)), X, Y[:, 0], rule(network), 3)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"got \(\(20,\)"):
        descend(np.zeros((2, 20)), X, Y[:, 0], rule(Network()), 1)
