"""Tables and sentences on a study's results, for the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import pandas as pd
from rich.markup import escape
from rich.table import Table

from repro.findings.numbers import ABSENT, digits_between, interval, number, number_list
from repro.findings.statistics import FEWEST
from repro.findings.summary import spread_of
from repro.findings.wording import verdict_name, words
from repro.store.runs import StoredRun
from repro.study.models import Study

MOST_DECIDED = 8  # decided claims that are shown at the end
MOST_DISPUTED = 5  # disputed runs that are shown
VERDICT_STYLES = {"holds": "green", "refuted": "red", "inconclusive": "yellow"}


def styled_verdict(verdict: object) -> str:
    """Return a verdict in its colour, as markup for rich."""
    name = verdict_name(verdict)
    return f"[{VERDICT_STYLES[name]}]{name}" if name in VERDICT_STYLES else name


def plain_table(headings: Sequence[str], *, title: str | None = None) -> Table:
    """Return a table without lines: the first column holds words, the others numbers."""
    table = Table(title=title, title_justify="left", box=None, caption_justify="left")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left", no_wrap=bool(i))
    return table


def text_table(headings: Sequence[str], *, title: str | None = None) -> Table:
    """Return a table without lines whose columns hold words, which may be folded."""
    table = Table(title=title, title_justify="left", box=None, caption_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def variants_summary(study: Study, summary: pd.DataFrame) -> Table:
    """Return the table of named variants: label, n, mean, interval, the thread's number.

    With fewer seeds than an interval needs, the least and the greatest value take its place.

    Args:
        study: what was studied.
        summary: one row a variant, as `repro.findings.summary.summarize` returns it.
    """
    spread, columns = spread_of(summary)
    diverged = ["diverged"] if summary.diverged.any() else []
    headings = ("variant", "n", "mean", spread, "thread", *diverged)
    table = plain_table(headings, title=f"{escape(study.title)}: {words(study.metric)}")
    for _, row in summary.iterrows():
        if variant := study.variants.get(str(row.variant)):
            table.add_row(
                escape(variant.label),
                str(row.n),
                number(row["mean"], digits_between(*row[columns])),
                interval(*row[columns]),
                number_list(variant.quotes),
                *(str(row[column] or "") for column in diverged),
            )
    return table


def claims_summary(claims: pd.DataFrame) -> Table:
    """Return the table of claims with their verdicts."""
    headings = ("made by", "says", "estimate", "95 % interval", "n", "verdict")
    table = text_table(headings, title="claims")
    for row in claims.itertuples():
        table.add_row(
            row.made_by,
            escape(row.says),
            number(row.estimate, digits_between(row.ci_low, row.ci_high)),
            interval(row.ci_low, row.ci_high) if row.n >= FEWEST else ABSENT,
            str(row.n),
            styled_verdict(row.verdict),
        )
    return table


def decided_claims(study: Study, claims: pd.DataFrame) -> Iterator[str]:
    """Yield lines, as markup, on the claims that were decided: the thread's first, then a count."""
    decided = claims[claims.verdict.isin(["holds", "refuted"])]
    thread_first = decided.sort_values("made_by", key=lambda maker: maker == "us", kind="stable")
    for row in thread_first.head(MOST_DECIDED).itertuples():
        margin = " " * (7 - len(verdict_name(row.verdict)))
        yield f"{margin}{styled_verdict(row.verdict)}[/]  {escape(row.says)} [dim]({row.made_by})"
    counts = claims.verdict.value_counts()
    yield (
        f"Of {len(study.claims)} claims {counts.get('holds', 0)} hold and "
        f"{counts.get('refuted', 0)} are refuted; {len(study.claims) - len(decided)} are not "
        f"decided{_why_open(study, claims)}."
    )


def _why_open(study: Study, claims: pd.DataFrame) -> str:
    seeds = claims.n.max() if len(claims) else 0
    if seeds < FEWEST:
        return f": {seeds} seeds decide nothing, {study.seeds:,} do"
    return f" by {seeds:,} seeds" if seeds < study.seeds else ""


def disputes(disputed: Mapping[str, Sequence[StoredRun]]) -> Iterator[str]:
    """Yield a line for each run that finished more than once with different numbers."""
    if disputed:
        yield (
            f"[red]Not deterministic: {len(disputed)} runs finished with different numbers. "
            "All are kept; the tables show the first."
        )
    for copies in islice(disputed.values(), MOST_DISPUTED):
        first, *others = copies
        names = [
            name
            for name, value in first.metrics.items()
            if any(repr(copy.metrics[name]) != repr(value) for copy in others)  # NaN is NaN
        ]
        values = (f"{n} {', '.join(str(copy.metrics[n]) for copy in copies)}" for n in names)
        differing = "; ".join(values) or "the curve"
        yield f"[red]  {escape(first.variant)}, seed {first.seed}: {escape(differing)}"
