"""Run a study from start to end: data, runs, tables, verdicts, figures, and a summary of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape

from repro.app.display import LiveTable, claims_summary, disputes, variants_summary
from repro.app.reuse import announce, reuse
from repro.data import Dataset, DataUnavailable, load
from repro.findings.ledger import write_ledger
from repro.findings.summary import summarize
from repro.findings.verdicts import judge
from repro.running.pool import Pool, make_pool
from repro.running.runner import Outcome, stopping_means
from repro.running.runner import run as run_plan
from repro.store.provenance import Adoption, command_line, provenance, write_provenance
from repro.store.runs import Store, StoredRun
from repro.store.tables import (
    CURVE_DIGITS,
    curves_table,
    read_table,
    runs_table,
    write_table,
)
from repro.study.errors import StudyError
from repro.study.experiments import Experiment, find_experiment
from repro.study.folder import RESULTS
from repro.study.plan import Plan, make_plan
from repro.study.schema import Claim, Study, load_study

SMALL = "mnist5k"
UNWRITTEN = "what was trained is stored; run again to write the rest of tables and figures"


def run(
    name: str,
    *,
    seeds: Sequence[int] | None = None,
    variants: Sequence[str] | None = None,
    epochs: int | None = None,
    data: str | None = None,
    workers: int | None = None,
    out: Path | None = None,
    **cluster: Any,
) -> int:
    """Run a study as the command line asks; returns the exit status of `repro.app.cli.execute`."""
    console = Console()
    pool = make_pool(workers, **cluster)
    study = load_study(name)
    experiment = find_experiment(name)
    override = override_epochs(experiment, epochs)
    make_plan(study, seeds=seeds, variants=variants, override=override)  # wrong names fail here
    dataset = choose_data(experiment, data, console)
    plan = plan_on(dataset, study, seeds=seeds, variants=variants, override=override)
    folder = out or RESULTS / _folder_name(plan, seeds, variants, override)
    home = out or RESULTS / name  # one store for all folders of a study
    with Store(home) as store:  # held until the tables are written, too
        announce(reuse(plan, store, home), console)
        outcome = train(plan, store, console, pool)
        if outcome.interrupted:
            return 130
        with stopping_means(UNWRITTEN):
            write_results(plan, outcome, store, folder=folder, console=console)
    if dataset and dataset.name != experiment.data:
        console.print(_on_other_data(experiment, dataset.name))
    return status(outcome, console)


def plan_on(dataset: Dataset | None, study: Study, **asked: Any) -> Plan:
    """Lay out a study's runs, as `make_plan` does, on a data set, or on none."""
    if dataset is None:
        return make_plan(study, **asked)
    return make_plan(study, data=dataset.name, data_digest=dataset.sha256, **asked)


def train(plan: Plan, store: Store, console: Console, pool: Pool) -> Outcome:
    """Run what is not yet in the store, and show how it goes."""
    with LiveTable(plan, console) as table:
        outcome = run_plan(plan, store, table, pool)
    if outcome.interrupted:
        console.print("Stopped: what was in flight is finished and stored; run again to go on.")
    return outcome


def status(outcome: Outcome, console: Console) -> int:
    """Return a finished run's exit status, after naming runs that gave different numbers."""
    for line in disputes(outcome.disputed):
        console.print(line)
    return 1 if outcome.crashed or outcome.disputed else 0


def write_results(
    plan: Plan, outcome: Outcome, store: Store, *, folder: Path, console: Console
) -> None:
    """Write tables, verdicts, figures and provenance, and show the tables."""
    runs = write_runs(plan, outcome.runs, store, folder)
    claims = judge(
        runs,
        askable := _askable(plan),
        better=plan.study.better,
        kinds=plan.experiment.metrics,
        unjudged=_unjudged(plan, askable),
    )
    write_table(claims, folder / "claims.csv")
    if outcome.runs:
        from repro.findings.figures import draw_figures

        # as they were written: drawn again from the files, they are the same to the byte
        runs_read, curves = (read_table(folder / f"{kind}.csv") for kind in ("runs", "curves"))
        draw_figures(plan.study, runs_read, curves, folder)
    write_ledger(plan.study, folder)
    console.print(variants_summary(plan.study, summarize(plan.study, runs)))
    console.print()
    console.print(claims_summary(claims))
    console.print(f"\nTables and figures are in {escape(str(folder))}/")


def write_runs(
    plan: Plan, finished: Mapping[str, StoredRun], store: Store, folder: Path
) -> pd.DataFrame:
    """Write runs, curves and where they come from; return the runs."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = runs_table(plan, finished)
    write_table(runs, folder / "runs.csv")
    write_table(curves_table(plan, finished), folder / "curves.csv", CURVE_DIGITS)
    adopted = [Adoption(**adoption) for adoption in store.adoptions()]
    write_provenance(provenance(plan, finished, command_line(), adopted), folder)
    return runs


def override_epochs(experiment: Experiment, epochs: int | None) -> dict[str, Any]:
    """Return the parameters that `--epochs` sets for all variants."""
    if epochs is None:
        return {}
    if "epochs" not in experiment.names:
        raise StudyError(f"--epochs: {experiment.name} does not train in epochs")
    return {"epochs": epochs}


def choose_data(experiment: Experiment, name: str | None, console: Console) -> Dataset | None:
    """Return the data set of that name; unnamed, the experiment's own, or the small one.

    Raises:
        StudyError: for a name where the experiment makes its own data.
        DataUnavailable: if the named one is not in reach.
    """
    if experiment.data is None:
        if name is not None:
            raise StudyError(f"--data: {experiment.name} makes its own data")
        return None
    try:
        dataset = load(name or experiment.data)
    except DataUnavailable as error:
        if name is not None:
            raise
        console.print(f"[yellow]{escape(str(error))}")
        dataset = load(SMALL)
    if dataset.name != experiment.data:
        console.print(_on_other_data(experiment, dataset.name))
    return dataset


def _on_other_data(experiment: Experiment, name: str) -> str:
    return (
        f"[yellow]On {name}, not on {experiment.data}: no verdict on claims that quote figures for "
        f"{experiment.data}."
    )


def _folder_name(
    plan: Plan,
    seeds: Sequence[int] | None,
    variants: Sequence[str] | None,
    override: dict[str, Any],
) -> str:
    """Return the study's name, with what differs from the study behind an @.

    So the study's own folder only ever holds the study as it is written.
    """
    differs = [plan.data] if plan.data != plan.experiment.data and plan.data else []
    if seeds is not None and list(seeds) != list(range(plan.study.seeds)):
        differs.append(f"seeds={seeds[0]}-{seeds[-1]}")
    differs += [f"{key}={value}" for key, value in override.items()]
    if variants is not None:
        differs.append("variants=" + "+".join(plan.seeds))
    return "@".join([plan.study.name, ",".join(differs)] if differs else [plan.study.name])


def _askable(plan: Plan) -> dict[str, Claim]:
    """Return the claims whose variants are all in the plan, and have seeds in common."""

    def seeds(variant: str) -> set[int]:
        return set(plan.seeds.get(variant, ()))

    return {
        key: claim
        for key, claim in plan.study.claims.items()
        if seeds(claim.variant) & seeds(claim.reference or claim.variant)
    }


def _unjudged(plan: Plan, claims: dict[str, Claim]) -> list[str]:
    if plan.data == plan.experiment.data:
        return []
    return [key for key, claim in claims.items() if claim.quotes_figure]
