"""The tables of a results folder: made from the store, written whole or not at all."""

import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype, is_numeric_dtype
from pandas.errors import ParserWarning

from repro.store.files import content_digest, write_whole
from repro.store.ranges import is_inside, kind_of_points
from repro.store.runs import StoredRun
from repro.store.shape import MOST_SEEDS
from repro.study.errors import StudyError
from repro.study.files import read_regular
from repro.study.metrics import RANGES
from repro.study.plan import Plan
from repro.study.records import STATUS
from repro.study.text import controls

# Curves are drawn, not judged; whole, they would be most of what is committed.
CURVE_DIGITS = 6  # significant ones
CURVE_SEEDS = 40  # of a variant
# Claims are made from other tables, on any computer: processors round sums in orders of their own.
CLAIM_DIGITS = 9  # significant ones
# With apostrophes before it, too, so that one of them can be told from one that was added.
FORMULA = r"\A'*[=+\-@\t\r]"
GUARDED = r"\A'+[=+\-@\t\r]"

MOST_COLUMNS, BYTES_A_NAME = 1000, 2**10
TOO_LONG = "its rows have more cells than its heading"

VERDICTS = ("holds", "refuted", "inconclusive")
COLUMNS = {
    "runs.csv": {"variant": "text", "seed": "seed", "status": "status"},
    "curves.csv": {"variant": "text", "seed": "seed"},
    "claims.csv": dict.fromkeys(("claim", "made_by", "says", "variant"), "text")
    | {"reference": "text or nothing", "metric": "text", "event": "text or nothing"}
    | {"test": "text", "bound": "number", "bound_fixed": "text", "seeds": "text or nothing"}
    | dict.fromkeys(("estimate", "ci_low", "ci_high"), "number")
    | {"coverage": "share", "effect_size": "share"}
    | {"p_relation": "text or nothing", "p_value": "share"}
    | {"n": "whole number", "verdict": "verdict"},
}

KEYS = {"runs.csv": ["variant", "seed"], "curves.csv": ["variant", "seed"], "claims.csv": ["claim"]}


class TableFileError(StudyError):
    """A file is not the table that it should be; the message names file and column."""


def runs_table(plan: Plan, runs: Mapping[str, StoredRun]) -> pd.DataFrame:
    """Return `runs.csv`: one row a run, variants in the study's order, seeds as given.

    A run that crashed has no metrics and the status `crashed`.
    """
    scientific = scientific_parameters(plan)
    crashed = dict.fromkeys(plan.experiment.metrics, np.nan) | {"status": "crashed"}
    rows = []
    for variant, seed, identity in plan.runs:
        settings = {name: _cell(plan.parameters[variant].get(name)) for name in scientific}
        metrics = runs[identity].metrics if identity in runs else crashed
        row = {"experiment": plan.experiment.name, "variant": variant, "seed": seed}
        rows.append(row | settings | {k: metrics[k] for k in (*plan.experiment.metrics, "status")})
    table = pd.DataFrame(rows)
    # a parameter that a variant has not stays empty, and its neighbours integers
    gaps = {name: [row[name] for row in rows] for name in scientific if table[name].hasnans}
    return table.assign(**{name: pd.Series(values, dtype=object) for name, values in gaps.items()})


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


def write_table(table: pd.DataFrame, path: Path, digits: int | None = None) -> str:
    """Write a table as CSV, LF line ends; floats exactly, or with so many significant digits.

    A text that a spreadsheet would take for a formula, since it starts with = + - @, a tab or a
    carriage return, gets an apostrophe before it, which `read_table` takes off again. Numbers are
    not texts: -1.5 stays -1.5.

    Returns:
        The digest of what was written.
    """
    form = f"%.{digits}g" if digits else None
    guarded = _each_text(table, lambda text: re.sub(FORMULA, r"'\g<0>", text))
    content = guarded.to_csv(index=False, lineterminator="\n", float_format=form).encode()
    write_whole(path, content)
    return content_digest(content)


def write_claims(claims: pd.DataFrame, folder: Path) -> str:
    """Write `claims.csv`, to the digits that every computer agrees on; return its digest.

    A bound is not computed: it stays as the study file has it.
    """
    exact = claims.astype({"bound": object})
    return write_table(exact, folder / "claims.csv", CLAIM_DIGITS)


def _each_text(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    texts = table.select_dtypes(["object", "str"])
    return table.assign(**{name: _each_once(texts[name], change) for name in texts})


def _each_once(texts: pd.Series, change: Callable[[str], str]) -> pd.Series:
    # a column repeats few texts, such as a variant's name, many times, and hardly one changes
    results = {text: change(text) for text in texts.unique() if isinstance(text, str)}
    changed = {text: result for text, result in results.items() if text != result}
    return texts.map(lambda text: changed.get(text, text)) if changed else texts


def read_table(
    path: Path,
    metrics: Mapping[str, str] | None = None,
    text: Iterable[str] = (),
    content: bytes | None = None,
) -> pd.DataFrame:
    """Read a table that `write_table` wrote; texts and floats come back exactly.

    Args:
        path: the file; `runs.csv`, `curves.csv` and `claims.csv` must have their columns.
        metrics: other columns that must be there, and hold numbers in the range of their kind; of
            `curves.csv`, those that are there.
        text: columns that hold words even if all of them look like `true` or numbers.
        content: of the file, if it has been read.

    Raises:
        TableFileError: if it is no such table.
        OSError: if it can't be read.
    """
    content = read_regular(path) if content is None else content
    try:
        check_heading(path, content)
        table = parse_table(
            content,
            keep_default_na=False,
            na_values=[""],
            dtype=dict.fromkeys(text, str),
            low_memory=False,  # a column has one type, however long the table is
        )
    except TableFileError:
        raise
    except ParserWarning:
        raise TableFileError(f"{path}: {TOO_LONG}") from None
    except (ValueError, csv.Error) as error:
        raise TableFileError(f"{path}: not a table: {str(error).strip()}") from None
    _check(path, table, dict(metrics or {}))
    return _each_text(table, lambda text: text[1:] if re.match(GUARDED, text) else text)


def check_heading(
    path: Path, content: bytes, *, limit: int = MOST_COLUMNS, separator: str = ","
) -> None:
    """Raise `TableFileError` if a table has more columns than so many, or one twice.

    Each costs as much as a row; and of two, pandas would rename one.
    """
    longest = limit * BYTES_A_NAME
    stream = io.StringIO(content[:longest].decode(errors="replace"), newline="")
    columns = next(csv.reader(stream, delimiter=separator), [])
    is_cut = len(content) > longest and not stream.read(1)
    if is_cut or len(columns) > limit:
        raise TableFileError(f"{path}: has more than {limit:,} columns")
    for name, count in Counter(columns).items():
        if count > 1:
            raise TableFileError(f"{path}: the column {name[:60]!a} is there twice")


def parse_table(content: bytes, **options: Any) -> pd.DataFrame:
    """Return the table of a text, read as pandas does but for rows that are too long.

    Raises:
        ParserWarning: for rows of more cells than the heading has, of which pandas makes an index.
        ValueError, csv.Error: if it is none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", ParserWarning)
        return pd.read_csv(io.BytesIO(content), index_col=False, **options)


def _check(path: Path, table: pd.DataFrame, metrics: dict[str, str]) -> None:
    kinds, keys = COLUMNS.get(path.name, {}) | metrics, KEYS.get(path.name, [])
    if path.name == "curves.csv":
        step = "epoch" if "epoch" in table else "step"
        ranged = {name: kind_of_points(kind) for name, kind in metrics.items() if name in table}
        known = COLUMNS["curves.csv"] | {step: "whole number"} | ranged
        kinds = known | dict.fromkeys(set(table) - set(known), "number")
        keys = [*keys, step]
    for column, kind in kinds.items():
        if column not in table:
            raise TableFileError(f"{path}: the column {column!r} is missing")
        if len(table) and not _CHECKS[kind](table[column]):
            raise TableFileError(f"{path}: the column {column!r} has something that is no {kind}")
    if path.name == "runs.csv" and table.empty:
        raise TableFileError(f"{path}: there are no runs")
    if keys and table.duplicated(keys).any():
        raise TableFileError(f"{path}: two rows have the same {', '.join(keys)}")
    _refuse_controls(path, table)


def _refuse_controls(path: Path, table: pd.DataFrame) -> None:
    for name in [*table.columns, *table.select_dtypes(["object", "str"])]:
        texts = [name, *(table[name].unique() if name in table else ())]
        for control in (c for text in texts if isinstance(text, str) for c in controls(text)):
            raise TableFileError(
                f"{path}: the column {name!a} has the control character {control!a}"
            )


def _is_text(column: pd.Series) -> bool:
    return all(isinstance(value, str) for value in column.unique())


def _is_number(column: pd.Series) -> bool:
    # truth values with gaps come back as objects
    return is_numeric_dtype(column) or column.dropna().map(lambda v: isinstance(v, bool)).all()


def _is_within(kind: str) -> Callable[[pd.Series], bool]:
    """Return the check that numbers are in the range of a metric's kind; gaps may be."""

    def check(column: pd.Series) -> bool:
        return bool(_is_number(column) and is_inside(column.dropna().to_numpy(float), kind).all())

    return check


def _is_integer_up_to(limit: float) -> Callable[[pd.Series], bool]:
    return lambda column: is_integer_dtype(column) and column.min() >= 0 and column.max() < limit


_CHECKS: dict[str, Callable[[pd.Series], bool]] = {
    **{kind: _is_within(kind) for kind in RANGES},
    "text": _is_text,
    "text or nothing": lambda column: _is_text(column.dropna()),
    "verdict": lambda column: column.dropna().isin(VERDICTS).all(),  # none: not judged
    "status": lambda column: column.isin(STATUS).all(),
    "seed": _is_integer_up_to(MOST_SEEDS),
    "whole number": _is_integer_up_to(np.inf),
}


def _cell(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else value
