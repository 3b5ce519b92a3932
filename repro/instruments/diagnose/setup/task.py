"""The task of a network: to tell classes or to predict numbers, and how labels are written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from repro.instruments.diagnose.setup.anatomy import PROBABILITIES
from repro.instruments.diagnose.setup.arrays import Array

CLASS_LOSSES = ("crossentropy", "hinge", "focal")
MOST_CLASSES = 50
IMBALANCED = 0.9  # share of the commonest class: from there on all classes count alike
UNEVEN = 10.0  # times as much as another column's deviates: from there on all columns count alike
HALF = 0.5
SMOOTHED = 0.1  # one-hot labels may be as far from 0 and 1 as this: 0.01 and 0.99, say


@dataclass(frozen=True)
class Task:
    """Classification or regression, and how labels are written.

    Attributes:
        kind: decides what the skill is made of: accuracy, or the squared error.
        labels: the classes as one column of labels holds them, ascending; empty if there are more
            columns, or no classes.
        columns: number of columns of the targets.
        several: whether any number of classes may hold for a row, each with a column of 0 and 1.
        per_step: whether every time step or pixel of a row has a class of its own.
        distances: whether outputs are small where the label is 1, as those of a contrastive loss.
        place: which output predicts the target, if a loss of one's own takes the others for
            something else, such as its spread; None if all predict.
        factors: what a hit counts for in each class, if all classes count alike; () if rows do. Of
            several labels a row, what it counts for where the label is 0, and where it is 1.
        spreads: the deviation of each target column, if all columns count alike; () if the larger
            ones count more, as in the squared error.
    """

    kind: Literal["classification", "regression"]
    labels: tuple[float, ...]
    columns: int
    several: bool = False
    per_step: bool = False
    distances: bool = False
    place: int | None = None
    factors: tuple[float, ...] = ()
    spreads: tuple[float, ...] = ()

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


def target_table(task: Task, y: Array) -> Array:
    """Return targets as a table with a row for everything that has a class, or numbers, of its own.

    A row is a row of the data, or each time step or pixel of one.
    """
    values = np.asarray(y, float)
    return values.reshape(-1, task.columns) if task.per_step else as_table(values)


def is_one_hot(y: Array) -> bool:
    """Tell whether each row holds zeros and one 1; or two numbers near those, the same in all rows.

    Of two columns of a regression, too, one is the larger in every row.
    """
    rows = as_table(y)
    if rows.shape[1] < 2:
        return False
    low, high = rows.min(), rows.max()
    ones = np.isclose(rows, high)
    is_binary = (ones | np.isclose(rows, low)).all()
    is_near = abs(low) <= SMOOTHED and abs(high - 1) <= SMOOTHED
    return bool(is_binary and is_near and (ones.sum(axis=1) == 1).all())


def class_numbers(*tables: Array) -> list[Array]:
    """Return the class of each row of several tables, as numbers that mean the same in all."""
    columns = tables[0].shape[1]
    return [t.argmax(axis=1) if columns > 1 else t[:, 0] for t in tables]


def outputs_a_target(output: Sequence[int | None], target: Sequence[int | None]) -> int:
    """Return how many outputs a row has for each of its targets: 1, unless axes are too many.

    Args:
        output: the shape of the predictions, rows first.
        target: the shape of the targets, rows first.
    """
    sides, units = tuple(output[1:-1]), output[-1]
    fitting = (tuple(output[1:]), sides, (*sides, 1))
    if len(output) < 3 or None in sides or tuple(target[1:]) in fitting:
        return 1
    numbers = math.prod(int(side or 1) for side in target[1:])
    return math.prod(int(side or 1) for side in sides) if numbers in (1, units) else 1


def balanced(task: Task, y: Array) -> Task:
    """Return the task with all classes or columns counting alike, where one would hide the others.

    Whoever always names the class of nearly all rows would otherwise be nearly always right; and
    whoever predicts the largest of several numbers, though none of the others.
    """
    if task.kind == "regression":
        return replace(task, spreads=spreads_of(y))
    if task.several:
        return replace(task, factors=_factors_of_ones(float((as_table(y) > HALF).mean())))
    if not task.classes:
        return task
    counts = class_counts(task, y)
    return alike(task, y) if counts.max() > IMBALANCED * counts.sum() else task


def alike(task: Task, y: Array) -> Task:
    """Return the task with all classes counting alike, if each has a row."""
    counts = class_counts(task, y)
    if not counts.all():
        return task
    return replace(task, factors=tuple((counts.sum() / (len(counts) * counts)).tolist()))


def _factors_of_ones(share: float) -> tuple[float, ...]:
    """Return what a hit on a 0 and on a 1 counts for, if nearly all labels are the same."""
    if not 0 < share < 1 or max(share, 1 - share) <= IMBALANCED:
        return ()
    return HALF / (1 - share), HALF / share


def label_factors(task: Task, y: Array) -> Array:
    """Return what a hit on each of several labels a row counts for, (n, columns)."""
    zero, one = task.factors or (1.0, 1.0)
    return np.where(as_table(y) > HALF, one, zero)


def spreads_of(y: Array) -> tuple[float, ...]:
    """Return the deviations of the columns of targets (n, columns) if these are very different."""
    spreads = np.std(np.asarray(y, float), axis=0)
    is_uneven = np.ndim(y) == 2 and spreads.max() > UNEVEN * spreads.min() > 0
    return tuple(spreads.tolist()) if is_uneven else ()


def class_counts(task: Task, y: Array) -> Array:
    """Return the number of rows of each class, in the order of the labels or columns."""
    return np.bincount(class_places(task, y), minlength=task.classes)


def class_places(task: Task, y: Array) -> Array:
    """Return each row's class by its place among the labels or columns."""
    rows = target_table(task, y)
    if rows.shape[1] > 1:
        return np.asarray(rows.argmax(axis=1))
    return np.searchsorted(np.array(task.labels), rows[:, 0]).clip(0, max(task.classes - 1, 0))


def is_class_loss(loss: str) -> bool:
    """Tell whether a loss, by its name, is made for classes."""
    return any(name in loss for name in CLASS_LOSSES)


def infer_step_task(y: Array, *, units: int, sparse: bool) -> Task:
    """Return the task of a class for every step or pixel: integers, or a column a class."""
    if not sparse:
        return Task("classification", (), units, per_step=True)
    labels = tuple(np.unique(np.asarray(y, float)).tolist())
    return Task("classification", labels, 1, per_step=True)


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
        asks_classes = activation in PROBABILITIES or wants_accuracy or is_class_loss(loss)
        several = set(values) <= {0.0, 1.0} and asks_classes and not one_hot
        return Task("classification" if several or one_hot else "regression", (), columns, several)
    are_labels = len(values) <= max(2, min(MOST_CLASSES, len(y) // 5))
    if not (are_labels and ((values == np.rint(values)).all() or "sparse" in loss)):
        return Task("regression", (), 1)
    are_classes = (
        is_class_loss(loss)
        or wants_accuracy
        or activation == "softmax"
        or (activation == "sigmoid" and len(values) == 2)
        or units == len(values) > 1
    )
    if not are_classes:
        return Task("regression", (), 1)
    return Task("classification", tuple(values.tolist()), 1)
