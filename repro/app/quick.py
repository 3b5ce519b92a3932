"""A first answer within a minute: the posted variants and the first fixes, over a few seeds."""

from collections.abc import Iterator

import pandas as pd
from rich.markup import escape

from repro.findings.numbers import interval, number
from repro.findings.summary import summarize
from repro.findings.wording import words
from repro.study.schema import Gap, Study

QUICK_SEEDS = 8
FIXES = 2


def quick_variants(study: Study) -> list[str]:
    """Return the variants that answer first: those of the report's first gap, and two fixes."""
    if not study.report.gaps:
        return [name for name, variant in study.variants.items() if variant.group == "as posted"]
    gap = study.report.gaps[0]
    chosen = {gap.failing, gap.reference, *list(gap.fixes)[:FIXES]}
    return [name for name in study.variants if name in chosen]


def quick_answer(study: Study, runs: pd.DataFrame, claims: pd.DataFrame) -> Iterator[str]:
    """Yield three lines, as markup: the failing network beside its reference, then the fixes."""
    summary = summarize(study, runs).set_index("variant")
    yield f"[bold]{escape(study.question)}"
    if not study.report.gaps:
        yield from (_level(study, str(name), row) for name, row in summary.iterrows())
        return
    gap = study.report.gaps[0]
    failing, reference = (_level(study, name, summary.loc[name]) for name in gap_ends(gap))
    yield f"{failing}; {reference}."
    verdicts = claims[claims.test == "recovers"].set_index("variant").verdict.to_dict()
    fixes = [name for name in summary.index if name in gap.fixes]
    yield "; ".join(f"{_level(study, f, summary.loc[f])}{_outcome(verdicts, f)}" for f in fixes)


def gap_ends(gap: Gap) -> tuple[str, str]:
    """Return the failing variant and its reference."""
    return gap.failing, gap.reference


def _level(study: Study, name: str, row: pd.Series) -> str:
    spread = f"{interval(row.least, row.greatest)} over {row.n} seeds"
    label = escape(study.variants[name].label)
    return f"{label}: {words(study.metric)} {number(row['mean'])} ({spread})"


def _outcome(verdicts: dict[str, str], fix: str) -> str:
    told = {"holds": " recovers it", "refuted": " does not recover it"}
    return told.get(verdicts.get(fix, ""), "")
