"""The table that the terminal shows while runs come in."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn
from rich.progress import Progress as Bar
from rich.table import Column, Table
from rich.text import Text

from repro.app.terminal.display import plain_table
from repro.app.terminal.pace import UNKNOWN, Pace, rough
from repro.findings.numbers import number, number_list
from repro.findings.wording import counted, words
from repro.running.progress import Progress
from repro.store.results import EarlierCosts
from repro.store.runs import StoredRun
from repro.study.plan import Block, Plan

FRAME_LINES = 6  # that the table takes besides its rows
MOST_HEADLINES = 6  # variants that are always shown while they run
LABEL, NUMBER = 14, 8  # characters that a variant's name and a number need at least
BAR = 20  # characters of the bar, and half of them in a narrow terminal
RUNS = "{task.completed:,.0f}/{task.total:,.0f} runs"


class TimeLeft(ProgressColumn):
    """The time left, as the pace has it; as long as it has none, the time that has passed."""

    def __init__(self, pace: Pace):
        super().__init__(Column(no_wrap=True))  # a line more, and the table would not fit
        self.pace, self.stopping = pace, False

    def render(self, task: Task) -> Text:
        """Return it in words."""
        left = self.pace.left()
        if task.finished:
            return Text("")
        if self.stopping:
            return _cut(Text(f"stopping, {self._until_stopped()}"))
        if left is not None:
            return _cut(Text(f"about {rough(left)} left"))
        return _cut(Text(f"training, {rough(task.elapsed or 0)} so far"))

    def _until_stopped(self) -> str:
        left = self.pace.until_stopped()
        return f"begun {rough(self.pace.longest)} ago" if left is None else f"about {rough(left)}"


class LiveTable(Progress):
    """A table of variants that fills in over the seeds, and a bar with the time left.

    It takes no more lines than the terminal has: the report's headline variants come first, then
    those that moved last. Piped, where nothing can be redrawn, it prints one line a block instead.
    """

    def __init__(self, plan: Plan, console: Console, earlier: EarlierCosts = UNKNOWN):
        self.plan, self.console, self.pace = plan, console, Pace(plan, earlier=earlier)
        self.values: dict[str, list[float]] = {variant: [] for variant in plan.seeds}
        self.moved: list[str] = []  # variants, the latest last
        width = BAR if console.width >= 4 * BAR else BAR // 2
        self.time_left = TimeLeft(self.pace)
        columns = [BarColumn(width), TextColumn(RUNS), self.time_left]
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
                f"{RUNS.format(task=task)}  {block.variant}: {metric} "
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
        self.time_left.stopping = True
        left, blocks = self.pace.until_stopped(), self.pace.running
        named = f"{counted(blocks, 'block')} in flight"
        begun = f"begun up to {rough(self.pace.longest)} ago"
        source = "" if self.pace.is_known else " by earlier results"
        remaining = begun if left is None else f"about {rough(left)}{source}"
        self.console.print(f"Stopping after the {named}, {remaining}; Ctrl-C again stops now.")

    def _render(self) -> Group:
        shown = self._shown()
        hidden = len(self._named()) - len(shown)
        rest = [Text(f"and {counted(hidden, 'more variant')}", style="dim")] if hidden else []
        title = _cut(Text(self.plan.study.title, style="italic"))
        return Group(title, self._table(shown), *rest, self.bar)

    def _table(self, shown: Sequence[str]) -> Table:
        study = self.plan.study
        headings = ["variant", "seeds", words(study.metric), "lowest", "highest", "thread"]
        columns = _fitting(headings, self.console.width)
        table = plain_table(headings[:columns])
        table.pad_edge = False
        for name in shown:
            variant = study.variants[name]
            cells = (*_spread(self.values[name]), number_list(variant.quotes))
            table.add_row(_cut(Text(variant.label)), *cells[: columns - 1])
        return table

    def _named(self) -> list[str]:
        return [name for name in self.plan.study.variants if name in self.values]

    def _shown(self) -> list[str]:
        """Return the variants that there is room for, in the study's order."""
        named, room = self._named(), max(1, self.console.height - FRAME_LINES)
        headline = [name for name in self.plan.study.report.variants if name in named]
        ranked = list(dict.fromkeys([*headline[:MOST_HEADLINES], *reversed(self.moved), *named]))
        chosen = [name for name in ranked if name in named][:room]
        return [name for name in named if name in chosen]


def _cut(text: Text) -> Text:
    """Return a text that is cut rather than folded: a row more, and the bar would be off screen."""
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _fitting(headings: Sequence[str], width: int) -> int:
    """Return how many of the columns leave room for the variants' names."""
    room = itertools.accumulate(
        (2 + max(len(heading), NUMBER) for heading in headings[1:]), initial=LABEL
    )
    return max(2, sum(needed <= width for needed in room))


def _spread(values: list[float]) -> tuple[str, ...]:
    known = _known(values)
    if not known:
        return str(len(values)), "", "", ""
    spread = (float(np.mean(known)), min(known), max(known))
    return str(len(values)), *(number(value) for value in spread)


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]  # a diverged run has none
