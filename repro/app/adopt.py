"""Carry runs over to changed code, once a sample of them has come out the same to the bit."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from repro.data import NAMES, load
from repro.running.pool import Pool, make_pool
from repro.running.runner import stopping_means
from repro.running.workers import Result, cores
from repro.store.adoption import DRAW, Candidate, carry, differences, draw_sample, renew
from repro.store.committed import committed_blocks
from repro.store.provenance import FILE, Adoption, provenance, timestamp, write_provenance
from repro.store.results import Results, read_results
from repro.store.runs import Store, StoredBlock, StoredRun
from repro.store.tables import CURVE_DIGITS, curves_table, runs_table, write_table
from repro.study.errors import StudyError
from repro.study.experiments import Experiment, find_experiment
from repro.study.folder import RESULTS
from repro.study.identity import fingerprint
from repro.study.plan import Block, Plan, make_plan
from repro.study.schema import Study, load_study
from repro.study.selection import with_fingerprint

SHOWN = 10  # differences
STOPPED = "nothing was carried over; run again to begin anew"


def adopt(
    name: str, *, out: Path | None = None, rerun: Path | None = None, workers: int | None = None
) -> int:
    """Train a sample of a study's stored and committed runs again; carry all over if it agrees.

    Args:
        name: the study's.
        out: the results folder; by default results/NAME.
        rerun: numbers of the code that made the runs, on this machine, if another machine made
            them: a folder that `python -m repro verify NAME --out FOLDER` left.
        workers: processes; by default one a core.

    Returns:
        The exit status: 0 if all were carried over, or none had to be; 1 if a number differs.

    Raises:
        StudyError: if there is nothing to compare with.
    """
    console, study, experiment = Console(), load_study(name), find_experiment(name)
    folder = out or RESULTS / name
    committed = read_results(folder, name) if (folder / FILE).is_file() else None
    with stopping_means(STOPPED), Store(folder) as store:
        outdated = _outdated(store, committed, experiment)
        if not outdated:
            console.print(f"{name}: all runs are of the code as it is; there is nothing to adopt.")
            return 0
        expected = _Expected(rerun, experiment, outdated)
        renewed = [renew(study, experiment, block) for block, _ in outdated]
        exact: set[tuple[str, ...]] = (
            set() if rerun else {block.identities for block, _ in store.blocks()}
        )
        sample = draw_sample(_candidates(outdated, renewed, expected, exact))
        console.print(f"[bold]{name}[/]: {(summary := _described(sample, outdated))}")
        if found := list(_found(sample, _trained(name, sample, make_pool(workers)))):
            _show(found, console)
            return 1
        carried = [carry(block, runs) for block, (_, runs) in zip(renewed, outdated, strict=True)]
        _keep(store, study, committed, carried, _adoption(outdated, experiment, summary))
    count = sum(len(runs) for _, runs in outdated)
    console.print(f"[green]The sample is the same to the bit: {count:,} runs are carried over.")
    return 0


class _Expected:
    """The numbers that blocks of other code must give on this machine."""

    def __init__(self, rerun: Path | None, experiment: Experiment, outdated: list[StoredBlock]):
        self._rerun = rerun
        self._runs: dict[tuple[str, int], StoredRun] = {}
        if rerun is None:
            return
        results = read_results(rerun, experiment.name)
        codes = {block.settings["code"] for block, _ in outdated}
        if results.provenance.code not in codes:
            raise StudyError(f"{rerun}: is not by the code that made the runs of {experiment.name}")
        for _, runs in committed_blocks(results):
            self._runs |= {(run.variant, run.seed): run for run in runs}
        if missing := {block.variant for block, _ in outdated} - {v for v, _ in self._runs}:
            raise StudyError(f"{rerun}: has no runs of {', '.join(sorted(missing))}")

    def of_block(self, block: Block, runs: list[StoredRun]) -> list[StoredRun]:
        """Return the runs that a block must give; none if it is not among those run again."""
        if self._rerun is not None:
            keys = [(block.variant, seed) for seed in block.seeds]
            return [self._runs[key] for key in keys] if self._runs.keys() >= set(keys) else []
        if block.settings["fingerprint"] != dict(fingerprint()):
            raise StudyError(
                f"runs of {block.variant} were made on another machine or with other libraries, "
                "which round otherwise. In a checkout of the code that made them, run python -m "
                "repro verify NAME --seeds 1 --out FOLDER, and give --rerun FOLDER/NAME here"
            )
        return runs


def _outdated(store: Store, committed: Results | None, experiment: Experiment) -> list[StoredBlock]:
    # stored runs come first: they have all digits of their curves, and the curves of all seeds
    blocks = [*store.blocks(), *(committed_blocks(committed) if committed else [])]
    found: dict[tuple[str, ...], StoredBlock] = {}
    for block, runs in blocks:
        if block.settings["code"] != experiment.code:
            found.setdefault(block.identities, (block, runs))
    return list(found.values())


def _candidates(
    outdated: Sequence[StoredBlock],
    renewed: Sequence[Block],
    expected: _Expected,
    exact: set[tuple[str, ...]],
) -> Iterator[Candidate]:
    for (block, runs), anew in zip(outdated, renewed, strict=True):
        if numbers := expected.of_block(block, runs):
            yield Candidate(
                block=block,
                renewed=Block(anew.variant, {**anew.settings, "fingerprint": dict(fingerprint())}),
                runs=runs,
                expected=numbers,
                is_rounded=block.identities not in exact,
            )


def _described(sample: Sequence[Candidate], outdated: Sequence[StoredBlock]) -> str:
    runs = [run for candidate in sample for run in candidate.runs]
    minutes = max(1, round(sum(run.seconds for run in runs) / cores() / 60))
    total = sum(len(stored) for _, stored in outdated)
    return (
        f"a block of every variant, {len(sample)} blocks with {len(runs):,} of {total:,} runs, "
        f"drawn with seed {DRAW}, about {minutes} min"
    )


def _adoption(outdated: list[StoredBlock], experiment: Experiment, sample: str) -> Adoption:
    codes = sorted({block.settings["code"] for block, _ in outdated})
    return Adoption(
        code_before=" ".join(codes), code_after=experiment.code, sample=sample, date=timestamp()
    )


def _trained(name: str, sample: Sequence[Candidate], pool: Pool) -> dict[Block, Result]:
    results: dict[Block, Result] = {}
    with pool:
        for digest in sorted({candidate.renewed.settings["data"] for candidate in sample}):
            blocks = [c.renewed for c in sample if c.renewed.settings["data"] == digest]
            results |= dict(pool.train(name, _data_named(digest), blocks))
    return results


def _data_named(digest: str) -> str | None:
    if not digest:
        return None
    names = [name for name in NAMES if load(name).sha256 == digest]
    if not names:
        raise StudyError(f"no data set has the digest {digest[:12]}…; it has changed")
    return names[0]


def _found(sample: Sequence[Candidate], results: Mapping[Block, Result]) -> Iterator[str]:
    for candidate in sample:
        trained = results[candidate.renewed]
        if isinstance(trained, Exception):
            yield f"{candidate.block.variant}: {type(trained).__name__}: {trained}"
        else:
            yield from differences(candidate, trained)


def _show(found: Sequence[str], console: Console) -> None:
    for line in found[:SHOWN]:
        console.print(f"[red]{escape(line)}")
    more = f", {len(found) - SHOWN} more are not shown" if len(found) > SHOWN else ""
    console.print(f"[red]The change of code changes numbers{more}: nothing is carried over.")


def _keep(
    store: Store,
    study: Study,
    committed: Results | None,
    carried: list[StoredBlock],
    adoption: Adoption,
) -> None:
    store.adopt(carried, adoption.model_dump())
    if committed is not None and committed.provenance.code != adoption.code_after:
        runs = {run.identity: run for _, stored in carried for run in stored}
        _rewrite(study, committed, runs, adoption)


def _rewrite(
    study: Study, committed: Results, runs: Mapping[str, StoredRun], adoption: Adoption
) -> None:
    """Write the committed tables again under the new identity; their numbers are the same."""
    recorded, folder = committed.provenance, committed.folder
    plan = make_plan(study, data=recorded.data, data_digest=recorded.data_digest)
    plan = with_fingerprint(plan, recorded.fingerprint.model_dump())
    _require_all(plan, runs, committed)
    write_table(runs_table(plan, runs), folder / "runs.csv")
    write_table(curves_table(plan, runs), folder / "curves.csv", CURVE_DIGITS)
    renewed = provenance(plan, runs, recorded.command)
    kept = ("package", "fingerprint", "finished", "seconds_per_run", "seconds")
    changes = {name: getattr(recorded, name) for name in kept}
    changes["adopted"] = [*recorded.adopted, adoption]
    write_provenance(renewed.model_copy(update=changes), folder)


def _require_all(plan: Plan, runs: Mapping[str, StoredRun], committed: Results) -> None:
    rows = committed.runs[committed.runs["status"] == "crashed"]
    crashed = set(zip(rows["variant"], rows["seed"], strict=True))
    for variant, seed, identity in plan.runs:
        if identity not in runs and (variant, seed) not in crashed:
            raise StudyError(
                f"{committed.folder}/runs.csv has no run of {variant}, seed {seed}, as the study "
                "is written; stored runs are carried over, the tables are left as they are"
            )
