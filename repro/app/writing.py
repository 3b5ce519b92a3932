"""Write what a run's tables hold: runs, curves, where they come from, and verdicts."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from repro.findings.verdicts import askable, judge
from repro.store.provenance import Adoption, command_line, provenance, write_provenance
from repro.store.runs import Store, StoredRun
from repro.store.tables import CURVE_DIGITS, curves_table, runs_table, write_table
from repro.study.plan import Plan
from repro.study.schema import Claim


def write_tables(
    plan: Plan, finished: Mapping[str, StoredRun], store: Store, folder: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write runs, curves, provenance and the verdicts that they allow; return runs and claims."""
    runs = write_runs(plan, finished, store, folder)
    asked = askable(plan.study.claims, runs)
    claims = judge(
        runs,
        asked,
        better=plan.study.better,
        kinds=plan.experiment.metrics,
        unjudged=_unjudged(plan, asked),
    )
    write_table(claims, folder / "claims.csv")
    return runs, claims


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


def _unjudged(plan: Plan, claims: dict[str, Claim]) -> list[str]:
    if plan.data == plan.experiment.data:
        return []
    return [key for key, claim in claims.items() if claim.quotes_figure]
