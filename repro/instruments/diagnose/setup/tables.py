"""Data in a table: CSV and Parquet files, one row an example, one column the target."""

from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.errors import ParserWarning

from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.errors import DiagnoseError, listed, one_line, short
from repro.instruments.diagnose.setup.parquet import read_parquet
from repro.store.files import read_regular
from repro.store.tables import TOO_LONG, TableFileError, check_heading, parse_table

MOST_COLUMNS = 100_000  # of text, in which each costs as much as a row
COMPARED = 10_000  # columns that a wrong name is held against
NAMED = f"mend its heading: a name for each of at most {MOST_COLUMNS:,} columns"
TABLES = (".csv", ".tsv", ".parquet")


def load_table(path: Path, target: str | None) -> dict[str, Array]:
    """Return a table's columns as `x`, but for those named by `target`, which are `y`.

    Args:
        path: the file.
        target: the target's column, or several with commas between them. Text in it is a class, and
            classes are counted from 0 in alphabetical order.

    Raises:
        DiagnoseError: if the file can't be read, or a column holds no numbers.
    """
    table = _read(path)
    columns = _target_columns(path, table, target)
    return {"x": _inputs(path, table.drop(columns=columns)), "y": _targets(path, table[columns])}


def _read(path: Path) -> pd.DataFrame:
    try:
        content = read_regular(path, follow=True)
        if path.suffix == ".parquet":
            return read_parquet(path, content)
        separator = "\t" if path.suffix == ".tsv" else ","
        _check_separator(path, content.split(b"\n", 1)[0], separator.encode())
        check_heading(path, content, limit=MOST_COLUMNS, separator=separator)
        return parse_table(content, sep=separator)
    except DiagnoseError:
        raise
    except TableFileError as error:
        raise DiagnoseError(f"{error}; {NAMED}") from None
    except ParserWarning:
        raise DiagnoseError(f"{path}: {TOO_LONG}; {NAMED}") from None
    except OSError as error:
        raise DiagnoseError(f"{path} can't be read: {error.strerror or error}") from error
    except ImportError as error:
        raise DiagnoseError(
            f"{path}: reading Parquet needs pyarrow: pip install pyarrow"
        ) from error
    except Exception as error:  # parsers raise nearly anything on bytes that are no table
        raise DiagnoseError(f"{path} is no table: {one_line(error)}") from error


def _check_separator(path: Path, heading: bytes, separator: bytes) -> None:
    """Raise DiagnoseError for a table as spreadsheets write it where the comma is a point."""
    if b";" in heading and separator not in heading:
        raise DiagnoseError(
            f"{path}: its columns are parted by semicolons; write it anew with commas: "
            "pandas.read_csv(…, sep=';', decimal=',').to_csv(…, index=False)"
        )


def _target_columns(path: Path, table: pd.DataFrame, target: str | None) -> list[str]:
    names = [str(name) for name in table.columns]
    if not len(table):
        raise DiagnoseError(f"{path} has a heading and no rows")
    if target is None:
        raise DiagnoseError(f"{path} needs --target NAME; its columns are {listed(names)}")
    chosen = [target] if target in names else target.split(",")
    if twice := [name for name in chosen if chosen.count(name) > 1 or names.count(name) > 1]:
        raise DiagnoseError(f"{path}: the column {short(twice[0])!r} is there, or named, twice")
    for name in chosen:
        if name not in names:
            raise DiagnoseError(f"{path} has no column {name!r}; {_meant(name, names)}")
    return chosen


def _meant(name: str, names: list[str]) -> str:
    if all(_says_a_number(own) for own in names):
        return "its first line is to name the columns, and has numbers"
    nearest = get_close_matches(name, names[:COMPARED], n=1)
    return f"did you mean {short(nearest[0])!r}?" if nearest else f"it has {listed(names)}"


def _inputs(path: Path, table: pd.DataFrame) -> Array:
    text = [str(name) for name in table.columns if not _is_number(table[name])]
    if text:
        raise DiagnoseError(
            f"{path}: column {short(text[0])!r} holds no numbers; leave it out, or write it as "
            "numbers, such as by pandas.get_dummies"
        )
    if table.shape[1] == 0:
        raise DiagnoseError(f"{path} has no column besides the target")
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite then is named later
        return table.to_numpy("float32")


def _targets(path: Path, table: pd.DataFrame) -> Array:
    if table.isna().to_numpy().any():
        raise DiagnoseError(f"{path}: the target has empty cells; drop those rows")
    columns = [_numbers(table[name]) for name in table.columns]
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _numbers(column: Any) -> Array:
    if _is_number(column):
        return np.asarray(column.to_numpy())
    # each text once: all of them would take the room of the longest, or each its own
    places, kinds = pd.factorize(column)
    texts = np.empty(len(kinds), object)
    texts[:] = [str(kind) for kind in kinds]
    return np.unique(texts, return_inverse=True)[1][places]


def _says_a_number(name: str) -> bool:
    with suppress(ValueError):
        float(name)
        return True
    return False


def _is_number(column: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))
