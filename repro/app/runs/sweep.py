"""One call of a sweep from start to end: an experiment's parameters on a grid, tables, a figure."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from repro.app.cli.exits import INTERRUPTED
from repro.app.runs.partial import PartialTables
from repro.app.runs.run import UNWRITTEN, choose_data, plan_on, status, train_and_keep
from repro.app.runs.writing import write_runs
from repro.findings.drawings.sweep import draw_sweep, summarize_sweep
from repro.findings.figures import save
from repro.findings.media import style
from repro.findings.numbers import digits_between, interval, number
from repro.findings.summary import spread_of
from repro.findings.terminal import Terminal
from repro.running.pool import make_pool
from repro.running.runner import Outcome, explain_interrupt
from repro.store.results import read_results
from repro.store.runs import Store
from repro.study.experiments import find_experiment
from repro.study.folder import RESULTS
from repro.study.models import Study
from repro.study.plan import Plan
from repro.study.sweep import sweep_name, sweep_study, swept


def sweep(
    name: str,
    settings: Sequence[str],
    *,
    seeds: Sequence[int],
    epochs: int | None = None,
    data: str | None = None,
    workers: int | None = None,
    out: Path | None = None,
) -> int:
    """Run an experiment on a grid of its parameters; returns the exit code.

    0: all runs are in; 1: some crashed; 130: interrupted.

    Args:
        name: the study's, for its experiment and fixed settings.
        settings: `PARAMETER=VALUE,VALUE`.
        seeds: each combination's.
        epochs: the same as a setting `epochs=N`.
        data: name of the data set; by default the experiment's.
        workers: processes; by default one a core.
        out: the results folder; by default results/NAME@sweep=….

    Raises:
        StudyError: as `repro.study.sweep.sweep_study` does.
        DataUnavailable: if the data set is named and not in reach.
    """
    console, pool = Terminal(), make_pool(workers)
    settings = settings if epochs is None else [*settings, f"epochs={epochs}"]
    study = sweep_study(name, settings, len(seeds))
    dataset = choose_data(find_experiment(name), data, console)
    plan = plan_on(dataset, study, seeds=seeds)
    folder = out or RESULTS / sweep_name(plan)
    with Store(out or RESULTS / name) as store:
        partial = PartialTables(plan, store, folder, write_runs)
        outcome = train_and_keep(plan, store, partial, console=console, pool=pool)
        if outcome.interrupted:
            return INTERRUPTED
        with explain_interrupt(UNWRITTEN):
            write_results(plan, outcome, store, folder=folder, console=console)
    return status(outcome, console)


def write_results(
    plan: Plan, outcome: Outcome, store: Store, *, folder: Path, console: Console
) -> None:
    """Write a sweep's tables, provenance and figure, and show what each combination gave."""
    write_runs(plan, outcome.runs, store, folder)
    runs = read_results(folder, plan.study.name).runs
    console.print(_summary(plan.study, summarize_sweep(plan.study, runs)))
    with style():
        figure = draw_sweep(plan.study, runs)
        if figure is not None:
            save(figure, folder / "sweep")
    written = _written(outcome, drawn=figure is not None)
    console.print(f"\n{written} in {escape(str(folder))}/", soft_wrap=True)


def _written(outcome: Outcome, *, drawn: bool) -> str:
    if not outcome.runs:
        return "All runs crashed, so there is no figure; tables are"
    return "Tables and figure are" if drawn else "Too many panels for a figure; tables are"


def _summary(study: Study, cells: pd.DataFrame) -> Table:
    table = Table(title=f"{escape(study.title)}: {study.metric}", title_justify="left", box=None)
    spread, limits = spread_of(cells)
    for heading in (*swept(study), "n", "mean", spread, "diverged"):
        table.add_column(heading, justify="right")
    for _, row in cells.iterrows():
        values = (escape(row[name]) for name in swept(study))
        numbers = number(row["mean"], digits_between(*row[limits])), interval(*row[limits])
        table.add_row(*values, str(row.n), *numbers, str(row.diverged or ""))
    return table
