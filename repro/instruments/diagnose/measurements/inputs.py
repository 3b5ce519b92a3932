"""Measure the inputs: their scale, their centre, and how validation differs from training."""

from dataclasses import dataclass

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.compiled import Compiled
from repro.instruments.diagnose.setup.setup import Setup

MOST_EXACT = 512  # features: of more, the eigenvalue is found by iteration
FEW_FEATURES = 20  # of so few, each is a quantity of its own, with a scale of its own
ALIKE = 4.0  # times the median feature's largest value: up to there features share one scale


@dataclass(frozen=True)
class Inputs:
    """Scale and centre of the training inputs; `largest_eigenvalue` is that of x'x/n.

    `limit` is the largest stable rate of gradient descent on a linear unit with squared error,
    2 (1 + momentum) / largest eigenvalue (LeCun et al. 1998); NaN for optimizers that rescale the
    gradient. `ratio_of_scales` compares the largest values of the largest and of the smallest
    feature; it is 1 if all inputs share one scale, as pixels do. `constant` is the share of
    features that are the same in all rows, `shifted_feature` the largest distance between a
    feature's means in training and validation, in deviations.
    """

    rms: float
    ratio_of_scales: float
    largest_eigenvalue: float
    share_of_mean: float
    limit: float
    validation_ratio: float
    validation_shift: float
    constant: float = 0.0
    shifted_feature: float = 0.0


def measure_inputs(setup: Setup) -> Inputs:
    """Measure scale and centring of the inputs, and how validation differs from training."""
    x = np.asarray(setup.inputs, float)
    test = np.asarray(setup.test_inputs, float)
    eigenvalue = largest_eigenvalue(x)
    spread, spread_test = float(x.std()), float(test.std())
    return Inputs(
        rms=float(np.sqrt((x**2).mean())),
        ratio_of_scales=ratio_of_scales(x),
        largest_eigenvalue=eigenvalue,
        share_of_mean=float((x.mean(axis=0) ** 2).sum() / eigenvalue) if eigenvalue else 0.0,
        limit=stability_limit(setup.compiled, eigenvalue),
        validation_ratio=spread_test / spread if spread else 1.0,
        validation_shift=abs(float(test.mean() - x.mean())) / max(spread, spread_test, 1e-12),
        constant=float((np.ptp(x, axis=0) == 0).mean()),
        shifted_feature=largest_shift(x, test),
    )


def largest_shift(x: Array, test: Array) -> float:
    """Return how many deviations the mean of a feature moves from x to test, at most.

    Features that are constant in either are left out.
    """
    deviation = np.maximum(x.std(axis=0), test.std(axis=0))
    varies = (x.std(axis=0) > 0) & (test.std(axis=0) > 0)
    shifts = np.abs(test.mean(axis=0) - x.mean(axis=0))[varies] / deviation[varies]
    return float(shifts.max()) if shifts.size else 0.0


def ratio_of_scales(x: Array) -> float:
    """Return the largest over the smallest feature's largest value; 1 if they share one scale."""
    if share_a_scale(x):
        return 1.0
    largest = _largest_values(x)
    return float(largest.max() / largest.min())


def share_a_scale(a: Array) -> bool:
    """Tell whether features are measured in one unit, as pixels are, so that all are scaled alike.

    A few features never are, by this rule; many are if the largest is not far above the median.
    """
    largest = _largest_values(a)
    if not largest.size or (a.ndim == 2 and a.shape[1] <= FEW_FEATURES):
        return not largest.size
    return bool(largest.max() <= ALIKE * np.median(largest)) and a.ndim == 2


def _largest_values(a: Array) -> Array:
    """Return each feature's largest absolute value, of those that vary."""
    axes = tuple(range(a.ndim - 1))
    varies = a.std(axis=axes, dtype=float) > 0
    return np.asarray(np.abs(a).max(axis=axes).astype(float)[varies])


def largest_eigenvalue(x: Array) -> float:
    """Return the largest eigenvalue of x'x/n for x (n, features)."""
    if min(x.shape) <= MOST_EXACT:
        smaller = x @ x.T if x.shape[0] < x.shape[1] else x.T @ x
        return float(np.linalg.eigvalsh(smaller)[-1]) / len(x)
    from scipy.sparse.linalg import LinearOperator, eigsh

    features = x.shape[1]
    product = LinearOperator((features, features), matvec=lambda v: x.T @ (x @ v), dtype=float)
    start = np.ones(features)
    return float(eigsh(product, k=1, v0=start, return_eigenvectors=False)[0]) / len(x)


def stability_limit(compiled: Compiled, eigenvalue: float) -> float:
    """Return 2 (1 + momentum) / eigenvalue for SGD, NaN for all others, which rescale steps."""
    if compiled.optimizer != "SGD" or not eigenvalue > 0:
        return np.nan
    return 2 * (1 + compiled.momentum) / eigenvalue
