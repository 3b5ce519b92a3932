"""Measure whether targets are of many sizes, so that their logarithm is what is spread evenly."""

import numpy as np

from repro.instruments.diagnose.setup.arrays import Array

EVEN = 1.0  # skewness of the logarithm, up to which it has no long tail itself


def skewness(y: Array) -> float:
    """Return the mean third power of standardized targets; of columns, the largest.

    Examples:
        >>> bool(skewness(np.exp(np.random.default_rng(0).normal(size=(1000, 1)))) > 2)
        True
    """
    from scipy.stats import skew

    y = np.asarray(y, float)
    y = y[:, np.ptp(y, axis=0) > 0]
    return float(skew(y, axis=0).max()) if y.size else 0.0


def log_offset(y: Array) -> float:
    """Return what is added before the logarithm is taken: 0 above 0, 1 for counts from 0."""
    return 0.0 if y.min() > 0 else 1.0


def long_tail(y: Array) -> float:
    """Return the skewness of targets whose logarithm isn't skewed; 0 of all others.

    A few errors among the targets lie far out in their logarithm, too.
    """
    y = np.asarray(y, float)
    if y.min() < 0:
        return 0.0
    logarithm = np.log(y + log_offset(y))
    is_even = max(skewness(logarithm), skewness(-logarithm)) <= EVEN
    return skewness(y) if is_even else 0.0
