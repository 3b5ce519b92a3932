"""What a user gives, checked: arrays; what is wrong is said in a line."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from repro.instruments.diagnose.setup.task import Array


class DiagnoseError(ValueError):
    """What was given can't be diagnosed; the message says why and what would do."""


def taken(pair: tuple[Any, Any], rows: Array) -> tuple[Any, Any]:
    """Those rows of inputs and targets."""
    return each(pair[0], lambda a: a[rows]), pair[1][rows]


def each(x: Any, function: Callable[[Array], Any]) -> Any:
    """Apply a function to each array of the inputs."""
    if isinstance(x, dict):
        return {name: function(a) for name, a in x.items()}
    if isinstance(x, list | tuple):
        return [function(a) for a in x]
    return function(x)


def few(x: Any, rows: int) -> Any:
    """The first rows of the inputs."""
    return each(x, lambda a: a[:rows])


def checked_data(name: str, data: Any) -> Any:
    """Arrays of finite numbers, each with at least two rows."""
    if isinstance(data, dict):
        return {key: _array(f"{name}[{key!r}]", a) for key, a in data.items()}
    if isinstance(data, list | tuple) and data and getattr(data[0], "shape", ()):
        return [_array(f"{name}[{i}]", a) for i, a in enumerate(data)]
    return _array(name, data)


def _array(name: str, data: Any) -> Array:
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


def as_columns(array: Array) -> Array:
    """A plain list of numbers as one column: layers take no less than two dimensions."""
    return array[:, None] if array.ndim == 1 else array


def same_length(x: Any, y: Any, names: str) -> None:
    """Raise DiagnoseError unless inputs and targets have as many rows."""
    lengths = {len(a) for part in (x, y) for a in leaves(part)}
    if len(lengths) > 1:
        raise DiagnoseError(f"{names} must have as many rows, got {sorted(lengths)}")


def leaves(data: Any) -> list[Array]:
    """The arrays that inputs or targets consist of."""
    if isinstance(data, dict):
        return list(data.values())
    return list(data) if isinstance(data, list | tuple) else [data]


def positive(name: str, count: Any) -> None:
    """Raise DiagnoseError unless a count is a whole number of at least 1."""
    if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
        raise DiagnoseError(f"{name} must be a whole number of at least 1, got {count!r}")


def shapes(x: Any) -> str:
    """The arrays' shapes as text."""
    return ", ".join(str(a.shape) for a in leaves(x))


def one_line(error: BaseException) -> str:
    """An exception in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # TensorFlow puts the lines of its own code first, Keras the layer that it was in
    first = lines[0] if lines else ""
    at = -1 if first.startswith("in user code") else int("Exception encountered" in first)
    text = re.sub(r"\x1b\[\d+m|\{\{.*?\}\}", "", lines[min(at, len(lines) - 1)]) if lines else ""
    return f"{type(error).__name__}: {text}"[:200]
