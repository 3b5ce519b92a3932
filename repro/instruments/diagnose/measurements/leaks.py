"""Find features that tell the targets in training alone, and validation rows trained on."""

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array, standardized
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.task import as_table

TELLING = 0.8  # correlation from which on one feature tells nearly all
UNLIKE = 0.9  # share of the training rows that are unlike all others, at least
LOST = 0.5  # share of it that is left on other rows, at most


def leaking_features(setup: Setup) -> tuple[int, ...]:
    """Return the features whose correlation with a target is there in training alone."""
    x, test = setup.inputs, setup.test_inputs
    if setup.tested_on != "validation data" or setup.task.per_step or x.ndim != 2:
        return ()
    if x.shape == setup.targets.shape and np.allclose(x, setup.targets):
        return ()  # an autoencoder's features are its targets, whatever varies where
    in_training = _correlations(x, _columns(setup, setup.targets))
    elsewhere = _correlations(test, _columns(setup, setup.test_targets))
    return tuple(
        np.flatnonzero((in_training > TELLING) & (elsewhere < LOST * in_training)).tolist()
    )


def _columns(setup: Setup, targets: Array) -> Array:
    labels = setup.task.labels
    rows = as_table(targets)
    return (rows == np.array(labels)).astype(float) if len(labels) > 2 else rows


def _correlations(x: Array, y: Array) -> Array:
    """Return each feature's largest correlation with a target, without its sign."""
    x, y = (standardized(np.asarray(a, float)) for a in (x, y))
    return np.asarray(np.abs(x.T @ y / len(x)).max(axis=1))


def shared_rows(setup: Setup) -> float:
    """Return the share of the validation rows that training has, too; 0 where rows often repeat.

    Rows of a few whole numbers, as of a truth table, repeat by their nature.
    """
    if setup.tested_on != "validation data":
        return 0.0
    pairs = (setup.inputs, setup.train[1]), (setup.test_inputs, setup.test[1])
    rows = [np.c_[x, np.reshape(y, (len(x), -1))] for x, y in pairs]
    trained, asked = ([row.tobytes() for row in table.astype("float32")] for table in rows)
    known = set(trained)
    is_unlike = len(known) >= UNLIKE * len(trained)
    return float(np.mean([row in known for row in asked])) if is_unlike else 0.0
