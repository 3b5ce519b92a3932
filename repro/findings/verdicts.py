"""Verdicts: the runs table and a study's claims become the claims table.

A claim is about one number, its estimand: the mean over seeds of a variant's metric, or the mean
paired difference variant - reference. A claim that counts runs has, in place of the metric, 1 for a
run whose metric is above (or below) a number, else 0, so that its means are shares of runs. It
holds if its estimand lies in an open region, which its test and bound determine:

    test               estimand     region
    above, below       mean         (bound, inf), (-inf, bound)
    within             mean         (target - bound, target + bound)
      published        difference   (-bound, bound): our share of runs less the published one
    greater, less      difference   (bound, inf), (-inf, bound)
    equivalent         difference   (-bound, bound)
    recovers           difference   (-bound, inf); (-inf, bound) where lower is better

Each claim is tested in both directions. `p_holds` is the p-value of the hypothesis that the claim
is false (for a region with two edges the larger of both edges': TOST, Schuirmann 1987), `p_refuted`
of the hypothesis that it is true. Twice the smaller one, adjusted after Holm over the study's
claims, is the claim's p-value. A verdict needs both p < 0.05 and an interval that lies on the same
side; everything else is `inconclusive`, as are all claims on runs that lack the metric, such as
the accuracy of a network that diverged.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from repro.findings.arms import arms_of, compared
from repro.findings.published import (
    share_difference_interval,
    share_difference_test,
)
from repro.findings.statistics import (
    UNKNOWN,
    Interval,
    PValues,
    Sample,
    coverage,
    holm,
    mean,
    mean_interval,
    named_generator,
    p_floor,
    probability_of_superiority,
    rate_difference_interval,
    rate_difference_test,
    rate_interval,
    rate_test,
    sign_flip_test,
)
from repro.store.tables import COLUMNS as TABLE_COLUMNS
from repro.study.metrics import DIVERGED, RANGES
from repro.study.models import Claim

SIGNIFICANCE = 0.05
COLUMNS = tuple(TABLE_COLUMNS["claims.csv"])


def judge(
    runs: pd.DataFrame,
    claims: Mapping[str, Claim],
    *,
    better: str,
    kinds: Mapping[str, str],
    seed: int = 0,
    unjudged: Collection[str] = (),
) -> pd.DataFrame:
    """Return the claims table: one row a claim, in the order of `claims` (claim id -> claim).

    `runs` has one row a run with the columns `variant`, `seed`, `status` and the metrics, in any
    order; `kinds` are those of the metrics (see `repro.study.metrics`); `better`, "higher" or
    "lower", is the study's direction. Claims named in `unjudged` keep estimate and interval but
    have no p-value, the verdict "" and no part in Holm's adjustment. Generators are made from
    `seed`, the arms and the metric, so that no claim's numbers depend on the other claims.

    - `event`: what is counted in a run, such as "above 0.9"; nothing if the claim is about a mean.
    - `bound_fixed`: "before any run", or after which seeds had been seen.
    - `seeds`: those that it is judged on, "0:30": all that its variants share, less those seen.
    - `estimate`: the mean, or mean paired difference, over these `n` seeds; NaN, with an
      inconclusive verdict, if there is none or a value is not finite.
    - `ci_low`, `ci_high`: always the 95 % interval. A claim with two edges holds by its 90 %
      interval (TOST), which is not shown.
    - `coverage`: how often such an interval holds the mean of samples like this one (see
      `repro.findings.statistics.coverage`); nothing for rates and constant samples.
    - `effect_size`: share of seeds with variant > reference, ties 1/2; without a reference, with
      metric > bound (> target for `within`).
    - `p_relation`: "<=" where the p-value is the smallest that the test can give, else "=".
    - `p_value`: two-sided and adjusted after Holm. With more than 40 seeds a sign-flip
      test can't give less than 0.00002 before the adjustment (twice `p_floor`).
    - `verdict`: `holds`, `refuted` or `inconclusive`, which a single seed always is.

    Flags and shares of runs are rates and have their own intervals and tests.

    Raises:
        ValueError: a variant without runs, a metric or direction that doesn't exist, a seed twice,
            a pair without a common seed; the message names claim and culprit.
    """
    if better not in ("higher", "lower"):
        raise ValueError(f'better must be "higher" or "lower", got {better!r}')
    if unknown := sorted(set(unjudged) - set(claims)):
        raise ValueError(f"unjudged names {unknown[0]!r}, which is no claim")
    arms = arms_of(runs)
    evidence = {
        name: _examine(
            claim,
            compared(arms, name, claim),
            region=region(claim, better),
            kind="flag" if claim.counts_runs else {**kinds, DIVERGED: "flag"}[claim.metric],
            seed=seed,
        )
        for name, claim in claims.items()
    }
    judged = [name for name in claims if name not in unjudged]
    adjusted = dict(zip(judged, holm([evidence[name].p_value for name in judged]), strict=True))
    rows = [_row(name, claims[name], evidence[name], adjusted.get(name)) for name in claims]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def askable(claims: Mapping[str, Claim], runs: pd.DataFrame) -> dict[str, Claim]:
    """Return the claims whose variants have runs, with seeds in common."""
    seeds = {str(variant): set(arm["seed"]) for variant, arm in runs.groupby("variant")}
    return {
        key: claim
        for key, claim in claims.items()
        if seeds.get(claim.variant, set()) & seeds.get(claim.reference or claim.variant, set())
    }


def region(claim: Claim, better: str) -> Interval:
    """Return the open region of the estimand in which a claim holds.

    Args:
        claim: its test and bound determine the region.
        better: "higher" or "lower", the study's direction.
    """
    match claim.test:
        case "above" | "greater":
            return Interval(claim.bound, math.inf)
        case "below" | "less":
            return Interval(-math.inf, claim.bound)
        case "within" | "equivalent":
            middle = claim.target or 0.0  # a published share is subtracted
            return Interval(middle - claim.bound, middle + claim.bound)
        case "recovers":
            higher = better == "higher"
            return Interval(-claim.bound, math.inf) if higher else Interval(-math.inf, claim.bound)


@dataclass(frozen=True)
class _Evidence:
    """The numbers that one claim is judged by, as far as they do not depend on other claims."""

    seeds: tuple[int, ...]
    estimate: float
    interval: Interval  # 95 %: reported, and what refutes
    holding: Interval  # what makes the claim hold: 90 % if the region has two edges, else 95 %
    coverage: float  # of the interval, simulated; NaN for rates
    effect_size: float
    p_least: float  # that the test can give in one direction
    region: Interval  # open
    p_holds: float
    p_refuted: float

    @property
    def p_value(self) -> float:
        """Two-sided, not adjusted; NaN if there is none."""
        return float(np.minimum(1.0, 2 * np.minimum(self.p_holds, self.p_refuted)))

    @property
    def p_relation(self) -> str:
        """The relation of the true p-value to the one that is shown: "<=" to a test's smallest."""
        if math.isnan(self.p_value):
            return ""
        return "<=" if min(self.p_holds, self.p_refuted) <= self.p_least else "="

    def verdict(self, adjusted: float) -> str:
        """Return the verdict: p-value and interval must say the same."""
        if len(self.seeds) < 2 or not adjusted < SIGNIFICANCE:  # NaN is not below
            return "inconclusive"
        if self.p_holds < self.p_refuted:
            is_within = self.region.low < self.holding.low and self.holding.high < self.region.high
            return "holds" if is_within else "inconclusive"
        outside = self.interval.high <= self.region.low or self.region.high <= self.interval.low
        return "refuted" if outside else "inconclusive"


def _row(name: str, claim: Claim, evidence: _Evidence, adjusted: float | None) -> dict[str, object]:
    described = ("made_by", "says", "variant", "reference", "metric", "event", "test", "bound")
    return {
        "claim": name,
        **{column: getattr(claim, column) for column in described},
        "reference": compared_with(claim),
        "bound_fixed": bound_fixed(claim),
        "seeds": _spans(evidence.seeds),
        "estimate": evidence.estimate,
        "ci_low": evidence.interval.low,
        "ci_high": evidence.interval.high,
        "coverage": evidence.coverage,
        "effect_size": evidence.effect_size,
        "p_relation": "" if adjusted is None else evidence.p_relation,
        "p_value": math.nan if adjusted is None else adjusted,
        "n": len(evidence.seeds),
        "verdict": "" if adjusted is None else evidence.verdict(adjusted),
    }


def compared_with(claim: Claim) -> str | None:
    """Return the variant or the published count that a claim compares with, if it does."""
    if claim.published is None:
        return claim.reference
    return "published {} of {}".format(*claim.published)


def bound_fixed(claim: Claim) -> str:
    """Return when a claim's bound was set, as the tables say it."""
    return f"after seeds {claim.fixed_after}" if claim.fixed_after else "before any run"


def _spans(seeds: Sequence[int]) -> str:
    """Return ascending seeds as spans, 0 to 29 and 60 as "0:30 60:61"."""
    starts = [seed for seed in seeds if seed - 1 not in seeds]
    ends = [seed + 1 for seed in seeds if seed + 1 not in seeds]
    return " ".join(f"{start}:{end}" for start, end in zip(starts, ends, strict=True))


def _examine(
    claim: Claim,
    pair: tuple[pd.Series, pd.Series | float],
    *,
    region: Interval,
    kind: str,
    seed: int,
) -> _Evidence:
    values, reference = pair[0].to_numpy(), np.asarray(pair[1], float)
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, which is the answer
        sample = values - reference if _subtracts(claim) else values
    seeds = tuple(pair[0].index)
    if not seeds:
        return _nothing(region)
    interval, test = _methods(values if claim.published else sample, claim, kind, seed)
    p_holds, p_refuted = _both_directions(test, region)
    two_edges = math.isfinite(region.low) and math.isfinite(region.high)
    return _Evidence(
        seeds=seeds,
        estimate=mean(sample),
        interval=interval(level=1 - SIGNIFICANCE),
        holding=interval(level=1 - 2 * SIGNIFICANCE if two_edges else 1 - SIGNIFICANCE),
        coverage=math.nan if kind == "flag" else coverage(sample),
        effect_size=probability_of_superiority(values, reference),
        p_least=0.0 if kind == "flag" else p_floor(len(seeds)),
        region=region,
        p_holds=p_holds,
        p_refuted=p_refuted,
    )


def _subtracts(claim: Claim) -> bool:
    return claim.reference is not None or claim.published is not None


def _nothing(region: Interval) -> _Evidence:
    """Without a run that the claim may be judged on, nothing is known."""
    return _Evidence(
        seeds=(),
        estimate=math.nan,
        interval=UNKNOWN,
        holding=UNKNOWN,
        coverage=math.nan,
        effect_size=math.nan,
        p_least=0.0,
        region=region,
        p_holds=math.nan,
        p_refuted=math.nan,
    )


def _methods(
    sample: Sample, claim: Claim, kind: str, seed: int
) -> tuple[Callable[..., Interval], Callable[[float], PValues]]:
    """The interval (of a level) and the test (of a bound) that suit the sample.

    A generator starts anew at each test: both edges of a region see the same flips, without which
    swapping the arms would not mirror the result.
    """
    if claim.published is not None:
        return (
            partial(share_difference_interval, sample, claim.published),
            partial(share_difference_test, sample, published=claim.published),
        )
    paired = claim.reference is not None
    if kind == "flag":
        interval = rate_difference_interval if paired else rate_interval
        test = rate_difference_test if paired else rate_test
        return partial(interval, sample), partial(test, sample)

    arms = sorted(filter(None, (claim.variant, claim.reference)))

    def flips(bound: float) -> PValues:
        generator = named_generator(seed, *arms, claim.metric, "test")
        return sign_flip_test(sample, bound, generator=generator)

    low, high = RANGES[kind]
    possible = (low - high, high - low) if paired else (low, high)
    return partial(mean_interval, sample, metric_range=possible), flips


def _both_directions(test: Callable[[float], PValues], region: Interval) -> tuple[float, float]:
    """The p-values of "the estimand is outside `region`" and of "it is inside"."""
    # The mean is certain to lie between infinite edges.
    low = test(region.low) if math.isfinite(region.low) else PValues(above=0.0, below=1.0)
    high = test(region.high) if math.isfinite(region.high) else PValues(above=1.0, below=0.0)
    return float(np.maximum(low.above, high.below)), float(np.minimum(low.below, high.above))
