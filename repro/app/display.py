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
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from repro.app.pace import Pace, rough
from repro.findings.numbers import interval, number, number_list
from repro.findings.statistics import FEWEST
from repro.findings.wording import verdict_name, words
from repro.store.runs import StoredRun
from repro.study.plan import Block, Plan
from repro.study.schema import Study

EXTREMES = "least … greatest", ["least", "greatest"]
INTERVAL = "95 % interval", ["ci_low", "ci_high"]
DECIDED = 8  # claims that are told at the end
AROUND = 6  # lines that the live table takes besides its rows
HEADLINES = 6  # variants that are always shown while they run
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


class TimeLeft(ProgressColumn):
    """The time left, as the pace has it; as long as it has none, the time that has passed."""

    def __init__(self, pace: Pace):
        super().__init__()
        self.pace = pace

    def render(self, task: Task) -> Text:
        """Return it in words."""
        left = self.pace.left()
        if task.finished:
            return Text("")
        if left is not None:
            return Text(f"about {rough(left)} left")
        return Text(f"training, {rough(task.elapsed or 0)} so far")


class LiveTable:
    """A table of variants that fills in over the seeds, and a bar with the time left.

    It takes no more lines than the terminal has: the report's headline variants come first, then
    those that moved last. Piped, where nothing can be redrawn, it prints one line a block instead.
    """

    def __init__(self, plan: Plan, console: Console):
        self.plan, self.console, self.pace = plan, console, Pace(plan)
        self.values: dict[str, list[float]] = {variant: [] for variant in plan.seeds}
        self.moved: list[str] = []  # variants, the latest last
        columns = [BarColumn(20), MofNCompleteColumn(), TextColumn("runs"), TimeLeft(self.pace)]
        self.bar = Bar(*columns, console=console)
        self.task = self.bar.add_task("training", total=len(plan.identities))
        self.live = Live(console=console, get_renderable=self._render, refresh_per_second=2)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def started(self, block: Block) -> None:
        """Note that a block is being trained."""
        self.pace.start(block)

    def finished(self, block: Block, runs: Mapping[str, StoredRun]) -> None:
        """Add a block's runs."""
        metric = self.plan.study.metric
        values = self.values[block.variant]
        values += [runs[identity].metrics[metric] for identity in block.identities]
        self.moved = [name for name in self.moved if name != block.variant] + [block.variant]
        self.pace.finish(block, runs)
        self.bar.advance(self.task, len(block.seeds))
        if not self.console.is_terminal:
            task = self.bar.tasks[0]
            self.console.print(
                f"{task.completed:.0f}/{task.total:.0f} runs  {block.variant}: {metric} "
                f"{number(np.mean(_known(values) or [math.nan]))} over {len(values)} seeds",
                markup=False,
                highlight=False,
            )

    def crashed(self, block: Block, error: Exception) -> None:
        """Say which block failed."""
        seeds = f"seeds {block.seeds[0]}..{block.seeds[-1]}"
        self.pace.finish(block)
        self.bar.advance(self.task, len(block.seeds))
        self.console.print(f"[red]{escape(block.variant)}, {seeds}: {escape(str(error))}")

    def stopping(self) -> None:
        """Say what a first Ctrl-C does, and how long that takes."""
        left, blocks = self.pace.until_stopped(), self.pace.running
        named = f"{blocks} block{'' if blocks == 1 else 's'} in flight"
        soon = "" if left is None else f", about {rough(left)}"
        self.console.print(f"Stopping after the {named}{soon}; Ctrl-C again stops now.")

    def _render(self) -> Group:
        study, shown = self.plan.study, self._shown()
        headings = ("variant", "seeds", words(study.metric), "lowest", "highest", "thread")
        table = plain_table(headings, title=escape(study.title))
        table.pad_edge = False
        for name in shown:
            variant, spread = study.variants[name], _spread(self.values[name])
            # cut rather than folded: a row more, and the bar would be off the screen
            label = Text(variant.label, no_wrap=True, overflow="ellipsis")
            table.add_row(label, *spread, number_list(variant.quotes))
        hidden = len(self._named()) - len(shown)
        rest = [Text(f"and {hidden} more variants", style="dim")] if hidden else []
        return Group(table, *rest, self.bar)

    def _named(self) -> list[str]:
        return [name for name in self.plan.study.variants if name in self.values]

    def _shown(self) -> list[str]:
        """The variants that there is room for, in the study's order."""
        named, room = self._named(), max(1, self.console.height - AROUND)
        headline = [name for name in self.plan.study.report.variants if name in named]
        ranked = list(dict.fromkeys([*headline[:HEADLINES], *reversed(self.moved), *named]))
        chosen = [name for name in ranked if name in named][:room]
        return [name for name in named if name in chosen]


def _spread(values: list[float]) -> tuple[str, ...]:
    known = _known(values)
    if not known:
        return str(len(values)), "", "", ""
    spread = (float(np.mean(known)), min(known), max(known))
    return str(len(values)), *(number(value) for value in spread)


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]  # a diverged run has none


def variants_summary(study: Study, summary: pd.DataFrame) -> Table:
    """Return the table of named variants: label, n, mean, interval, the thread's number.

    With fewer seeds than an interval needs, the least and the greatest value take its place.

    Args:
        study: what was studied.
        summary: one row a variant, as `repro.findings.summary.summarize` returns it.
    """
    spread, columns = INTERVAL if summary.n.max() >= FEWEST else EXTREMES
    diverged = ["diverged"] if summary.diverged.any() else []
    headings = ("variant", "n", "mean", spread, "thread", *diverged)
    table = plain_table(headings, title=f"{escape(study.title)}: {words(study.metric)}")
    for _, row in summary.iterrows():
        if variant := study.variants.get(str(row.variant)):
            table.add_row(
                escape(variant.label),
                str(row.n),
                number(row["mean"]),
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
            number(row.estimate),
            interval(row.ci_low, row.ci_high),
            str(row.n),
            styled_verdict(row.verdict),
        )
    return table


def decided_claims(study: Study, claims: pd.DataFrame) -> Iterator[str]:
    """Yield lines, as markup, on the claims that were decided: the thread's first, then a count."""
    decided = claims[claims.verdict.isin(["holds", "refuted"])]
    thread_first = decided.sort_values("made_by", key=lambda maker: maker == "us", kind="stable")
    for row in thread_first.head(DECIDED).itertuples():
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
