"""Run a study again, or whole blocks of it, and compare with the committed results."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape

from repro.app.cli.exits import FINDING, FINISHED, INTERRUPTED
from repro.app.cli.scratch import scratch_folder
from repro.app.regenerate import read_checked
from repro.app.runs.run import choose_data, plan_on, status, train
from repro.app.terminal.comparison import (
    show_beyond,
    show_estimates,
    show_numbers,
    show_origin,
    show_verdicts,
)
from repro.data import NAMES, DataUnavailable
from repro.findings.comparison import (
    Comparison,
    changed_estimates,
    changed_verdicts,
    compare,
    tolerances,
    with_runs,
)
from repro.findings.judged import judge_runs
from repro.findings.terminal import Terminal
from repro.running.pool import make_pool
from repro.running.runner import Outcome, explain_interrupt
from repro.store.provenance import (
    changes_since,
    command_line,
    provenance,
    write_provenance,
)
from repro.store.results import Results
from repro.store.runs import Store
from repro.store.tables import (
    CURVE_DIGITS,
    CURVE_SEEDS,
    curves_table,
    read_table,
    runs_table,
    write_table,
)
from repro.study.errors import StudyError
from repro.study.experiments import find_experiment
from repro.study.files import real_path
from repro.study.folder import RESULTS
from repro.study.plan import Plan
from repro.study.schema import load_study
from repro.study.selection import choose_blocks


def verify(
    name: str,
    *,
    seeds: Sequence[int] | None = None,
    sample: int | None = None,
    variants: Sequence[str] | None = None,
    workers: int | None = None,
    out: Path | None = None,
    skip_unavailable: bool = False,
    elsewhere: bool = False,
    anyway: bool = False,
) -> int:
    """Run a study again and compare it with its committed results; returns the exit code.

    It is `FINDING` if a verdict or an estimate differs, or a number by more than its tolerance; or,
    made by the same code from the same settings on the same fingerprint, by any bit; or if a block
    crashed.

    Args:
        name: the study's.
        seeds: only the blocks that these are trained in, whole.
        sample: only so many blocks, drawn at random.
        variants: only these.
        workers: processes; by default one a core.
        out: where the rerun and `differences.csv` are kept; by default nowhere.
        skip_unavailable: pass over a study whose data set is not in reach, and say so.
        elsewhere: where they were not made as here, let numbers differ beyond their tolerance.
        anyway: compare with tables that were edited since they were made, too.

    Raises:
        StudyError: without committed results of the study as it is written, or if they were edited.
        DataUnavailable: if the data set that they were made on is not in reach.
    """
    console, pool = Terminal(), make_pool(workers)
    committed = read_checked(load_study(name), RESULTS / name, anyway=anyway)
    try:
        whole = _whole_plan(name, committed, console)
    except DataUnavailable as error:
        if not skip_unavailable:
            raise
        console.print(f"[yellow]{escape(str(error))}")
        return FINISHED
    plan = choose_blocks(whole, variants=variants, seeds=seeds, sample=sample)
    console.print(_coverage(plan, whole))
    with _kept_in(out, committed) as folder, Store(folder) as store:
        outcome = train(plan, store, console, pool)
        if outcome.interrupted:
            if out is None:
                console.print("[yellow]It was a scratch folder: give --out FOLDER to go on later.")
            return INTERRUPTED
        return _compare_results(
            plan=plan,
            whole=whole,
            committed=committed,
            outcome=outcome,
            folder=folder,
            console=console,
            elsewhere=elsewhere,
        )


def _coverage(plan: Plan, whole: Plan) -> str:
    """Return how much of the study is run again, as markup."""
    return (
        f"[bold]{plan.study.name}[/]: {len(plan.identities):,} of {len(whole.identities):,} runs, "
        f"{len(plan.blocks)} of {len(whole.blocks)} blocks (seeds that are trained together)"
    )


def _whole_plan(name: str, committed: Results, console: Console) -> Plan:
    study, experiment = load_study(name), find_experiment(name)
    data = committed.provenance.data
    if data not in (NAMES if experiment.data else (None,)):
        raise StudyError(
            f"{committed.folder}/provenance.json: {data!r} is no data set of {name}; "
            f"python -m repro.{name} makes it anew"
        )
    try:
        dataset = choose_data(experiment, data, console)
    except DataUnavailable as error:
        raise DataUnavailable(f"{name} can only be verified on {data}: {error}") from None
    plan = plan_on(dataset, study)
    _require_all_runs(plan, committed)
    return plan


def _require_all_runs(plan: Plan, committed: Results) -> None:
    present = set(zip(committed.runs.variant, committed.runs.seed, strict=True))
    for variant, seeds in plan.seeds.items():
        for seed in seeds:
            if (variant, seed) not in present:
                raise StudyError(
                    f"{committed.folder}/runs.csv has no run of {variant}, seed {seed}: it is not "
                    f"of the study as it is written; run python -m repro.{plan.study.name} first"
                )


@contextmanager
def _kept_in(out: Path | None, committed: Results) -> Iterator[Path]:
    if out is None:
        lost = explain_interrupt("its scratch folder is gone; with --out FOLDER it could go on")
        with lost, scratch_folder("repro-verify-") as scratch:
            yield scratch
    elif real_path(out) == real_path(committed.folder):
        raise StudyError(f"--out: {out} is what is to be verified; give another folder")
    else:
        yield out


def _compare_results(
    *,
    plan: Plan,
    whole: Plan,
    committed: Results,
    outcome: Outcome,
    folder: Path,
    console: Console,
    elsewhere: bool,
) -> int:
    """Show how a rerun differs from the committed results; return the exit code."""
    rerun = _rerun_tables(
        plan=plan, whole=whole, outcome=outcome, committed=committed, folder=folder
    )
    changes = changes_since(committed.provenance, whole)
    show_origin(changes, console)
    compared = {kind: _compare(getattr(committed, kind), rerun[kind], plan) for kind in rerun}
    write_table(pd.concat([c.cells for c in compared.values()]), folder / "differences.csv")
    show_numbers(compared, console)
    show_beyond(compared, console, elsewhere=elsewhere and bool(changes))
    judged = with_runs(committed.runs, rerun["runs"])
    claims = judge_runs(plan.study, judged, data=plan.data, whole=True)
    others = changed_verdicts(committed.claims, claims)
    show_verdicts(others, claims, whole=plan.blocks == whole.blocks, console=console)
    estimates = changed_estimates(committed.claims, claims, exact=not changes)
    show_estimates(estimates, console)
    numbers = any(c.disagreeing if changes else len(c.cells) for c in compared.values())
    differs = len(others) or len(estimates) or (numbers and not (changes and elsewhere))
    return FINDING if differs else status(outcome, console)


def _rerun_tables(
    *, plan: Plan, whole: Plan, outcome: Outcome, committed: Results, folder: Path
) -> dict[str, pd.DataFrame]:
    curves = curves_table(plan, outcome.runs)
    kept = {(v, s) for v, seeds in whole.seeds.items() for s in seeds[:CURVE_SEEDS]}
    cells = zip(curves.variant, curves.seed, strict=True)
    curves = curves[np.array([cell in kept for cell in cells], dtype=bool)]
    tables = {
        "runs.csv": write_table(runs_table(plan, outcome.runs), folder / "runs.csv"),
        "curves.csv": write_table(curves, folder / "curves.csv", CURVE_DIGITS),
    }
    write_provenance(provenance(plan, outcome.runs, command_line(), tables=tables), folder)
    # what is "true" in all of a part is a word where the whole has "posted" too
    words = committed.runs.select_dtypes(exclude=["number", "bool"]).columns
    runs = read_table(folder / "runs.csv", text=words)
    return {"runs": runs, "curves": read_table(folder / "curves.csv")}


def _compare(committed: pd.DataFrame, rerun: pd.DataFrame, plan: Plan) -> Comparison:
    trained = {(variant, seed) for variant, seeds in plan.seeds.items() for seed in seeds}
    cells = zip(committed.variant, committed.seed, strict=True)
    comparable = committed[[cell in trained for cell in cells]]
    return compare(comparable, rerun, tolerances(committed))
