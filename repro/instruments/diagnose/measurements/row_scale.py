"""Measure what is lost where a model brings every row to one size before anything reads it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.baselines import linear_skill, neighbour_skill
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.sequences import single_input
from repro.instruments.diagnose.setup.setup import Setup

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
