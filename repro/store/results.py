"""Read a results folder."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from repro.store.provenance import Provenance, read_provenance
from repro.store.tables import read_table
from repro.study.errors import StudyError
from repro.study.experiments import find_experiment
from repro.study.folder import RESULTS, study_names
from repro.study.schema import Report, Study, Variant, load_study

NEEDED = ("runs.csv", "curves.csv", "provenance.json")
# each as PNG and SVG; some studies lack the last
FIGURES = ("fixes", "runs", "learning_curves", "mechanism")


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
    metrics = find_experiment(study or study_name(folder)).metrics
    return Results(
        folder,
        provenance=read_provenance(folder),
        runs=read_table(folder / "runs.csv", metrics),
        curves=read_table(folder / "curves.csv"),
    )


def read_runs(folder: Path) -> pd.DataFrame:
    """Read `runs.csv`, with all metrics of the study that the folder is named after."""
    return read_table(folder / "runs.csv", find_experiment(study_name(folder)).metrics)


def study_name(folder: Path) -> str:
    """Return the name of the study that a results folder is named after: what stands before @."""
    return folder.resolve().name.partition("@")[0]


def find_results(name: str) -> tuple[Study, Path]:
    """Return the study and the results folder that a name stands for: a study's, or a folder.

    Raises:
        StudyError: if it is neither; it names the nearest study.
    """
    folder = Path(name)
    if name in study_names() or not (folder / "runs.csv").is_file():
        if folder.is_dir():
            raise StudyError(f"{name} holds no results: {folder / 'runs.csv'} is not there")
        return load_study(name), RESULTS / name
    return study_of(folder), folder


def study_of(folder: Path) -> Study:
    """Return the study whose runs a results folder holds.

    Of a sweep it is the study with the combinations that are there as its variants.
    """
    study = load_study(study_name(folder))
    settings = read_provenance(folder).settings
    if settings.variants.keys() <= study.all_variants.keys():
        return study
    varied = list(dict.fromkeys(key for own in settings.variants.values() for key in own))
    variants = {
        name: Variant.model_construct(
            label=name,
            group="mechanism",
            quoted=(),
            seeds=None,
            parameters={key: settings.of_variant(name)[key] for key in varied},
        )
        for name in settings.variants
    }
    changes = {"variants": variants, "grids": {}, "claims": {}, "report": Report()}
    return study.model_copy(update={**changes, "open_questions": ()})


def require_file(path: Path) -> None:
    """Raise `StudyError` if a file of a results folder is not there."""
    if not path.is_file():
        raise StudyError(f"{path} is not there; run python -m repro.{path.parent.name} first")
