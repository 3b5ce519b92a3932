"""Measure whether a loss knows which target stands beside which row.

A list of targets subtracted from a column of outputs, or sums over the batch that are compared with
each other, know only which targets a batch holds. Keras' own losses and steps are known to.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.diagnose.measurements.steps import in_weights_precision, take_step
from repro.instruments.diagnose.setup.anatomy import has_own_steps
from repro.instruments.diagnose.setup.arrays import Array, select_rows
from repro.instruments.diagnose.setup.setup import Setup

if TYPE_CHECKING:
    import keras

ROWS = 32
SHIFTS = (1, 2, 3)
LEAST_SPREAD = 1e-3  # of the largest: predictions that differ less would hide what is looked for


def change_by_pairing(setup: Setup) -> float:
    """Return the share by which a batch's loss changes, at most, if its targets change places.

    NaN of a loss that Keras has, of one that doesn't look at the targets at all (a model may put
    out its loss itself), and where predictions or targets are too much alike to tell.
    """
    model = setup.build()
    steps = has_own_steps(model)
    if not (steps or setup.compiled.own_loss):
        return np.nan
    rows = np.arange(min(ROWS, len(setup.train[1])))
    x, y = select_rows(in_weights_precision(model, setup.train), rows)
    try:
        if not (_vary(model(x)) and _vary(y)):
            return np.nan
        targets = [y, np.repeat(y[:1], len(y), axis=0), *(np.roll(y, s, axis=0) for s in SHIFTS)]
        losses = _losses_of_steps(model, x, targets) if steps else _losses(model, x, targets)
    except Exception:  # whatever a loss or a step of the user's raises on such a batch
        return np.nan
    first, of_others, *moved = losses
    changes = np.abs(np.subtract(moved, first)) / (abs(first) or np.nan)
    return float(changes.max()) if of_others != first else np.nan


def _vary(values: Any) -> bool:
    flat = np.asarray(values, float).reshape(len(values), -1)
    return bool(flat.std(axis=0).max() > LEAST_SPREAD * np.abs(flat).max())


def _losses(model: "keras.Model", x: Any, targets: list[Array]) -> list[float]:
    predictions = model(x)
    return [float(np.asarray(model.compute_loss(y=y, y_pred=predictions))) for y in targets]


def _losses_of_steps(model: "keras.Model", x: Any, targets: list[Array]) -> list[float]:
    """Return what the user's own training step says the loss is, at a rate of 0."""
    model.optimizer.learning_rate = 0.0
    losses = []
    for y in targets:
        model.reset_metrics()
        losses.append(float(take_step(model, (x, y))["loss"]))
    return losses
