"""One number of a study as a sentence that can be cited."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from repro.findings.numbers import ABSENT, interval_placeholder
from repro.findings.statistics import FEWEST
from repro.findings.summary import lost_runs, summarize
from repro.findings.units import Unit, is_flag, unit_of, unit_of_claim
from repro.findings.wording import verdict_name, words
from repro.store.results import EDITED, Results
from repro.study.errors import StudyError, unknown
from repro.study.models import Study

DIGITS = 3  # significant ones
INTERVAL = "95 % interval"


def require_citable(study: Study, name: str) -> None:
    """Raise `StudyError`, with the nearest name, if a study has no such variant and no such claim.

    Args:
        study: whose it would be.
        name: of the variant, or of the claim.
    """
    if name not in (*study.variants, *study.claims):
        raise _not_citable(study, name)


def sentence(study: Study, name: str, results: Results) -> str:
    """Return a sentence on a variant or a claim: its number, interval, seeds, and their origin.

    Args:
        study: whose it is.
        name: of the variant, or of the claim.
        results: the study's.

    Raises:
        StudyError: if the study has neither; it names the nearest.
    """
    statement, evidence = _statement(study, name, results)
    recorded = results.provenance
    origin = f"{recorded.package}, study {study.name}, code {recorded.code[:8]}"
    doubts = f"{EDITED}: {'; '.join(results.doubts)}" if results.doubts else ""
    details = "; ".join(filter(None, [*evidence, origin, doubts]))
    return f"{statement} ({details})."


def _statement(study: Study, name: str, results: Results) -> tuple[str, list[str]]:
    """Return what is said of a variant or a claim, and the evidence for it."""
    if name in study.variants:
        return _level(study, name, results.runs)
    claims = results.claims.set_index("claim", drop=False)
    if name not in claims.index:
        raise _not_citable(study, name)
    return _verdict(study, claims.loc[name])


def _not_citable(study: Study, name: str) -> StudyError:
    citable = [*study.variants, *study.claims]
    return StudyError(unknown("variant or claim", name, citable, owner=study.name))


def _level(study: Study, name: str, runs: pd.DataFrame) -> tuple[str, list[str]]:
    own = runs[runs["variant"] == name]
    (row,) = summarize(study, own).to_dict("records")
    label, metric = f"“{study.variants[name].label}”", words(study.metric)
    lost = lost_runs(own["status"])
    if not row["n"]:
        return f"{label} has no {metric}", [lost or f"{row['runs']:,} runs"]
    mean, limits = _rounded(unit_of(study, study.metric), row["mean"], _spread(row))
    evidence = [limits, f"{row['n']:,} seeds", lost]
    if is_flag(study, study.metric):
        return f"Of the runs of {label}, {mean} have “{metric}”", evidence
    return f"The {metric} of {label} is {mean} on average", evidence


def _spread(row: Mapping[Any, Any]) -> tuple[str, float, float]:
    """Return the interval of a variant's mean or, of few seeds, the extremes, and what it is."""
    if row["n"] < FEWEST:
        return "least and greatest", row["least"], row["greatest"]
    return INTERVAL, row["ci_low"], row["ci_high"]


def _verdict(study: Study, row: pd.Series) -> tuple[str, list[str]]:
    unit = unit_of_claim(study, study.claims[row.claim])
    estimate, limits = _rounded(unit, row.estimate, (INTERVAL, row.ci_low, row.ci_high))
    judged = f"“{row.says}”: {verdict_name(row.verdict)}"
    limits = limits if row.n >= FEWEST else ""
    return judged, [f"estimate {estimate}", limits, f"{row.n:,} seeds", f"claimed by {row.made_by}"]


def _rounded(unit: Unit, value: float, spread: tuple[str, float, float]) -> tuple[str, str]:
    """Return a number and its named limits, with the digits that tell the limits apart."""
    name, low, high = spread
    digits = unit.digits(low, high, DIGITS)
    limits = unit.interval(low, high, digits)
    if not interval_placeholder(low, high):
        limits = f"{name} {limits}"
    return _plain(unit.number(value, digits)), _plain(limits) if limits != ABSENT else ""


def _plain(text: str) -> str:
    """Return a text to be pasted anywhere: with spaces that may break."""
    return text.replace("\N{NO-BREAK SPACE}", " ")
