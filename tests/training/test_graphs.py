"""Graphs that calls of `fit_seeds` hand on to each other."""

import keras
import numpy as np
import pandas as pd
import pytest

from repro.training.fit import fit_seeds, fit_with
from repro.training.graphs import Graphs

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
FIT = {"seeds": 2, "epochs": 2, "batch_size": 8, "n_jobs": 1, "block_size": 2, "check": False}


def make_build(rate, momentum=0.5):
    def build():
        layers = [keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        model.compile(keras.optimizers.SGD(rate, momentum=momentum), "mse")
        return model

    return build


@pytest.fixture(scope="module")
def graphs():
    graphs = Graphs()
    fit_with(graphs, make_build(0.1), X, Y, validation_data=(X, Y), **FIT)
    return graphs


def test_other_rates_and_data_have_the_numbers_of_a_graph_of_their_own(graphs):
    (block,) = graphs.blocks.values()
    data = {"x": 2 * X, "y": Y, "validation_data": (X, -Y)}
    ours = fit_with(graphs, make_build(0.01), **data, **FIT)
    assert list(graphs.blocks.values()) == [block]
    theirs = fit_seeds(make_build(0.01), **data, **FIT)
    pd.testing.assert_frame_equal(ours.frame, theirs.frame, check_exact=True)


def test_they_hold_no_data_between_calls(graphs):
    (block,) = graphs.blocks.values()
    assert block.job.data.n == block.job.validation.n == 0


def test_a_network_that_they_are_not_of_trains_with_fit_and_says_so(graphs):
    with pytest.warns(UserWarning, match="momentum"):
        fit = fit_with(graphs, make_build(0.1, momentum=0.9), X, Y, **FIT)
    assert "momentum" in fit.one_at_a_time
