"""Read a results folder, and find what was edited since it was written."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from repro.store.files import content_digest
from repro.store.identities import identities_digest
from repro.store.provenance import Provenance, read_provenance
from repro.store.tables import TableFileError, read_table
from repro.study.errors import StudyError, unknown
from repro.study.experiments import find_experiment
from repro.study.files import read_regular, real_path, require_regular
from repro.study.folder import RESULTS, study_names
from repro.study.models import Report, Study, Variant
from repro.study.plan import Plan
from repro.study.schema import load_study
from repro.study.sweep import is_sweep, sweep_title, swept

NEEDED = ("runs.csv", "curves.csv", "provenance.json")
TABLES = ("runs.csv", "curves.csv", "claims.csv")
# each as PNG and SVG; some studies lack the last
FIGURES = ("fixes", "runs", "learning_curves", "mechanism")
SWEEP_FIGURES = ("sweep", "runs", "learning_curves")
EDITED = "edited since they were made"


class EditedError(StudyError):
    """Tables are not what was written; the message names them and what to do."""


@dataclass(frozen=True)
class Results:
    """The tables in a study's results folder, and how they were made.

    Attributes:
        doubts: what is not as it was written, a phrase each; there are some only where they were
            asked to be shown.
    """

    folder: Path
    provenance: Provenance
    runs: pd.DataFrame
    curves: pd.DataFrame
    doubts: tuple[str, ...] = ()

    @property
    def has_digests(self) -> bool:
        """True if it can be told whether the tables are as they were written."""
        return bool(self.provenance.tables)

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The claims with their verdicts; raises as `read_results` does."""
        path = self.folder / "claims.csv"
        require_file(path)
        return _table(path)


def read_results(
    folder: Path, study: str = "", *, anyway: bool = False, unread: tuple[str, ...] = ()
) -> Results:
    """Read a results folder; its tables must be those that were written there.

    They are held against the digests in `provenance.json`, where it has any, and against the
    columns, ranges, variants and seeds that they can have.

    Args:
        folder: to read.
        study: name of the study whose results it holds; by default the folder's.
        anyway: whether tables that were edited are taken, with `doubts`.
        unread: tables that are not asked for, and may be anything.

    Raises:
        EditedError: if tables were edited.
        StudyError: if a file is not there, or not what it should be.
    """
    present = [name for name in TABLES if name not in unread and os.path.lexists(folder / name)]
    for name in (*NEEDED, *present):
        require_file(folder / name)
    named = study or study_name(folder)
    recorded = read_provenance(folder)
    contents = {name: read_regular(folder / name) for name in present}
    edited = list(_edited(recorded.tables, contents, unread))
    if edited and not anyway:  # before they are parsed: a table cut in half is edited, too
        raise EditedError(doubts_told(folder, edited))
    metrics = find_experiment(named).metrics
    runs, curves = (
        _table(folder / name, metrics, content=contents[name])
        for name in ("runs.csv", "curves.csv")
    )
    foreign = list(_foreign(named, recorded, runs, curves))
    if foreign and not anyway:
        raise EditedError(doubts_told(folder, foreign))
    doubts = (*edited, *foreign)
    return Results(folder, provenance=recorded, runs=runs, curves=curves, doubts=doubts)


def _table(path: Path, *args: Any, **options: Any) -> pd.DataFrame:
    """Read a table as `read_table` does; what is wrong is said with the remedy."""
    try:
        return read_table(path, *args, **options)
    except TableFileError as error:
        remedy = f"python -m repro.{study_name(path.parent)} makes it anew"
        raise TableFileError(f"{error}; {remedy}") from None


def doubts_told(folder: Path, doubts: list[str] | tuple[str, ...]) -> str:
    """Return the line on tables that are not what was written."""
    return (
        f"{folder}: {EDITED}: {'; '.join(doubts)} (or their writing was interrupted). "
        f"python -m repro.{study_name(folder)} makes them anew; report --anyway shows them, marked"
    )


def _edited(
    digests: Mapping[str, str], contents: Mapping[str, bytes], unread: tuple[str, ...]
) -> Iterator[str]:
    if not digests:
        return
    for name in TABLES:
        if name in contents and name not in digests:
            yield f"{name}, which was added"
        elif name in contents and content_digest(contents[name]) != digests[name]:
            yield name
        elif name in digests and name not in contents and name not in unread:
            yield f"{name}, which is gone"


def _foreign(
    study: str, recorded: Provenance, runs: pd.DataFrame, curves: pd.DataFrame
) -> Iterator[str]:
    """Yield what runs and curves have that a run of this study, as it was recorded, has not."""
    if recorded.was_edited:
        yield "provenance.json"
    elif recorded.tables and identities_digest(runs, recorded) != recorded.runs:
        yield "provenance.json says of other runs than runs.csv has"
    known = set(recorded.settings.variants)
    present = set(zip(runs["variant"], runs["seed"], strict=True))
    if recorded.experiment != study:
        yield f"provenance.json is of the experiment {recorded.experiment[:60]!a}, not of {study}"
    others = runs.get("experiment", pd.Series([study])).unique()
    if wrong := [str(name) for name in others if name != study]:
        yield f"runs.csv has runs of the experiment {wrong[0][:60]!a}, not of {study}"
    if strange := sorted(set(runs["variant"]) - known):
        yield f"runs.csv: {unknown('variant', strange[0], sorted(known))}"
    drawn = set(zip(curves["variant"], curves["seed"], strict=True))
    if lone := sorted(drawn - present):
        yield f"curves.csv has a curve of {lone[0][0]}, seed {lone[0][1]}, of which there is no run"


def read_runs(folder: Path) -> pd.DataFrame:
    """Read `runs.csv`, with all metrics of the study that the folder is named after."""
    return read_table(folder / "runs.csv", find_experiment(study_name(folder)).metrics)


def study_name(folder: Path) -> str:
    """Return the study of a results folder: what its name has before @, else what is recorded."""
    named = real_path(folder).name.partition("@")[0]
    if named in study_names():
        return named
    with suppress(StudyError, OSError):
        return read_provenance(folder).experiment
    return named


@dataclass(frozen=True)
class EarlierCosts:
    """The costs of a plan's runs, by earlier results of its study, perhaps of another machine.

    Attributes:
        seconds: a run of each variant, made as many as a run of the plan's epochs would take.
        on_same_data: whether they are seconds of the plan's data; else they tell variants apart.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    on_same_data: bool = False


def earlier_costs(plan: Plan) -> EarlierCosts:
    """Return what a plan's runs took in its study's results, as far as there are any."""
    try:
        recorded = read_provenance(RESULTS / plan.study.name)
    except (StudyError, OSError):
        return EarlierCosts()
    seconds = {
        variant: cost * _epochs(own) / _epochs(recorded.settings.of_variant(variant))
        for variant, own in plan.parameters.items()
        if variant in recorded.settings.variants
        and (cost := recorded.seconds_per_run.get(variant, 0.0))
    }
    return EarlierCosts(seconds, recorded.data_digest == plan.data_digest)


def _epochs(parameters: Mapping[str, Any]) -> float:
    epochs = parameters.get("epochs")
    return float(epochs) if isinstance(epochs, int) and epochs > 0 else 1.0


def find_results(name: str) -> tuple[Study, Path]:
    """Return the study and the results folder that a name stands for: a study's, or a folder.

    A folder in `results/` may be named alone: `mnist_relu@quick`.

    Raises:
        StudyError: if it is neither; it names the nearest study.
    """
    folder = Path(name)
    if "@" in name and not folder.is_dir() and (RESULTS / name).is_dir():
        folder = RESULTS / name
    if name in study_names() or not (folder / "runs.csv").is_file():
        if folder.is_dir():
            raise StudyError(f"{name or '.'} holds no results: {folder / 'runs.csv'} is not there")
        if name not in study_names():
            folders = sorted(path.parent.name for path in RESULTS.glob("*@*/runs.csv"))
            raise StudyError(unknown("study or results folder", name, [*study_names(), *folders]))
        return load_study(name), RESULTS / name
    return study_of(folder), folder


def figures_of(study: Study) -> tuple[str, ...]:
    """Return the names of the figures that a results folder of a study, or of a sweep, may have."""
    return SWEEP_FIGURES if is_sweep(study) else FIGURES


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
            parameters=_combination(name, varied)
            or {key: settings.of_variant(name).get(key, "") for key in varied},
        )
        for name in settings.variants
    }
    changes = {"variants": variants, "grids": {}, "claims": {}, "report": Report()}
    recorded = study.model_copy(update={**changes, "open_questions": ()})
    return _with_settings_held(recorded, settings.common) if is_sweep(recorded) else recorded


def _combination(name: str, varied: Sequence[str]) -> dict[str, str]:
    """Return a sweep's combination as its name has it: in that order, 1/255 as it was written."""
    texts = {key: value for key, _, value in (part.partition("=") for part in name.split(","))}
    return texts if texts.keys() == set(varied) else {}


def _with_settings_held(study: Study, common: Mapping[str, Any]) -> Study:
    """Return a sweep's study with the settings that it made for all, and a title that says so."""
    varied, usual = swept(study), find_experiment(study.name).defaults | study.fixed
    held = {
        key: value
        for key, value in common.items()
        if key not in varied and key in usual and value != usual[key]
    }
    title = sweep_title(study.name, varied, held)
    return study.model_copy(update={"title": title, "fixed": study.fixed | held})


def require_file(path: Path) -> None:
    """Raise `StudyError` if a file of a results folder is not there, or is no file."""
    command = f"python -m repro.{study_name(path.parent)}"
    if not os.path.lexists(path):
        raise StudyError(f"{path} is not there; run {command} first")
    try:
        require_regular(path)
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror}; {command} makes it anew") from None
