"""What is measured of thread 000: errors, floors, and rows that no weight is learned from."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.training.float64 import LEAKY_SLOPE
from repro.truth_table.posted import Floats, Weights, X, Y
from repro.truth_table.rebuilt import Network, unpack

SLOPES = {"relu": 0.0, "leaky_relu": LEAKY_SLOPE, "linear": 1.0}  # at and below zero
EARLY = 10
RESOLUTION = float(np.finfo(float).eps)


def measure(network: Network, seeds: Sequence[int], step: int, parameters: Floats) -> pd.DataFrame:
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
        hidden = activate(network.hidden_activation, sums)  # (seeds, 6, 4)
        sums = hidden @ weights.syn1 + weights.b1[:, np.newaxis]
        outputs = activate(network.output_activation, sums)[:, :, 0]  # (seeds, 6)
        errors = np.abs(Y[:, 0] - outputs)
        error = errors.mean(axis=1)
        moving = moves(network, weights, hidden, outputs)
    columns = {
        "mean_abs_error": np.maximum(error, RESOLUTION),
        "moving_error": np.where(moving, errors, 0).mean(axis=1),
        "below_floor": (error < structural_floor(network) - 1e-12).astype(int),
        "constant_output": (outputs == outputs[:, :1]).all(axis=1).astype(int),
        "dead_fraction": (hidden == 0).all(axis=1).mean(axis=1),
        "largest_output": np.abs(outputs).max(axis=1),
    }
    return pd.DataFrame({"seed": list(seeds), "step": step, **columns})


def moves(network: Network, weights: Weights, hidden: Floats, outputs: Floats) -> NDArray[np.bool_]:
    """Whether an error on a row would change any parameter, (seeds, 6).

    The gradient is exactly zero if the output unit's derivative is, or if nothing reaches that unit
    through a weight that could change: no hidden unit that is not 0, no input that is not 0 to a
    unit with a derivative and a way on, no bias.
    """
    if network.bias:
        reaches = np.array(True)
    else:
        ways_on = derivative(network.hidden_activation, hidden) * weights.syn1.swapaxes(1, 2)
        reaches = (hidden != 0).any(axis=2) | (X.any(axis=1) & (ways_on != 0).any(axis=2))
    return (derivative(network.output_activation, outputs) != 0) & reaches


def structural_floor(network: Network) -> float:
    """Return the mean absolute error that no weights get below.

    Without biases the row (0, 0, 0), whose target is 1, gives a ReLU hidden layer 0 whatever the
    weights, and an output unit f that sees nothing but zeros gives f(0). One row of six is
    therefore wrong by |1 - f(0)|: 1/6 if f is ReLU or linear, 1/12 if it is the sigmoid. A sigmoid
    hidden unit says 1/2 to that row and passes it on.
    """
    if network.bias or activate(network.hidden_activation, np.zeros(1))[0] != 0:
        return 0.0
    return float(abs(1 - activate(network.output_activation, np.zeros(1))[0])) / len(X)


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


def summarize(curves: pd.DataFrame, learned_below: float) -> pd.DataFrame:
    """Return the runs, one row a seed, from `measure` at the logged steps.

    Metrics are those of the last step, and: learned, 1 if the error is below `learned_below`;
    constant_output_early, the same at step 10; largest_output, of all logged steps.
    """
    at = {step: rows.set_index("seed") for step, rows in curves.groupby("step")}
    runs, early = at[max(at)], at[max(step for step in at if step <= EARLY)]
    return runs.assign(
        learned=(runs["mean_abs_error"] < learned_below).astype(int),
        constant_output_early=early["constant_output"],
        largest_output=curves.groupby("seed")["largest_output"].max(),
        runs_as_written=1,
        status=np.where(np.isfinite(runs["mean_abs_error"]), "ok", "diverged"),
    ).reset_index()
