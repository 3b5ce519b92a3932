"""Run a study from start to end: data, runs, tables, verdicts, figures, and a summary of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from repro.app.cli.exits import FINDING, FINISHED, INTERRUPTED
from repro.app.runs.partial import PartialTables
from repro.app.runs.quick import QUICK_BLOCK, QUICK_SEEDS, quick_answer, quick_variants
from repro.app.runs.reuse import announce, reuse
from repro.app.runs.writing import write_tables
from repro.app.terminal.display import claims_summary, decided_claims, disputes, variants_summary
from repro.app.terminal.live_table import LiveTable
from repro.data import Dataset, DataUnavailable, load
from repro.findings.fixes import fixes_of
from repro.findings.ledger import write_ledger
from repro.findings.summary import summarize
from repro.findings.terminal import Terminal
from repro.running.pool import Pool, make_pool
from repro.running.progress import Displays, Progress
from repro.running.runner import Outcome, explain_interrupt
from repro.running.runner import run as run_plan
from repro.store.results import earlier_costs, read_results
from repro.store.runs import Store
from repro.study.errors import StudyError
from repro.study.experiments import Experiment, find_experiment
from repro.study.folder import RESULTS
from repro.study.models import Study
from repro.study.naming import results_name
from repro.study.plan import Plan, make_plan
from repro.study.schema import load_study

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
    quick: bool = False,
    claims: bool = False,
    **cluster: Any,
) -> int:
    """Run a study as the command line asks; returns the exit code (`repro.app.cli.exits`)."""
    console = Terminal()
    pool = make_pool(workers, **cluster)
    study = load_study(name)
    if quick:
        if seeds or variants or epochs:
            raise StudyError("--quick chooses seeds and variants; leave out the others")
        seeds, variants = range(QUICK_SEEDS), quick_variants(study)
        epochs = study.report.quick_epochs
        study = study.model_copy(update={"block": QUICK_BLOCK})
    override = override_epochs(find_experiment(name), epochs)
    asked: dict[str, Any] = {"seeds": seeds, "variants": variants, "override": override}
    make_plan(study, **asked)  # wrong names fail here
    dataset = choose_data(find_experiment(name), data, console)
    plan = plan_on(dataset, study, **asked)
    own = f"{name}@quick" if quick else _folder_name(plan, seeds, variants, override)
    folder = out or RESULTS / own
    with Store(out or RESULTS / name) as store:  # one for all folders; held until all is written
        announce(reuse(plan, store, out or RESULTS / name), console)
        outcome = _train_and_write(plan, store, folder=folder, console=console, pool=pool)
    if outcome.interrupted:
        return INTERRUPTED
    show_results(plan.study, folder, console=console, quick=quick, whole=claims)
    if dataset and dataset.name != plan.experiment.data:
        console.print(_on_other_data(plan.experiment, dataset.name))
    return status(outcome, console)


def _train_and_write(
    plan: Plan, store: Store, *, folder: Path, console: Console, pool: Pool
) -> Outcome:
    outcome = train_and_keep(
        plan, store, PartialTables(plan, store, folder), console=console, pool=pool
    )
    if outcome.interrupted:
        return outcome
    with explain_interrupt(UNWRITTEN):
        write_results(plan, outcome, store, folder)
    return outcome


def plan_on(dataset: Dataset | None, study: Study, **asked: Any) -> Plan:
    """Lay out a study's runs, as `make_plan` does, on a data set, or on none."""
    if dataset is None:
        return make_plan(study, **asked)
    return make_plan(study, data=dataset.name, data_digest=dataset.sha256, **asked)


def train_and_keep(
    plan: Plan, store: Store, partial: PartialTables, *, console: Console, pool: Pool
) -> Outcome:
    """Train, as `train` does; keep the tables of what is done, meanwhile and if it is stopped."""
    outcome = train(plan, store, console, pool, others=[partial])
    if outcome.interrupted:
        partial.write(outcome.runs)
        console.print(partial.described(outcome.runs), soft_wrap=True)
    else:
        partial.remove()
    return outcome


def train(
    plan: Plan, store: Store, console: Console, pool: Pool, *, others: Sequence[Progress] = ()
) -> Outcome:
    """Run what is not yet in the store, show how it goes, and tell other displays."""
    with LiveTable(plan, console, earlier_costs(plan)) as table:
        outcome = run_plan(plan, store, Displays(table, *others), pool)
    if outcome.interrupted:
        console.print("Stopped: what was in flight is finished and stored; run again to go on.")
    return outcome


def status(outcome: Outcome, console: Console) -> int:
    """Return a finished run's exit code, after naming runs that gave different numbers."""
    for line in disputes(outcome.disputed):
        console.print(line)
    return FINDING if outcome.crashed or outcome.disputed else FINISHED


def write_results(plan: Plan, outcome: Outcome, store: Store, folder: Path) -> None:
    """Write tables, verdicts, figures and provenance."""
    write_tables(plan, outcome.runs, store, folder)
    if outcome.runs:
        from repro.findings.figures import draw_figures

        # as they were written: drawn again from the files, they are the same to the byte
        tables = read_results(folder, plan.study.name)
        draw_figures(plan.study, tables.runs, tables.curves, folder)
    write_ledger(plan.study, folder)


def show_results(
    study: Study, folder: Path, *, console: Console, quick: bool = False, whole: bool = False
) -> None:
    """Show what came out: the variants, the claims that were decided, and where the rest is.

    Args:
        study: what was studied.
        folder: where its tables were written.
        console: to show it on.
        quick: whether to answer in three lines.
        whole: whether to show all claims.
    """
    tables = read_results(folder, study.name)
    runs, claims = tables.runs, tables.claims
    if quick:
        for line in quick_answer(study, runs, claims):
            console.print(line, soft_wrap=True)
        picture = folder / ("fixes.png" if fixes_of(study, runs) else "runs.png")
        console.print(f"Picture: {escape(str(picture))}", soft_wrap=True)
        return
    console.print(variants_summary(study, summarize(study, runs)))
    console.print()
    if whole:
        console.print(claims_summary(claims))
    else:
        console.print("\n".join(decided_claims(study, claims)))
    if not whole:
        console.print("--claims lists all claims.")
    console.print(f"\nTables and figures are in {escape(str(folder))}/", soft_wrap=True)


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
    identifying = {"seeds": plan.seeds, "parameters": plan.parameters, "data": plan.data}
    return results_name(plan.study.name, differs, identifying)
