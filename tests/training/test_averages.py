"""Where weights are averages in the end, they are for every seed."""

import keras
import pytest
from keras import layers, optimizers

from repro import fit_seeds
from tests.training.plain import assert_same, fit_by_hand
from tests.training.test_arguments import X, Y

AVERAGING = {"use_ema": True, "ema_momentum": 0.9}


def scaled():
    return optimizers.LossScaleOptimizer(optimizers.SGD(0.1, **AVERAGING))


def of_several():
    chosen = optimizers.OptimizerMap(optimizers.SGD(0.1, **AVERAGING))
    chosen["dense_1"] = optimizers.SGD(0.1)
    return optimizers.MultiOptimizer(chosen)


class Halving(optimizers.SGD):
    def finalize_variable_values(self, var_list):
        for v in var_list:
            v.assign(v / 2)


@pytest.mark.parametrize(
    "optimizer", [scaled, *(pytest.param(o, marks=pytest.mark.slow) for o in (of_several, Halving))]
)
def test_the_averages_of_an_optimizer_in_another_are_taken(optimizer):
    def make():
        model = keras.Sequential([keras.Input((5,)), layers.Dense(3), layers.Dense(1)])
        model.compile(optimizer(), "mse")
        return model

    given = {"seeds": [3, 0], "batch_size": 8, "verbose": 0, "check": False}
    if optimizer is Halving:
        with pytest.warns(UserWarning, match="Halving overrides finalize_variable_values"):
            fit = fit_seeds(make, X, Y, **given)
    else:
        fit = fit_seeds(make, X, Y, **given)
        with pytest.raises(ValueError, match="use_ema"):
            fit.resume(epochs=3)
    assert_same(fit, 3, *fit_by_hand(make, 3, X, Y))
