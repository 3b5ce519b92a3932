"""`repro.callbacks.ReluHealth` in a user's own `fit`."""

import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from repro.callbacks import ReluHealth
from repro.instruments.diagnose.symptoms.definition import Criterion
from repro.instruments.relu_health import DEAD, LARGE_STEP

X = np.linspace(0.1, 1, 40, dtype="float32").reshape(20, 2)
Y = np.zeros((20, 1), "float32")


def network(signs=(-1, 1), rate=0.0, separate=False):
    """Two hidden units of weights of these signs; X is positive, so that is their sums' sign."""
    hidden = [keras.layers.Dense(2, None if separate else "relu", name="hidden")]
    if separate:
        hidden.append(keras.layers.ReLU())
    model = keras.Sequential([keras.Input((2,)), *hidden, keras.layers.Dense(1, name="out")])
    kernel = np.array([signs, signs], "float32")
    model.set_weights([kernel, np.zeros(2), np.ones((2, 1)), np.zeros(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model


def fit(model, callback, **settings):
    settings = {"epochs": 2, "batch_size": 8, "verbose": 0} | settings
    return model.fit(X, Y, callbacks=[callback], **settings).history


@pytest.mark.parametrize("separate", [False, True])
def test_dead_units_are_counted_over_all_samples(separate):
    history = fit(network(separate=separate), ReluHealth())
    assert history["dead_units/hidden"] == [0.5, 0.5]
    assert "dead_units/out" not in history


def test_a_unit_that_one_batch_alone_wakes_is_not_dead():
    x = np.full((20, 2), -1, "float32")
    x[3] = 1
    model = network(signs=(1, 1))
    history = model.fit(x, Y, batch_size=5, shuffle=False, verbose=0, callbacks=[ReluHealth()])
    assert history.history["dead_units/hidden"] == [0.0]


def test_the_ratio_is_that_of_the_epochs_last_update():
    model, by_hand = network(rate=0.1), network(rate=0.1)
    history = fit(model, ReluHealth(), epochs=1, batch_size=10, shuffle=False)
    by_hand.train_on_batch(X[:10], Y[:10])
    old = by_hand.get_layer("out").kernel.numpy()
    by_hand.train_on_batch(X[10:], Y[10:])
    expected = np.linalg.norm(by_hand.get_layer("out").kernel.numpy() - old) / np.linalg.norm(old)
    assert history["update_ratio/out"] == pytest.approx([expected], rel=1e-5)


def test_training_is_the_same_with_it_and_after_it():
    plain, watched = network(rate=0.1), network(rate=0.1)
    plain.fit(X, Y, epochs=4, batch_size=8, shuffle=False, verbose=0)
    fit(watched, ReluHealth(), shuffle=False)
    watched.fit(X, Y, epochs=2, batch_size=8, shuffle=False, verbose=0)
    for a, b in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    assert "call" not in vars(watched.get_layer("hidden"))


def test_it_warns_once():
    with pytest.warns(UserWarning, match=r"hidden: 100 % of the units were 0") as caught:
        fit(network(signs=(-1, -1)), ReluHealth(), epochs=3)
    assert len(caught) == 1


def test_long_steps_are_warned_of():
    with pytest.warns(UserWarning, match="of the weights' length"):
        fit(network(signs=(1, 1), rate=50.0), ReluHealth(), epochs=1, batch_size=20)


def test_a_healthy_run_is_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(network(signs=(1, 1), rate=1e-3), ReluHealth())


def test_it_warns_where_its_docstring_and_the_page_say():
    page = Path(__file__).parents[2] / "docs" / "diagnose.md"
    assert DEAD.counts == Criterion(">", 0.5)
    for text in (ReluHealth.__doc__, page.read_text(encoding="utf-8")):
        words = " ".join(text.split())
        assert "more than half of a layer's units are dead" in words
        assert f"longer than {LARGE_STEP.threshold:g} of the weights" in words
