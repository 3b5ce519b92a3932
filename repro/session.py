"""One call of a study from start to end: data, runs, tables, verdicts, figures, what is shown."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape

from repro.data import Dataset, DataUnavailable, load
from repro.display import LiveTable, claims_summary, variants_summary
from repro.findings.figures import draw_figures
from repro.findings.ledger import ledger, splice
from repro.findings.summary import summarize
from repro.findings.verdicts import judge
from repro.study.experiments import Experiment, find_experiment
from repro.study.folder import study_names
from repro.study.plan import Plan, make_plan
from repro.study.pool import make_pool
from repro.study.provenance import provenance
from repro.study.runner import Outcome
from repro.study.runner import run as run_plan
from repro.study.schema import Claim, Study, StudyError, load_study
from repro.study.store import Store
from repro.study.tables import (
    CURVE_DIGITS,
    curves_table,
    read_table,
    runs_table,
    write_json,
    write_table,
    write_whole,
)

RESULTS = Path("results")
SMALL = "mnist5k"


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
    """Run a study as the command line asks; returns the exit status (see `repro.cli.execute`)."""
    console = Console()
    pool = make_pool(workers, **cluster)
    study = load_study(name)
    experiment = find_experiment(name)
    override = _override(experiment, epochs)
    make_plan(study, seeds=seeds, variants=variants, override=override)  # wrong names fail here
    dataset = _dataset(experiment, data, console)
    plan = make_plan(
        study,
        seeds=seeds,
        variants=variants,
        override=override,
        data=dataset.name if dataset else None,
        data_digest=dataset.sha256 if dataset else "",
    )
    folder = out or RESULTS / _folder_name(plan, seeds, variants, override)
    with Store(folder) as store, LiveTable(plan, console) as table:
        outcome = run_plan(plan, store, table, pool)
    if outcome.interrupted:
        console.print("Stopped after the block in flight, which is stored; run again to go on.")
        return 130
    write_results(plan, outcome, folder, console)
    if dataset and dataset.name != experiment.data:
        console.print(_on_other_data(experiment, dataset.name))
    return 1 if outcome.crashed else 0


def write_results(plan: Plan, outcome: Outcome, folder: Path, console: Console) -> None:
    """Write tables, verdicts, figures and provenance, and show the tables."""
    runs, curves = runs_table(plan, outcome.runs), curves_table(plan, outcome.runs)
    claims = judge(
        runs,
        askable := _askable(plan),
        better=plan.study.better,
        unjudged=_unjudged(plan, askable),
    )
    write_table(runs, folder / "runs.csv")
    write_table(curves, folder / "curves.csv", CURVE_DIGITS)
    write_table(claims, folder / "claims.csv")
    command = shlex.join(["python", "-m", f"repro.{plan.study.name}", *sys.argv[1:]])
    write_json(provenance(plan, outcome.runs, command), folder / "provenance.json")
    if outcome.runs:
        draw_figures(plan.study, _table(folder, "runs"), _table(folder, "curves"), folder)
    console.print(variants_summary(plan.study, summarize(runs, plan.study.metric)))
    console.print()
    console.print(claims_summary(claims))
    console.print(f"\nTables and figures are in {escape(str(folder))}/")


def redraw(names: Sequence[str]) -> int:
    """Redraw the figures of the named studies, or of all that have results."""
    for study, folder in _with_results(names):
        draw_figures(study, _table(folder, "runs"), _table(folder, "curves"), folder)
    return 0


def rejudge(names: Sequence[str]) -> int:
    """Judge the claims of the named studies again, or of all that have results."""
    for study, folder in _with_results(names):
        claims = judge(_table(folder, "runs"), study.claims, better=study.better)
        write_table(claims, folder / "claims.csv")
    return 0


def write_ledgers(names: Sequence[str], into: Path | None) -> int:
    """Print studies' claim ledgers as Markdown, or put them between their marks in a file."""
    for study, folder in _with_results(names):
        text = ledger(study, _table(folder, "runs"), _table(folder, "claims"))
        if into is None:
            print(text)
        else:
            spliced = splice(into.read_text(encoding="utf-8"), study.name, text)
            write_whole(into, spliced.encode())
    return 0


def _with_results(names: Sequence[str]) -> Iterator[tuple[Study, Path]]:
    for name in names or study_names():
        study, folder = load_study(name), RESULTS / name
        if (folder / "runs.csv").is_file():
            yield study, folder
        elif names:
            raise StudyError(f"{folder}/runs.csv is not there; run python -m repro.{name} first")


def _table(folder: Path, kind: str) -> pd.DataFrame:
    return read_table(folder / f"{kind}.csv")


def _override(experiment: Experiment, epochs: int | None) -> dict[str, Any]:
    if epochs is None:
        return {}
    if "epochs" not in experiment.schema.model_fields:
        raise StudyError(f"--epochs: {experiment.name} does not train in epochs")
    return {"epochs": epochs}


def _dataset(experiment: Experiment, name: str | None, console: Console) -> Dataset | None:
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
    """Return the claims whose variants are all in the plan, over the same seeds."""

    def seeds(variant: str | None) -> Any:
        return plan.seeds.get(variant) if variant else ()

    return {
        key: claim
        for key, claim in plan.study.claims.items()
        if seeds(claim.variant)
        and (claim.reference is None or seeds(claim.reference) == seeds(claim.variant))
    }


def _unjudged(plan: Plan, claims: dict[str, Claim]) -> list[str]:
    if plan.data == plan.experiment.data:
        return []
    return [key for key, claim in claims.items() if claim.quotes_figure]
