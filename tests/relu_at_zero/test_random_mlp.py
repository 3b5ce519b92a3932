"""Gradients of random networks, against TensorFlow's and by hand."""

import numpy as np
import pytest

from repro.relu_at_zero.precision import Precision
from repro.relu_at_zero.random_mlp import AtZero, backward, draw, forward, through_relu
from repro.relu_at_zero.scan import relative_change, scan_network

DOUBLE = Precision("float64")


def data(n: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((n, 5)), rng.integers(0, 3, n)


def test_gradients_are_tensorflows() -> None:
    import tensorflow as tf

    network, (x, y) = draw(1, [5, 7, 4, 3], DOUBLE), data()
    variables = [[tf.Variable(a) for a in layer] for layer in network]
    with tf.GradientTape() as tape:
        h = tf.constant(x)
        for weights, biases in variables[:-1]:
            h = tf.nn.relu(h @ weights + biases)
        logits = h @ variables[-1][0] + variables[-1][1]
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
    expected = tape.gradient(loss, variables)
    ours = backward(network, *forward(network, x, DOUBLE), y, precision=DOUBLE, at_zero=AtZero(0))
    for layer, expected_layer in zip(ours, expected, strict=True):
        for a, b in zip(layer, expected_layer, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-12, atol=1e-15)


def test_without_a_zero_the_derivative_there_changes_no_bit() -> None:
    network, (x, y) = draw(1, [5, 7, 4, 3], DOUBLE), data()
    passed = forward(network, x, DOUBLE)
    zero, one = (
        backward(network, *passed, y, precision=DOUBLE, at_zero=AtZero(value)) for value in (0, 1)
    )
    for a, b in zip(zero, one, strict=True):
        assert all((u == v).all() for u, v in zip(a, b, strict=True))


def test_derivative_at_zero_multiplies_or_takes_the_gradients_place() -> None:
    gradient, inputs = np.array([3.0, 3.0, 3.0]), np.array([-1.0, 0.0, 2.0])
    assert through_relu(gradient, inputs, AtZero(0)).tolist() == [0, 0, 3]
    assert through_relu(gradient, inputs, AtZero(0.5)).tolist() == [0, 1.5, 3]
    assert through_relu(gradient, inputs, AtZero(1)).tolist() == [0, 3, 3]
    assert through_relu(gradient, inputs, AtZero(1, assigned=True)).tolist() == [0, 1, 3]


def test_scan_counts_zeros_and_ends_where_the_gradients_differ() -> None:
    network, (x, y) = draw(1, [5, 7, 4, 3], DOUBLE), data()
    network[0][0][:, 2] = 0  # one unit of the first layer gets 0 from every image
    network[0][1][2] = 0
    found = scan_network(network, [(x, y), (x, y)], DOUBLE, AtZero(1))
    assert found.differs
    assert found.minibatches == 1
    assert (found.zeros, found.preactivations) == (6, 6 * 11)
    assert found.rounding_zeros == 0
    same = scan_network(network, [(x, y), (x, y)], DOUBLE, AtZero(0))
    assert (same.minibatches, same.differs, same.change) == (2, False, 0)


def test_accumulated_gradients_are_compared_as_sums() -> None:
    network, (x, y) = draw(1, [5, 7, 4, 3], DOUBLE), data()
    network[0][0][:, 2] = [1, -1, 0, 0, 0]
    network[0][1][2] = 0
    tied = x.copy()
    tied[:, 1] = tied[:, 0]  # the third unit gets 0 from the second minibatch, and only from it
    minibatches = [(x, y), (tied, y)]

    def first_gradient(images: np.ndarray, value: float) -> np.ndarray:
        passed = forward(network, images, DOUBLE)
        rule = AtZero(value)
        return backward(network, *passed, y, precision=DOUBLE, at_zero=rule)[0][0]

    found = scan_network(network, minibatches, DOUBLE, AtZero(1), accumulated=True)
    sums = [first_gradient(x, value) + first_gradient(tied, value) for value in (1, 0)]
    assert (found.minibatches, found.differs) == (2, True)
    assert found.change == relative_change(*sums)
    alone = scan_network(network, minibatches, DOUBLE, AtZero(1))
    assert alone.change == relative_change(*(first_gradient(tied, value) for value in (1, 0)))


def test_zeros_of_rounding_are_told_from_exact_ones() -> None:
    half = Precision("float16")
    # 2^-13 * 2^-13 = 2^-26 is less than half the smallest float16
    network = [
        (half.rounded([[2.0**-13]]), half.rounded([0])),
        (half.rounded([[1, 1]]), half.rounded([0, 0])),
    ]
    x, y = half.rounded([[2.0**-13], [0]]), np.array([0, 1])
    found = scan_network(network, [(x, y)], half, AtZero(1))
    assert (found.zeros, found.rounding_zeros) == (2, 1)


@pytest.mark.parametrize("precision", ["float16", "float32", "float64"])
def test_draws_are_pytorchs_and_the_same_in_every_precision(precision: str) -> None:
    weights, biases = draw(4, [784, 16, 10], Precision(precision))[0]
    assert (weights.shape, biases.shape) == ((784, 16), (16,))
    bound = 1 / 28
    assert np.abs(weights).max() <= bound * 1.001
    assert weights.std() == pytest.approx(bound / 3**0.5, rel=0.02)
    single = draw(4, [784, 16, 10], Precision("float32"))[0][0]
    np.testing.assert_allclose(weights, single, atol=2e-5)


def test_relative_change_by_hand() -> None:
    assert relative_change(np.array([3.0, 8.0]), np.array([3.0, 4.0])) == 0.8
    assert relative_change(np.zeros(2), np.zeros(2)) == 0
