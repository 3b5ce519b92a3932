"""Intervals of a mean, for many samples at once: ours, and those that it was chosen from."""

from typing import Any

import numba
import numpy as np
from scipy import special, stats

from repro.findings import statistics
from repro.findings.statistics import Sample

RESAMPLES = 999  # of the bootstraps

Limits = tuple[Sample, Sample]


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def resample(samples: Any, resamples: int, seed: int) -> Any:
    """Return means and t statistics (m, resamples) of bootstrap samples of `samples` (m, n)."""
    np.random.seed(seed)
    m, n = samples.shape
    means, scores = np.empty((m, resamples)), np.empty((m, resamples))
    for sample in range(m):
        centre = samples[sample].mean()
        for drawn in range(resamples):
            total = squares = 0.0
            for _ in range(n):
                offset = samples[sample, int(np.random.random() * n)] - centre
                total += offset
                squares += offset * offset
            mean = total / n
            variance = (squares / n - mean * mean) / (n - 1)
            means[sample, drawn] = centre + mean
            constant = variance <= 1e-14 * squares / n
            scores[sample, drawn] = np.sign(mean) * np.inf if constant else mean / variance**0.5
    return means, scores


def moments(samples: Sample) -> tuple[Sample, Sample, Sample]:
    """Return mean, standard error and skewness (m,) of samples (m, n); constants have none, 0."""
    mean, deviation = samples.mean(axis=1), samples.std(axis=1)
    cubes = ((samples - mean[:, None]) ** 3).mean(axis=1)
    skewness = np.divide(cubes, deviation**3, out=np.zeros_like(mean), where=deviation**3 > 0)
    return mean, deviation / np.sqrt(samples.shape[1] - 1), skewness


def simple(samples: Sample, level: float) -> dict[str, Limits]:
    """Return the limits (m,) of the intervals that need no resampling."""
    mean, error, _ = moments(samples)
    reach = stats.t.isf((1 - level) / 2, samples.shape[1] - 1) * error
    return {
        "ours": statistics.mean_limits(samples, level),
        "Student's t": (mean - reach, mean + reach),
    }


def hall(samples: Sample, level: float) -> Limits:
    """Return the limits (m,) after Hall (1992): his transformation alone, on both sides."""
    mean, error, skewness = moments(samples)
    n = samples.shape[1]
    skewness *= np.sqrt(n * (n - 1)) / (n - 2) / np.sqrt(n)

    def inverse(score: float) -> Sample:
        root = np.cbrt(1 + skewness * (score - skewness / 6))
        return 3 * (score - skewness / 6) / (root**2 + root + 1)

    quantile = stats.t.isf((1 - level) / 2, n - 1)
    return mean - inverse(quantile) * error, mean - inverse(-quantile) * error


def bootstrapped(samples: Sample, level: float) -> dict[str, Limits]:
    """Return the limits (m,) of the bootstrap's intervals."""
    mean, error, skewness = moments(samples)
    means, scores = (np.sort(values, axis=1) for values in resample(samples, RESAMPLES, 0))
    ends = np.array([(1 - level) / 2, (1 + level) / 2])
    below = (means < mean[:, None]).mean(axis=1) + (means <= mean[:, None]).mean(axis=1)
    bias = special.ndtri(below / 2)[:, None] + special.ndtri(ends)
    acceleration = skewness[:, None] / 6 / np.sqrt(samples.shape[1])
    with np.errstate(invalid="ignore"):  # a constant sample has infinite scores and no error
        bias = special.ndtri(below / 2)[:, None] + bias / (1 - acceleration * bias)
        score = picked(scores, np.broadcast_to(ends, bias.shape)) * error[:, None]
    score[np.isnan(score)] = 0
    return {
        "BCa": tuple(picked(means, special.ndtr(bias)).T),
        "percentile": tuple(picked(means, np.broadcast_to(ends, bias.shape)).T),
        "bootstrap t": (mean - score[:, 1], mean - score[:, 0]),
    }


def picked(ordered: Sample, shares: Sample) -> Sample:
    """Return the quantiles of each row of `ordered`, one for each of `shares` in that row."""
    shares = np.nan_to_num(shares, nan=0.5)
    places = np.clip((shares * ordered.shape[1]).astype(int), 0, ordered.shape[1] - 1)
    return np.take_along_axis(ordered, places, axis=1)


def counted(limits: Limits, mean: float) -> dict[str, float]:
    """Return the share of intervals that hold the mean, lie above it and lie below it."""
    above, below = np.mean(limits[0] > mean), np.mean(limits[1] < mean)
    return {"coverage": 1 - above - below, "too_high": above, "too_low": below}
