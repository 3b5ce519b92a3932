"""Measure whether validation rows follow another rule than training rows do."""

import numpy as np

from repro.instruments.diagnose.measurements.baselines import linear_skill, token_counts
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.sequences import single_input
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.splitting import Pair

FEWEST_ROWS = 100  # of validation data, half of which tell of the other half
MOST_ROWS = 2000
MOSTLY = 0.8


def skill_lost_between(setup: Setup) -> float:
    """Return what ridge regression loses between training and validation data, beside within each.

    A line that half of the validation rows teach does well on the other half, one of the training
    rows on others of these, and yet none of the training rows on the validation data: then inputs
    or labels of the two are written by different numbers, such as a word index made for each. Rows
    of tokens are counted by token.

    Returns:
        The lesser skill within minus the skill between; 0 where that can't be told.
    """
    x = single_input(setup)
    if x is None or setup.tested_on != "validation data" or setup.task.per_step:
        return 0.0
    if len(setup.test[1]) < FEWEST_ROWS:
        return 0.0
    train, test = (_readable(setup, pair) for pair in (setup.train, setup.test))
    if train[0].shape[1:] != test[0].shape[1:] or not _are_finite(train[0], test[0]):
        return 0.0
    if setup.preprocessing.looks_up and not _are_known(setup):
        return 0.0
    skill_in_each = min(linear_skill(setup.task, *_halves(pair)) for pair in (train, test))
    return max(skill_in_each - linear_skill(setup.task, train, test), 0.0)


def _readable(setup: Setup, pair: Pair) -> tuple[Array, Array]:
    x, y = np.asarray(pair[0])[:MOST_ROWS], np.asarray(pair[1])[:MOST_ROWS]
    flat = x.reshape(len(x), -1)
    return (token_counts(flat) if setup.preprocessing.looks_up else flat), y


def _are_known(setup: Setup) -> bool:
    """Tell whether most tokens of validation rows are in training rows: of others none can tell."""
    return float(np.isin(setup.test[0], setup.train[0]).mean()) >= MOSTLY


def _halves(pair: tuple[Array, Array]) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    x, y = pair
    return (x[::2], y[::2]), (x[1::2], y[1::2])


def _are_finite(*arrays: Array) -> bool:
    return all(np.isfinite(a).all() for a in arrays)
