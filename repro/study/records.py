"""Turn the data frames that an experiment returns into records that the store holds."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

Record = dict[str, Any]


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
