"""Reuse runs that were stored or committed, and count those that can and that can't be used."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.markup import escape

from repro.app.terminal.pace import minutes_of_computing
from repro.findings.wording import counted
from repro.store.committed import committed_blocks
from repro.store.provenance import Adoption
from repro.store.results import NEEDED, read_results
from repro.store.runs import Store, StoredBlock, StoredRun
from repro.store.tables import CURVE_SEEDS
from repro.study.errors import StudyError
from repro.study.plan import Block, Plan


class Earlier(NamedTuple):
    """A count of the stored and committed runs, of those that can be used and those that can't.

    Attributes:
        study: name of the study.
        planned: number of runs in the plan.
        used: number of those that are not trained again.
        other_code: number of runs that will be trained again, since the code is another.
        other_machine: likewise, since machine, libraries or flags are others.
        seconds: that they took, added up.
        unreadable: why the committed tables can't be used, or "".
    """

    study: str
    planned: int
    used: int
    other_code: int
    other_machine: int
    seconds: float
    unreadable: str


def reuse(plan: Plan, store: Store, folder: Path) -> Earlier:
    """Take over into the store the committed runs of the plan, and count what there is.

    With them goes what showed that they are runs of this code, if they were adopted.
    """
    committed, adoptions, unreadable = _committed(folder, plan.study.name)
    identities = set(plan.identities)
    known = store.find(identities)
    with_curves = {run.variant for _, runs in committed for run in runs if run.curve}
    reusable: list[StoredBlock] = []
    for block, runs in committed:
        if block.variant not in plan.seeds:
            continue
        is_new = not known.keys() >= set(block.identities)
        is_whole = block.variant not in with_curves or _has_curves(plan, block, runs)
        if is_new and is_whole and identities.issuperset(block.identities):
            reusable.append((block, [run for run in runs if run.identity not in known]))
    if reusable:
        store.adopt(reusable, [adoption.model_dump() for adoption in adoptions])
    stored = store.find(identities).keys()
    missing = {
        (block.variant, block.seeds): block
        for block in plan.blocks
        if stored.isdisjoint(block.identities)
    }
    unused = _count_unused(missing, [*store.blocks(), *committed])
    return Earlier(
        study=plan.study.name,
        planned=len(plan.identities),
        used=sum(identity in stored for identity in plan.identities),
        unreadable=unreadable,
        **unused,
    )


def _has_curves(plan: Plan, block: Block, runs: list[StoredRun]) -> bool:
    """Return whether a block has the curves that the tables of this plan are to show.

    The committed tables keep those of the first seeds of the whole study alone.
    """
    shown = plan.seeds[block.variant][:CURVE_SEEDS]
    lacking = [run.seed for run in runs if not run.curve]
    return not set(lacking) & set(shown)


def announce(earlier: Earlier, console: Console) -> None:
    """Say before anything is trained which runs are there, and which will be trained again."""
    if earlier.used:
        console.print(_there_already(earlier))
    if earlier.unreadable:
        console.print(f"[yellow]Not used: {escape(earlier.unreadable)}")
    minutes = minutes_of_computing(earlier.seconds)
    repeated = f"they will be trained again (about {counted(minutes, 'minute')})"
    if earlier.other_code:
        console.print(
            f"[yellow]{earlier.other_code:,} stored runs are of other code; {repeated}. If no "
            f"number has changed, `python -m repro adopt {earlier.study}` checks a sample and "
            "keeps them."
        )
    elif earlier.other_machine:
        console.print(
            f"[yellow]{earlier.other_machine:,} stored runs are of another machine or other "
            f"libraries, which round otherwise; {repeated}."
        )


def _there_already(earlier: Earlier) -> str:
    if earlier.used < earlier.planned:
        return (
            f"{earlier.used:,} of {earlier.planned:,} runs are there already; the rest is trained."
        )
    return (
        f"All {earlier.planned:,} runs are there already, made by this code on such a machine; "
        "`--out FOLDER` trains them anew, into a new folder."
    )


def _committed(folder: Path, study: str) -> tuple[list[StoredBlock], list[Adoption], str]:
    """Return the committed runs, how they came to be of this code, and why there are none."""
    if not all((folder / name).is_file() for name in NEEDED):
        return [], [], ""
    try:
        results = read_results(folder, study)
        return committed_blocks(results), results.provenance.adopted, ""
    except (StudyError, OSError) as error:
        return [], [], str(error)


def _count_unused(
    missing: Mapping[tuple[str, tuple[int, ...]], Block], stored: list[StoredBlock]
) -> dict[str, Any]:
    kinds: dict[tuple[str, tuple[int, ...]], tuple[str, list[StoredRun]]] = {}
    for block, runs in stored:
        key = block.variant, block.seeds
        kind = _kind_of_difference(block, missing[key]) if key in missing else ""
        if kind and kinds.get(key, ("",))[0] != "code":
            kinds[key] = kind, runs
    counts = Counter[str]()
    for kind, runs in kinds.values():
        counts[kind] += len(runs)
    seconds = sum(run.seconds for _, runs in kinds.values() for run in runs)
    return {
        "other_code": counts["code"],
        "other_machine": counts["machine"],
        "seconds": seconds,
    }


def _kind_of_difference(block: Block, planned: Block) -> str:
    """Return whether two blocks differ in `code` or `machine` alone; "" if settings differ."""
    shared = block.parameters.keys() & planned.parameters.keys()
    same_settings = all(block.parameters[name] == planned.parameters[name] for name in shared)
    if not same_settings or block.settings["data"] != planned.settings["data"]:
        return ""
    if block.settings["code"] != planned.settings["code"]:
        same_machine = block.settings["fingerprint"] == planned.settings["fingerprint"]
        return "code" if same_machine else "machine"
    return "machine"
