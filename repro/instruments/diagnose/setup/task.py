"""The task of a network: to tell classes or to predict numbers, and how labels are written."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from repro.instruments.diagnose.setup.anatomy import PROBABILITIES
from repro.instruments.diagnose.setup.arrays import Array

CLASS_LOSSES = ("crossentropy", "hinge", "focal")
MOST_CLASSES = 50


@dataclass(frozen=True)
class Task:
    """Classification or regression, and how labels are written.

    Attributes:
        kind: decides what the skill is made of: accuracy, or the squared error.
        labels: the classes as one column of labels holds them, ascending; empty if there are more
            columns, or no classes.
        columns: number of columns of the targets.
        several: whether any number of classes may hold for a row, each with a column of 0 and 1.
    """

    kind: Literal["classification", "regression"]
    labels: tuple[float, ...]
    columns: int
    several: bool = False

    @property
    def classes(self) -> int:
        """Number of classes that exclude each other; 0 if there are none."""
        if self.kind == "regression" or self.several:
            return 0
        return len(self.labels) or self.columns


def as_table(y: Array) -> Array:
    """Return targets as (n, columns), float64."""
    values = np.asarray(y, float)
    return values.reshape(len(values), -1)


def is_one_hot(y: Array) -> bool:
    """Tell whether each row has one largest entry and all others alike: 0/1, or say 0.01/0.99."""
    rows = as_table(y)
    if rows.shape[1] < 2:
        return False
    ordered = np.sort(rows, axis=1)
    return bool(
        (ordered[:, -1] > ordered[:, -2]).all() and np.allclose(ordered[:, 0], ordered[:, -2])
    )


def infer_task(y: Array, *, loss: str, activation: str, units: int, wants_accuracy: bool) -> Task:
    """Return what the labels, the loss, the output and the metrics say that the task is.

    Integer labels are classes if there are few of them and anything says so: a loss for classes,
    an accuracy among the metrics, a softmax, a sigmoid for two, or an output unit for each.
    Several columns are classes if they are one-hot; or, each on its own, if all are 0 or 1.
    """
    columns = as_table(y).shape[1]
    values = np.unique(as_table(y))
    if columns > 1:
        one_hot = is_one_hot(y)
        several = set(values) <= {0.0, 1.0} and (activation in PROBABILITIES or wants_accuracy)
        several = several and not one_hot
        return Task("classification" if several or one_hot else "regression", (), columns, several)
    are_labels = len(values) <= max(2, min(MOST_CLASSES, len(y) // 5))
    if not (are_labels and ((values == np.rint(values)).all() or "sparse" in loss)):
        return Task("regression", (), 1)
    are_classes = (
        any(name in loss for name in CLASS_LOSSES)
        or wants_accuracy
        or activation == "softmax"
        or (activation == "sigmoid" and len(values) == 2)
        or units == len(values) > 1
    )
    if not are_classes:
        return Task("regression", (), 1)
    return Task("classification", tuple(values.tolist()), 1)
