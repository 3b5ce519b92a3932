"""A first answer in a few minutes at most: the posted variants and two fixes, over a few seeds."""

from collections.abc import Iterator

import pandas as pd
from rich.markup import escape

from repro.findings.numbers import digits_between, interval, number
from repro.findings.summary import summarize
from repro.findings.wording import words
from repro.study.models import Study

QUICK_SEEDS = 8
QUICK_BLOCK = 2  # seeds that train together, so that the first number does not wait for more
FIXES = 2
DIGITS = 3  # significant ones


def quick_variants(study: Study) -> list[str]:
    """Return the variants that answer first: those of the report's first gap, and two fixes."""
    if not study.report.gaps:
        return [name for name, variant in study.variants.items() if variant.group == "as posted"]
    gap = study.report.gaps[0]
    chosen = {gap.failing, gap.reference, *list(gap.fixes)[:FIXES]}
    return [name for name in study.variants if name in chosen]


def quick_answer(study: Study, runs: pd.DataFrame, claims: pd.DataFrame) -> Iterator[str]:
    """Yield lines, as markup: the question, the failing network beside its reference, the fixes."""
    summary = summarize(study, runs).set_index("variant")
    yield f"[bold]{escape(study.question)}"
    if not study.report.gaps:
        for name, row in summary.iterrows():
            yield _level(study.variants[str(name)].label, row)
        return
    gap = study.report.gaps[0]
    ends = (
        _level(study.variants[name].label, summary.loc[name])
        for name in (gap.failing, gap.reference)
    )
    yield f"{_measured(study)}, mean (least … greatest). {'; '.join(ends)}."
    verdicts = claims[claims.test == "recovers"].set_index("variant").verdict.to_dict()
    if study.report.quick_epochs:
        verdicts = {}  # a shorter training decides nothing on the study's claims
    fixes = {name: text for name, text in gap.fixes.items() if name in summary.index}
    levels = (
        f"{_level(text, summary.loc[name])}{_outcome(verdicts, name)}"
        for name, text in fixes.items()
    )
    yield f"Tried {'; '.join(levels)}."


def _measured(study: Study) -> str:
    short, whole = study.report.quick_epochs, study.fixed.get("epochs")
    shortened = f" after {short} of {whole} epochs" if short else ""
    return f"{words(study.metric).capitalize()}{shortened}, {QUICK_SEEDS} seeds"


def _level(label: str, row: pd.Series) -> str:
    extremes = row["least"], row["greatest"]
    mean = number(row["mean"], digits_between(*extremes, DIGITS))
    return f"{escape(label)}: {mean} ({interval(*extremes, DIGITS)})"


def _outcome(verdicts: dict[str, str], fix: str) -> str:
    outcomes = {"holds": " recovers it", "refuted": " does not recover it"}
    return outcomes.get(verdicts.get(fix, ""), "")
