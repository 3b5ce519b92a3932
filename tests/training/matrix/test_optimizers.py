"""Every optimizer of keras.optimizers trains by `fit_seeds` as by `fit`.

Slow: all but one of them.
"""

import pytest

from tests.training.matrix.compare import compare, mistake_in
from tests.training.matrix.optimizers import QUICK, optimizer_case, optimizer_recipes

MADE = optimizer_recipes()


def test_every_optimizer_can_be_made():
    for name, make in MADE.items():
        try:
            make()
        except Exception as error:
            pytest.fail(
                f"tests/training/matrix/optimizers.py does not say how keras.optimizers.{name} is "
                f"made ({error}): add it to RECIPES, or to UNUSABLE with the reason"
            )


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, id=name.replace(" ", "_"), marks=[pytest.mark.slow] * (name not in QUICK)
        )
        for name in MADE
    ],
)
def test_an_optimizer_trains_as_by_fit(name):
    case = optimizer_case(name, MADE[name])
    mistake = mistake_in(case, compare(case))
    assert not mistake, mistake
