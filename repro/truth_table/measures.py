"""Measure thread 000: errors, and rows that no weight is learned from."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.truth_table.engine import Snapshot
from repro.truth_table.posted import Floats, Weights, X, Y
from repro.truth_table.rebuilt import unpack
from repro.truth_table.settings import Settings

METRICS = {
    "mean_abs_error": "nonnegative",
    "moving_error": "nonnegative",
    "learned": "flag",
    "constant_output": "flag",
    "constant_output_early": "flag",
    "dead_fraction": "share",
    "largest_output": "nonnegative",
    "runs_as_written": "flag",
}
CURVE = ["seed", "step", "mean_abs_error", "constant_output"]
EARLY = 10
RESOLUTION = float(np.finfo(float).eps)


def measure(
    settings: Settings, seeds: Sequence[int], history: Sequence[Snapshot]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs, one row a seed with `METRICS`, and curves, one row a seed and logged step.

    Metrics are those of `measure_step` at the last step, and: learned, 1 if the error is below
    `learned_below`, which a diverged run's is not; constant_output_early, the same at step 10;
    largest_output, of all logged steps, NaN for a diverged run; runs_as_written, 0 if Python stops
    the code, which leaves no history.
    """
    if not history:
        return _crashed(seeds)
    logged = [_measure_snapshot(settings, seeds, snapshot) for snapshot in history]
    last, early = logged[-1], [rows for rows in logged if rows["step"][0] <= EARLY][-1]
    curves = pd.concat(logged)
    largest = curves.groupby("seed", sort=False)["largest_output"].max().to_numpy()
    is_finite = np.isfinite(last["mean_abs_error"])
    runs = last.assign(
        learned=(last["mean_abs_error"] < settings.learned_below).astype(int),
        constant_output_early=early["constant_output"],
        largest_output=np.where(is_finite, largest, np.nan),
        runs_as_written=1,
        status=np.where(is_finite, "ok", "diverged"),
    )
    curves = curves[CURVE].sort_values(["seed", "step"], ignore_index=True)
    return runs[["seed", *METRICS, "status"]], curves


def _crashed(seeds: Sequence[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    unknown = dict.fromkeys(METRICS, np.nan) | {"runs_as_written": 0, "status": "crashed"}
    runs = pd.DataFrame([{"seed": seed} | unknown for seed in seeds])
    return runs, pd.DataFrame(columns=CURVE)


def _measure_snapshot(settings: Settings, seeds: Sequence[int], snapshot: Snapshot) -> pd.DataFrame:
    if snapshot.parameters is not None:
        return measure_step(settings, seeds, snapshot.step, snapshot.parameters)
    unknown = dict.fromkeys(METRICS, np.nan) | {"mean_abs_error": snapshot.mean_abs_errors}
    return pd.DataFrame({"seed": list(seeds), "step": snapshot.step, **unknown})


def measure_step(
    settings: Settings, seeds: Sequence[int], step: int, parameters: Floats
) -> pd.DataFrame:
    """Return one row a seed: how the networks (seeds, 21) do on the six rows at that step.

    A network that has diverged has none of these:

    - mean_abs_error: over the six rows, as the thread prints it, but `RESOLUTION` where it is less:
      that is rounding, and a logarithmic axis would lose the zeros.
    - moving_error: the part of it from rows whose error moves any parameter, see `moves`.
    - constant_output: 1 if all six outputs are the same number, else 0.
    - dead_fraction: share of hidden units that are 0 on all six rows.
    - largest_output: the largest magnitude of an output.
    """
    weights = unpack(parameters)
    with np.errstate(all="ignore"):  # of a network that has diverged
        sums = X @ weights.syn0 + weights.b0[:, np.newaxis]
        hidden = activate(settings, settings.hidden_activation, sums)  # (seeds, 6, 4)
        sums = hidden @ weights.syn1 + weights.b1[:, np.newaxis]
        outputs = activate(settings, settings.output_activation, sums)[:, :, 0]  # (seeds, 6)
        errors = np.abs(Y[:, 0] - outputs)
        error = errors.mean(axis=1)
        moving = moves(settings, weights, hidden, outputs)
    columns = {
        "mean_abs_error": np.maximum(error, RESOLUTION),
        "moving_error": np.where(moving, errors, 0).mean(axis=1),
        "constant_output": (outputs == outputs[:, :1]).all(axis=1).astype(float),
        "dead_fraction": (hidden == 0).all(axis=1).mean(axis=1),
        "largest_output": np.abs(outputs).max(axis=1),
    }
    rows = pd.DataFrame(columns)
    rows.loc[~np.isfinite(error)] = np.nan
    return rows.assign(seed=list(seeds), step=step)


def moves(
    settings: Settings, weights: Weights, hidden: Floats, outputs: Floats
) -> NDArray[np.bool_]:
    """Return whether an error on a row would change any parameter, (seeds, 6).

    The gradient is exactly zero if the output unit's derivative is, or if nothing reaches that unit
    through a weight that could change: no hidden unit that is not 0, no input that is not 0 to a
    unit with a derivative and a way on, no bias.
    """
    if settings.bias:
        reaches = np.array(True)
    else:
        ways_on = derivative(settings, settings.hidden_activation, hidden) * weights.syn1.swapaxes(
            1, 2
        )
        reaches = (hidden != 0).any(axis=2) | (X.any(axis=1) & (ways_on != 0).any(axis=2))
    return (derivative(settings, settings.output_activation, outputs) != 0) & reaches


def activate(settings: Settings, name: str, z: Floats) -> Floats:
    """Return the activation function of that name at z."""
    if name == "sigmoid":
        return 1 / (1 + np.exp(-z))
    return np.where(z > 0, z, settings.slope(name) * z)


def derivative(settings: Settings, name: str, values: Floats) -> Floats:
    """Return the derivative of the activation function of that name where it has these values."""
    if name == "sigmoid":
        return values * (1 - values)
    return np.where(values > 0, 1, settings.slope(name))
