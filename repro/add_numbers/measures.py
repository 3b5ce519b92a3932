"""What is measured of thread 003: errors, and which networks are dead, before and after."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repro.add_numbers.posted import POSTED, Floats, X, Y
from repro.add_numbers.rebuilt import Network
from repro.add_numbers.relu_death import death_probability, is_dead, stopped
from repro.training.float64 import LEAKY_SLOPE

if TYPE_CHECKING:
    from repro.add_numbers.loop import History, Layers

UNSEEN = np.array([[0.1, 0.5]])
CONSTANT_ERROR = float(Y.var())  # of the best prediction that ignores its inputs: 0.0589
PRINTED_ZERO = 5e-7  # the thread prints "%f": an error below this reads 0.000000
CURVE_SEEDS = 100


def measure(
    network: Network,
    start: "Layers",
    history: "History",
    target_scale: float,
    learned_below: float,
) -> pd.DataFrame:
    """Return the final metrics and the status, one row a seed.

    Metrics, 0/1 unless stated otherwise (dead: see `repro.add_numbers.relu_death`):

        mse: error of the last epoch, in squared units of the sums.
        learned: mse below `learned_below`.
        reached_zero: mse prints as 0.000000.
        stuck: no better than the best constant, whose mse is 0.0589.
        always_fell: no epoch's error was above an earlier one's by more than prints as zero.
        epochs_to_learn: first epoch with an error below `learned_below`; NaN if there is none.
        prediction: for 0.1 + 0.5, a pair that is not trained on.
        born_dead: dead before training.
        born_dead_one_input: the first sample alone is stopped before training.
        born_dead_formula: the probability of that with zero biases, by `death_probability`.
        dead: dead after training.
        dead_output: dead after training, and the hidden layers alone are not.
        died: dead after training but not before it.
        revived: dead before training but not after it.
        failed_alive: neither learned nor dead.
    """
    mse = history.errors[:, -1]
    learned = mse < learned_below
    before, after = (
        stopped(forward(network, layers, X), network.activations)
        for layers in (start, history.layers)
    )
    born_dead, dead = is_dead(before), is_dead(after)
    flags = {
        "learned": learned,
        "reached_zero": mse < PRINTED_ZERO,
        "stuck": ~(mse < CONSTANT_ERROR),  # a diverged run too
        "always_fell": ~history.rose & np.isfinite(mse),
        "born_dead": born_dead,
        "born_dead_one_input": before[:, :, 0].any(axis=1),
        "dead": dead,
        "dead_output": dead & ~is_dead(after[:, :-1]),
        "died": dead & ~born_dead,
        "revived": born_dead & ~dead,
        "failed_alive": ~learned & ~dead,
    }
    widths = zip(network.widths[1:], network.activations, strict=True)
    columns = {name: flag.astype(int) for name, flag in flags.items()} | {
        "mse": mse,
        "epochs_to_learn": np.where(history.first_below > 0, history.first_below, np.nan),
        "prediction": forward(network, history.layers, UNSEEN)[-1][:, 0, 0] / target_scale,
        "born_dead_formula": death_probability([n for n, name in widths if name == "relu"]),
    }
    status = np.where(np.isfinite(mse), "ok", "diverged")
    return pd.DataFrame(columns).assign(status=status)


def forward(network: Network, layers: "Layers", x: Floats) -> list[Floats]:
    """Return each layer's outputs, (seeds, samples, units), for x of shape (samples, inputs)."""
    functions = {name: activate for name, (activate, _) in POSTED.items()} | {
        "linear": lambda z: z,
        "leaky_relu": lambda z: np.where(z > 0, z, LEAKY_SLOPE * z),
    }
    outputs = [x]
    with np.errstate(all="ignore"):  # of a network that has diverged
        for name, (weights, biases) in zip(network.activations, layers, strict=True):
            z = outputs[-1] @ weights.transpose(0, 2, 1) + biases[:, np.newaxis]
            outputs.append(functions[name](z))
    return outputs[1:]


def curves_of(seeds: Sequence[int], logged: Sequence[int], errors: Floats) -> pd.DataFrame:
    """Return `mse` by seed and logged epoch for the seeds below 100, in float32.

    A band over 100 curves is drawn no better with ten times as many, in a table ten times as long.
    """
    index = {"seed": np.repeat(list(seeds), len(logged)), "epoch": np.tile(logged, len(seeds))}
    with np.errstate(over="ignore"):  # of a network that diverges
        curves = pd.DataFrame(index | {"mse": errors.ravel().astype(np.float32)})
    return curves[curves["seed"] < CURVE_SEEDS].reset_index(drop=True)
