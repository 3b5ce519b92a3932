"""Read a results folder."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from repro.store.provenance import Provenance, read_provenance
from repro.store.tables import read_table
from repro.study.errors import StudyError
from repro.study.experiments import find_experiment

NEEDED = ("runs.csv", "curves.csv", "provenance.json")
# each as PNG and SVG; some studies lack the last
FIGURES = ("runs", "learning_curves", "mechanism")


@dataclass(frozen=True)
class Results:
    """The tables in a study's results folder, and how they were made."""

    folder: Path
    provenance: Provenance
    runs: pd.DataFrame
    curves: pd.DataFrame

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The claims with their verdicts; raises as `read_results` does."""
        path = self.folder / "claims.csv"
        require_file(path)
        return read_table(path)


def read_results(folder: Path, study: str = "") -> Results:
    """Read a results folder.

    Args:
        folder: to read.
        study: name of the study whose results it holds; by default the folder's.

    Raises:
        StudyError: if a file is not there, or not what it should be.
    """
    for name in NEEDED:
        require_file(folder / name)
    metrics = find_experiment(study or folder.name).metrics
    return Results(
        folder,
        provenance=read_provenance(folder),
        runs=read_table(folder / "runs.csv", metrics),
        curves=read_table(folder / "curves.csv"),
    )


def read_runs(folder: Path) -> pd.DataFrame:
    """Read the `runs.csv` of the study that the folder is named after, with all of its metrics."""
    return read_table(folder / "runs.csv", find_experiment(folder.name).metrics)


def require_file(path: Path) -> None:
    """Raise `StudyError` if a file of a results folder is not there."""
    if not path.is_file():
        raise StudyError(f"{path} is not there; run python -m repro.{path.parent.name} first")
