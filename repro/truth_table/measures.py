"""Measure thread 000: errors, floors, and rows that no weight is learned from."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.truth_table.engine import Snapshot
from repro.truth_table.posted import Floats, Weights, X, Y
from repro.truth_table.rebuilt import SLOPES, unpack
from repro.truth_table.settings import Settings

METRICS = (
    "mean_abs_error",
    "moving_error",
    "learned",
    "below_floor",
    "constant_output",
    "constant_output_early",
    "dead_fraction",
    "largest_output",
    "runs_as_written",
)
CURVE = ["seed", "step", "mean_abs_error", "constant_output"]
EARLY = 10
RESOLUTION = float(np.finfo(float).eps)


def measure(
    settings: Settings, seeds: Sequence[int], history: Sequence[Snapshot]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs, one row a seed with `METRICS`, and curves, one row a seed and logged step.

    Metrics are those of `measure_step` at the last step, and: learned, 1 if the error is below
    `learned_below`; constant_output_early, the same at step 10; largest_output, of all logged
    steps; runs_as_written, 0 if Python stops the code, which leaves no history.
    """
    if not history:
        return _crashed(seeds)
    logged = [_measure_snapshot(settings, seeds, snapshot) for snapshot in history]
    last, early = logged[-1], [rows for rows in logged if rows["step"][0] <= EARLY][-1]
    curves = pd.concat(logged)
    largest = curves.groupby("seed", sort=False)["largest_output"].max()
    runs = last.assign(
        learned=(last["mean_abs_error"] < settings.learned_below).astype(int),
        constant_output_early=early["constant_output"],
        largest_output=largest.to_numpy(),
        runs_as_written=1,
        status=np.where(np.isfinite(last["mean_abs_error"]), "ok", "diverged"),
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

    - mean_abs_error: over the six rows, as the thread prints it, but `RESOLUTION` where it is less:
      that is rounding, and a logarithmic axis would lose the zeros.
    - moving_error: the part of it from rows whose error moves any parameter, see `moves`.
    - below_floor: 1 if the error is below the network's structural floor, else 0.
    - constant_output: 1 if all six outputs are the same number, else 0.
    - dead_fraction: share of hidden units that are 0 on all six rows.
    - largest_output: the largest magnitude of an output.
    """
    weights = unpack(parameters)
    with np.errstate(all="ignore"):  # of a network that has diverged
        sums = X @ weights.syn0 + weights.b0[:, np.newaxis]
        hidden = activate(settings.hidden_activation, sums)  # (seeds, 6, 4)
        sums = hidden @ weights.syn1 + weights.b1[:, np.newaxis]
        outputs = activate(settings.output_activation, sums)[:, :, 0]  # (seeds, 6)
        errors = np.abs(Y[:, 0] - outputs)
        error = errors.mean(axis=1)
        moving = moves(settings, weights, hidden, outputs)
    columns = {
        "mean_abs_error": np.maximum(error, RESOLUTION),
        "moving_error": np.where(moving, errors, 0).mean(axis=1),
        "below_floor": (error < structural_floor(settings) - 1e-12).astype(int),
        "constant_output": (outputs == outputs[:, :1]).all(axis=1).astype(int),
        "dead_fraction": (hidden == 0).all(axis=1).mean(axis=1),
        "largest_output": np.abs(outputs).max(axis=1),
    }
    return pd.DataFrame({"seed": list(seeds), "step": step, **columns})


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
        ways_on = derivative(settings.hidden_activation, hidden) * weights.syn1.swapaxes(1, 2)
        reaches = (hidden != 0).any(axis=2) | (X.any(axis=1) & (ways_on != 0).any(axis=2))
    return (derivative(settings.output_activation, outputs) != 0) & reaches


def structural_floor(settings: Settings) -> float:
    """Return the mean absolute error that no weights get below.

    Without biases the row (0, 0, 0), whose target is 1, gives a ReLU hidden layer 0 whatever the
    weights, and an output unit f that sees nothing but zeros gives f(0). One row of six is
    therefore wrong by |1 - f(0)|: 1/6 if f is ReLU or linear, 1/12 if it is the sigmoid. A sigmoid
    hidden unit says 1/2 to that row and passes it on.
    """
    if settings.bias or activate(settings.hidden_activation, np.zeros(1))[0] != 0:
        return 0.0
    return float(abs(1 - activate(settings.output_activation, np.zeros(1))[0])) / len(X)


def activate(name: str, z: Floats) -> Floats:
    """Return the activation function of that name at z."""
    if name == "sigmoid":
        return 1 / (1 + np.exp(-z))
    return np.where(z > 0, z, SLOPES[name] * z)


def derivative(name: str, values: Floats) -> Floats:
    """Return the derivative of the activation function of that name where it has these values."""
    if name == "sigmoid":
        return values * (1 - values)
    return np.where(values > 0, 1, SLOPES[name])
