"""The tables of a results folder: made from the store, written whole or not at all."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from repro.store.files import write_whole
from repro.store.runs import StoredRun
from repro.study.errors import StudyError
from repro.study.plan import Plan

# Curves are drawn, not judged; whole, they would be most of what is committed.
CURVE_DIGITS = 6  # significant ones
CURVE_SEEDS = 40  # of a variant
# With apostrophes before it, too, so that one of them can be told from one that was added.
FORMULA = r"\A'*[=+\-@\t\r]"
GUARDED = r"\A'+[=+\-@\t\r]"

VERDICTS = ("holds", "refuted", "inconclusive")
COLUMNS = {
    "runs.csv": {"variant": "text", "seed": "integer", "status": "text"},
    "curves.csv": {"variant": "text", "seed": "integer"},
    "claims.csv": dict.fromkeys(("claim", "made_by", "says", "variant"), "text")
    | {"reference": "text or nothing", "metric": "text", "event": "text or nothing"}
    | {"test": "text", "bound": "number", "bound_fixed": "text", "seeds": "text or nothing"}
    | dict.fromkeys(("estimate", "ci_low", "ci_high", "coverage"), "number")
    | {"effect_size": "number", "p_relation": "text or nothing", "p_value": "number"}
    | {"n": "integer", "verdict": "verdict"},
}

KEYS = {"runs.csv": ["variant", "seed"], "curves.csv": ["variant", "seed"], "claims.csv": ["claim"]}


class TableError(StudyError):
    """A file is not the table that it should be; the message names file and column."""


def runs_table(plan: Plan, runs: Mapping[str, StoredRun]) -> pd.DataFrame:
    """Return `runs.csv`: one row a run, variants in the study's order, seeds as given.

    A run that crashed has no metrics and the status `crashed`; one that diverged has none of those
    that the study says are of a trained network.
    """
    scientific = scientific_parameters(plan)
    crashed = dict.fromkeys(plan.experiment.metrics, np.nan) | {"status": "crashed"}
    rows = []
    for variant, seed, identity in plan.runs:
        settings = {name: _cell(plan.parameters[variant].get(name)) for name in scientific}
        metrics: Mapping[str, Any] = crashed
        if identity in runs:
            metrics = _of_status(runs[identity].metrics, plan.study.of_trained)
        row = {"experiment": plan.experiment.name, "variant": variant, "seed": seed}
        rows.append(row | settings | {k: metrics[k] for k in (*plan.experiment.metrics, "status")})
    table = pd.DataFrame(rows)
    # a parameter that a variant has not stays empty, and its neighbours integers
    gaps = {name: [row[name] for row in rows] for name in scientific if table[name].hasnans}
    return table.assign(**{name: pd.Series(values, dtype=object) for name, values in gaps.items()})


def _of_status(metrics: Mapping[str, Any], of_trained: Sequence[str]) -> Mapping[str, Any]:
    if metrics["status"] != "diverged":
        return metrics
    return {**metrics, **dict.fromkeys(of_trained, np.nan)}


def curves_table(plan: Plan, runs: Mapping[str, StoredRun]) -> pd.DataFrame:
    """Return `curves.csv`: a run's metrics per epoch or logged step, each variant's first runs."""
    rows = [
        {"variant": variant, "seed": seed, **point}
        for variant, seed, identity in plan.runs
        if identity in runs and seed in plan.seeds[variant][:CURVE_SEEDS]
        for point in runs[identity].curve
    ]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=["variant", "seed", "epoch"])


def scientific_parameters(plan: Plan) -> list[str]:
    """Return the parameters that any variant sets, in the order of the experiment's signature."""
    varied = set().union(*(v.parameters for v in plan.study.all_variants.values()))
    return [name for name in plan.experiment.names if name in varied]


def write_table(table: pd.DataFrame, path: Path, digits: int | None = None) -> None:
    """Write a table as CSV, LF line ends; floats exactly, or with so many significant digits.

    A text that a spreadsheet would take for a formula, since it starts with = + - @, a tab or a
    carriage return, gets an apostrophe before it, which `read_table` takes off again. Numbers are
    not texts: -1.5 stays -1.5.
    """
    form = f"%.{digits}g" if digits else None
    guarded = _each_text(table, lambda text: re.sub(FORMULA, r"'\g<0>", text))
    write_whole(path, guarded.to_csv(index=False, lineterminator="\n", float_format=form).encode())


def _each_text(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    texts = table.select_dtypes(["object", "str"])
    return table.assign(**{name: _each_once(texts[name], change) for name in texts})


def _each_once(texts: pd.Series, change: Callable[[str], str]) -> pd.Series:
    # a column repeats few texts, such as a variant's name, many times, and hardly one changes
    results = {text: change(text) for text in texts.unique() if isinstance(text, str)}
    changed = {text: result for text, result in results.items() if text != result}
    return texts.map(lambda text: changed.get(text, text)) if changed else texts


def read_table(path: Path, metrics: Iterable[str] = (), text: Iterable[str] = ()) -> pd.DataFrame:
    """Read a table that `write_table` wrote; texts and floats come back exactly.

    Args:
        path: the file; `runs.csv`, `curves.csv` and `claims.csv` must have their columns.
        metrics: other columns that must be there and hold numbers.
        text: columns that hold words even if all of them look like `true` or numbers.

    Raises:
        TableError: if it is no such table.
        OSError: if it can't be read.
    """
    try:
        table = pd.read_csv(
            path,
            keep_default_na=False,
            na_values=[""],
            dtype=dict.fromkeys(text, str),
            low_memory=False,  # a column has one type, however long the table is
        )
    except ValueError as error:
        raise TableError(f"{path}: not a table: {str(error).strip()}") from None
    _check(path, table, dict.fromkeys(metrics, "number"))
    return _each_text(table, lambda text: text[1:] if re.match(GUARDED, text) else text)


def _check(path: Path, table: pd.DataFrame, kinds: dict[str, str]) -> None:
    kinds, keys = COLUMNS.get(path.name, {}) | kinds, KEYS.get(path.name, [])
    if path.name == "curves.csv":
        step = "epoch" if "epoch" in table else "step"
        kinds = kinds | {step: "integer"} | dict.fromkeys(set(table) - {*kinds, step}, "number")
        keys = [*keys, step]
    for column, kind in kinds.items():
        if column not in table:
            raise TableError(f"{path}: the column {column!r} is missing")
        if len(table) and not _CHECKS[kind](table[column]):
            raise TableError(f"{path}: the column {column!r} has something that is no {kind}")
    if path.name == "runs.csv" and table.empty:
        raise TableError(f"{path}: there are no runs")
    if keys and table.duplicated(keys).any():
        raise TableError(f"{path}: two rows have the same {', '.join(keys)}")


def _is_text(column: pd.Series) -> bool:
    return all(isinstance(value, str) for value in column.unique())


def _is_number(column: pd.Series) -> bool:
    # truth values with gaps come back as objects
    return is_numeric_dtype(column) or column.dropna().map(lambda v: isinstance(v, bool)).all()


_CHECKS: dict[str, Callable[[pd.Series], bool]] = {
    "text": _is_text,
    "text or nothing": lambda column: _is_text(column.dropna()),
    "verdict": lambda column: column.dropna().isin(VERDICTS).all(),  # none: not judged
    "integer": is_integer_dtype,
    "number": _is_number,
}


def _cell(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else value
