"""What a results folder holds."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from repro.store.provenance import Provenance, read_provenance
from repro.store.tables import read_table
from repro.study.experiments import find_experiment
from repro.study.schema import StudyError

NEEDED = ("runs.csv", "curves.csv", "claims.csv", "provenance.json")
# each as PNG and SVG; some studies lack the last
FIGURES = ("runs", "learning_curves", "mechanism")


@dataclass(frozen=True)
class Results:
    """The tables in a study's results folder, and what they say about how they were made."""

    folder: Path
    provenance: Provenance
    runs: pd.DataFrame
    curves: pd.DataFrame
    claims: pd.DataFrame


def read_results(folder: Path) -> Results:
    """Read a study's results folder, which has the study's name.

    Raises:
        StudyError: if a file is not there, or not what it should be.
    """
    for name in NEEDED:
        require_file(folder / name)
    return Results(
        folder,
        provenance=read_provenance(folder),
        runs=read_runs(folder),
        curves=read_table(folder / "curves.csv"),
        claims=read_table(folder / "claims.csv"),
    )


def read_runs(folder: Path) -> pd.DataFrame:
    """Read the `runs.csv` of the study that the folder is named after, with all of its metrics."""
    return read_table(folder / "runs.csv", find_experiment(folder.name).metrics)


def require_file(path: Path) -> None:
    """Raise `StudyError` if a file of a results folder is not there."""
    if not path.is_file():
        raise StudyError(f"{path} is not there; run python -m repro.{path.parent.name} first")
