"""Baselines that a network should reach: ridge regression, and the mean of the nearest rows.

Both are bounded in rows and features, so that they take seconds on any data.
"""

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.skill import row_factors, skill
from repro.instruments.diagnose.setup.task import HALF, Task, as_table, label_factors

MOST_FEATURES = 512  # of more, some are looked at
NEIGHBOURS = 5
NEIGHBOUR_ROWS = 1024

Pair = tuple[Array, Array]


def linear_skill(task: Task, train: Pair, test: Pair) -> float:
    """Return the skill of ridge regression on the standardized inputs.

    A network should reach at least that. Classes are told by the largest of one regression a class
    (least-squares classification).
    """
    (x, y), (x_test, y_test) = train, test
    x, x_test = (np.c_[a, np.ones(len(a))] for a in standardized(x, x_test))
    penalty = 1e-2 * len(x) * np.eye(x.shape[1])
    penalty[-1, -1] = 0
    weights = np.linalg.solve(x.T @ x + penalty, x.T @ _indicators(task, y))
    return _baseline_skill(task, x_test @ weights, y_test)


def neighbour_skill(task: Task, train: Pair, test: Pair) -> float:
    """Return the skill of the mean of the nearest rows' targets, on standardized inputs.

    What is learned so has no need to be linear. Bounded in rows and features.
    """
    (x, y), (x_test, y_test) = (_some_rows(pair) for pair in (train, test))
    if len(x) <= NEIGHBOURS:
        return float("nan")
    x, x_test = standardized(x, x_test)
    distances = (x**2).sum(axis=1) - 2 * x_test @ x.T
    near = np.argpartition(distances, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    return _baseline_skill(task, _indicators(task, y)[near].mean(axis=1), y_test)


def _some_rows(pair: Pair) -> Pair:
    return pair[0][:NEIGHBOUR_ROWS], pair[1][:NEIGHBOUR_ROWS]


def standardized(x: Array, x_test: Array) -> tuple[Array, Array]:
    """Return both in units of the training inputs' deviations, features capped in number."""
    x, x_test = some_features(x), some_features(x_test)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    deviation[deviation == 0] = 1
    return (x - mean) / deviation, (x_test - mean) / deviation


def some_features(x: Array) -> Array:
    """Return inputs as (n, features), float64; of very many features some, evenly spread."""
    table = as_table(x)
    if table.shape[1] <= MOST_FEATURES:
        return table
    chosen = np.linspace(0, table.shape[1] - 1, MOST_FEATURES).round().astype(int)
    return table[:, chosen]


def token_counts(tokens: Array) -> Array:
    """Return how often each token, or each of several that share a place, is in a row."""
    places = tokens.astype(int) % MOST_FEATURES
    return np.stack([np.bincount(row, minlength=MOST_FEATURES) for row in places])


def _baseline_skill(task: Task, predicted: Array, y_test: Array) -> float:
    if task.several:
        hits = (predicted > HALF) == (as_table(y_test) > HALF)
        score = np.mean(hits * label_factors(task, y_test))
    elif task.kind == "classification":
        hits = predicted.argmax(axis=1) == _indicators(task, y_test).argmax(axis=1)
        score = np.mean(hits * row_factors(task, y_test))
    else:
        score = np.mean(((predicted - as_table(y_test)) / (task.spreads or 1.0)) ** 2)
    return float(skill(task, score, y_test))


def _indicators(task: Task, y: Array) -> Array:
    rows = as_table(y)
    if task.labels:
        return (rows == np.array(task.labels)).astype(float)
    return rows
