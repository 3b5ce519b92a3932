"""Dead networks: hand-made layers, and the published formula against chance."""

import numpy as np
import pytest

from repro.add_numbers.relu_death import death_probability, is_dead, stopped

# two samples, two layers of two units: the first layer silences sample 0, the second sample 1
HIDDEN = np.array([[0.0, 0.0], [0.5, 0.0]])
OUTPUT = np.array([[0.2, 0.0], [0.0, -1.0]])


def test_a_layer_stops_a_sample_that_leaves_all_its_units_at_zero():
    by_layer = stopped([HIDDEN, OUTPUT], ["relu", "relu"])
    np.testing.assert_array_equal(by_layer, [[True, False], [False, True]])


def test_a_network_is_dead_if_every_sample_is_stopped_somewhere():
    assert is_dead(stopped([HIDDEN, OUTPUT], ["relu", "relu"]))
    assert not is_dead(stopped([HIDDEN, OUTPUT], ["relu", "linear"]))
    assert not is_dead(stopped([HIDDEN], ["relu"]))


def test_leading_axes_are_kept():
    seeds = np.stack([HIDDEN, HIDDEN + 1, HIDDEN])
    by_layer = stopped([seeds, seeds], ["relu", "relu"])
    assert by_layer.shape == (3, 2, 2)
    np.testing.assert_array_equal(is_dead(by_layer), [False] * 3)
    np.testing.assert_array_equal(by_layer[:, 0, 0], [True, False, True])


def test_formula_by_hand():
    assert death_probability([4, 4, 1]) == pytest.approx(1 - 15 / 16 * 15 / 16 / 2)
    assert death_probability([1]) == 0.5
    assert death_probability([]) == 0.0


@pytest.mark.parametrize("widths", [(4, 4, 1), (2, 2, 2, 2, 2), (8, 1)])
def test_formula_is_the_chance_that_one_input_is_stopped(widths):
    n = 4000
    random = np.random.default_rng(0)
    values, outputs = random.standard_normal((n, 1, 3)), []
    for width in widths:
        weights = random.standard_normal((n, values.shape[-1], width))
        values = np.maximum(values @ weights, 0)
        outputs.append(values)
    rate = is_dead(stopped(outputs, ["relu"] * len(widths))).mean()
    expected = death_probability(widths)
    assert abs(rate - expected) < 4 * np.sqrt(expected * (1 - expected) / n)
