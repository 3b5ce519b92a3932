"""Measure thread 003: errors, and which networks are dead before and after training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.add_numbers.engine import NEAR_ZERO, PRINTED_ZERO
from repro.add_numbers.posted import POSTED, Floats, X, Y
from repro.add_numbers.relu_death import death_probability, is_dead, stopped
from repro.add_numbers.settings import Settings

if TYPE_CHECKING:
    from repro.add_numbers.loop import History, Layers

METRICS = {
    "mse": "nonnegative",
    "learned": "flag",
    "reached_zero": "flag",
    "stuck": "flag",
    "always_fell": "flag",
    "never_fell": "flag",
    "epochs_to_learn": "count",
    "prediction": "number",
    "gradient_share": "nonnegative",
    "born_dead": "flag",
    "born_dead_output": "flag",
    "born_dead_one_input": "flag",
    "born_dead_formula": "share",
    "dead": "flag",
    "dead_output": "flag",
    "died": "flag",
    "revived": "flag",
    "failed_alive": "flag",
}
OF_THE_END = (  # what only a network that is finite at the end has
    "mse",
    "stuck",
    "prediction",
    "gradient_share",
    "dead",
    "dead_output",
    "died",
    "revived",
    "failed_alive",
)
UNSEEN = np.array([[0.1, 0.5]])
CONSTANT_ERROR = float(Y.var())  # of the best prediction that ignores its inputs: 0.0589


def measure(
    settings: Settings, seeds: Sequence[int], history: "History"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs, one row a seed with `METRICS`, and curves: `mse` by seed and logged epoch.

    Metrics, 0/1 unless stated otherwise (dead: see `repro.add_numbers.relu_death`); those in
    `OF_THE_END` are NaN for a run that diverged:

        mse: error of the last epoch, in squared units of the sums.
        learned: mse below `NEAR_ZERO`; a diverged run has not.
        reached_zero: mse prints as 0.000000.
        stuck: no better than the best constant, whose mse is 0.0589.
        always_fell: no epoch's error was above an earlier one's by more than prints as zero.
        never_fell: no epoch's error was below the first one's by more than prints as zero.
        epochs_to_learn: first epoch with an error below `NEAR_ZERO`; NaN if there is none.
        prediction: for 0.1 + 0.5, a pair that is not trained on.
        gradient_share: share of the prediction's gradient that reaches the first layer, mean over
            all epochs, see `repro.add_numbers.loop.History`; NaN where Keras trains.
        born_dead: dead before training.
        born_dead_output: dead before training, and the hidden layers alone are not.
        born_dead_one_input: the first sample alone is stopped before training.
        born_dead_formula: the probability of that with zero biases, by `death_probability`.
        dead: dead after training.
        dead_output: dead after training, and the hidden layers alone are not.
        died: dead after training but not before it.
        revived: dead before training but not after it.
        failed_alive: neither learned nor dead.
    """
    mse = history.errors[:, -1]
    numbers = {
        "mse": mse,
        "epochs_to_learn": np.where(history.first_below > 0, history.first_below, np.nan),
        "prediction": forward(settings, history.layers, UNSEEN)[-1][:, 0, 0]
        / settings.target_scale,
        "gradient_share": history.gradient_share,
        "born_dead_formula": _born_dead_formula(settings),
    }
    flags = {name: flag.astype(int) for name, flag in _flags(settings, history).items()}
    diverged = ~np.isfinite(mse)
    runs = pd.DataFrame({"seed": list(seeds), **flags, **numbers})
    if diverged.any():
        runs = runs.astype(dict.fromkeys(OF_THE_END, float))
        runs.loc[diverged, list(OF_THE_END)] = np.nan
    runs["status"] = np.where(diverged, "diverged", "ok")
    return runs[["seed", *METRICS, "status"]], _curves(settings, seeds, history.errors)


def _flags(settings: Settings, history: "History") -> dict[str, NDArray[np.bool_]]:
    mse = history.errors[:, -1]
    return {
        "learned": mse < NEAR_ZERO,
        "reached_zero": mse < PRINTED_ZERO,
        "stuck": mse >= CONSTANT_ERROR,
        "always_fell": np.isfinite(mse) & ~history.rose,
        "never_fell": history.lowest >= history.errors[:, 0] - PRINTED_ZERO,
        **_deaths(settings, history),
    }


def _deaths(settings: Settings, history: "History") -> dict[str, NDArray[np.bool_]]:
    stopped_at_birth, stopped_at_end = (
        stopped(forward(settings, layers, X), settings.activations)
        for layers in (history.start, history.layers)
    )
    born_dead, dead = is_dead(stopped_at_birth), is_dead(stopped_at_end)
    return {
        "born_dead": born_dead,
        "born_dead_output": born_dead & ~is_dead(stopped_at_birth[:, :-1]),
        "born_dead_one_input": np.asarray(stopped_at_birth[:, :, 0].any(axis=1)),
        "dead": dead,
        "dead_output": dead & ~is_dead(stopped_at_end[:, :-1]),
        "died": dead & ~born_dead,
        "revived": born_dead & ~dead,
        "failed_alive": ~(history.errors[:, -1] < NEAR_ZERO) & ~dead,
    }


def _born_dead_formula(settings: Settings) -> float:
    layers = zip(settings.widths[1:], settings.activations, strict=True)
    return death_probability([width for width, name in layers if name == "relu"])


def forward(settings: Settings, layers: "Layers", x: Floats) -> list[Floats]:
    """Return each layer's outputs, (seeds, samples, units), for x of shape (samples, inputs)."""
    functions = {name: activate for name, (activate, _) in POSTED.items()} | {
        "linear": lambda z: z,
        "leaky_relu": lambda z: np.where(z > 0, z, settings.leaky_slope * z),
    }
    outputs = [x]
    with np.errstate(all="ignore"):  # of a network that has diverged
        for name, (weights, biases) in zip(settings.activations, layers, strict=True):
            z = outputs[-1] @ weights.transpose(0, 2, 1) + biases[:, np.newaxis]
            outputs.append(functions[name](z))
    return outputs[1:]


def _curves(settings: Settings, seeds: Sequence[int], errors: Floats) -> pd.DataFrame:
    logged = settings.logged
    index = {"seed": np.repeat(list(seeds), len(logged)), "epoch": np.tile(logged, len(seeds))}
    with np.errstate(over="ignore"):  # of a network that diverges
        return pd.DataFrame(index | {"mse": errors.ravel().astype(np.float32)})
