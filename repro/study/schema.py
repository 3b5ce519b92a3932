"""Read a study file, `experiments/NAME.toml`, and check it; an error names what is wrong in it."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from repro.study.contradictions import contradictions, wrong_sizes
from repro.study.errors import StudyError, unknown
from repro.study.experiments import find_experiment
from repro.study.folder import read_tables, studies_folder, study_names
from repro.study.models import Claim, Gap, Grid, OpenQuestion, Report, Study, Thread, Variant
from repro.study.naming import LONGEST_NAME
from repro.study.text import controls
from repro.study.validation import explain, first_told

MAX_DEPTH = 20  # of tables in tables
MODELS = (Study, Thread, Variant, Grid, Claim, OpenQuestion, Report, Gap)
KEYS = tuple(dict.fromkeys(name for model in MODELS for name in model.model_fields))


def load_study(name: str) -> Study:
    """Read and check the study of that name.

    Raises:
        StudyError: for a name without a file, text that is not TOML, unknown or missing keys,
            values of a wrong type, parameters that the experiment does not take, claims that name
            an unknown variant or metric.
    """
    if name not in study_names():
        raise StudyError(unknown("study", name, study_names()))
    return read_study(studies_folder() / f"{name}.toml")


def read_study(path: Path) -> Study:
    """Read and check a study file; raises as `load_study` does."""
    content = _read_content(path)
    _refuse_controls(content, path)
    try:
        study = Study.model_validate(_tuples(content))
    except ValidationError as error:
        lines = explain(error, KEYS)
        raise StudyError("\n".join(f"{path}: {line}" for line in lines)) from None
    if study.name != path.stem:
        raise StudyError(f"{path}: name: is {study.name!r}, must be the file's: {path.stem!r}")
    # what is too large is not looked at further
    problems = wrong_sizes(study) or first_told(contradictions(study, find_experiment(study.name)))
    if problems:
        raise StudyError("\n".join(f"{path}: {line}" for line in problems))
    return study


def _read_content(path: Path) -> dict[str, Any]:
    try:
        return read_tables(path)
    except (ValueError, RecursionError) as error:  # one of the many digits of a number, too
        raise StudyError(f"{path}: not a TOML file: {error}") from None


def _refuse_controls(value: Any, place: object, depth: int = 0) -> None:
    """Raise `StudyError` for a text with controls, see `repro.study.text`; or for endless depth."""
    if depth > MAX_DEPTH:
        raise StudyError(f"{place}: is nested more deeply than any study is")
    if isinstance(value, str) and (control := next(controls(value), "")):
        raise StudyError(f"{place}: has the control character {control!a}; leave it out")
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_controls(key, f"{place}: the key {key[:LONGEST_NAME]!a}")
            _refuse_controls(item, f"{place}: {key}", depth + 1)
    elif isinstance(value, list):
        for item in value:
            _refuse_controls(item, place, depth + 1)


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
