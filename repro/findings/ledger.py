"""The claim ledger in Markdown, made from a study and its tables."""

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from repro.findings.numbers import interval, number
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


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; cells are Markdown already."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _numbers(study: Study, runs: pd.DataFrame) -> str:
    headings = (
        "variant", f"the thread's {_words(study.metric)}", "ours: mean", "95 % interval",
        "lowest … highest", "seeds", "diverged",
    )  # fmt: skip
    rows = []
    by_variant = runs.groupby("variant")[study.metric]
    for row in summarize(runs, study.metric).itertuples():
        if row.variant not in study.variants:
            continue
        variant, values = study.variants[row.variant], by_variant.get_group(row.variant)
        rows.append(
            (
                escaped(variant.label), ", ".join(map(number, variant.quotes)) or "–",
                number(row.mean), interval(row.ci_low, row.ci_high),
                interval(values.min(), values.max()), row.n, row.diverged,
            )
        )  # fmt: skip
    return markdown_table(headings, rows)


def _verdicts(claims: pd.DataFrame) -> str:
    rows = [
        (
            row.made_by, escaped(row.says), number(row.estimate),
            interval(row.ci_low, row.ci_high), row.n, _verdict(row.verdict),
        )
        for row in claims.itertuples()
    ]  # fmt: skip
    return markdown_table(("by", "claim", "estimate", "95 % interval", "n", "verdict"), rows)


def _verdict(verdict: object) -> str:
    return f"**{verdict}**" if isinstance(verdict, str) else "not judged"


def escaped(text: str) -> str:
    """Return text that stays one cell of a table; of Markdown only `code` in it is code."""
    visible = re.sub(r"[\\*|]|(?<=\])\(", r"\\\g<0>", " ".join(text.split()))
    return visible.replace("<", "&lt;")


def _words(name: str) -> str:
    return name.replace("_", " ")
