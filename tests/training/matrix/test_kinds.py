"""Models of every kind train by `fit_seeds` as by `fit`, fused or, with the reason, one by one.

Slow: all kinds but one.
"""

import keras
import pytest
from keras import layers

from repro import fit_seeds
from tests.training.matrix.compare import compare, mistake_in
from tests.training.matrix.kinds import CASES, TARGETS, X


@pytest.mark.long
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name.replace(" ", "_"), marks=[pytest.mark.slow] * case.slow)
        for case in CASES
    ],
)
def test_a_kind_of_model_trains_as_by_fit(case):
    mistake = mistake_in(case, compare(case))
    assert not mistake, mistake


SHARED_LAYER = layers.Dense(1)
SHARED_OPTIMIZER = keras.optimizers.SGD(0.05)


def build_with_a_shared_layer():
    model = keras.Sequential([keras.Input((8,)), SHARED_LAYER])
    model.compile("sgd", "mse")
    return model


def build_with_a_shared_optimizer():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(1)])
    model.compile(SHARED_OPTIMIZER, "mse")
    return model


@pytest.mark.parametrize("build", [build_with_a_shared_layer, build_with_a_shared_optimizer])
def test_models_that_share_variables_are_refused(build):
    with pytest.raises(ValueError, match=r"models that share .* inside of build"):
        fit_seeds(build, X, TARGETS, seeds=2, verbose=0, check=False)
