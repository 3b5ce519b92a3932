"""Every loss of keras.losses and metric of keras.metrics gives what it gives in `fit`.

Slow: all but a few of them.
"""

import pytest

from tests.training.matrix.compare import mistake_in_group
from tests.training.matrix.losses_and_metrics import (
    groups,
    loss_recipes,
    losses_case,
    metric_recipes,
    metrics_case,
)

QUICK = [
    (losses_case, ["BinaryCrossentropy", "MeanSquaredError"], loss_recipes()),
    (metrics_case, ["BinaryAccuracy", "Precision"], metric_recipes()),
]
MARKS = [[], [pytest.mark.slow]]  # tests/training/test_fit.py has a metric in all its tests
PARTS = [
    *((losses_case, names, loss_recipes()) for names in groups(loss_recipes())),
    *((metrics_case, names, metric_recipes()) for names in groups(metric_recipes())),
]


def test_every_loss_and_metric_can_be_made():
    for name, recipe in (loss_recipes() | metric_recipes()).items():
        try:
            recipe.make()
        except Exception as error:
            pytest.fail(
                f"tests/training/matrix/losses_and_metrics.py does not say how {name} is made "
                f"({error}): add it to LOSSES or METRICS, or to what is unusable with the reason"
            )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case_of", "names", "recipes"),
    [
        *(pytest.param(*part, id=f"quick-{i}", marks=MARKS[i]) for i, part in enumerate(QUICK)),
        *(
            pytest.param(*part, id="-".join(part[1]).replace(" ", "_"), marks=pytest.mark.slow)
            for part in PARTS
        ),
    ],
)
def test_losses_and_metrics_are_those_of_fit(case_of, names, recipes):
    mistake = mistake_in_group(names, lambda members: case_of(members, recipes))
    assert not mistake, mistake
