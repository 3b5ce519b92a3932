"""The claims of a study with their verdicts, as rows to be read and filtered."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from repro.findings.report.wording import Piece, interval, number, p_value, pieces, words
from repro.study.schema import Claim, Study, StudyError

UNJUDGED = "not judged"  # quotes a figure for other data than the runs had
MAKERS = ("question", "answer", "comment", "us")


@dataclass(frozen=True)
class ClaimRow:
    """One claim: who made it, what it says, how it was judged, what came out."""

    key: str
    made_by: str
    says: list[Piece]
    because: list[Piece]
    criterion: str
    recovers: bool
    estimate: str
    interval: str
    p_value: str
    n: int
    verdict: str

    @property
    def of_thread(self) -> bool:
        """Whether the thread made it."""
        return self.made_by != "us"


def claims_of(study: Study, claims: pd.DataFrame) -> list[ClaimRow]:
    """Return the rows of `claims.csv`, with what the study file adds to them.

    Raises:
        StudyError: if the table holds other claims than the study.
    """
    if dict(zip(claims["claim"], claims["says"], strict=True)) != {
        key: claim.says for key, claim in study.claims.items()
    }:
        raise StudyError(
            f"{study.name}: claims.csv holds other claims than the study file; "
            f"run python -m repro verdicts {study.name} first"
        )
    return [_row(study, study.claims[row.claim], row) for row in claims.itertuples()]


def _row(study: Study, claim: Claim, row: Any) -> ClaimRow:
    return ClaimRow(
        key=row.claim,
        made_by=row.made_by,
        says=pieces(claim.says),
        because=pieces(claim.because),
        criterion=_criterion(study, claim),
        recovers=claim.test == "recovers",
        estimate=number(row.estimate),
        interval=interval(row.ci_low, row.ci_high),
        p_value=p_value(row.p_value),
        n=row.n,
        verdict=row.verdict if isinstance(row.verdict, str) else UNJUDGED,
    )


def _criterion(study: Study, claim: Claim) -> str:
    """Say what the test asks, in words."""
    bound, metric = number(claim.bound), words(claim.metric)
    variant, reference = _label(study, claim.variant), _label(study, claim.reference)
    mean = f"Holds if the average of {metric} in “{variant}” is"
    difference = f"Holds if the average difference in {metric}, “{variant}” − “{reference}”, is"
    match claim.test:
        case "above" | "below":
            return f"{mean} {claim.test} {bound}."
        case "within":
            return f"{mean} within {bound} of {number(claim.target or 0.0)}."
        case "equivalent":
            return f"{difference} within {bound} of 0."
        case "recovers" if study.better == "higher":
            return f"{difference} above {number(-claim.bound)}."
        case "recovers":
            return f"{difference} below {bound}."
    return f"{difference} {'above' if claim.test == 'greater' else 'below'} {bound}."


def _label(study: Study, name: str | None) -> str:
    if name is None:
        return ""
    grid, _, cell = name.partition("@")
    return f"{words(grid)}: {words(cell)}" if cell else study.variants[name].label
