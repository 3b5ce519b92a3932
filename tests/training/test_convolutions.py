"""Where a step's convolutions are large, seeds are trained one at a time: several are no faster."""

import keras
import numpy as np
import pytest
from keras import layers

from repro import fit_seeds
from repro.training import fusible

A_SAMPLE = 3 * 3 * 8 * 16 * 62 * 62  # products: of the kernel, at each place of the output
ABOVE = int(fusible.LARGE // A_SAMPLE) + 1  # samples a batch
X = np.random.default_rng(0).random((ABOVE, 64, 64, 8), dtype="float32")
Y = X.mean(axis=(1, 2, 3))


def build():
    stack = [layers.Conv2D(16, 3, activation="relu"), layers.GlobalAveragePooling2D()]
    model = keras.Sequential([keras.Input((64, 64, 8)), *stack, layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def fit(batch_size):
    return fit_seeds(
        build, X, Y, seeds=2, epochs=2, batch_size=batch_size, verbose=0, n_jobs=1, check=False
    )


@pytest.mark.long
def test_the_switch_is_taken_above_the_constant_and_changes_numbers_by_rounding(monkeypatch):
    message = "million products of convolutions a step: no faster at once"
    with pytest.warns(UserWarning, match=f"one seed at a time: 25. {message}"):
        alone = fit(ABOVE)
    assert message in alone.one_at_a_time
    assert fit(ABOVE - 1).one_at_a_time is None
    monkeypatch.setattr(fusible, "LARGE", np.inf)
    at_once = fit(ABOVE)
    assert at_once.one_at_a_time is None
    np.testing.assert_allclose(at_once.frame, alone.frame, rtol=1e-4)
    for seed in (0, 1):
        states = zip(at_once.trained[seed].state, alone.trained[seed].state, strict=True)
        for ours, theirs in states:
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
