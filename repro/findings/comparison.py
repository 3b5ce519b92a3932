"""Two tables of the same runs, number by number: what is committed and what is there now.

Numbers are equal if their bits are. On other machines they are not: sums are rounded in another
order, and training multiplies that. There they agree if they are as near as `tolerances` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

RELATIVE = 1e-6  # of the larger number
SPREAD = 0.01  # of the middle half of the committed runs
RUN = ["variant", "seed"]
POINTS = ("epoch", "step")  # what counts a curve's rows
SIDES = ("_committed", "_now")


@dataclass(frozen=True)
class Comparison:
    """What two tables say of the same runs.

    Attributes:
        runs: how many runs were compared.
        cells: one row a number that differs, the largest difference first: `variant`, `seed`,
            `point` (epoch or step, None in tables of one row a run), `metric`, `committed`, `now`,
            `relative` (to the larger number; inf if either is none). A row that only one table has
            differs once, with the metric "row".
        metrics: one row a column: `metric`, `compared`, `equal` (to the bit), `agree` (within the
            tolerance, or equal), `largest` difference (NaN where there is none, inf where only one
            side is a finite number), `tolerance`.
    """

    runs: int
    cells: pd.DataFrame
    metrics: pd.DataFrame

    @property
    def equal_runs(self) -> int:
        """How many runs are equal to the bit in every number."""
        return self.runs - len(self.cells[RUN].drop_duplicates())


def tolerances(committed: pd.DataFrame) -> dict[str, float]:
    """Return, for each column of numbers, how far apart two of them may be and still agree.

    A hundredth of the range of the committed table's middle half: what a metric hardly tells
    apart. It is 0 for a rate that is mostly 0 or mostly 1. `RELATIVE` is added to it.
    """
    numbers = committed.drop(columns=[*RUN, *POINTS], errors="ignore").select_dtypes("number")
    finite = numbers.where(np.isfinite(numbers))
    spread = finite.quantile(0.75) - finite.quantile(0.25)
    return {str(name): SPREAD * value for name, value in spread.fillna(0.0).items()}


def compare(
    committed: pd.DataFrame, now: pd.DataFrame, tolerance: Mapping[str, float]
) -> Comparison:
    """Compare two tables of runs, or of curves, by variant, seed and, in curves, epoch or step.

    Only columns that both have are compared; no row may be there twice.

    Args:
        committed: columns `variant`, `seed`, `epoch` or `step` in curves, then any.
        now: the same, in any order.
        tolerance: by column; 0 where it says nothing.
    """
    keys = [*RUN, *(point for point in POINTS if point in committed and point in now)]
    same_keys = now.astype({key: committed[key].dtype for key in keys})  # empty tables have none
    both = committed.merge(
        same_keys, on=keys, how="outer", suffixes=SIDES, indicator="found", validate="one_to_one"
    )
    lone, pairs = both[both.found != "both"], both[both.found == "both"]
    shared = [name for name in committed if name in now and name not in keys]
    cells, metrics = [_lone(lone, keys)], []
    for name in shared:
        before, after = (pairs[f"{name}{side}"] for side in SIDES)
        equal, distance = _equal(before, after), _distance(before, after)
        size = _size(before, after)
        near = distance <= tolerance.get(name, 0.0) + RELATIVE * size
        relative = distance[~equal] / size[~equal]
        cells.append(_cells(pairs[~equal], keys, name, before[~equal], after[~equal], relative))
        metrics.append(
            {
                "metric": name, "compared": len(pairs), "equal": int(equal.sum()),
                "agree": int((equal | near).sum()), "largest": _largest(distance[~equal]),
                "tolerance": tolerance.get(name, 0.0),
            }
        )  # fmt: skip
    return Comparison(
        runs=len(both[RUN].drop_duplicates()),
        cells=pd.concat(cells).sort_values("relative", ascending=False, ignore_index=True),
        metrics=pd.DataFrame(metrics),
    )


def with_runs(committed: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the committed runs, with those that are in `now` in their place."""
    rerun = pd.MultiIndex.from_frame(now[RUN])
    kept = committed[~pd.MultiIndex.from_frame(committed[RUN]).isin(rerun)]
    return pd.concat([kept, now], ignore_index=True)


def other_verdicts(committed: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the claims that have another verdict, or are in one table only.

    Columns `claim`, `committed`, `now`; "" where there is no verdict.
    """
    columns = ["claim", "verdict"]
    both = committed[columns].merge(now[columns], on="claim", how="outer", suffixes=SIDES)
    both = both.rename(columns={f"verdict{side}": side[1:] for side in SIDES}).fillna("")
    return both[both.committed != both.now].reset_index(drop=True)


def _equal(before: pd.Series, after: pd.Series) -> NDArray[np.bool_]:
    if _numeric(before, after):
        return _bits(before) == _bits(after)
    return (before.astype("string").fillna("") == after.astype("string").fillna("")).to_numpy(bool)


def _bits(column: pd.Series) -> NDArray[np.int64]:
    # by value, whichever of integers, booleans and floats pandas read the column as
    numbers = column.to_numpy(float, na_value=np.nan)
    return np.where(np.isnan(numbers), np.nan, numbers).view(np.int64)


def _distance(before: pd.Series, after: pd.Series) -> NDArray[np.float64]:
    """How far apart two numbers are; inf if either is none."""
    if not _numeric(before, after):
        return np.full(len(before), np.inf)
    with np.errstate(invalid="ignore"):  # inf - inf
        distance = np.abs(_floats(after) - _floats(before))
    return np.where(np.isnan(distance), np.inf, distance)


def _size(before: pd.Series, after: pd.Series) -> NDArray[np.float64]:
    """The larger of two numbers; 1 if either is none, or both are 0."""
    if not _numeric(before, after):
        return np.ones(len(before))
    size = np.maximum(np.abs(_floats(before)), np.abs(_floats(after)))
    return np.where(np.isfinite(size) & (size > 0), size, 1.0)


def _floats(column: pd.Series) -> NDArray[np.float64]:
    return column.to_numpy(float, na_value=np.nan)


def _numeric(*columns: pd.Series) -> bool:
    return all(pd.api.types.is_numeric_dtype(column) for column in columns)


def _largest(distance: NDArray[np.float64]) -> float:
    return float(distance.max()) if len(distance) else np.nan


def _cells(
    rows: pd.DataFrame,
    keys: list[str],
    metric: str,
    committed: pd.Series,
    now: pd.Series,
    relative: NDArray[np.float64],
) -> pd.DataFrame:
    point = rows[keys[2]] if len(keys) > 2 else None
    cells = rows[RUN].assign(
        point=point, metric=metric, committed=committed, now=now, relative=relative
    )
    return cells.astype({"point": object, "committed": object, "now": object})


def _lone(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    here = (rows.found == "left_only").to_numpy(bool)
    committed, now = np.where(here, "there", "missing"), np.where(here, "missing", "there")
    return _cells(rows, keys, "row", committed, now, np.full(len(rows), np.inf))
