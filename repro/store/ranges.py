"""The range of a metric's kind, for a number and for a column alike."""

from typing import Any

from repro.study.metrics import RANGES, SLACK


def is_inside(value: Any, kind: str) -> Any:
    """Return whether a number lies in the range of a kind, or which of an array's do; NaN is none.

    Args:
        value: a float, or an array of floats.
        kind: see `repro.study.metrics`.
    """
    low, high = RANGES[kind]
    in_range = (low - SLACK <= value) & (value <= high + SLACK)
    if kind == "flag":
        in_range = (value == 0) | (value == 1)
    return in_range | (value != value)


def kind_of_points(kind: str) -> str:
    """Return the kind that a curve's numbers have: averages, for what a run has once."""
    return {"flag": "share", "count": "nonnegative"}.get(kind, kind)
