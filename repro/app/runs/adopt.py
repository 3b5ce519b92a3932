"""Carry runs over to changed code, once a sample of them has come out the same to the bit."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from repro.app.cli.exits import FINDING, FINISHED
from repro.app.runs.sample import data_named, train_sample, whole_study
from repro.app.terminal.pace import minutes_of_computing
from repro.findings.terminal import Terminal
from repro.running.pool import make_pool
from repro.running.runner import explain_interrupt
from repro.running.workers import Result
from repro.store.adoption import Candidate, carry, differences, draw_sample, regrouped, renew
from repro.store.committed import committed_blocks
from repro.store.provenance import FILE, Adoption, provenance, timestamp, write_provenance
from repro.store.results import Results, read_results
from repro.store.runs import Store, StoredBlock, StoredRun
from repro.store.tables import CURVE_DIGITS, curves_table, runs_table, write_table
from repro.study.errors import StudyError
from repro.study.experiments import Experiment, find_experiment
from repro.study.folder import RESULTS
from repro.study.identity import fingerprint
from repro.study.models import Study
from repro.study.plan import Block, Plan, choose_variants, make_plan
from repro.study.schema import load_study
from repro.study.selection import DRAW, with_fingerprint

SHOWN = 10  # differences
STOPPED = "nothing was carried over; run again to begin anew"


def adopt(
    name: str,
    *,
    out: Path | None = None,
    rerun: Path | None = None,
    left_out: Sequence[str] = (),
    workers: int | None = None,
) -> int:
    """Train a sample of a study's stored and committed runs again; carry all over if it agrees.

    Args:
        name: the study's.
        out: the results folder; by default results/NAME.
        rerun: a results folder that the code which made the runs gives on this machine, if they
            were made on another one; the sample is drawn from it.
        left_out: variants whose numbers the change of code changes, to be trained by the next run.
        workers: processes; by default one a core.

    Returns:
        The exit status: 0 if all were carried over, or none had to be; 1 if a number differs.

    Raises:
        StudyError: if there is nothing to compare with, or no variant of a name.
    """
    console, study, experiment = Terminal(), load_study(name), find_experiment(name)
    folder, pool = out or RESULTS / name, make_pool(workers)
    committed = read_results(folder, name) if (folder / FILE).is_file() else None
    with explain_interrupt(STOPPED), Store(folder) as store:
        outdated = _carried_over(left_out, study, _outdated(store, committed, study, experiment))
        if not outdated:
            console.print(f"{name}: all runs are of the code as it is; there is nothing to adopt.")
            return FINISHED
        candidates = _rerun(rerun, study, experiment, outdated) if rerun else outdated
        sample = draw_sample(_comparable(candidates))
        grouping = _grouping(study, committed)
        described = _described(sample, outdated, left_out)
        summary = f"{described}{grouping}, drawn with seed {DRAW}"
        seconds = sum(run.seconds for candidate in sample for run in candidate.runs)
        minutes = minutes_of_computing(seconds)
        console.print(f"[bold]{name}[/]: {summary}, about {minutes} min")
        results = train_sample(name, sample, pool, console)
        changes = list(_changes(sample, results))
        if changes:
            _show(changes, console)
            return FINDING
        adoption = _adoption(outdated, experiment, summary)
        carried = [carry(candidate.renewed, candidate.runs) for candidate in outdated]
        earlier = committed.provenance.adopted if committed else []
        store.adopt(carried, [step.model_dump() for step in (*earlier, adoption)])
        if committed and (grouping or committed.provenance.code != experiment.code):
            runs = {run.identity: run for _, stored in carried for run in stored}
            console.print(_rewritten(study, committed, runs, adoption))
    _show_carried(outdated, console)
    if not rerun:  # which may have other settings, at another pace
        console.print(whole_study(outdated, results, workers))
    return FINISHED


def _show_carried(outdated: Sequence[Candidate], console: Console) -> None:
    count = sum(len(candidate.runs) for candidate in outdated)
    console.print(f"[green]The sample is the same to the bit: {count:,} runs are carried over.")


def _outdated(
    store: Store, committed: Results | None, study: Study, experiment: Experiment
) -> list[Candidate]:
    """Return the blocks, stored and committed, of the code before that are not carried over yet.

    If the study now trains other seeds together than the committed runs, all runs are grouped as
    it says. Runs of still earlier code are left alone: they may have other numbers.
    """
    stored = store.blocks()
    tabled = committed_blocks(committed) if committed else []
    current = {block.identities for block, _ in stored}
    codes = {_previous_code([*stored, *tabled], experiment)}
    is_regrouped = bool(_grouping(study, committed))
    if is_regrouped:
        codes.add(experiment.code)
    candidates: dict[tuple[str, ...], Candidate] = {}
    for source in (stored, tabled):
        blocks = [(block, runs) for block, runs in source if block.settings["code"] in codes]
        for block, runs in regrouped(blocks, study.block) if is_regrouped else blocks:
            renewed = renew(study, experiment, block)
            if renewed.identities not in current:
                candidates.setdefault(renewed.identities, Candidate(block, renewed, runs))
    return list(candidates.values())


def _carried_over(
    left_out: Sequence[str], study: Study, candidates: Sequence[Candidate]
) -> Sequence[Candidate]:
    choose_variants(study, left_out)  # wrong names fail here
    return [candidate for candidate in candidates if candidate.block.variant not in left_out]


def _grouping(study: Study, committed: Results | None) -> str:
    """Say how many seeds are trained together, if these are others than in the committed runs."""
    if committed is None or committed.provenance.block == study.block:
        return ""
    return f", in blocks of {study.block} where they were in blocks of {committed.provenance.block}"


def _previous_code(blocks: Sequence[StoredBlock], experiment: Experiment) -> str:
    """Return the code of the latest blocks that are not by the code as it is."""
    codes = [block.settings["code"] for block, _ in blocks]
    return next((code for code in reversed(codes) if code != experiment.code), "")


def _rerun(
    folder: Path, study: Study, experiment: Experiment, outdated: Sequence[Candidate]
) -> list[Candidate]:
    """Return the blocks of a results folder that the same code made on this machine."""
    results = read_results(folder, study.name)
    if results.provenance.code not in {o.block.settings["code"] for o in outdated}:
        raise StudyError(f"{folder}: is not by the code that made the runs of {study.name}")
    candidates = [
        Candidate(block, renew(study, experiment, block), runs)
        for block, runs in regrouped(committed_blocks(results), study.block)
    ]
    variants = {candidate.block.variant for candidate in candidates}
    if missing := {o.block.variant for o in outdated} - variants:
        raise StudyError(f"{folder}: has no runs of {', '.join(sorted(missing))}")
    return candidates


def _comparable(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Return the candidates, if this machine can give their bits; raise StudyError if not."""
    for candidate in candidates:
        if candidate.block.settings["fingerprint"] != dict(fingerprint()):
            raise StudyError(
                f"runs of {candidate.block.variant} were made on another machine or with other "
                "libraries, which round otherwise. Run the code that made them on this machine "
                "(in a checkout of it: python -m repro run NAME --out FOLDER, with few --seeds or "
                "--epochs if that takes long), and give --rerun FOLDER here"
            )
    return candidates


def _described(
    sample: Sequence[Candidate], outdated: Sequence[Candidate], left_out: Sequence[str]
) -> str:
    excepted = f" but {', '.join(left_out)}" if left_out else ""
    runs = sum(len(candidate.runs) for candidate in sample)
    total = sum(len(candidate.runs) for candidate in outdated)
    return (
        f"a block of every variant{excepted}, {len(sample)} blocks with {runs:,} of {total:,} runs"
        f"{_other_settings(sample, outdated)}"
    )


def _other_settings(sample: Sequence[Candidate], outdated: Sequence[Candidate]) -> str:
    """Name the settings of a rerun that are not those of the runs to be carried over."""
    blocks = {candidate.block.variant: candidate.block for candidate in outdated}
    changes = set[str]()
    for rerun in (candidate.block for candidate in sample):
        block = blocks.get(rerun.variant, rerun)  # of variants that are alike, one is there
        changes |= {
            f"{name}={value}"
            for name, value in rerun.parameters.items()
            if value != block.parameters.get(name)
        }
        if rerun.settings["data"] != block.settings["data"]:
            changes.add(f"data={data_named(rerun.settings['data'])}")
    return f", rerun with {', '.join(sorted(changes))}" if changes else ""


def _adoption(outdated: Sequence[Candidate], experiment: Experiment, sample: str) -> Adoption:
    codes = sorted({candidate.block.settings["code"] for candidate in outdated})
    return Adoption(
        code_before=" ".join(codes), code_after=experiment.code, sample=sample, date=timestamp()
    )


def _changes(sample: Sequence[Candidate], results: Mapping[Block, Result]) -> Iterator[str]:
    for candidate in sample:
        trained = results[candidate.renewed]
        if isinstance(trained, Exception):
            yield f"{candidate.block.variant}: {type(trained).__name__}: {trained}"
        else:
            yield from differences(candidate, trained)


def _show(changes: Sequence[str], console: Console) -> None:
    for line in changes[:SHOWN]:
        console.print(f"[red]{escape(line)}")
    hidden = f", {len(changes) - SHOWN} more are not shown" if len(changes) > SHOWN else ""
    console.print(f"[red]The change of code changes numbers{hidden}: nothing is carried over.")


def _rewritten(
    study: Study, committed: Results, runs: Mapping[str, StoredRun], adoption: Adoption
) -> str:
    """Write the committed tables under the new identity, with the same numbers; say what was done.

    Tables of a study that has new variants or seeds stay as they are until these are trained.
    """
    recorded, folder = committed.provenance, committed.folder
    plan = make_plan(study, data=recorded.data, data_digest=recorded.data_digest)
    plan = with_fingerprint(plan, recorded.fingerprint.model_dump())
    if missing := _untrained(plan, runs, committed):
        return (
            f"{escape(str(folder))}: tables stay as they are, since the study now has "
            f"{escape(missing)}, too: python -m repro run {study.name} trains what is new."
        )
    tables = {
        "runs.csv": write_table(runs_table(plan, runs), folder / "runs.csv"),
        "curves.csv": write_table(curves_table(plan, runs), folder / "curves.csv", CURVE_DIGITS),
    }
    renewed = provenance(plan, runs, recorded.command)
    kept = ("package", "fingerprint", "finished", "seconds_per_run", "seconds")
    changes = {name: getattr(recorded, name) for name in kept}
    changes["adopted"] = [*recorded.adopted, adoption]
    changes["tables"] = recorded.tables and recorded.tables | tables
    write_provenance(renewed.model_copy(update=changes), folder)
    return f"{escape(str(folder))}: tables are written under the new identity."


def _untrained(plan: Plan, runs: Mapping[str, StoredRun], committed: Results) -> str:
    """Return the first variant and seed that have neither run nor crash; empty if all have."""
    rows = committed.runs[committed.runs["status"] == "crashed"]
    crashed = set(zip(rows["variant"], rows["seed"], strict=True))
    missing = (
        f"{variant}, seed {seed}"
        for variant, seed, identity in plan.runs
        if identity not in runs and (variant, seed) not in crashed
    )
    return next(missing, "")
