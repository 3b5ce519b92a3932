"""Write the tables of a results folder: runs, curves, verdicts, and `provenance.json`."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from repro.findings.judged import judge_runs
from repro.store.provenance import (
    Adoption,
    command_line,
    provenance,
    read_provenance,
    write_provenance,
)
from repro.store.runs import Store, StoredRun
from repro.store.tables import CURVE_DIGITS, curves_table, runs_table, write_claims, write_table
from repro.study.plan import Plan


def write_tables(plan: Plan, finished: Mapping[str, StoredRun], store: Store, folder: Path) -> None:
    """Write runs, curves, provenance, and the verdicts that the runs allow."""
    runs = write_runs(plan, finished, store, folder)
    claims = judge_runs(plan.study, runs, data=plan.data)
    digest = write_claims(claims, folder)
    recorded = read_provenance(folder)
    tables = recorded.tables | {"claims.csv": digest}
    write_provenance(recorded.model_copy(update={"tables": tables}), folder)


def write_runs(
    plan: Plan, finished: Mapping[str, StoredRun], store: Store, folder: Path
) -> pd.DataFrame:
    """Write runs, curves and `provenance.json`; return the table of runs."""
    folder.mkdir(parents=True, exist_ok=True)
    runs = runs_table(plan, finished)
    curves = curves_table(plan, finished)
    tables = {
        "runs.csv": write_table(runs, folder / "runs.csv"),
        "curves.csv": write_table(curves, folder / "curves.csv", CURVE_DIGITS),
    }
    (folder / "claims.csv").unlink(missing_ok=True)  # of other runs
    adopted = [Adoption(**adoption) for adoption in store.adoptions()]
    recorded = provenance(plan, finished, command_line(), adopted, tables=tables)
    write_provenance(recorded, folder)
    return runs
