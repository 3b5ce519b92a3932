"""One number of a study as a sentence that can be cited."""

import pandas as pd

from repro.findings.numbers import named_interval, number
from repro.findings.statistics import FEWEST
from repro.findings.summary import summarize
from repro.findings.wording import verdict_name, words
from repro.store.results import EDITED, Results
from repro.study.errors import StudyError, unknown
from repro.study.models import Study

DIGITS = 3  # significant ones


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
    recorded = results.provenance
    origin = f"{recorded.package}, study {study.name}, code {recorded.code[:8]}"
    if results.doubts:
        origin += f"; {EDITED}: {'; '.join(results.doubts)}"
    if name in study.variants:
        return f"{_level(study, name, results.runs)} ({origin})."
    claims = results.claims.set_index("claim")
    if name not in claims.index:
        raise _not_citable(study, name)
    return f"{_verdict(claims.loc[name])} ({origin})."


def _not_citable(study: Study, name: str) -> StudyError:
    citable = [*study.variants, *study.claims]
    return StudyError(unknown("variant or claim", name, citable, owner=study.name))


def _level(study: Study, name: str, runs: pd.DataFrame) -> str:
    (row,) = summarize(study, runs[runs["variant"] == name]).to_dict("records")
    label, metric = study.variants[name].label, words(study.metric)
    lost = f", {row['diverged']} diverged" if row["diverged"] else ""
    if not row["n"]:
        return f"“{label}” has no {metric}: {row['diverged']} of {row['runs']} runs diverged"
    spread, ends = "95 % interval", ("ci_low", "ci_high")
    if row["n"] < FEWEST:
        spread, ends = "least and greatest", ("least", "greatest")
    limits = named_interval(row[ends[0]], row[ends[1]], name=spread, digits=DIGITS)
    level = f"a mean {metric} of {number(row['mean'], DIGITS)}"
    return f"“{label}” has {level} ({limits}, {row['n']:,} seeds{lost})"


def _verdict(row: pd.Series) -> str:
    estimate = f"estimate {number(row.estimate)}, {named_interval(row.ci_low, row.ci_high)}"
    verdict = verdict_name(row.verdict)
    return f"“{row.says}”: {verdict} ({estimate}, {row.n:,} seeds; claimed by {row.made_by})"
