"""The claim ledger in Markdown, made from a study and its tables."""

import re

import pandas as pd

from repro.findings.summary import summarize
from repro.study.schema import Study


def ledger(study: Study, runs: pd.DataFrame, claims: pd.DataFrame) -> str:
    """Return two Markdown tables: the thread's numbers beside ours, and every claim's verdict.

    Args:
        study: what was studied.
        runs: its `runs.csv`.
        claims: its `claims.csv`.
    """
    return f"{_numbers(study, runs)}\n\n{_verdicts(claims)}"


def splice(text: str, name: str, block: str) -> str:
    """Return the text with what stands between `<!-- ledger NAME -->` and `<!-- end -->` replaced.

    Raises:
        ValueError: if the text has no such marks.
    """
    start, end = f"<!-- ledger {name} -->\n", "<!-- end -->"
    before, mark, rest = text.partition(start)
    _, closing, after = rest.partition(end)
    if not mark or not closing:
        raise ValueError(f"no {start.strip()} … {end} in the text")
    return f"{before}{start}{block}\n{end}{after}"


def _numbers(study: Study, runs: pd.DataFrame) -> str:
    rows = [
        f"| variant | the thread's {_words(study.metric)} | ours: mean | 95 % interval | lowest … "
        "highest | seeds | diverged |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    by_variant = runs.groupby("variant")[study.metric]
    for row in summarize(runs, study.metric).itertuples():
        if row.variant not in study.variants:
            continue
        variant = study.variants[row.variant]
        values = by_variant.get_group(row.variant)
        quoted = ", ".join(map(_number, variant.quotes)) or "–"
        rows.append(
            f"| {_escaped(variant.label)} | {quoted} | {_number(row.mean)} | "
            f"{_number(row.ci_low)} … {_number(row.ci_high)} | "
            f"{_number(values.min())} … {_number(values.max())} | {row.n} | {row.diverged} |"
        )
    return "\n".join(rows)


def _verdicts(claims: pd.DataFrame) -> str:
    rows = [
        "| by | claim | estimate | 95 % interval | n | verdict |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in claims.itertuples():
        rows.append(
            f"| {row.made_by} | {_escaped(row.says)} | {_number(row.estimate)} | "
            f"{_number(row.ci_low)} … {_number(row.ci_high)} | {row.n} | **{row.verdict}** |"
        )
    return "\n".join(rows)


def _number(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.4g}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _escaped(text: str) -> str:
    """Return text that stays one cell of a table; of Markdown only `code` in it is code."""
    visible = re.sub(r"[\\*|]|(?<=\])\(", r"\\\g<0>", " ".join(text.split()))
    return visible.replace("<", "&lt;")
