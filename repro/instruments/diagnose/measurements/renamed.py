"""Find validation labels that are counted in another order than those of training."""

from typing import Any

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.task import class_places


def best_names(setup: Setup, model: Any) -> tuple[float, tuple[int, ...]]:
    """Return how many more rows are right once validation classes are renamed, and the names.

    Args:
        setup: the training that is diagnosed.
        model: one that has been trained.

    Returns:
        The gain in accuracy by the best renaming (0 where there is none to try), and the place that
        each class of the validation labels has among those of training.
    """
    from scipy.optimize import linear_sum_assignment

    classes = setup.task.classes
    if not classes or setup.task.per_step or setup.tested_on != "validation data":
        return 0.0, ()
    x, y = setup.test
    predictions = np.asarray(model.predict(x, batch_size=1024, verbose=0))
    if not np.isfinite(predictions).all() or predictions.ndim != 2:
        return 0.0, ()
    places = predicted_places(setup, predictions)
    table = np.zeros((classes, classes))
    np.add.at(table, (class_places(setup.task, y), places.clip(0, classes - 1)), 1)
    rows, names = linear_sum_assignment(table, maximize=True)
    gained = (table[rows, names].sum() - np.trace(table)) / max(table.sum(), 1)
    return float(gained), tuple(names.tolist())


def predicted_places(setup: Setup, predictions: Array) -> Array:
    """Return the class that each row is predicted to be of, by its place among the labels."""
    if predictions.shape[1] > 1:
        return np.asarray(predictions.argmax(axis=1))
    middle = 0.0 if setup.compiled.from_logits else 1 / 2
    return (predictions[:, 0] > middle).astype(int)
