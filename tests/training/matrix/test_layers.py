"""Every layer of keras.layers trains by `fit_seeds` as by `fit`.

Slow: all but two of them.
"""

import keras
import pytest

from tests.training.matrix.cases import (
    CASES,
    RECIPES,
    UNUSABLE_LAYERS,
    layer_case,
    layer_groups,
    layer_recipes,
)
from tests.training.matrix.compare import mistake_in_group

ALL = layer_recipes()
KNOWN = {name: recipe for name, recipe in ALL.items() if recipe}
QUICK = ["BatchNormalization", "Dense"]


def test_every_layer_has_a_recipe():
    unknown = [name for name, recipe in ALL.items() if recipe is None]
    assert not unknown, (
        f"{CASES} does not say how keras.layers.{unknown[0]} is made: add it to RECIPES, or to "
        "UNUSABLE_LAYERS with the reason why no model can be trained with it"
    )


def test_every_recipe_is_of_a_layer_that_there_is():
    named = {name.split(",")[0] for name in RECIPES} | set(UNUSABLE_LAYERS)
    assert [name for name in sorted(named) if not hasattr(keras.layers, name)] == []


@pytest.mark.long
@pytest.mark.parametrize(
    "names",
    [QUICK, *(pytest.param(names, marks=pytest.mark.slow) for names in layer_groups(KNOWN))],
    ids=lambda names: "-".join(name.replace(" ", "_") for name in names),
)
def test_layers_train_as_by_fit(names):
    mistake = mistake_in_group(names, lambda members: layer_case(members, KNOWN))
    assert not mistake, mistake
