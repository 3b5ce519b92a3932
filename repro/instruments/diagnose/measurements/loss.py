"""Measure whether a loss of the user's own asks for the targets: truth has to cost less than error.

Keras' own losses are known to; only others are measured.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array, as_columns
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.task import class_places

if TYPE_CHECKING:
    import keras

ROWS = 64
SUMMED = 16  # rows whose loss is compared with that of single ones
LEAST_CHANGE = 0.01  # share of a loss by which the same targets in another shape may change it
SURE = 0.95  # probability of the true class in a right prediction
LARGE = 3.0  # its logit, nearly


@dataclass(frozen=True)
class OwnLoss:
    """A loss of the user's own, measured on right and on wrong predictions.

    `excess` is the mean loss of the best of several wrong predictions minus that of right ones,
    `growth` the loss of some rows over the mean of theirs one by one: 1 for a mean, and `by_shape`
    the share by which the loss differs if targets are given as one column, as the outputs are.
    """

    excess: float = np.nan
    growth: float = np.nan
    by_shape: float = np.nan


def measure_own_loss(setup: Setup) -> OwnLoss | None:
    """Compare the loss of right and of wrong predictions; None of a loss that Keras has."""
    output = setup.output
    if not setup.compiled.own_loss or output is None:
        return None
    right = right_predictions(setup)
    if right is None:
        return None
    y = as_columns(np.asarray(setup.train[1][: len(right)], "float32"))
    try:
        return _compared(setup.build(), setup, y, right)
    except Exception:  # whatever a function of the user's raises on such predictions
        return None


def _compared(model: "keras.Model", setup: Setup, y: Array, right: Array) -> OwnLoss:
    def cost(rows: slice, predictions: Array) -> float:
        return float(np.mean(np.asarray(model.loss(y[rows], predictions[rows]))))

    all_rows = slice(None)
    wrong = [np.roll(right, shift, axis=0) for shift in (1, 2, 3)]
    if setup.task.kind == "regression" and _puts_out_any_number(setup):
        wrong += [right + sign * 2 * right.std(axis=0) for sign in (-1, 1)]
    excess = min(cost(all_rows, p) for p in wrong) - cost(all_rows, right)
    single = [cost(slice(i, i + 1), wrong[0]) for i in range(min(SUMMED, len(y)))]
    mean = float(np.mean(single))
    growth = cost(slice(SUMMED), wrong[0]) / mean if mean else np.nan
    return OwnLoss(excess, growth, _change_by_shape(model, setup, wrong[0]))


def _puts_out_any_number(setup: Setup) -> bool:
    """Tell whether sums are put out as they are: a distance, say, is never below 0."""
    output = setup.output
    if output is None or output.position != len(setup.operations) - 1:
        return False
    return output.activation == "linear"


def _change_by_shape(model: "keras.Model", setup: Setup, predictions: Array) -> float:
    """Return how much the loss of a plain list of targets differs from that of a column of them.

    Subtracted from a column of outputs, a list is stretched to a table of all pairs of rows.
    """
    y = np.asarray(setup.train[1][: len(predictions)], "float32")
    if y.ndim > 1:
        return 0.0

    def cost(targets: Array) -> float:  # as training has it, whatever Keras does to the shapes
        return float(np.asarray(model.compute_loss(y=targets, y_pred=predictions)))

    of_list, of_column = cost(y), cost(y[:, None])
    return abs(of_list - of_column) / max(abs(of_column), 1e-12)


def _right_masks(setup: Setup) -> Array | None:
    """Return predictions that are right for every step or pixel, each of which is 0 or 1."""
    y = np.asarray(setup.train[1][:ROWS])
    if not setup.task.several or y.shape[1:] != setup.output_shape[1:]:
        return None
    ends = (-LARGE, LARGE) if setup.output.activation == "linear" else (1 - SURE, SURE)  # type: ignore[union-attr]
    return np.where(y > 1 / 2, ends[1], ends[0]).astype("float32")


def right_predictions(setup: Setup) -> Array | None:
    """Return predictions that are right, as the output's activation can make them."""
    y, task, activation = setup.targets[:ROWS], setup.task, setup.output.activation  # type: ignore[union-attr]
    units = int(setup.output_shape[-1] or 1)
    if len(setup.output_shape) > 2:
        return _right_masks(setup)
    if task.place is not None:
        return (y * np.eye(units)[task.place]).astype("float32")
    if task.kind == "regression":
        return y.astype("float32") if y.shape[1] == units else None
    if task.several or units == 1:
        high = y > y.mean() if units == 1 else y > 1 / 2
        high = ~high if task.distances else high
        ends = {"linear": (-LARGE, LARGE), "tanh": (-SURE, SURE)}.get(activation, (1 - SURE, SURE))
        return np.where(high, ends[1], ends[0]).astype("float32") if y.shape[1] == units else None
    if units < task.classes:
        return None
    one_hot = np.eye(units)[class_places(task, setup.train[1][:ROWS])]
    if activation == "linear":
        return (LARGE * (2 * one_hot - 1)).astype("float32")
    return np.where(one_hot > 0, SURE, (1 - SURE) / (units - 1)).astype("float32")
