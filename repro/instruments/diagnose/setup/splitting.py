"""The rows that are trained on and those that are scored on: the same ones every time."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.setup.arrays import (
    Array,
    as_columns,
    check_same_rows,
    checked_arrays,
    leaves,
    map_arrays,
    select_rows,
    shapes,
)
from repro.instruments.diagnose.setup.errors import DiagnoseError
from repro.instruments.diagnose.setup.task import MOST_CLASSES

Pair = tuple[Any, Any]
MOST_ROWS = 4096
HELD_OUT = 0.2
LEAST_ROWS_TO_SPLIT = 50


@dataclass(frozen=True)
class Split:
    """Rows to train on and rows to score on; `tested_on` and `notes` say which, in words.

    `rows` are the places of the training rows in the user's data.
    """

    train: Pair
    test: Pair
    tested_on: str
    rows: Array
    notes: tuple[str, ...] = ()


def split_rows(x: Any, y: Array, validation: Any) -> Split:
    """Take the validation data to score on, or hold out a fifth of the rows if there are none."""
    rows = len(y)
    order = np.random.default_rng(0).permutation(rows)
    if validation is not None:
        kept = np.sort(_with_all_classes(order, y, 0)[:MOST_ROWS])
        test = _checked_validation(x, y, validation)
        return Split(select_rows((x, y), kept), test, "validation data", kept)
    if rows < LEAST_ROWS_TO_SPLIT:
        note = (
            f"{rows} rows are too few to hold some out, so the score is taken on the training rows"
        )
        pair = (x, y)
        return Split(pair, pair, "training rows", rows=np.arange(rows), notes=(note,))
    count = int(rows * HELD_OUT)
    order = _with_all_classes(order, y, count)
    kept = np.sort(order[count:][:MOST_ROWS])
    test = select_rows((x, y), np.sort(order[: min(count, MOST_ROWS)]))
    note = "no validation data: a fifth of the rows is held out for the score"
    return Split(select_rows((x, y), kept), test, "held-out rows", rows=kept, notes=(note,))


def _with_all_classes(order: Array, y: Array, count: int) -> Array:
    """Return the order with a row of every class behind the first `count`, which are held out.

    A class of a few rows could end up among the others, and would then be missing in training by
    no fault of the user's. Where every class is there, the order stays as it is.
    """
    classes = classes_of_rows(y)
    if classes is None:
        return order
    missing = np.setdiff1d(classes, classes[order[count:][:MOST_ROWS]])
    first = np.array([order[np.argmax(classes[order] == label)] for label in missing], int)
    rest = order[~np.isin(order, first)]
    return np.concatenate([rest[:count], first, rest[count:]])


def classes_of_rows(y: Array) -> Array | None:
    """Return the class of every row, counted from 0; None of numbers, and of classes a step."""
    rows = y.reshape(len(y), -1)
    if rows.shape[1] > MOST_CLASSES:
        return None
    classes = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
    return classes if classes.max() < MOST_CLASSES else None


def _checked_validation(x: Any, y: Array, validation: Any) -> Pair:
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise DiagnoseError("validation_data must be a pair (x, y)")
    x_test = map_arrays(checked_arrays("validation x", validation[0], gaps=True), as_columns)
    y_test = checked_arrays("validation y", validation[1])
    check_same_rows(x_test, y_test, "validation x and y")
    for ours, theirs, name in ((x, x_test, "x"), (y, y_test, "y")):
        if [a.shape[1:] for a in leaves(ours)] != [a.shape[1:] for a in leaves(theirs)]:
            raise DiagnoseError(
                f"validation {name} has shape {shapes(theirs)}, training {name} {shapes(ours)}; "
                "all but the number of rows must agree"
            )
    order = np.random.default_rng(1).permutation(len(y_test))[:MOST_ROWS]
    return select_rows((x_test, y_test), np.sort(order))
