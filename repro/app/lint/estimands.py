"""Checks of what a claim asks: that its answer is open, before the runs and after them."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy  # its parts are imported when they are first used: it takes a second

from repro.app.lint.problem import Problem, Repository
from repro.findings.arms import arms_of, compared, metric_values
from repro.findings.published import published_share
from repro.findings.statistics import EXACT_UP_TO, Interval
from repro.findings.verdicts import SIGNIFICANCE, region
from repro.store.results import read_runs
from repro.store.tables import read_table
from repro.study.experiments import metric_kinds
from repro.study.metrics import RANGES
from repro.study.models import Claim, Study

ENOUGH_RUNS = 20  # of a study; in fewer, a metric may stay what it is by chance
CONSTANT = 1e-9  # relative; a metric that varies less has one value


class Asked(NamedTuple):
    """A claim, where its estimand can lie, and what its runs gave, by seed."""

    key: str
    claim: Claim
    better: str
    counts: bool  # whether it is about a share of runs
    undecided: int  # claims of the study that are, or would be if this one were
    limits: Interval  # of one run's value
    sample: pd.Series
    reference: pd.Series | None

    @property
    def region(self) -> Interval:
        """The region in which the claim holds."""
        return region(self.claim, self.better)

    @property
    def possible(self) -> Interval:
        """The limits of the estimand, whatever comes out."""
        low, high = self.limits
        if self.claim.published is not None:
            share = published_share(self.claim.published)
            return Interval(low - share, high - share)
        return self.limits if self.reference is None else Interval(low - high, high - low)

    @property
    def left(self) -> Interval:
        """The limits of the estimand, the reference's mean being what it is."""
        if self.reference is None:
            return self.possible
        offset = float(self.reference.mean())
        return Interval(self.limits.low - offset, self.limits.high - offset)


def claims_ask_what_is_open(study: Study, repository: Repository) -> Iterator[Problem]:
    """Every claim could hold and could be refuted, by the numbers that its metric can have."""
    if not (repository.results(study.name) / "runs.csv").is_file():
        return  # said already
    runs = read_runs(repository.results(study.name))
    undecided = _undecided(repository.results(study.name) / "claims.csv")
    for asked in _asked(study, runs, undecided):
        for wrong in _closed(asked, _is_constant_metric(asked.claim, runs)):
            yield Problem(
                repository.place_of_claim(study, asked.key),
                wrong,
                "ask what the runs can answer: another metric, bound, reference or number of seeds",
            )


def diverged_runs_have_no_result(study: Study, repository: Repository) -> Iterator[Problem]:
    """A network that diverged has no accuracy or error, whatever its NaN were counted as."""
    if not (repository.results(study.name) / "runs.csv").is_file():
        return
    runs = read_runs(repository.results(study.name))
    for row in runs[(runs.status == "diverged") & runs[study.metric].notna()].head(1).itertuples():
        yield Problem(
            f"results/{study.name}/runs.csv",
            f"{row.variant}, seed {row.seed}, diverged and has {study.metric}",
            "leave the metrics of a diverged network empty",
        )


def _undecided(table: Path) -> set[str]:
    """Return the claims that the table calls inconclusive; none without a table."""
    if not table.is_file():
        return set()
    claims = read_table(table)
    return set(claims.claim[claims.verdict == "inconclusive"])


def _asked(study: Study, runs: pd.DataFrame, undecided: set[str]) -> Iterator[Asked]:
    kinds, arms = metric_kinds(study.name), arms_of(runs)
    for key, claim in study.claims.items():
        if not {claim.variant, claim.reference or claim.variant} <= set(arms):
            continue  # said already
        values, reference = compared(arms, key, claim)
        kind = "flag" if claim.counts_runs else kinds[claim.metric]
        paired = reference if isinstance(reference, pd.Series) else None
        yield Asked(
            key=key,
            claim=claim,
            better=study.better,
            counts=kind == "flag",
            undecided=len(undecided | {key}),
            limits=Interval(*RANGES[kind]),
            sample=values,
            reference=paired,
        )


def _closed(asked: Asked, constant: bool) -> Iterator[str]:
    """Yield why a claim's answer is fixed beforehand."""
    if asked.sample.empty:
        yield "no run is left to judge it on, besides those that had been seen"
    elif constant:
        yield f"{asked.claim.metric} has one value in all runs of the study"
    else:
        yield from _unreachable(asked)
        yield from _same_arms(asked)
        yield from _fixed_reference(asked)
        yield from _wide_margin(asked)
        yield from _undecidable(asked)


def _is_constant_metric(claim: Claim, runs: pd.DataFrame) -> bool:
    values = metric_values(runs, claim.metric)
    return len(values) >= ENOUGH_RUNS and _is_constant(values)


def _is_constant(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return finite.size > 0 and float(np.ptp(finite)) <= CONSTANT * float(np.abs(finite).max())


def _unreachable(asked: Asked) -> Iterator[str]:
    holds, possible, left = asked.region, asked.possible, asked.left
    if min(holds.high, left.high) <= max(holds.low, left.low):
        beside = "" if asked.reference is None else f" beside {asked.reference.mean():.4g}"
        yield f"can't hold{beside}: {_span(left)} is possible, {_span(holds)} is needed"
    if holds.low <= possible.low and possible.high <= holds.high:
        yield f"can't be refuted: all that is possible, {_span(possible)}, makes it hold"


def _same_arms(asked: Asked) -> Iterator[str]:
    """Two variants that can't differ in the metric can't be compared by it, only found equal."""
    if asked.reference is None or asked.claim.test in ("equivalent", "recovers"):
        return
    if asked.sample.to_numpy().tolist() == asked.reference.to_numpy().tolist():
        yield "its two variants give one number in every pair of runs"


def _fixed_reference(asked: Asked) -> Iterator[str]:
    """A reference that is the same in all runs sits at a limit that it can't leave."""
    if asked.reference is None or asked.claim.counts_runs or len(asked.reference) < 2:
        return
    values = asked.reference.to_numpy()
    if _is_constant(values) and values[0] not in asked.limits:
        yield f"its reference is {values[0]:.4g} in all runs"


def _wide_margin(asked: Asked) -> Iterator[str]:
    """A margin beyond every number of both variants lets nothing fail that was ever seen."""
    if asked.reference is None or asked.claim.test not in ("equivalent", "recovers"):
        return
    largest = max(asked.sample.abs().max(), asked.reference.abs().max())
    if asked.claim.bound > largest > 0:
        yield f"its margin, {asked.claim.bound:.4g}, is wider than any number of its variants"


def _undecidable(asked: Asked) -> Iterator[str]:
    """So few runs leave it open even if all of them agree, or could have come out in one way only.

    A claim must be decidable beside those that are open: by Holm, the smallest of their p-values is
    multiplied by how many there are.
    """
    edges = [edge for edge in asked.region if math.isfinite(edge)]
    low, high = asked.possible
    if len(edges) > 1 or not low <= edges[0] <= high:
        return
    n, decisions = len(asked.sample), ("make it hold", "refute it")
    if asked.claim.test in ("below", "less"):
        decisions = decisions[::-1]
    for p_value, decision in zip(_least_p(asked, n, edges[0]), decisions, strict=True):
        if p_value * asked.undecided >= SIGNIFICANCE / 2:
            yield f"{n} runs can't {decision}, even if all agree"


def _least_p(asked: Asked, n: int, edge: float) -> tuple[float, float]:
    """The p-values if all n runs lie above the edge, and if all lie below: the least there are."""
    if asked.reference is not None or not asked.counts:
        smallest = 0.0 if asked.counts or n > EXACT_UP_TO else 2.0**-n
        return smallest, smallest
    return (
        float(scipy.stats.binomtest(n, n, edge, alternative="greater").pvalue),
        float(scipy.stats.binomtest(0, n, edge, alternative="less").pvalue),
    )


def _span(interval: Interval) -> str:
    if math.isinf(interval.low):
        return f"below {interval.high:.4g}"
    if math.isinf(interval.high):
        return f"above {interval.low:.4g}"
    return f"{interval.low:.4g} to {interval.high:.4g}"


CHECKS = (claims_ask_what_is_open, diverged_runs_have_no_result)
