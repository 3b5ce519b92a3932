"""Check the grid that `fit_grid` is given, before anything is built."""

import inspect
import itertools
from collections.abc import Callable, Hashable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import keras
import numpy as np

MOST_CELLS = 1000  # of a grid: all their models are kept
# Of the frame, and of the summary, which no setting may be called.
COLUMNS = ("seed", "epoch")
SUMMARY = ("metric", "mean", "ci_low", "ci_high", "least", "greatest", "n", "diverged")

Settings = dict[str, Any]


def cells_of(build: Callable[..., Any], grid: Any) -> list[Settings]:
    """Return every combination of a grid's values, the last setting changing first.

    Raises:
        TypeError: for a grid that is no mapping of names to values, or names that `build` does not
            take or lacks.
        ValueError: for a grid without values, with repeated ones, or with too many combinations.
    """
    if not isinstance(grid, Mapping):
        raise TypeError(
            f'grid must map settings to lists of values, such as {{"units": [10, 100]}}, '
            f"got {grid!r:.60}"
        )
    if not grid:
        raise ValueError('grid is empty; give settings, such as {"units": [10, 100]}')
    values = {name: _values(name, listed) for name, listed in grid.items()}
    _check_taken(build, values)
    count = int(np.prod([len(own) for own in values.values()], dtype=object))
    if count > MOST_CELLS:
        raise ValueError(f"grid has more than {MOST_CELLS:,} combinations, which are the most")
    return [dict(zip(values, cell, strict=True)) for cell in itertools.product(*values.values())]


def equal(a: Any, b: Any) -> bool:
    """Return whether two values of a setting are equal: arrays included, and NaN with itself.

    A list and a tuple are, as in the frame.
    """
    if all(isinstance(value, list | tuple) for value in (a, b)):
        return len(a) == len(b) and all(map(equal, a, b))
    try:
        return bool(a == b or (a != a and b != b))
    except ValueError:  # of arrays, which are equal element by element
        return np.array_equal(a, b)


def shown(value: Any) -> Any:
    """Return a value as it stands in the frame, which can be grouped by it."""
    if isinstance(value, list | tuple | np.ndarray):
        return tuple(shown(part) for part in value)
    if isinstance(value, dict):
        return tuple((name, shown(part)) for name, part in value.items())
    value = value.item() if isinstance(value, np.generic) else value
    return value if _can_be_grouped(value) else " ".join(repr(value).split())


def _can_be_grouped(value: Any) -> bool:
    try:
        return isinstance(value, Hashable) and hash(value) is not None
    except TypeError:  # of a tensor, which calls itself hashable
        return False


def nearest(names: Iterable[str], known: Iterable[str]) -> str:
    """Return a question that names what was meant, with a space in front; "" if nothing is near."""
    listed = list(known)
    for name in names:
        if close := get_close_matches(name, listed, n=1):
            return f" (did you mean {close[0]!r}?)"
    return ""


def _values(name: Any, listed: Any) -> list[Any]:
    if not isinstance(name, str):
        raise TypeError(f"grid: settings are named by strings, got {name!r:.60}")
    if name in (*COLUMNS, *SUMMARY):
        owner = "" if name in COLUMNS else " of the summary"
        raise ValueError(f"grid: a setting can not be called {name!r}, which is a column{owner}")
    no_list = isinstance(listed, str | bytes | Mapping | set | frozenset)
    if no_list or not isinstance(listed, Iterable) or getattr(listed, "ndim", 1) == 0:
        raise TypeError(f"grid: {name} must be a list of values, got {listed!r:.60}")
    first = itertools.islice(listed, MOST_CELLS + 1)  # it may be endless
    values = [value.item() if isinstance(value, np.generic) else value for value in first]
    if not values:
        raise ValueError(f"grid: {name} has no values")
    for place, value in enumerate(values):
        if any(equal(value, earlier) for earlier in values[:place]):
            raise ValueError(f"grid: {name} repeats {value!r:.60}; give each value once")
    return values


def _check_taken(build: Callable[..., Any], values: Mapping[str, Any]) -> None:
    if not callable(build) or isinstance(build, keras.Model):
        raise TypeError(
            "build must be a function of the settings that returns a compiled model, "
            f"got {build!r:.60}"
        )
    try:
        parameters = inspect.signature(build).parameters.values()
    except ValueError:  # it tells nobody what it takes
        return
    _check_named(values, list(parameters))


def _check_named(values: Mapping[str, Any], parameters: list[inspect.Parameter]) -> None:
    by_place = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
    if wrong := [name for name in values if name in by_place]:
        raise TypeError(f"build takes {', '.join(wrong)} by position alone, a grid by name")
    named = {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters)
    if unknown := [name for name in values if name not in named and not takes_all]:
        raise TypeError(
            f"build does not take {', '.join(unknown)}{nearest(unknown, named)}; "
            f"it takes {', '.join(named) or 'nothing by name'}"
        )
    if lacking := [n for n, p in named.items() if p.default is p.empty and n not in values]:
        raise TypeError(f"build needs {', '.join(lacking)}, which the grid does not give")
