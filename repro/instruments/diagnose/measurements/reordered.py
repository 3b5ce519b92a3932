"""Find validation columns that stand in another order than those of training."""

import numpy as np

from repro.instruments.diagnose.measurements.baselines import linear_skill
from repro.instruments.diagnose.setup.arrays import Array, standardized
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.task import as_table

FEATURES = (2, 100)  # fewest and most of a table whose columns are looked at
QUARTILES = (0.25, 0.5, 0.75)


def column_order(setup: Setup) -> tuple[float, tuple[int, ...]]:
    """Return what ridge regression gains if validation columns change places, and their order.

    Columns go together whose values lie alike and correlate with the targets alike. What is gained
    by the best order of columns that were in order is next to nothing.

    Returns:
        The gain in skill (0 where there is none to look for), and for each training column the
        place that it has among the validation columns.
    """
    train, test = setup.inputs, setup.test_inputs
    is_table = isinstance(setup.train[0], np.ndarray) and setup.train[0].ndim == 2
    if not is_table or setup.tested_on != "validation data" or setup.task.per_step:
        return 0.0, ()
    if not FEATURES[0] <= train.shape[1] <= FEATURES[1] or not np.isfinite(test).all():
        return 0.0, ()
    order = _best_order(_profiles(setup, train, setup.targets, train), _profiles_of_test(setup))
    skills = [
        linear_skill(setup.task, (train, setup.train[1]), (x, setup.test[1]))
        for x in (test, test[:, order])
    ]
    return skills[1] - skills[0], tuple(order.tolist())


def _profiles_of_test(setup: Setup) -> Array:
    return _profiles(setup, setup.test_inputs, setup.test_targets, setup.inputs)


def _profiles(setup: Setup, x: Array, targets: Array, units: Array) -> Array:
    """Return numbers by which a column is known: its quartiles, and how it goes with the targets.

    Quartiles are in the median deviation of the columns of `units`.
    """
    spread = np.median(units.std(axis=0)) or 1.0
    labels = setup.task.labels
    rows = as_table(targets)
    rows = (rows == np.array(labels)).astype(float) if labels else rows
    together = standardized(x).T @ standardized(rows) / len(x)
    return np.concatenate([np.quantile(x, QUARTILES, axis=0).T / spread, together], axis=1)


def _best_order(train: Array, test: Array) -> Array:
    from scipy.optimize import linear_sum_assignment

    distances = ((train[:, None] - test[None]) ** 2).sum(axis=2)
    return np.asarray(linear_sum_assignment(distances)[1])
