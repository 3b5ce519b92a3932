"""Write the tables of a results folder: runs, curves, verdicts, and `provenance.json`."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from repro.findings.judged import judge_runs
from repro.store.provenance import (
    Adoption,
    Provenance,
    command_line,
    provenance,
    read_provenance,
    write_provenance,
)
from repro.store.runs import Store, StoredRun
from repro.store.tables import CURVE_DIGITS, curves_table, runs_table, write_claims, write_table
from repro.study.errors import StudyError
from repro.study.plan import Plan

KEPT = ("command", "package", "finished", "seconds_per_run", "seconds")  # of who trained the runs


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
    write_provenance(_as_recorded(recorded, folder), folder)
    return runs


def _as_recorded(recorded: Provenance, folder: Path) -> Provenance:
    """Return it with command, date and times of the runs and tables that are there, if it has them.

    So a call that trains nothing leaves a folder as it is.
    """
    try:
        earlier = read_provenance(folder)
    except (StudyError, OSError):
        return recorded
    if earlier.runs != recorded.runs or not earlier.tables.items() >= recorded.tables.items():
        return recorded
    return recorded.model_copy(update={name: getattr(earlier, name) for name in KEPT})
