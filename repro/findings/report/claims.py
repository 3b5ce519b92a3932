"""The claims of a study with their verdicts, as rows to be read and filtered."""

import math
from dataclasses import dataclass
from typing import Any, get_args

import pandas as pd

from repro.findings.numbers import ABSENT, marked, p_value
from repro.findings.report.prose import Piece, pieces
from repro.findings.statistics import Interval
from repro.findings.units import quantity, unit_of, unit_of_claim
from repro.findings.verdicts import bound_fixed, region
from repro.findings.wording import verdict_name, words
from repro.study.errors import StudyError
from repro.study.models import Claim, MadeBy, Study

MAKERS = get_args(MadeBy)


@dataclass(frozen=True)
class ClaimRow:
    """One claim: who made it, what it says, how it was judged, what came out."""

    key: str
    made_by: str
    says: list[Piece]
    because: list[Piece]
    criterion: str
    recovers: bool
    estimate: str  # with its unit
    quantity: str  # what the estimate is
    interval: str
    p_value: str
    n: str
    verdict: str

    @property
    def is_marked(self) -> bool:
        """True if the interval holds the mean too seldom."""
        return self.interval.endswith("†")

    @property
    def of_thread(self) -> bool:
        """True if the thread made the claim."""
        return self.made_by != "us"


def claims_of(study: Study, claims: pd.DataFrame) -> list[ClaimRow]:
    """Return the rows of `claims.csv`, with what the study file adds to them.

    Raises:
        StudyError: if the table holds other claims than the study. Those that it lacks, since a
            part of the runs alone is there, are left out.
    """
    says = {key: claim.says for key, claim in study.claims.items()}
    if any(says.get(row.claim) != row.says for row in claims.itertuples()):
        raise StudyError(
            f"{study.name}: claims.csv holds other claims than the study file; "
            f"run python -m repro verdicts {study.name} first"
        )
    return [_row(study, study.claims[row.claim], row) for row in claims.itertuples()]


def _row(study: Study, claim: Claim, row: Any) -> ClaimRow:
    difference = claim.reference is not None or claim.published is not None
    unit = unit_of_claim(study, claim)
    interval = unit.interval(row.ci_low, row.ci_high)
    return ClaimRow(
        key=row.claim,
        made_by=row.made_by,
        says=pieces(claim.says),
        because=pieces(claim.because),
        criterion=_criterion(study, claim),
        recovers=claim.test == "recovers",
        estimate=unit.number(row.estimate, unit.digits(row.ci_low, row.ci_high)),
        quantity=quantity(claim.metric, claim.event, difference=difference),
        interval=marked(interval, row.coverage),
        p_value=_relation(p_value(row.p_value, row.p_relation)),
        n=f"n = {row.n:,}",
        verdict=verdict_name(row.verdict),
    )


def _relation(p: str) -> str:
    """Return a p-value as part of a sentence: p = 0.01, p < 0.0001, not tested."""
    if p == ABSENT:
        return "not tested"
    return f"p {p}" if p[0] in "<≤" else f"p = {p}"


def _criterion(study: Study, claim: Claim) -> str:
    """Say in words what the test asks, and on which seeds."""
    estimand = _share(study, claim) if claim.counts_runs else _mean(study, claim)
    fresh = f" Its bound was set {bound_fixed(claim)}; it is judged on others."
    seeds = fresh if claim.fixed_after else ""
    return f"Holds if {estimand} is {_in_region(study, claim, region(claim, study.better))}.{seeds}"


def _mean(study: Study, claim: Claim) -> str:
    metric, variant = words(claim.metric), _label(study, claim.variant)
    if claim.reference is None:
        return f"the average of {metric} in “{variant}”"
    reference = _label(study, claim.reference)
    return f"the average difference in {metric}, “{variant}” − “{reference}”,"


def _share(study: Study, claim: Claim) -> str:
    event, variant = f"{words(claim.metric)} {claim.event}", _label(study, claim.variant)
    if claim.reference is None:
        return f"the share of runs of “{variant}” with {event}"
    reference = _label(study, claim.reference)
    return f"the difference in the share of runs with {event}, “{variant}” − “{reference}”,"


def _in_region(study: Study, claim: Claim, region: Interval) -> str:
    unit = unit_of_claim(study, claim)
    margin = unit_of(study, claim.metric, difference=True, share=claim.counts_runs)
    if math.isinf(region.high):
        return f"above {unit.number(region.low)}"
    if math.isinf(region.low):
        return f"below {unit.number(region.high)}"
    if claim.published is not None:
        successes, total = (f"{count:,}" for count in claim.published)
        return f"within {margin.number(claim.bound)} of the published share, {successes} of {total}"
    return f"within {margin.number(claim.bound)} of {unit.number(claim.target or 0.0)}"


def _label(study: Study, name: str | None) -> str:
    if name is None:
        return ""
    grid, _, cell = name.partition("@")
    return f"{words(grid)}: {words(cell)}" if cell else study.variants[name].label
