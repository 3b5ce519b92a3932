"""Measure the data: scale and centring of the inputs, whether labels go with their rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.setup.anatomy import Compiled
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import Array, table

NEIGHBOURS = 5
PERMUTATIONS = 199
RELATED_ROWS = 1000
SHIFTS = (-2, -1, 1, 2)
LEAST_TO_RELATE = 60


@dataclass(frozen=True)
class Inputs:
    """What the training inputs are like; `largest_eigenvalue` is that of x'x/n.

    `limit` is the largest stable rate of gradient descent on a linear unit with squared error,
    2 (1 + momentum) / largest eigenvalue (LeCun et al. 1998); NaN for optimizers that rescale the
    gradient. `ratio_of_scales` compares the largest and the smallest feature's root mean square.
    """

    rms: float
    ratio_of_scales: float
    largest_eigenvalue: float
    share_of_mean: float
    limit: float
    validation_ratio: float
    validation_shift: float


@dataclass(frozen=True)
class Relation:
    """Whether labels go with their rows: of rows' nearest neighbours, how well labels agree.

    `p_value` is that of a permutation test; `best_shift` is the shift of the labels by so many rows
    that makes them agree best, with `shifted_p_value`, 0 if none does better.
    """

    p_value: float
    best_shift: int = 0
    shifted_p_value: float = np.nan


def look_at_inputs(case: Case) -> Inputs:
    """Measure scale and centring of the inputs, and how validation differs from training."""
    x = np.asarray(case.inputs, float)
    test = np.asarray(case.test_inputs, float)
    scales = np.sqrt((x**2).mean(axis=0))
    present = scales[scales > 0]
    eigenvalue = largest_eigenvalue(x)
    spread, spread_test = float(x.std()), float(test.std())
    return Inputs(
        rms=float(np.sqrt((x**2).mean())),
        ratio_of_scales=float(present.max() / present.min()) if present.size else 1.0,
        largest_eigenvalue=eigenvalue,
        share_of_mean=float((x.mean(axis=0) ** 2).sum() / eigenvalue) if eigenvalue else 0.0,
        limit=stability_limit(case.compiled, eigenvalue),
        validation_ratio=spread_test / spread if spread else 1.0,
        validation_shift=abs(float(test.mean() - x.mean())) / max(spread, spread_test, 1e-12),
    )


def largest_eigenvalue(x: Array) -> float:
    """Largest eigenvalue of x'x/n for x (n, features)."""
    smaller = x @ x.T if x.shape[0] < x.shape[1] else x.T @ x
    if len(smaller) <= 512:
        return float(np.linalg.eigvalsh(smaller)[-1]) / len(x)
    from scipy.sparse.linalg import eigsh

    start = np.ones(len(smaller))
    return float(eigsh(smaller, k=1, v0=start, return_eigenvectors=False)[0]) / len(x)


def stability_limit(compiled: Compiled, eigenvalue: float) -> float:
    """2 (1 + momentum) / eigenvalue for SGD, NaN for the others, whose steps are rescaled."""
    if compiled.optimizer != "SGD" or not eigenvalue > 0:
        return np.nan
    return 2 * (1 + compiled.momentum) / eigenvalue


def relate(x: Array, y: Any) -> Relation | None:
    """Test whether rows that lie close have labels alike; None if there are too few rows."""
    if len(y) < LEAST_TO_RELATE:
        return None
    rows = slice(RELATED_ROWS)
    x, labels = np.asarray(x, float)[rows], table(y)[rows]
    spread = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    distance = (x**2).sum(axis=1) - 2 * x @ x.T
    np.fill_diagonal(distance, np.inf)
    near = np.argpartition(distance, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    labels = (labels - labels.mean(axis=0)) / np.where(
        labels.std(axis=0) > 0, labels.std(axis=0), 1
    )
    generator = np.random.default_rng(0)
    chance = np.array(
        [_agreement(near, labels[generator.permutation(len(labels))]) for _ in range(PERMUTATIONS)]
    )

    def p_value(agreement: float) -> float:
        return float((1 + (chance >= agreement).sum()) / (1 + PERMUTATIONS))

    own = _agreement(near, labels)
    shifted = {k: _agreement(near, np.roll(labels, k, axis=0)) for k in SHIFTS}
    best = max(shifted, key=lambda k: shifted[k])
    if shifted[best] <= own:
        return Relation(p_value(own))
    return Relation(p_value(own), best, p_value(shifted[best]))


def _agreement(near: Array, labels: Array) -> float:
    return float((labels[near].mean(axis=1) * labels).mean())
