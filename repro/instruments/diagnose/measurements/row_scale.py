"""Measure what is lost where a model brings every row to one size before anything reads it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.baselines import linear_skill, neighbour_skill
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.sequences import single_input
from repro.instruments.diagnose.setup.setup import Setup

FEWEST_COLUMNS, MOST_COLUMNS = 3, 50  # of images, too, many run from 0 to 1
CLOSE = 1e-3  # to 0 or 1, but for rounding
BY_ROW = ("LayerNormalization", "RMSNormalization", "UnitNormalization")


@dataclass(frozen=True)
class RowScale:
    """A layer that normalizes every row by itself, and the skill that baselines lose by that."""

    position: int
    kind: str
    lost: float


def find_row_scale(setup: Setup) -> RowScale | None:
    """Return such a layer if it is the first that the inputs pass, with what it costs; else None.

    The size or level of a row is then gone, which may be what the targets follow.
    """
    x, test = single_input(setup), setup.test[0]
    if x is None or not setup.operations or 0 in setup.bypassed or setup.task.per_step:
        return None
    operation = setup.operations[0]
    kind = type(operation).__name__
    if kind not in BY_ROW:
        return None
    kept = _best_baseline(setup, setup.inputs, setup.test_inputs)
    left = _best_baseline(setup, *(_flat(operation(a.astype("float32"))) for a in (x, test)))
    return RowScale(0, kind, kept - left)


def _flat(values: Any) -> Array:
    array = np.asarray(values, float)
    return array.reshape(len(array), -1)


def _best_baseline(setup: Setup, x: Array, test: Array) -> float:
    train, scored = (x, setup.train[1]), (test, setup.test[1])
    linear = linear_skill(setup.task, train, scored)
    if setup.test is setup.train:  # a row would be its own neighbour
        return linear
    return float(np.fmax(linear, neighbour_skill(setup.task, train, scored)))


def share_of_sized_rows(setup: Setup) -> float:
    """Return the share of rows that have one size: mean 0 and deviation 1, length 1, or 0 to 1.

    Rows of nothing but 0 and 1, as those of categories, are none of these.
    """
    x = single_input(setup)
    if x is None or x.ndim != 2 or not FEWEST_COLUMNS <= x.shape[1] <= MOST_COLUMNS:
        return 0.0
    x = np.asarray(x, float)
    if not np.isfinite(x).all() or np.isin(x, (0, 1)).all():
        return 0.0
    means, lengths = x.mean(axis=1), np.linalg.norm(x, axis=1)
    return max(
        _share_near(means, 0, x.std(axis=1), 1),
        _share_near(lengths, 1, lengths, 1),
        _share_near(x.min(axis=1), 0, x.max(axis=1), 1),
    )


def _share_near(first: Array, one: float, second: Array, other: float) -> float:
    """Return the share of rows in which a number is near one, and a second near another."""
    is_near = (np.abs(first - one) < CLOSE) & (np.abs(second - other) < CLOSE)
    return float(is_near.mean())
