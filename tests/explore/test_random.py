"""The page draws what numpy draws."""

import numpy as np
import pytest

SEEDS = (0, 1, 2, 77, 2**31, 2**32 - 1)


def drawn(modules, seed, method, *arguments):
    code = "([seed, method, rest]) => [...new _random.RandomState(seed)[method](...rest)]"
    return modules.evaluate(code, [seed, method, list(arguments)])


@pytest.mark.parametrize("seed", SEEDS)
def test_uniform_draws_are_numpys_to_the_bit(modules, seed):
    code = """(seed) => {
        const random = new _random.RandomState(seed);
        return Array.from({ length: 2000 }, () => random.random());
    }"""
    expected = np.random.RandomState(seed).random_sample(2000)
    np.testing.assert_array_equal(modules.evaluate(code, seed), expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_range_is_numpys(modules, seed):
    ours = modules.evaluate("(seed) => new _random.RandomState(seed).uniform(-0.3, 1.7)", seed)
    assert ours == np.random.RandomState(seed).uniform(-0.3, 1.7)


@pytest.mark.parametrize("seed", SEEDS)
def test_normal_draws_are_numpys_but_for_the_last_bit(modules, seed):
    """The logarithm is the browser's."""
    expected = np.random.RandomState(seed).randn(1999)
    np.testing.assert_allclose(drawn(modules, seed, "normals", 1999), expected, rtol=1e-14)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", [1, 7, 1000])
def test_a_random_order_is_numpys(modules, seed, n):
    assert (
        drawn(modules, seed, "permutation", n)
        == np.random.RandomState(seed).permutation(n).tolist()
    )
