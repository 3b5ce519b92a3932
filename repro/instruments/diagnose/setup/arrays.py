"""The user's arrays: checked, and handled alike whether there is one, a list or a dict of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.instruments.diagnose.setup.errors import DiagnoseError, listed, short

Array = NDArray[Any]

FAR = 3.0  # distances between the quartiles, from which on a value is far out: Tukey 1977


def leaves(data: Any) -> list[Array]:
    """Return the arrays that inputs or targets consist of, as a list."""
    if isinstance(data, dict):
        return list(data.values())
    return list(data) if isinstance(data, list | tuple) else [data]


def map_arrays(x: Any, function: Callable[[Array], Any]) -> Any:
    """Apply a function to every array of the inputs."""
    if isinstance(x, dict):
        return {name: function(a) for name, a in x.items()}
    if isinstance(x, list | tuple):
        return [function(a) for a in x]
    return function(x)


def select_rows(pair: tuple[Any, Any], rows: Array) -> tuple[Any, Any]:
    """Return some rows of inputs and targets."""
    return map_arrays(pair[0], lambda a: a[rows]), pair[1][rows]


def first_rows(x: Any, rows: int) -> Any:
    """Return the first rows of the inputs."""
    return map_arrays(x, lambda a: a[:rows])


def as_columns(array: Array) -> Array:
    """Return a plain list of numbers as one column: layers take no less than two dimensions."""
    return array[:, None] if array.ndim == 1 else array


def standardized(columns: Array) -> Array:
    """Return columns with mean 0 and deviation 1, or 0 where all rows are alike."""
    spread = columns.std(axis=0)
    return (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1)


def shapes(x: Any) -> str:
    """Return the arrays' shapes as text."""
    return ", ".join(str(a.shape) for a in leaves(x))


def checked_arrays(name: str, data: Any, gaps: bool = False) -> Any:
    """Return the data as arrays of numbers, each with at least two rows.

    Args:
        name: what the message of an error calls them.
        data: an array, or a list or dict of them.
        gaps: whether some values may be NaN or infinite.

    Raises:
        DiagnoseError: if they are something else.
    """
    if isinstance(data, dict):
        return {key: _checked_array(f"{name}[{key!r}]", a, gaps) for key, a in data.items()}
    if isinstance(data, list | tuple) and data and getattr(data[0], "shape", ()):
        return [_checked_array(f"{name}[{i}]", a, gaps) for i, a in enumerate(data)]
    return _checked_array(name, data, gaps)


def _checked_array(name: str, data: Any, gaps: bool) -> Array:
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise DiagnoseError(f"{name} is no array: its rows differ in length") from error
    if array.dtype.kind not in "fiub":
        raise DiagnoseError(_no_numbers(f"{name}{_column_of_text(data)}", array))
    if array.ndim == 0 or len(array) < 2:
        raise DiagnoseError(f"{name} must have at least two rows, got shape {array.shape}")
    bad = np.size(array) - np.count_nonzero(np.isfinite(array))
    if bad == np.size(array) or (bad and not gaps):
        raise DiagnoseError(
            f"{name} is NaN or infinite in {bad:,} of {array.size:,} places; remove or replace them"
        )
    return array.astype("float32") if array.dtype == np.float16 else array


def _column_of_text(data: Any) -> str:
    """Return which column of a data frame holds no numbers, in brackets; "" of anything else."""
    kinds = data.dtypes.items() if isinstance(data, pd.DataFrame) else ()
    return next((f"[{short(name)!r}]" for name, kind in kinds if kind.kind not in "fiub"), "")


def _no_numbers(name: str, array: Array) -> str:
    text = f"{name} must hold numbers, got {array.dtype}; "
    if name.endswith("y") and array.dtype.kind in "OSU":
        return f"{text}no loss reads text: y = np.unique(y, return_inverse=True)[1] counts classes"
    return f"{text}encode text as numbers first"


def filled(a: Array) -> Array:
    """Return an array with the mean of its column in place of what is NaN or infinite."""
    finite = np.isfinite(a)
    if finite.all():
        return a
    return np.where(finite, a, mean_of_finite(a))


def mean_of_finite(a: Array) -> Array:
    """Return the mean of each column's finite values; 0 of a column that has none."""
    finite = np.isfinite(a)
    sums = np.where(finite, a, 0).sum(axis=0, dtype=float)
    return np.asarray((sums / np.maximum(finite.sum(axis=0), 1)).astype(a.dtype))


def check_same_rows(x: Any, y: Any, names: str) -> None:
    """Raise DiagnoseError unless inputs and targets have as many rows."""
    lengths = [len(a) for a in leaves(x)], [len(a) for a in leaves(y)]
    if len({*lengths[0], *lengths[1]}) > 1:
        ours, theirs = (listed(list(dict.fromkeys(counts))) for counts in lengths)
        text = f"{names} must have as many rows, got {ours} and {theirs}"
        if isinstance(x, list | tuple) and len(x) in lengths[1]:
            text += "; a list of arrays is one input each: np.array(x) makes rows of them"
        raise DiagnoseError(text)


def check_count(name: str, count: Any) -> None:
    """Raise DiagnoseError unless a count is a whole number of at least 1."""
    if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
        raise DiagnoseError(f"{name} must be a whole number of at least 1, got {count!r}")


def fences(a: Array) -> tuple[Array, Array]:
    """Return the bounds of what isn't far out, by column; infinite where most rows are alike."""
    low, high = np.quantile(a, (0.25, 0.75), axis=0)
    spread = np.where(high > low, high - low, np.inf)
    return low - FAR * spread, high + FAR * spread
