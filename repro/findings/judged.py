"""Judge a study's claims, and check that committed verdicts are what the runs give."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from repro.findings.verdicts import askable, judge
from repro.store.identities import identities_digest
from repro.store.results import EditedError, Results, doubts_told, read_results
from repro.study.errors import StudyError
from repro.study.experiments import find_experiment, metric_kinds
from repro.study.files import real_path
from repro.study.models import Claim, Study

STATED = ("claim", "made_by", "says", "variant", "metric", "test", "bound", "bound_fixed")
OF_RUNS = ("n", "seeds", "estimate", "ci_low", "ci_high", "coverage", "effect_size")
OF_ALL = ("p_value", "p_relation", "verdict")  # Holm's adjustment looks at all claims
RELATIVE, ABSOLUTE = 1e-6, 1e-12  # libraries of other versions round otherwise


def judge_runs(
    study: Study, runs: pd.DataFrame, *, data: str | None, whole: bool = False
) -> pd.DataFrame:
    """Return the claims table of runs on a data set: of the claims that can be asked, or of all.

    On another data set than the experiment's, those that quote a figure for it get no verdict.
    """
    claims = dict(study.claims) if whole else askable(study.claims, runs)
    return judge(
        runs,
        claims,
        better=study.better,
        kinds=metric_kinds(study.name),
        unjudged=_unjudged(study, claims, data),
    )


def _unjudged(study: Study, claims: dict[str, Claim], data: str | None) -> list[str]:
    if data == find_experiment(study.name).data:
        return []
    return [key for key, claim in claims.items() if claim.quotes_figure]


def read_judged(study: Study, folder: Path, *, anyway: bool = False) -> Results:
    """Read a results folder whose claims are shown: they must be what the runs there give.

    Args:
        study: whose results they are.
        folder: the results folder.
        anyway: whether tables that were edited are taken, with `doubts`.

    Raises:
        EditedError: if tables were edited.
        StudyError: as `read_results` does; or if the claims are not those of the study file.
    """
    results = read_results(folder, study.name, anyway=anyway)
    strange = list(strange_runs(study, results))
    if study.claims and not (results.doubts or strange):
        strange += _strange_claims(study, results)
    if strange and not anyway:
        raise EditedError(doubts_told(folder, strange))
    return Results(
        folder,
        provenance=results.provenance,
        runs=results.runs,
        curves=results.curves,
        doubts=(*results.doubts, *strange),
    )


def strange_runs(study: Study, results: Results) -> Iterator[str]:
    """Yield what the runs have that no run of the study has."""
    is_whole = real_path(results.folder).name == study.name
    known = study.all_variants
    for variant, rows in results.runs.groupby("variant", sort=False):
        if variant not in known:
            yield f"runs.csv has runs of {str(variant)[:60]!r}, which is no variant of {study.name}"
        elif is_whole and (foreign := set(rows["seed"]) - set(study.seeds_of(str(variant)))):
            yield f"runs.csv has seed {max(foreign)} of {variant}, which the study has not"


def _strange_claims(study: Study, results: Results) -> Iterator[str]:
    stated = results.claims
    runs, data = results.runs, results.provenance.data
    try:
        judged = judge_runs(study, runs, data=data)
    except ValueError as error:
        raise StudyError(f"{results.folder / 'runs.csv'}: {error}") from None
    if not _same_statements(stated, judged):
        raise StudyError(
            f"{results.folder}: claims.csv holds other claims than the study file; "
            f"run python -m repro verdicts {_named(study, results.folder)} first"
        )
    yield from list(differing(stated, judged, (*OF_RUNS, *OF_ALL)))[:1]


def _named(study: Study, folder: Path) -> str:
    return study.name if folder.name == study.name else str(folder)


def _same_statements(stated: pd.DataFrame, judged: pd.DataFrame) -> bool:
    if list(stated["claim"]) != list(judged["claim"]):
        return False
    return not list(differing(stated, judged, STATED))


def differing(
    stated: pd.DataFrame, judged: pd.DataFrame, columns: tuple[str, ...]
) -> Iterator[str]:
    """Yield a phrase for each cell of the claims that the runs do not give."""
    for name in columns:
        pairs = zip(stated["claim"], stated[name], judged[name], strict=True)
        for claim, old, new in pairs:
            if not _agree(old, new):
                yield f"claims.csv: {name} of {claim} is {_cell(old)}, the runs give {_cell(new)}"


def _agree(old: object, new: object) -> bool:
    if pd.isna(old) or pd.isna(new) or "" in (old, new):
        return _is_blank(old) and _is_blank(new)
    if isinstance(old, str) or isinstance(new, str):
        return old == new
    return bool(np.isclose(float(old), float(new), rtol=RELATIVE, atol=ABSOLUTE))  # type: ignore[arg-type]


def _is_blank(value: object) -> bool:
    return bool(pd.isna(value)) or value == ""  # nothing, read back


def _cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def find_doubts(study: Study, results: Results) -> Iterator[str]:
    """Yield why tables without digests may not be what was written; nothing if they agree.

    The rows must be the runs that `provenance.json` counts, and every claim in `claims.csv` that
    the study still makes must have the numbers that the rows give.
    """
    yield from results.doubts
    yield from strange_runs(study, results)
    if identities_digest(results.runs, results.provenance) != results.provenance.runs:
        yield "runs.csv has not the runs that provenance.json counts"
    elif study.claims and (results.folder / "claims.csv").is_file():
        judged = judge_runs(study, results.runs, data=results.provenance.data)
        kept = results.claims.merge(judged[list(STATED)], on=list(STATED))["claim"]
        tables = (table[table["claim"].isin(kept)] for table in (results.claims, judged))
        old, new = (table.sort_values("claim", ignore_index=True) for table in tables)
        yield from list(differing(old, new, OF_RUNS))[:1]
