"""Intervals, tests and effect sizes over seeds.

A sample is a float array of shape (n,), one value a seed: a metric of one variant, or the paired
differences variant - reference. Every function is defined for constant samples, for one seed and
for values that are not finite: what can't be computed is NaN, never an exception. Nothing is drawn
but from the generator that the caller passes; `coverage` has a fixed one of its own.

Means have Student's t interval, moved out where the sample is skewed (`mean_interval`), and
sign-flip tests. Rates (means of 0/1 values) have better: Wilson and exact binomial for one variant,
Tango's score for paired differences, where flipping signs about a margin other than 0 would call
30 ties out of 30 an equivalence far too often.

docs/statistics.md has what was measured: in how many samples each interval holds the mean. None
can where the sample missed a rare, far-off outcome (`unseen_share`); where the sample shows that
its like are hard to cover, `coverage` says so.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy  # its parts are imported when they are first used: it takes a second
from numpy.typing import ArrayLike, NDArray

FEWEST = 6  # seeds of which an interval is shown; of fewer, the least and the greatest value are
EXACT_UP_TO = 40  # seeds; all 2**40 sign vectors are counted, of more seeds some are drawn
FLIPS = 99_999  # sign vectors drawn
FLIPPED_TOGETHER = 8  # seeds: the sums of all their 2**8 sign vectors stay in a core's cache
TIE = 1e-9  # sums that differ by less, relative to the sum of magnitudes, count as equal
DRAWS = 2_000  # samples by which coverage is measured, to half a point
CHUNK = 2**18  # numbers held at a time while drawing: 2 MB stay in a core's cache
LEVEL = 0.95  # of the intervals that are shown
SHORTFALL = 0.02  # of coverage, from which on an interval is called unreliable
MORE_SEEDS = (30, 100, 300, 1_000, 3_000)  # that `seeds_needed` tries

Sample = NDArray[np.float64]


class Interval(NamedTuple):
    """A lower and an upper limit, in the unit of the sample."""

    low: float
    high: float


class PValues(NamedTuple):
    """One-sided p-values: a small `above` speaks for mean > bound, a small `below` against."""

    above: float
    below: float


UNKNOWN = Interval(math.nan, math.nan)
ANY_NUMBER = Interval(-math.inf, math.inf)
UNTESTED = PValues(math.nan, math.nan)


def named_generator(seed: int, *names: str) -> np.random.Generator:
    """Return a generator of its own for what `names` name."""
    return np.random.default_rng([seed, *"\0".join(names).encode()])


def mean(sample: ArrayLike) -> float:
    """Mean of `sample` (n,), NaN where a value is not finite.

    Rounding is kept within the sample's range, so that the mean of a constant is that constant, and
    the sum is rounded once, so that neither order nor processor matters.
    """
    values = np.asarray(sample, float)
    if not _is_usable(values):
        return math.nan
    return float(np.clip(math.fsum(values) / values.size, values.min(), values.max()))


def plain_mean(values: ArrayLike) -> float:
    """Mean of the values (n,) that there are, NaN aside; inf, or NaN, where they make it so.

    As `mean`, it is the same on every processor.
    """
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    if not known.size or _is_usable(known):
        return mean(known) if known.size else math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        return float(known.mean())


def mean_interval(
    sample: ArrayLike, *, level: float = LEVEL, metric_range: tuple[float, float] = ANY_NUMBER
) -> Interval:
    """Student's t interval for the mean of `sample` (n,), moved out on the side of the longer tail.

    Student's t falls short of a skewed population's mean on the side of its longer tail. There the
    limit is Hall's (1992), who transforms the t statistic to undo its skewness, wherever that is
    further out; see docs/statistics.md. Intervals of several levels nest, and that of `-sample` is
    the mirror image to the bit. A constant sample has the interval of width 0, a single seed or a
    value that is not finite has NaN limits.

    Args:
        sample: one value a seed.
        level: the share of samples whose interval should hold the population's mean.
        metric_range: the least and greatest mean that is possible; the interval ends there.
    """
    values = np.asarray(sample, float)
    centre = mean(values)
    if values.size < 2 or math.isnan(centre):
        return UNKNOWN
    if values.min() == values.max():
        return Interval(centre, centre)
    low, high = map(float, mean_limits(values, level))
    smallest, largest = metric_range
    return Interval(max(min(low, centre), smallest), min(max(high, centre), largest))


def mean_limits(samples: Sample, level: float) -> tuple[Sample, Sample]:
    """Return the limits (...) of `mean_interval` for each of `samples` (..., n), which may be many.

    They are limits as they come: not held within a range, and NaN or infinite where numbers end.
    """
    n = samples.shape[-1]
    centres = _sums(samples) / n
    offsets = samples - centres
    largest = np.abs(offsets).max(axis=-1, keepdims=True)
    offsets = np.divide(offsets, largest, out=offsets, where=largest > 0)  # no cube overflows
    squares = offsets * offsets
    deviation = np.sqrt(_sums(squares) / (n - 1))
    cubes = _sums(squares * offsets)
    skewness = np.zeros_like(cubes)  # without the bias of small samples, over the root of n
    if n > 2:
        factor = math.sqrt(n) / ((n - 1) * (n - 2))
        cubed = deviation * deviation * deviation  # a power is another number elsewhere
        np.divide(factor * cubes, cubed, out=skewness, where=deviation > 0)
    quantile = float(scipy.stats.t.isf((1 - level) / 2, n - 1))
    with np.errstate(over="ignore"):  # an infinite limit is right, then
        error = largest * deviation / math.sqrt(n)
        low = centres - error * _reach(quantile, -skewness)
        high = centres + error * _reach(quantile, skewness)
    return low[..., 0], high[..., 0]


def coverage(sample: ArrayLike, *, level: float = LEVEL, n: int | None = None) -> float:
    """Share of samples of `n` seeds whose `mean_interval` holds the mean, where that is known.

    The population that they are drawn from is `sample` (n,) itself, so that the number belongs to
    means of what looks like it: 0.95 for most, 0.64 where one run of 30 is far off, since a third
    of such samples have no run of that kind. NaN for constant samples, which show no spread, for a
    single seed and for values that are not finite.
    """
    values = np.asarray(sample, float)
    centre = mean(values)
    if values.size < 2 or math.isnan(centre) or values.min() == values.max():
        return math.nan
    generator = np.random.default_rng(0)
    size = n or values.size
    rows = max(1, CHUNK // size)
    covered = 0
    for start in range(0, DRAWS, rows):
        drawn = generator.integers(0, values.size, (min(rows, DRAWS - start), size))
        low, high = mean_limits(values[drawn], level)
        covered += int(np.count_nonzero((low <= centre) & (centre <= high)))
    return covered / DRAWS


def is_reliable(sample: ArrayLike, *, level: float = LEVEL, n: int | None = None) -> bool:
    """Return False if `coverage` is more than 2 points below the level; True where it is NaN."""
    return not coverage(sample, level=level, n=n) < level - SHORTFALL


def seeds_needed(sample: ArrayLike, *, level: float = LEVEL) -> int | None:
    """Return how many seeds make the interval reliable, if `sample` (n,) shows all there is.

    Its own n if they are enough, else the first of `MORE_SEEDS`; None if none of them is.
    """
    own = np.size(sample)
    candidates = (own, *(n for n in MORE_SEEDS if n > own))
    return next((n for n in candidates if is_reliable(sample, level=level, n=n)), None)


def unseen_share(n: int, *, level: float = LEVEL) -> float:
    """Return the share of runs that may be of a kind that none of `n` seeds has shown.

    The largest that n seeds miss in 1 - level of all cases: 0.095 for 30 seeds, about 3 / n.
    """
    return float(1 - (1 - level) ** (1 / n))


def with_unseen(interval: Interval, n: int, metric_range: tuple[float, float]) -> Interval:
    """Return the interval of a mean of `n` seeds, widened for runs of a kind that none has shown.

    As many as can be missed, `unseen_share(n)`, may lie at either end of the metric's range. This
    holds the mean where rare failures are possible, and is as wide as that needs: infinite where
    the range is.
    """
    share = unseen_share(n)
    low, high = ((1 - share) * limit for limit in interval)
    return Interval(low + share * metric_range[0], high + share * metric_range[1])


def rate_interval(sample: ArrayLike, *, level: float = LEVEL) -> Interval:
    """Wilson (1927) score interval for the mean of `sample` (n,), whose values are 0 or 1."""
    values = np.asarray(sample, float)
    if not _is_usable(values):
        return UNKNOWN
    successes = _count(values, 1, allowed=(0, 1))
    limits = scipy.stats.binomtest(successes, values.size).proportion_ci(level, method="wilson")
    return Interval(float(min(limits.low, mean(values))), float(max(limits.high, mean(values))))


def rate_difference_interval(sample: ArrayLike, *, level: float = LEVEL) -> Interval:
    """Score interval of Tango (1998) for the mean of paired differences of 0/1 values.

    `sample` (n,) has values in {-1, 0, 1}; swapping the arms mirrors the interval to the bit.
    """
    values = np.asarray(sample, float)
    if not _is_usable(values):
        return UNKNOWN
    wins, losses = _discordant(values)
    z = float(scipy.stats.norm.isf((1 - level) / 2))
    return Interval(
        -_tango_upper(losses, wins, values.size, z), _tango_upper(wins, losses, values.size, z)
    )


def sign_flip_test(
    sample: ArrayLike, bound: float = 0.0, *, generator: np.random.Generator
) -> PValues:
    """Permutation test of the mean of `sample` (n,) against `bound`: the signs of the deviations.

    All sign vectors up to 40 seeds (Fisher 1935), else 99,999 random ones and p = (k + 1) / (R + 1)
    after Phipson and Smyth (2010), which is never below `p_floor(n)`. Exact where the deviations
    are symmetric about 0 under the null hypothesis, as differences of exchangeable arms are; else
    asymptotic in n. The generator is not used up to 40 seeds.
    """
    deviations = np.asarray(sample, float) - bound
    if not _is_usable(deviations):
        return UNTESTED
    observed, slack = deviations.sum(), TIE * np.abs(deviations).sum()
    if deviations.size <= EXACT_UP_TO:
        return _exact_p(deviations, observed - slack, observed + slack)
    sums = np.append(_random_flips(deviations, generator), observed)
    return PValues(
        above=float(np.mean(sums >= observed - slack)),
        below=float(np.mean(sums <= observed + slack)),
    )


def p_floor(n: int) -> float:
    """Return the p-value of a sign-flip test of `n` seeds that stands for all smaller ones.

    A p-value that is equal to it is to be read as "at most"; 0 where p-values are exact.
    """
    return 0.0 if n <= EXACT_UP_TO else 1 / (FLIPS + 1)


def rate_test(sample: ArrayLike, bound: float) -> PValues:
    """Exact binomial test of the mean of `sample` (n,), whose values are 0 or 1."""
    values = np.asarray(sample, float)
    if not _is_usable(values):
        return UNTESTED
    successes = _count(values, 1, allowed=(0, 1))
    if not 0 <= bound <= 1:  # a rate is certain to lie on one side
        return PValues(above=float(bound > 1), below=float(bound < 0))
    return PValues(
        *(
            float(scipy.stats.binomtest(successes, values.size, bound, alternative=side).pvalue)
            for side in ("greater", "less")
        )
    )


def rate_difference_test(sample: ArrayLike, bound: float = 0.0) -> PValues:
    """Score test of Tango (1998) of the mean of paired differences of 0/1 values against `bound`.

    `sample` (n,) has values in {-1, 0, 1}. With bound 0 this is McNemar's test.
    """
    values = np.asarray(sample, float)
    if not _is_usable(values):
        return UNTESTED
    wins, losses = _discordant(values)
    return PValues(
        above=float(scipy.stats.norm.sf(_tango_score(wins, losses, values.size, bound))),
        below=float(scipy.stats.norm.sf(_tango_score(losses, wins, values.size, -bound))),
    )


def probability_of_superiority(sample: ArrayLike, reference: ArrayLike) -> float:
    """Share of seeds where `sample` (n,) exceeds `reference` ((n,) paired, or one number).

    Ties count 1/2, infinities by their order; NaN has no order and makes the share NaN.
    """
    values, against = np.broadcast_arrays(np.asarray(sample, float), np.asarray(reference, float))
    if values.size == 0 or np.isnan(values).any() or np.isnan(against).any():
        return math.nan
    return float(np.mean((values > against) + 0.5 * (values == against)))


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """`p_values` (m,) adjusted after Holm (1979), in their order.

    A NaN stays NaN and counts as one of the m: a claim that can't be tested is still a claim.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p)  # NaN last
    steps = p[order] * np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps))
    return adjusted


def _is_usable(values: Sample) -> bool:
    """Return True if the values, at least one, and every sum of n of them are finite."""
    if values.size == 0:
        raise ValueError("a sample needs at least one value, got none")
    with np.errstate(over="ignore"):
        return bool(np.isfinite(values.size * np.abs(values).max()))


def _sums(samples: Sample) -> Sample:
    """Return sums (..., 1) along the last axis, added one by one.

    `numpy.sum` adds as many at once as the processor can, which rounds otherwise on another one.
    """
    return np.add.accumulate(samples, axis=-1)[..., -1:]


def _reach(quantile: float, skewness: Sample) -> Sample:
    """The distance of the upper limit from the mean in standard errors: Student's, Hall's if more.

    Hall's transformation of the t statistic is g(t) = t + k t^2 / 3 + k^2 t^3 / 27 + k / 6, where k
    is the skewness over the root of n. His limit is -g^-1(-quantile), here without a division by k.
    """
    moved = quantile + skewness / 6
    root = np.cbrt(1 - skewness * moved)
    return np.maximum(quantile, 3 * moved / (root**2 + root + 1))


def _exact_p(deviations: Sample, floor: float, ceiling: float) -> PValues:
    """Share of all sign vectors whose sum reaches `floor`, and of those that stay within `ceiling`.

    Each sum is one of the first half's plus one of the second half's: for each of the former, the
    latter that reach the mark are counted in their sorted list (Horowitz and Sahni 1974).
    """
    halves = np.array_split(deviations, 2)
    first, second = (np.sort(_all_flips(half)) for half in halves)
    short = np.searchsorted(second, floor + first, side="left").sum()  # -first are the same sums
    reached = np.searchsorted(second, ceiling + first, side="right").sum()
    total = first.size * second.size
    return PValues(above=float((total - short) / total), below=float(reached / total))


def _all_flips(deviations: Sample) -> Sample:
    """The sums (2**n,) of `deviations` (n,) under every vector of signs."""
    sums = np.zeros(1)
    for deviation in deviations:
        sums = np.concatenate([sums + deviation, sums - deviation])
    return sums


def _random_flips(deviations: Sample, generator: np.random.Generator) -> Sample:
    """The sums (FLIPS,) of `deviations` (n,) under random signs, those of eight seeds at a time."""
    sums = np.zeros(FLIPS)
    for together in np.array_split(deviations, math.ceil(deviations.size / FLIPPED_TOGETHER)):
        table = _all_flips(together)
        sums += table[generator.integers(0, table.size, FLIPS, dtype=np.uint8)]
    return sums


def _count(values: Sample, value: int, *, allowed: tuple[int, ...]) -> int:
    """Return how often `value` occurs; any value that is not `allowed` is an error."""
    if not np.isin(values, allowed).all():
        raise ValueError(f"expected values in {allowed}, got {np.setdiff1d(values, allowed)[0]}")
    return int(np.count_nonzero(values == value))


def _discordant(values: Sample) -> tuple[int, int]:
    """Return how many seeds only the variant wins (+1), and only the reference (-1)."""
    allowed = (-1, 0, 1)
    return _count(values, 1, allowed=allowed), _count(values, -1, allowed=allowed)


def _tango_variance(wins: int, losses: int, n: int, bound: float) -> float:
    """Variance of wins - losses with the rate of losses at its likeliest, given `bound`.

    That rate is the larger root of 2n q^2 + b q + c = 0 (Tango 1998, section 3).
    """
    b = (2 * n - wins + losses) * bound - wins - losses
    c = -losses * bound * (1 - bound)
    rate = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    return n * (2 * rate + bound * (1 - bound))


def _tango_score(wins: int, losses: int, n: int, bound: float) -> float:
    """Standardized distance of wins - losses from n * bound; 0/0 is no evidence, hence 0."""
    excess = wins - losses - n * bound
    if excess == 0:
        return 0.0
    variance = 0.0 if abs(bound) >= 1 else _tango_variance(wins, losses, n, bound)
    return excess / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, excess)


def _tango_upper(wins: int, losses: int, n: int, z: float) -> float:
    """The bound above the estimate at which the score is -z."""
    estimate = (wins - losses) / n
    if estimate == 1:
        return 1.0

    def distance(bound: float) -> float:
        excess = wins - losses - n * bound
        return excess**2 - z**2 * _tango_variance(wins, losses, n, bound)

    # The nudge steps over the root at the estimate itself that a variance of 0 makes.
    return float(scipy.optimize.brentq(distance, estimate + 1e-12, 1.0))
