"""A step that is wrong when fused is found on the user's own model, before it trains."""

import keras
import numpy as np
import pytest
from keras import layers

from repro import fit_seeds
from repro.training import vectorize
from repro.training.step import _AssignsNothing
from tests.training.plain import assert_same, fit_by_hand
from tests.training.test_arguments import TEST, X, Y, build


def assert_found_and_trained_alone(make, match):
    with pytest.warns(UserWarning, match=f"one seed at a time: .*{match}"):
        fit = fit_seeds(make, X, Y, seeds=[3, 0], batch_size=8, validation_data=TEST, verbose=0)
    model, history = fit_by_hand(make, 3, X, Y, validation_data=TEST, validation_batch_size=8)
    assert_same(fit, 3, model, history)


def test_a_wrong_update_is_found(monkeypatch):
    right = _AssignsNothing.assign_sub
    monkeypatch.setattr(_AssignsNothing, "assign_sub", lambda o, v, d: right(o, v, 1.001 * d))
    assert_found_and_trained_alone(build, "differs by .*after its first steps fused and by fit")


def test_what_can_not_run_without_side_effects_falls_back():
    class Counts(layers.Layer):
        def build(self, shape):
            self.count = self.add_weight(initializer="zeros", trainable=False)

        def call(self, inputs):
            self.count.value.assign_add(1.0)  # TensorFlow's variable, behind Keras' back
            return inputs

    def make():
        model = keras.Sequential([keras.Input((5,)), Counts(), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    assert_found_and_trained_alone(make, "without side effects")


def test_differences_of_rounding_are_none():
    """Adam makes steps of full size of gradients that are zero but for rounding."""

    def make():
        model = keras.Sequential(
            [keras.Input((5,)), layers.Dense(6), layers.BatchNormalization(), layers.Dense(1)]
        )
        model.compile("adam", "mse")  # the first bias has no effect
        return model

    fit = fit_seeds(make, X, Y, seeds=2, batch_size=8, verbose=0)
    assert fit.one_at_a_time is None


def test_the_check_changes_no_number():
    fits = [fit_seeds(build, X, Y, seeds=2, verbose=0, check=check) for check in (True, False)]
    np.testing.assert_array_equal(fits[0].frame, fits[1].frame)


def test_the_layer_that_differs_is_named(monkeypatch):
    rule = vectorize.RULES["Softplus"]  # let the map halve what softplus gives

    def wrong(pfor_input):
        return vectorize.pfor.wrap(rule(pfor_input).t / 2, True)

    monkeypatch.setitem(vectorize.RULES, "Softplus", wrong)

    def make():
        model = keras.Sequential(
            [keras.Input((5,)), layers.Dense(4), layers.Activation("softplus"), layers.Dense(1)]
        )
        model.compile("sgd", "mse")
        return model

    assert_found_and_trained_alone(make, r"first in layer activation\)")
