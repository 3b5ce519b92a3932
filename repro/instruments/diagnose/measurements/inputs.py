"""Measure the inputs: their scale, their centre, and how validation differs from training."""

from dataclasses import dataclass

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.compiled import Compiled
from repro.instruments.diagnose.setup.setup import Setup

MOST_EXACT = 512  # features: of more, the eigenvalue is found by iteration


@dataclass(frozen=True)
class Inputs:
    """Scale and centre of the training inputs; `largest_eigenvalue` is that of x'x/n.

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


def measure_inputs(setup: Setup) -> Inputs:
    """Measure scale and centring of the inputs, and how validation differs from training."""
    x = np.asarray(setup.inputs, float)
    test = np.asarray(setup.test_inputs, float)
    scales = np.sqrt((x**2).mean(axis=0))
    present = scales[scales > 0]
    eigenvalue = largest_eigenvalue(x)
    spread, spread_test = float(x.std()), float(test.std())
    return Inputs(
        rms=float(np.sqrt((x**2).mean())),
        ratio_of_scales=float(present.max() / present.min()) if present.size else 1.0,
        largest_eigenvalue=eigenvalue,
        share_of_mean=float((x.mean(axis=0) ** 2).sum() / eigenvalue) if eigenvalue else 0.0,
        limit=stability_limit(setup.compiled, eigenvalue),
        validation_ratio=spread_test / spread if spread else 1.0,
        validation_shift=abs(float(test.mean() - x.mean())) / max(spread, spread_test, 1e-12),
    )


def largest_eigenvalue(x: Array) -> float:
    """Return the largest eigenvalue of x'x/n for x (n, features)."""
    smaller = x @ x.T if x.shape[0] < x.shape[1] else x.T @ x
    if len(smaller) <= MOST_EXACT:
        return float(np.linalg.eigvalsh(smaller)[-1]) / len(x)
    from scipy.sparse.linalg import eigsh

    start = np.ones(len(smaller))
    return float(eigsh(smaller, k=1, v0=start, return_eigenvectors=False)[0]) / len(x)


def stability_limit(compiled: Compiled, eigenvalue: float) -> float:
    """Return 2 (1 + momentum) / eigenvalue for SGD, NaN for all others, which rescale steps."""
    if compiled.optimizer != "SGD" or not eigenvalue > 0:
        return np.nan
    return 2 * (1 + compiled.momentum) / eigenvalue
