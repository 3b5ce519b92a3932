"""Find features that tell the targets in training and not elsewhere, such as a row's number."""

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.task import as_table

TELLING = 0.8  # correlation from which on one feature tells nearly all
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
    x, y = (_standardized(np.asarray(a, float)) for a in (x, y))
    return np.asarray(np.abs(x.T @ y / len(x)).max(axis=1))


def _standardized(a: Array) -> Array:
    spread = a.std(axis=0)
    return (a - a.mean(axis=0)) / np.where(spread > 0, spread, 1)
