"""What a network is asked to do, and one score of how well it does it, whatever its loss.

The score is a skill: 0 is the best constant prediction, 1 is perfect, and what is worse than the
constant, or not finite, counts as 0. Changes of loss and encoding leave it comparable.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from repro.instruments.diagnose.setup.anatomy import PROBABILITIES

Array = NDArray[Any]

CLASS_LOSSES = ("crossentropy", "hinge", "focal")
MOST_CLASSES = 50
LEAST_MARGIN = 0.05  # ours: smaller differences in skill are not called an improvement


@dataclass(frozen=True)
class Task:
    """Classification or regression, and how labels are written.

    Attributes:
        kind: what the skill is of: accuracy, or the squared error.
        labels: the classes as one column of labels holds them, ascending; empty if there are more
            columns, or no classes.
        columns: of the targets.
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


def table(y: Array) -> Array:
    """Targets as (n, columns), float64."""
    values = np.asarray(y, float)
    return values.reshape(len(values), -1)


def is_one_hot(y: Array) -> bool:
    """Whether each row has one largest entry and all others alike: 0/1, or say 0.01/0.99."""
    rows = table(y)
    if rows.shape[1] < 2:
        return False
    ordered = np.sort(rows, axis=1)
    return bool(
        (ordered[:, -1] > ordered[:, -2]).all() and np.allclose(ordered[:, 0], ordered[:, -2])
    )


def task_of(y: Array, loss: str, activation: str, units: int, wants_accuracy: bool) -> Task:
    """Return what the labels, the loss, the output and the metrics say that the task is.

    Integer labels are classes if there are few of them and anything says so: a loss for classes,
    an accuracy among the metrics, a softmax, a sigmoid for two, or an output unit for each.
    Several columns are classes if they are one-hot; or, each on its own, if all are 0 or 1.
    """
    columns = table(y).shape[1]
    values = np.unique(table(y))
    if columns > 1:
        several = set(values) <= {0.0, 1.0} and (activation in PROBABILITIES or wants_accuracy)
        several = several and not is_one_hot(y)
        known = several or is_one_hot(y)
        return Task("classification" if known else "regression", (), columns, several)
    few = len(values) <= max(2, min(MOST_CLASSES, len(y) // 5))
    if not (few and ((values == np.rint(values)).all() or "sparse" in loss)):
        return Task("regression", (), 1)
    intended = (
        any(name in loss for name in CLASS_LOSSES)
        or wants_accuracy
        or activation == "softmax"
        or (activation == "sigmoid" and len(values) == 2)
        or units == len(values) > 1
    )
    return Task("classification", tuple(values.tolist()), 1) if intended else Task(
        "regression", (), 1
    )  # fmt: skip


def metric(task: Task, from_logits: bool) -> Callable[[Any, Any], Any]:
    """Return the metric `score(y_true, y_pred)` that Keras averages: hits, or squared errors."""
    from keras import ops

    whole = all(label == round(label) for label in task.labels)
    middle = 0.0 if from_logits or not task.labels else (task.labels[0] + task.labels[-1]) / 2

    def decoded(values: Any, prediction: bool) -> Any:
        if len(values.shape) > 1 and values.shape[-1] > 1:
            return ops.cast(ops.argmax(values, axis=-1), "float32")
        flat = ops.cast(ops.reshape(values, (-1,)), "float32")
        if not prediction or len(task.labels) > 2:
            return ops.round(flat) if whole else flat
        if not task.labels:
            return flat
        low, high = task.labels[0], task.labels[-1]
        return ops.where(flat > middle, ops.full_like(flat, high), ops.full_like(flat, low))

    def score(y_true: Any, y_pred: Any) -> Any:
        if task.kind == "classification" and not task.several:
            return ops.cast(ops.equal(decoded(y_true, False), decoded(y_pred, True)), "float32")
        # of sequences a value for every step, since Keras masks those
        shape = ops.shape(y_pred) if len(y_pred.shape) > 2 else (ops.shape(y_pred)[0], -1)
        y_pred, y_true = ops.reshape(y_pred, shape), ops.reshape(y_true, shape)
        if task.several:
            hits = ops.equal(
                ops.cast(y_true, "float32") > 0.5, y_pred > (0 if from_logits else 0.5)
            )
            return ops.mean(ops.cast(hits, "float32"), axis=-1)
        return ops.mean(ops.square(ops.cast(y_true, y_pred.dtype) - y_pred), axis=-1)

    return score


def skill(task: Task, score: Any, y: Array, unit: float = 1.0) -> Array:
    """Skill of scores (any shape) on targets `y`; `unit` is what 1 of the network's targets is."""
    values = np.asarray(score, float)
    with np.errstate(all="ignore"):
        if task.kind == "classification":
            chance = best_constant(task, y)
            raw = (values - chance) / max(1 - chance, 1e-9)
        else:
            raw = 1 - values * unit**2 / max(float(table(y).var(axis=0).mean()), 1e-30)
    return np.where(np.isfinite(raw), np.clip(raw, 0, 1), 0.0)


def best_constant(task: Task, y: Array) -> float:
    """Accuracy of naming the commonest class; of several classes, the mean over them."""
    rows = table(y)
    if task.several:
        return float(np.maximum(rows.mean(axis=0), 1 - rows.mean(axis=0)).mean())
    labels = rows.argmax(axis=1) if rows.shape[1] > 1 else rows[:, 0]
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))


def margin(task: Task, best: float, y: Array) -> float:
    """The least difference in skill that counts: two standard errors on these rows, at least 0.05.

    The standard error of an accuracy is binomial; that of R² is Olkin and Finn's (1995) for large
    samples, sqrt(4 R² (1 - R²)² / n).
    """
    n = len(y)
    if task.kind == "classification":
        chance = best_constant(task, y)
        accuracy = chance + best * (1 - chance)
        error = math.sqrt(accuracy * (1 - accuracy) / n) / max(1 - chance, 1e-9)
    else:
        error = math.sqrt(4 * best * (1 - best) ** 2 / n)
    return min(max(LEAST_MARGIN, 2 * error), 0.5)


def linear_skill(task: Task, train: tuple[Array, Array], test: tuple[Array, Array]) -> float:
    """Skill of ridge regression on the standardized inputs: what a network should at least reach.

    Classes are told by the largest of one regression a class (least-squares classification).
    """
    (x, y), (x_test, y_test) = train, test
    x, x_test = table(x), table(x_test)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    deviation[deviation == 0] = 1
    x, x_test = (np.c_[(part - mean) / deviation, np.ones(len(part))] for part in (x, x_test))
    targets = _indicators(task, y)
    penalty = 1e-2 * len(x) * np.eye(x.shape[1])
    penalty[-1, -1] = 0
    weights = np.linalg.lstsq(x.T @ x + penalty, x.T @ targets, rcond=None)[0]
    predicted = x_test @ weights
    if task.several:
        score = np.mean((predicted > 0.5) == (table(y_test) > 0.5))
    elif task.kind == "classification":
        score = np.mean(predicted.argmax(axis=1) == _indicators(task, y_test).argmax(axis=1))
    else:
        score = np.mean((predicted - table(y_test)) ** 2)
    return float(skill(task, score, y_test))


def _indicators(task: Task, y: Array) -> Array:
    rows = table(y)
    if task.labels:
        return (rows == np.array(task.labels)).astype(float)
    return rows
