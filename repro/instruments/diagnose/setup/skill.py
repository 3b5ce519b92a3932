"""One score of how well a network does its task, whatever its loss.

The score is a skill: 0 is the best constant prediction, 1 is perfect, and what is worse than the
constant, or not finite, counts as 0. Changes of loss and encoding leave it comparable. Where nearly
all rows are of one class, all classes count alike (`Task.factors`); where some columns of numbers
are much larger than others, all columns do (`Task.spreads`).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.task import (
    HALF,
    Task,
    class_counts,
    class_places,
    label_factors,
    outputs_a_target,
    target_table,
)

LEAST_MARGIN = 0.05  # ours: smaller differences in skill are not called an improvement
LARGEST_MARGIN = 0.5


def metric(task: Task, from_logits: bool) -> Callable[[Any, Any], Any]:
    """Return the metric `score(y_true, y_pred)` that Keras averages: hits, or squared errors."""
    return _over_outputs(_metric(task, from_logits))


def _over_outputs(score: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return the score as the mean over all outputs of a row, where it has one target for them."""
    from keras import ops

    def mean_score(y_true: Any, y_pred: Any) -> Any:
        count = outputs_a_target(y_pred.shape, y_true.shape)
        if count == 1:
            return score(y_true, y_pred)
        y_pred = ops.reshape(y_pred, (-1, y_pred.shape[-1]))
        scores = score(ops.repeat(y_true, count, axis=0), y_pred)
        return ops.mean(ops.reshape(scores, (-1, count)), axis=-1)

    mean_score.__name__ = "score"
    return mean_score


def _metric(task: Task, from_logits: bool) -> Callable[[Any, Any], Any]:
    if task.kind == "classification" and not task.several:
        return _class_hits(task, from_logits)
    from keras import ops

    threshold = 0.0 if from_logits else 0.5

    def score(y_true: Any, y_pred: Any) -> Any:
        # of sequences a value for every step, since Keras masks those
        shape = ops.shape(y_pred) if len(y_pred.shape) > 2 else (ops.shape(y_pred)[0], -1)
        y_pred, y_true = ops.reshape(y_pred, shape), ops.reshape(y_true, shape)
        if task.several:
            hits = ops.equal(ops.cast(y_true, "float32") > 0.5, y_pred > threshold)
            hits = ops.cast(hits, "float32")
            if task.factors:
                zero, one = task.factors
                hits = hits * ops.where(ops.cast(y_true, "float32") > 0.5, one, zero)
            return ops.mean(hits, axis=-1)
        if task.place is not None and y_pred.shape[-1] != 1:  # unless a change has left one output
            y_pred = y_pred[:, task.place : task.place + 1]
        squares = ops.square(ops.cast(y_true, y_pred.dtype) - y_pred)
        if task.spreads:
            squares = squares / ops.square(ops.array(task.spreads, dtype=y_pred.dtype))
        return ops.mean(squares, axis=-1)

    return score


def _class_hits(task: Task, from_logits: bool) -> Callable[[Any, Any], Any]:
    """Return the metric that is 1 where the predicted class is the true one, else 0."""
    from keras import ops

    are_whole = all(label == round(label) for label in task.labels)
    middle = 0.0 if from_logits or not task.labels else (task.labels[0] + task.labels[-1]) / 2

    def labels_of(values: Any) -> Any:
        if len(values.shape) > 1 and values.shape[-1] > 1:
            return ops.cast(ops.argmax(values, axis=-1), "float32")
        flat = ops.cast(ops.reshape(values, (-1,)), "float32")
        return ops.round(flat) if are_whole else flat

    def predicted(values: Any) -> Any:
        flat = ops.cast(ops.reshape(values, (-1,)), "float32")
        if len(task.labels) > 2:
            return ops.round(flat) if are_whole else flat
        if not task.labels:
            return flat
        ends = task.labels[0], task.labels[-1]
        low, high = reversed(ends) if task.distances else ends
        return ops.where(flat > middle, ops.full_like(flat, high), ops.full_like(flat, low))

    def true_labels(y_true: Any, y_pred: Any) -> Any:
        if not task.per_step:
            return labels_of(y_true)
        truth = labels_of(ops.reshape(y_true, (-1, task.columns)))
        return ops.reshape(truth, ops.shape(y_pred)[:-1])

    def score(y_true: Any, y_pred: Any) -> Any:
        truth = true_labels(y_true, y_pred)
        hits = hit(truth, y_pred)
        return hits * _factors(task, truth) if task.factors else hits

    def hit(truth: Any, y_pred: Any) -> Any:
        if len(y_pred.shape) > 1 and y_pred.shape[-1] > 1:
            return _shared_hits(truth, y_pred)
        return ops.cast(ops.equal(truth, predicted(y_pred)), "float32")

    return score


def _factors(task: Task, truth: Any) -> Any:
    """Return what a hit counts for in each row's class."""
    from keras import ops

    places = ops.array(task.labels or range(len(task.factors)), dtype="float32")
    is_class = ops.cast(ops.equal(ops.expand_dims(truth, -1), places), "float32")
    return ops.sum(is_class * ops.array(task.factors, dtype="float32"), axis=-1)


def row_factors(task: Task, y: Array) -> Array:
    """Return what a hit counts for in each row: 1, unless all classes count alike."""
    if not task.factors:
        return np.ones(len(target_table(task, y)))
    if task.several:
        return np.asarray(label_factors(task, y).mean(axis=1))
    return np.array(task.factors)[class_places(task, y)]


def _shared_hits(truth: Any, y_pred: Any) -> Any:
    """Return the chance to hit the true class if ties are drawn for: a flat output earns no skill.

    `argmax` names the first of equal outputs, and so would credit saturated units with its rows.
    """
    from keras import ops

    units = y_pred.shape[-1]
    largest = ops.max(y_pred, axis=-1, keepdims=True)
    tied = ops.cast(ops.equal(y_pred, largest), "float32")
    # a label that names no unit hits nothing
    is_true = ops.equal(ops.expand_dims(truth, -1), ops.arange(units, dtype="float32"))
    hits = ops.sum(tied * ops.cast(is_true, "float32"), axis=-1)
    return hits / ops.maximum(ops.sum(tied, axis=-1), 1.0)


def skill(task: Task, score: Any, y: Array, unit: float = 1.0) -> Array:
    """Return the skill of scores (any shape) on targets `y`.

    Args:
        task: what the network is asked to do.
        score: means of `metric`.
        y: the targets that it was taken on, in the user's units.
        unit: what 1 of the network's targets is in the user's.
    """
    values = np.asarray(score, float)
    with np.errstate(all="ignore"):
        if task.kind == "classification":
            chance = best_constant(task, y)
            perfect = float(row_factors(task, y).mean())
            raw = (values - chance) / max(perfect - chance, 1e-9)
        else:
            raw = 1 - values * unit**2 / max(_spread(task, y), 1e-30)
    return np.where(np.isfinite(raw), np.clip(raw, 0, 1), 0.0)


def _spread(task: Task, y: Array) -> float:
    """Return the score of the best constant prediction of numbers."""
    variances = target_table(task, y).var(axis=0)
    return float((variances / np.square(task.spreads or 1.0)).mean())


def best_constant(task: Task, y: Array) -> float:
    """Return the score of naming the best class for all; of several, the mean over them."""
    rows = target_table(task, y)
    if task.several and task.factors:
        factors = label_factors(task, y)
        ones = float((factors * (rows > HALF)).mean())
        return max(ones, float(factors.mean()) - ones)  # one constant for all labels
    if task.factors:
        return float((class_counts(task, y) * np.array(task.factors)).max() / len(rows))
    if task.several:
        return float(np.maximum(rows.mean(axis=0), 1 - rows.mean(axis=0)).mean())
    return commonest_share(task, y)


def commonest_share(task: Task, y: Array) -> float:
    """Return the share of the commonest class."""
    rows = target_table(task, y)
    labels = rows.argmax(axis=1) if rows.shape[1] > 1 else rows[:, 0]
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))


def margin(task: Task, best: float, y: Array) -> float:
    """Return the least difference in skill that counts: two standard errors, at least 0.05.

    The standard error of an accuracy is binomial; that of R² is Olkin and Finn's (1995) for large
    samples, sqrt(4 R² (1 - R²)² / n).

    Args:
        task: what the network is asked to do.
        best: the best skill in the comparison.
        y: the targets that skills are taken on.
    """
    n = len(y)
    if task.factors and not task.several:  # a class of few rows counts as much as the others
        # and the pixels of an image are no more news than its rows
        n = min(n, max(task.classes * int(class_counts(task, y).min()), 1))
        error = math.sqrt(best * (1 - best) / n)
    elif task.kind == "classification":
        chance = best_constant(task, y)
        accuracy = chance + best * (1 - chance)
        error = math.sqrt(accuracy * (1 - accuracy) / n) / max(1 - chance, 1e-9)
    else:
        error = math.sqrt(4 * best * (1 - best) ** 2 / n)
    return min(max(LEAST_MARGIN, 2 * error), LARGEST_MARGIN)
