"""Sums from left to right, beside numpy's own arithmetic, term by term."""

import numpy as np
import pytest

from repro.relu_at_zero.sums import PANELS, ROWS, VECTOR, layer_inputs

WIDTHS = [lanes * VECTOR // 8 for lanes in PANELS]  # in float64, a panel of each kind


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("inputs", [1, ROWS - 1, ROWS, 3 * ROWS + 2])
@pytest.mark.parametrize("outputs", [1, *WIDTHS, 2 * WIDTHS[-1] + 3])
def test_terms_are_added_in_their_order_and_biases_last(
    dtype: type, inputs: int, outputs: int
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, inputs)).astype(dtype)
    x[rng.random(x.shape) < 0.3] = 0  # these are left out
    weights = rng.normal(size=(inputs, outputs)).astype(dtype)
    biases = rng.normal(size=outputs).astype(dtype)
    expected = np.zeros((5, outputs), dtype)
    for k in range(inputs):
        expected = expected + x[:, k : k + 1] * weights[k]
    sums = layer_inputs(x, weights, biases)
    np.testing.assert_array_equal(sums, expected + biases)
    assert sums.flags.c_contiguous and sums.dtype == dtype


def test_the_order_decides_whether_a_sum_is_zero() -> None:
    weights, biases = np.array([[1.0], [1e-20], [-1.0]]), np.zeros(1)
    ones = np.ones((1, 3))
    assert layer_inputs(ones, weights, biases) == 0
    assert layer_inputs(ones, weights[[0, 2, 1]], biases) == 1e-20


def test_images_in_any_layout_give_the_same() -> None:
    rng = np.random.default_rng(0)
    x, weights, biases = rng.normal(size=(9, 4)), rng.normal(size=(9, 3)).T, rng.normal(size=9)
    expected = layer_inputs(x.T.copy().T[:, :3], weights, biases)
    np.testing.assert_array_equal(expected, layer_inputs(x[:, :3].copy(), weights.copy(), biases))
