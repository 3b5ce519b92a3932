"""The compiled loops' own exponential, against numpy's."""

import numpy as np
import pytest
from numba import njit

from repro.training.loops import exponential
from repro.training.loops.exponential import exponential as exp


def test_exponential_against_numpy():
    values = np.linspace(-708, 708, 200_001)
    expected = np.exp(values)
    error = np.abs(exp(values) - expected) / np.spacing(expected)
    assert error.max() <= 1  # units in the last place
    assert exp(np.zeros(1))[0] == 1


def test_beyond_its_limits_it_stays_what_it_is_there():
    edges = np.exp([708.0, 708.0, -708.0, -708.0])
    np.testing.assert_allclose(exp(np.array([709.0, np.inf, -709.0, -np.inf])), edges, rtol=1e-15)


def test_nan_stays_nan():
    assert np.isnan(exp(np.array([np.nan, -np.nan, np.inf - np.inf]))).all()


@pytest.mark.long
@pytest.mark.parametrize(
    ("function", "expected"),
    [(exponential.sigmoid, lambda z: 1 / (1 + np.exp(-z))), (exponential.tanh, np.tanh)],
)
def test_activations_against_numpy(function, expected):
    values = np.concatenate([np.linspace(-40, 40, 10_001), [-1e300, 1e300, -np.inf, np.inf]])
    compiled = _over(function)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(compiled(values), expected(values), rtol=1e-15, atol=3e-16)
    assert np.isnan(compiled(np.array([np.nan]))).all()


def _over(function):
    @njit
    def loop(values):
        results = np.empty_like(values)
        for i in range(values.size):
            results[i] = function(values[i])
        return results

    return loop
