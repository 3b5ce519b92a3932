"""Call an experiment, and turn the data frames that it returns into records to be stored."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

Record = dict[str, Any]


STATUS = ("ok", "diverged", "crashed")


class TableError(ValueError):
    """An experiment returned something else than its two tables; the message says what."""


def compute(
    function: Callable[..., Any],
    seeds: Sequence[int],
    parameters: Mapping[str, Any],
    metrics: Sequence[str],
) -> dict[int, tuple[Record, list[Record]]]:
    """Call an experiment; return each seed's metrics with its status, and its curve.

    Args:
        function: the experiment.
        seeds: of the runs.
        parameters: its other arguments.
        metrics: names of the columns that are kept, besides the status.

    Raises:
        TableError: if it returns no table of runs, one row a seed, and no table of curves.
    """
    tables = function(seeds=list(seeds), **parameters)
    if problem := _problem(tables, seeds, metrics):
        raise TableError(problem)
    runs, curves = tables
    return records(runs, curves, metrics)


def _problem(tables: Any, seeds: Sequence[int], metrics: Sequence[str]) -> str:
    """Return what is wrong with an experiment's tables, or nothing."""
    is_pair = isinstance(tables, tuple) and len(tables) == 2
    if not is_pair or not all(isinstance(table, pd.DataFrame) for table in tables):
        return "experiment must return two DataFrames, runs and curves"
    runs, curves = tables
    if missing := [name for name in ("seed", *metrics, "status") if name not in runs]:
        return f"its runs lack the columns {', '.join(missing)}"
    if sorted(runs["seed"]) != sorted(seeds):
        return "its runs must have one row for each seed that it is given"
    if not set(runs["status"]) <= set(STATUS):
        return f"its column status must hold {', '.join(STATUS)} alone"
    has_axis = "seed" in curves and {"epoch", "step"} & set(curves)
    return "" if has_axis else "its curves lack the column seed, or epoch or step"


def records(
    runs: pd.DataFrame, curves: pd.DataFrame, metrics: Sequence[str]
) -> dict[int, tuple[Record, list[Record]]]:
    """Return each seed's metrics with its status, and its curve, a record a step.

    Args:
        runs: one row a seed: `seed`, the metrics and `status`.
        curves: rows of a `seed`, one for each epoch or logged step.
        metrics: names of the columns that are kept, besides the status.
    """
    curve_by_seed = {
        seed: _rows(points.drop(columns="seed")) for seed, points in curves.groupby("seed")
    }
    return {
        row["seed"]: (
            {name: row[name] for name in (*metrics, "status")},
            curve_by_seed.get(row["seed"], []),
        )
        for row in _rows(runs)
    }


def _rows(frame: pd.DataFrame) -> list[Record]:
    columns = [[_plain(value) for value in frame[name].to_numpy()] for name in frame.columns]
    return [dict(zip(frame.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    # the shortest decimals that give the same float32: 0.9346, not 0.9345999956130981
    if isinstance(value, np.floating) and value.dtype.itemsize < 8 and math.isfinite(value):
        return float(str(value))
    return value.item() if isinstance(value, np.generic) else value
