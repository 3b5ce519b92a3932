"""Comparison of two tables of the same runs, number by number: the committed one and a new one.

Numbers are equal if their bits are. On other machines they are not: sums are rounded in another
order, and training multiplies that. There they agree if they are as near as `tolerances` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

RELATIVE = 1e-6  # of the larger number
SPREAD = 0.01  # of the middle half of the committed runs
RUN = ["variant", "seed"]
POINTS = ("epoch", "step")  # what counts a curve's rows
SIDES = ("_committed", "_now")


@dataclass(frozen=True)
class Comparison:
    """The numbers in which two tables of the same runs differ.

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
        """The number of runs that are equal to the bit in every number."""
        return self.runs - len(self.cells[RUN].drop_duplicates())

    @property
    def disagreeing(self) -> int:
        """The number of numbers beyond their tolerance, and of rows that one table alone has."""
        rows = int((self.cells["metric"] == "row").sum())
        return rows + int((self.metrics["compared"] - self.metrics["agree"]).sum())


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
    committed: pd.DataFrame, rerun: pd.DataFrame, tolerance: Mapping[str, float]
) -> Comparison:
    """Compare two tables of runs, or of curves, by variant, seed and, in curves, epoch or step.

    A column that only one of them has is empty in the other; no row may be there twice.

    Args:
        committed: columns `variant`, `seed`, `epoch` or `step` in curves, then any.
        rerun: the same, in any order.
        tolerance: by column; 0 where it says nothing.
    """
    # where no run ended, none said whether its curve counts epochs or steps
    committed = committed if len(committed) else rerun.head(0)
    rerun = rerun if len(rerun) else committed.head(0)
    keys = [*RUN, *(point for point in POINTS if point in committed and point in rerun)]
    same_keys = rerun.astype({key: committed[key].dtype for key in keys})  # empty tables have none
    committed, same_keys = _with_all_columns(committed, same_keys)
    merged = committed.merge(
        same_keys, on=keys, how="outer", suffixes=SIDES, indicator="found", validate="one_to_one"
    )
    lone, pairs = merged[merged.found != "both"], merged[merged.found == "both"]
    compared = [
        _compare_column(pairs, keys, name, tolerance.get(name, 0.0))
        for name in committed
        if name not in keys
    ]
    cells = pd.concat([_lone(lone, keys), *(cells for cells, _ in compared)])
    return Comparison(
        runs=len(merged[RUN].drop_duplicates()),
        cells=cells.sort_values("relative", ascending=False, ignore_index=True),
        metrics=pd.DataFrame([counts for _, counts in compared]),
    )


def _compare_column(
    pairs: pd.DataFrame, keys: list[str], name: str, tolerance: float
) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the cells of a column that differ, and its row of `Comparison.metrics`."""
    old, new = (pairs[f"{name}{side}"] for side in SIDES)
    equal, distance, size = _equal(old, new), _distance(old, new), _size(old, new)
    near = distance <= tolerance + RELATIVE * size
    relative = distance[~equal] / size[~equal]
    sides = (old[~equal], new[~equal])
    cells = _cells(pairs[~equal], keys, metric=name, sides=sides, relative=relative)
    return cells, {
        "metric": name,
        "compared": len(pairs),
        "equal": int(equal.sum()),
        "agree": int((equal | near).sum()),
        "largest": _largest(distance[~equal]),
        "tolerance": tolerance,
    }


def _with_all_columns(*tables: pd.DataFrame) -> list[pd.DataFrame]:
    """Return tables that have each other's columns, too: empty."""
    names = dict.fromkeys(name for table in tables for name in table)
    return [table.reindex(columns=list(names)) for table in tables]


def with_runs(committed: pd.DataFrame, rerun: pd.DataFrame) -> pd.DataFrame:
    """Return the committed runs, with those that were run again in their place."""
    replaced = pd.MultiIndex.from_frame(rerun[RUN])
    kept = committed[~pd.MultiIndex.from_frame(committed[RUN]).isin(replaced)]
    return pd.concat([kept, rerun], ignore_index=True)


def changed_verdicts(committed: pd.DataFrame, rerun: pd.DataFrame) -> pd.DataFrame:
    """Return the claims that have another verdict, or are in one table only.

    Columns `claim`, `committed`, `now`; "" where there is no verdict.
    """
    columns = ["claim", "verdict"]
    merged = committed[columns].merge(rerun[columns], on="claim", how="outer", suffixes=SIDES)
    merged = merged.rename(columns={f"verdict{side}": side[1:] for side in SIDES}).fillna("")
    return merged[merged.committed != merged.now].reset_index(drop=True)


def changed_estimates(committed: pd.DataFrame, rerun: pd.DataFrame, *, exact: bool) -> pd.DataFrame:
    """Return the claims whose estimate is another one, columns `claim`, `committed`, `now`.

    Args:
        committed: the claims table as it is committed.
        rerun: that of now; claims that one table alone has are left to `changed_verdicts`.
        exact: whether an estimate must be the same, but for `RELATIVE`; or else lie in the
            committed interval.
    """
    columns = ["claim", "estimate", "ci_low", "ci_high"]
    pairs = committed[columns].merge(rerun[columns[:2]], on="claim", suffixes=SIDES)
    old, new = (pairs[f"estimate{side}"] for side in SIDES)
    near = RELATIVE * _size(old, new)
    agree = _distance(old, new) <= near
    if not exact:
        agree |= ((pairs["ci_low"] - near <= new) & (new <= pairs["ci_high"] + near)).to_numpy(bool)
    agree |= (old.isna() & new.isna()).to_numpy(bool)
    differing = pd.DataFrame({"claim": pairs["claim"], "committed": old, "now": new})
    return differing[~agree].reset_index(drop=True)


def _equal(old: pd.Series, new: pd.Series) -> NDArray[np.bool_]:
    if _numeric(old, new):
        return _bits(old) == _bits(new)
    return (old.astype("string").fillna("") == new.astype("string").fillna("")).to_numpy(bool)


def _bits(column: pd.Series) -> NDArray[np.int64]:
    # by value, whichever of integers, booleans and floats pandas read the column as
    numbers = column.to_numpy(float, na_value=np.nan)
    return np.where(np.isnan(numbers), np.nan, numbers).view(np.int64)


def _distance(old: pd.Series, new: pd.Series) -> NDArray[np.float64]:
    """Return how far apart two numbers are; inf if either is none."""
    if not _numeric(old, new):
        return np.full(len(old), np.inf)
    with np.errstate(invalid="ignore"):  # inf - inf
        distance = np.abs(_floats(new) - _floats(old))
    return np.where(np.isnan(distance), np.inf, distance)


def _size(old: pd.Series, new: pd.Series) -> NDArray[np.float64]:
    """Return the larger of two numbers; 1 if either is none, or both are 0."""
    if not _numeric(old, new):
        return np.ones(len(old))
    size = np.maximum(np.abs(_floats(old)), np.abs(_floats(new)))
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
    *,
    metric: str,
    sides: tuple[ArrayLike, ArrayLike],
    relative: NDArray[np.float64],
) -> pd.DataFrame:
    point = rows[keys[2]] if len(keys) > 2 else None
    committed, rerun = sides
    cells = rows[RUN].assign(
        point=point, metric=metric, committed=committed, now=rerun, relative=relative
    )
    return cells.astype({"point": object, "committed": object, "now": object})


def _lone(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return a cell for each row that only one table has."""
    gone = (rows["found"] == "left_only").to_numpy(bool)
    sides = np.where(gone, "there", "missing"), np.where(gone, "missing", "there")
    return _cells(rows, keys, metric="row", sides=sides, relative=np.full(len(rows), np.inf))
