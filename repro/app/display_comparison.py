"""What `python -m repro verify` shows: tables, and plain sentences."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from repro.app.display import VERDICT_STYLES
from repro.findings.comparison import RELATIVE, Comparison

SHOWN = 20  # of the numbers that differ; all are in differences.csv


def show_origin(changes: Sequence[str], console: Console) -> None:
    """Say whether the results were made as here, and what therefore must be equal."""
    if not changes:
        console.print(
            "Made by the same code, from the same settings and data, on the same fingerprint: "
            "every bit must be the same."
        )
        return
    console.print("Not made as here; numbers may differ, verdicts must not. What has changed:")
    for change in changes:
        console.print(f"  {change}", markup=False, highlight=False)


def show_numbers(compared: Mapping[str, Comparison], console: Console) -> None:
    """Show how many runs and numbers are equal, metric by metric, and which differ the most."""
    for kind, comparison in compared.items():
        console.print(_summary(kind, comparison))
    differing = [(kind, c) for kind, c in compared.items() if len(c.cells)]
    for kind, comparison in differing:
        console.print(_columns(kind, comparison))
    for kind, comparison in differing:
        console.print(_cells(kind, comparison.cells))


def show_verdicts(
    others: pd.DataFrame, claims: pd.DataFrame, *, whole: bool, console: Console
) -> None:
    """Show the claims that have another verdict now.

    Args:
        others: columns `claim`, `committed`, `now`.
        claims: the claims table of now.
        whole: whether all runs were run again, or else some put in the committed ones' place.
        console: where it is shown.
    """
    source = "the rerun" if whole else "the committed runs with those run again in their place"
    if others.empty:
        console.print(f"[green]All {len(claims)} verdicts stand[/], judged on {source}.\n")
        return
    console.print(f"[red]{len(others)} of {len(claims)} verdicts differ[/], judged on {source}:")
    table = Table(box=None)
    for heading in ("claim", "committed", "now"):
        table.add_column(heading, overflow="fold")
    for row in others.itertuples():
        table.add_row(escape(row.claim), _verdict(row.committed), _verdict(row.now))
    console.print(table)


def _summary(kind: str, comparison: Comparison) -> str:
    text = f"{kind}: {comparison.runs:,} runs compared, {comparison.equal_runs:,} equal to the bit"
    if comparison.cells.empty:
        return f"{text}."
    worst = comparison.cells.iloc[0]
    size = (
        f"relative difference, {worst.relative:.2g},"
        if np.isfinite(worst.relative)
        else "difference"
    )
    where = f"{escape(worst.metric)} of {escape(worst.variant)}, seed {worst.seed}"
    return f"{text}; the largest {size} is in {where}."


def _columns(kind: str, comparison: Comparison) -> Table:
    table = Table(title=f"{kind}, number by number", title_justify="left", box=None)
    table.caption = f"tolerance: that, and {RELATIVE:g} of the number"
    table.caption_justify = "left"
    for heading in ("metric", "compared", "equal", "within", "beyond", "largest", "tolerance"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for row in comparison.metrics.itertuples():
        if row.equal < row.compared:
            table.add_row(
                escape(row.metric), f"{row.compared:,}", f"{row.equal:,}",
                f"{row.agree - row.equal:,}", f"{row.compared - row.agree:,}",
                _distance(row.largest), f"{row.tolerance:.2g}",
            )  # fmt: skip
    return table


def _cells(kind: str, cells: pd.DataFrame) -> Table:
    table = Table(title=f"{kind}: what differs, largest first", title_justify="left", box=None)
    for heading in ("variant", "seed", "at", "metric", "committed", "now", "relative"):
        table.add_column(heading, overflow="fold")
    for row in cells.head(SHOWN).itertuples():
        point = "" if row.point is None else str(row.point)
        values = (escape(str(value)) for value in (row.metric, row.committed, row.now))
        table.add_row(
            escape(row.variant), str(row.seed), point, *values, _distance(row.relative)
        )  # fmt: skip
    if len(cells) > SHOWN:
        table.caption = f"and {len(cells) - SHOWN:,} more; --out FOLDER keeps differences.csv"
        table.caption_justify = "left"
    return table


def _distance(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "–"


def _verdict(verdict: str) -> str:
    return f"[{VERDICT_STYLES[verdict]}]{verdict}" if verdict else "none"
