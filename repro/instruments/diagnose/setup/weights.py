"""The weights of rows: sample weights and class weights, as `fit` takes them."""

from typing import Any

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.errors import DiagnoseError
from repro.instruments.diagnose.setup.task import (
    Task,
    as_table,
    class_counts,
    class_numbers,
    class_places,
)


def alike_weights(task: Task, y: Array) -> Array:
    """Return a weight for every row that gives all classes the same weight."""
    places, counts = class_places(task, y), class_counts(task, y)
    return len(places) / (len(counts) * np.maximum(counts, 1))[places]


def row_weights(
    y: Array, sample_weight: Any, class_weight: dict[int, float] | None
) -> Array | None:
    """Return the product of both for every row; None if neither is given.

    Raises:
        DiagnoseError: if there isn't a number for every row or class.
    """
    if sample_weight is None and class_weight is None:
        return None
    weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, float)
    if weights.shape != (len(y),) or not (np.isfinite(weights) & (weights >= 0)).all():
        raise DiagnoseError(
            f"sample_weight must hold a number of at least 0 for each of {len(y)} rows, "
            f"got shape {weights.shape}"
        )
    if class_weight is None:
        return weights
    (classes,) = class_numbers(as_table(y))
    missing = sorted(set(classes.tolist()) - set(class_weight))
    if missing:
        raise DiagnoseError(
            f"class_weight has no weight for class {missing[0]:g}; name all classes"
        )
    return weights * np.array([class_weight[int(c)] for c in classes])
