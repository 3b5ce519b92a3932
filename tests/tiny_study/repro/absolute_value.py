# repro/absolute_value.py
"""A made-up thread: two ReLU units that are to learn |x| often do not."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

DATA = None  # it makes its own; or else the name of a data set of repro.data
METRICS = {"mse": "nonnegative", "learned": "flag"}


def experiment(
    *,
    seeds: Sequence[int],
    units: PositiveInt = 2,
    leak: NonNegativeFloat = 0.0,
    learning_rate: PositiveFloat = 0.1,
    steps: PositiveInt = 500,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit |x| on 21 points of [-1, 1] with one hidden layer and no biases, once a seed.

    Args:
        seeds: one run each; they decide the initial weights.
        units: of the hidden layer.
        leak: slope of the units below zero; 0 is ReLU.
        learning_rate: of gradient descent on all points.
        steps: of gradient descent.

    Returns:
        Runs, one row a seed: mean squared error, and whether it is below 0.001; and curves, one
        row a seed and 50 steps.
    """
    x = np.linspace(-1, 1, 21)
    draws = np.stack([np.random.default_rng(seed).normal(size=(units, 2)) for seed in seeds])
    w, v = draws[:, :, 0].copy(), draws[:, :, 1].copy()  # into and out of the units: (seeds, units)
    points = []
    for step in range(steps + 1):
        z = w[:, :, np.newaxis] * x  # (seeds, units, points)
        h = np.where(z > 0, z, leak * z)
        error = (v[:, :, np.newaxis] * h).sum(axis=1, keepdims=True) - np.abs(x)
        if step % 50 == 0 or step == steps:
            mse = (error**2).mean(axis=(1, 2))
            points.append(pd.DataFrame({"seed": seeds, "step": step, "mse": mse}))
        slope = np.where(z > 0, 1.0, leak)
        w_gradient = 2 * (error * v[:, :, np.newaxis] * slope * x).mean(axis=2)
        v_gradient = 2 * (error * h).mean(axis=2)
        w -= learning_rate * w_gradient
        v -= learning_rate * v_gradient
    runs = points[-1].drop(columns="step")
    runs["learned"] = (runs.mse < 0.001).astype(int)
    runs["status"] = np.where(np.isfinite(runs.mse), "ok", "diverged")
    return runs, pd.concat(points)


if __name__ == "__main__":
    from repro.app.cli.main import run_study

    run_study("absolute_value")
