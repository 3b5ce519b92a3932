"""The contenders of `bench.peers` train the same network; the tests skip those not installed."""

import keras
import numpy as np
import pytest

from bench.peers.contenders import CONTENDERS, keras_fit
from bench.peers.task import BATCH, Task, accuracy, build
from repro import data_order

SEEDS, EPOCHS = 2, 2
NEEDS = {"torch.func vmap": "torch", "JAX vmap and scan": "jax"}
# Keras' other backend needs a process of its own, scikit-learn draws weights and orders of its own.
SAME = sorted(set(CONTENDERS) - {"keras.Model.fit on JAX", "scikit-learn's MLPClassifier"})


@pytest.fixture(scope="module")
def task():
    draws = np.random.default_rng(0)
    n = 2 * BATCH
    first = []
    for seed in range(SEEDS):
        keras.utils.set_random_seed(seed)
        first.append([w for w in build().get_weights() if w.ndim == 2])
    w1, w2 = (np.stack(weights) for weights in zip(*first, strict=True))
    orders = [[data_order(seed, epoch + 1, n) for epoch in range(EPOCHS)] for seed in range(SEEDS)]
    digits = draws.integers(0, 10, n).astype("int32")
    images = draws.random((n, 784), "float32")
    images[:, :10] += 3 * np.eye(10, dtype="float32")[digits]  # to be learnt at once
    return Task(images, digits, np.asarray(orders, "int32"), w1, w2)


@pytest.fixture(scope="module")
def expected(task):
    return keras_fit(task)


@pytest.mark.slow
@pytest.mark.parametrize("name", SAME)
def test_every_contender_ends_at_the_weights_of_fit(name, task, expected):
    pytest.importorskip(NEEDS.get(name, "keras"))
    for ours, theirs in zip(CONTENDERS[name](task), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_scikit_learn_learns_the_same_digits(task):
    assert accuracy(task, *CONTENDERS["scikit-learn's MLPClassifier"](task)) > 0.2  # chance: 0.1
