"""The user's arrays: checked, and handled alike whether there is one, a list or a dict of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repro.instruments.diagnose.setup.errors import DiagnoseError

Array = NDArray[Any]


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


def shapes(x: Any) -> str:
    """Return the arrays' shapes as text."""
    return ", ".join(str(a.shape) for a in leaves(x))


def checked_arrays(name: str, data: Any) -> Any:
    """Return the data as arrays of finite numbers, each with at least two rows.

    Raises:
        DiagnoseError: if they are something else; the message calls them by this name.
    """
    if isinstance(data, dict):
        return {key: _checked_array(f"{name}[{key!r}]", a) for key, a in data.items()}
    if isinstance(data, list | tuple) and data and getattr(data[0], "shape", ()):
        return [_checked_array(f"{name}[{i}]", a) for i, a in enumerate(data)]
    return _checked_array(name, data)


def _checked_array(name: str, data: Any) -> Array:
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise DiagnoseError(f"{name} is no array: its rows differ in length") from error
    if array.dtype.kind not in "fiub":
        raise DiagnoseError(
            f"{name} must hold numbers, got {array.dtype}; encode text as numbers first"
        )
    if array.ndim == 0 or len(array) < 2:
        raise DiagnoseError(f"{name} must have at least two rows, got shape {array.shape}")
    bad = np.size(array) - np.count_nonzero(np.isfinite(array))
    if bad:
        raise DiagnoseError(
            f"{name} holds {bad:,} values that are NaN or infinite; remove or replace them"
        )
    return array.astype("float32") if array.dtype == np.float16 else array


def check_same_rows(x: Any, y: Any, names: str) -> None:
    """Raise DiagnoseError unless inputs and targets have as many rows."""
    lengths = {len(a) for data in (x, y) for a in leaves(data)}
    if len(lengths) > 1:
        raise DiagnoseError(f"{names} must have as many rows, got {sorted(lengths)}")


def check_count(name: str, count: Any) -> None:
    """Raise DiagnoseError unless a count is a whole number of at least 1."""
    if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
        raise DiagnoseError(f"{name} must be a whole number of at least 1, got {count!r}")
