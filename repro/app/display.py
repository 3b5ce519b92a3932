"""The terminal's tables: the live one while runs come in, and those at the end."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Self

import numpy as np
import pandas as pd
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from repro.findings.numbers import interval, number, number_list
from repro.findings.wording import verdict_name
from repro.store.runs import StoredRun
from repro.study.plan import Block, Plan
from repro.study.schema import Study

VERDICT_STYLES = {"holds": "green", "refuted": "red", "inconclusive": "yellow"}


def styled_verdict(verdict: object) -> str:
    """Return a verdict in its colour, as markup for rich."""
    name = verdict_name(verdict)
    return f"[{VERDICT_STYLES[name]}]{name}" if name in VERDICT_STYLES else name


def plain_table(headings: Sequence[str], *, title: str | None = None) -> Table:
    """Return a table without lines: the first column holds words, the others numbers."""
    table = Table(title=title, title_justify="left", box=None, caption_justify="left")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="right" if i else "left")
    return table


def text_table(headings: Sequence[str], *, title: str | None = None) -> Table:
    """Return a table without lines whose columns hold words, which may be folded."""
    table = Table(title=title, title_justify="left", box=None, caption_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


class LiveTable:
    """A table of variants that fills in over the seeds, and a bar with the time left.

    Piped, where nothing can be redrawn, it prints one line a block instead.
    """

    def __init__(self, plan: Plan, console: Console):
        self.plan, self.console = plan, console
        self.values: dict[str, list[float]] = {variant: [] for variant in plan.seeds}
        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("runs, left"),
            TimeRemainingColumn(),
        ]
        self.bar = Bar(*columns, console=console)
        self.task = self.bar.add_task("training", total=len(plan.identities))
        self.live = Live(console=console, get_renderable=self._render, refresh_per_second=2)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def finished(self, block: Block, runs: Mapping[str, StoredRun]) -> None:
        """Add a block's runs."""
        metric = self.plan.study.metric
        values = self.values[block.variant]
        values += [runs[identity].metrics[metric] for identity in block.identities]
        self.bar.advance(self.task, len(block.seeds))
        if not self.console.is_terminal:
            task = self.bar.tasks[0]
            self.console.print(
                f"{task.completed:.0f}/{task.total:.0f} runs  {block.variant}: {metric} "
                f"{number(_mean(values))} over {len(values)} seeds",
                markup=False,
                highlight=False,
            )

    def crashed(self, block: Block, error: Exception) -> None:
        """Say which block failed."""
        seeds = f"seeds {block.seeds[0]}..{block.seeds[-1]}"
        self.bar.advance(self.task, len(block.seeds))
        self.console.print(f"[red]{escape(block.variant)}, {seeds}: {escape(str(error))}")

    def _render(self) -> Group:
        study = self.plan.study
        headings = ("variant", "seeds", study.metric, "lowest", "highest", "thread")
        table = plain_table(headings, title=escape(study.title))
        table.pad_edge = False
        for name, variant in study.variants.items():
            if name in self.values:
                spread = _spread(self.values[name])
                table.add_row(escape(variant.label), *spread, number_list(variant.quotes))
        return Group(table, self.bar)


def _spread(values: list[float]) -> tuple[str, ...]:
    known = [value for value in values if not math.isnan(value)]  # a diverged run has none
    if not known:
        return str(len(values)), "", "", ""
    spread = (_mean(known), min(known), max(known))
    return str(len(values)), *(number(value) for value in spread)


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def variants_summary(study: Study, summary: pd.DataFrame) -> Table:
    """Return the table of named variants: label, n, mean, interval, the thread's number.

    Args:
        study: what was studied.
        summary: one row a variant: `variant`, `n`, `mean`, `ci_low`, `ci_high`, `diverged`.
    """
    headings = ("variant", "n", "mean", "95 % interval", "thread", "diverged")
    table = plain_table(headings, title=f"{escape(study.title)}: {study.metric}")
    for row in summary.itertuples():
        if variant := study.variants.get(str(row.variant)):
            table.add_row(
                escape(variant.label),
                str(row.n),
                number(row.mean),
                interval(row.ci_low, row.ci_high),
                number_list(variant.quotes),
                str(row.diverged or ""),
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
            number(row.estimate),
            interval(row.ci_low, row.ci_high),
            str(row.n),
            styled_verdict(row.verdict),
        )
    return table


def disputes(disputed: Mapping[str, Sequence[StoredRun]], shown: int = 5) -> Iterator[str]:
    """Yield a line for each run that finished more than once with different numbers."""
    if disputed:
        yield (
            f"[red]Not deterministic: {len(disputed)} runs finished with different numbers. "
            "All are kept; the tables show the first."
        )
    for copies in islice(disputed.values(), shown):
        first, *others = copies
        names = [
            name
            for name, value in first.metrics.items()
            if any(repr(copy.metrics[name]) != repr(value) for copy in others)  # NaN is NaN
        ]
        values = (f"{n} {', '.join(str(copy.metrics[n]) for copy in copies)}" for n in names)
        differing = "; ".join(values) or "the curve"
        yield f"[red]  {escape(first.variant)}, seed {first.seed}: {escape(differing)}"
