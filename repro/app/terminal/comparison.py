"""The tables and sentences that `python -m repro verify` shows."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from repro.app.terminal.display import plain_table, styled_verdict, text_table
from repro.findings.comparison import RELATIVE, Comparison
from repro.findings.numbers import ABSENT

SHOWN = 20  # of the numbers that differ; all are in differences.csv


def show_origin(changes: Sequence[str], console: Console) -> None:
    """Say whether the results were made as here, and what therefore must be equal."""
    if not changes:
        console.print(
            "Made by the same code, from the same settings and data, on the same fingerprint: "
            "every bit must be the same."
        )
        return
    console.print(
        "Not made as here; numbers may differ within a tolerance, verdicts must not. "
        "What has changed:"
    )
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
    table = text_table(("claim", "committed", "now"))
    for row in others.itertuples():
        verdicts = (styled_verdict(v) if v else "none" for v in (row.committed, row.now))
        table.add_row(escape(row.claim), *verdicts)
    console.print(table)


def show_estimates(others: pd.DataFrame, console: Console) -> None:
    """Show the claims that have another estimate now; columns `claim`, `committed`, `now`."""
    if others.empty:
        return
    console.print(f"[red]{len(others)} estimates differ[/]:")
    table = text_table(("claim", "committed", "now"))
    for row in others.head(SHOWN).itertuples():
        table.add_row(escape(row.claim), f"{row.committed:.6g}", f"{row.now:.6g}")
    console.print(table)


def show_beyond(compared: Mapping[str, Comparison], console: Console, *, elsewhere: bool) -> None:
    """Say how many numbers are beyond their tolerance, and what that means."""
    count = sum(comparison.disagreeing for comparison in compared.values())
    if count:
        meaning = (
            "taken for another machine's rounding, as --elsewhere asks"
            if elsewhere
            else "--elsewhere takes them for another machine's rounding"
        )
        console.print(f"[red]{count:,} numbers are beyond their tolerance[/]; {meaning}.")


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
    place = f"{escape(worst.metric)} of {escape(worst.variant)}, seed {worst.seed}"
    return f"{text}; the largest {size} is in {place}."


def _columns(kind: str, comparison: Comparison) -> Table:
    headings = ("metric", "compared", "equal", "within", "beyond", "largest", "tolerance")
    table = plain_table(headings, title=f"{kind}, number by number")
    table.caption = f"tolerance: that, and {RELATIVE:g} of the number"
    for row in comparison.metrics.itertuples():
        if row.equal < row.compared:
            counts = (row.compared, row.equal, row.agree - row.equal, row.compared - row.agree)
            table.add_row(
                escape(row.metric),
                *(f"{count:,}" for count in counts),
                _distance(row.largest),
                f"{row.tolerance:.2g}",
            )
    return table


def _cells(kind: str, cells: pd.DataFrame) -> Table:
    headings = ("variant", "seed", "at", "metric", "committed", "now", "relative")
    table = text_table(headings, title=f"{kind}: numbers that differ, largest difference first")
    for row in cells.head(SHOWN).itertuples():
        table.add_row(
            escape(row.variant),
            str(row.seed),
            "" if row.point is None else str(row.point),
            *(escape(str(value)) for value in (row.metric, row.committed, row.now)),
            _distance(row.relative),
        )
    if len(cells) > SHOWN:
        table.caption = f"and {len(cells) - SHOWN:,} more; --out FOLDER keeps differences.csv"
    return table


def _distance(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else ABSENT
