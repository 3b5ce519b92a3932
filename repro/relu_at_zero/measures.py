"""Measure thread 001: where a run with one ReLU'(0) differs from that with 0."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.relu_at_zero.engine import Attempts, Compiled, History, Rebuilt
from repro.relu_at_zero.posted import H, N
from repro.relu_at_zero.scan import Scan, relative_change
from repro.relu_at_zero.settings import MnistMlp, Snippet

METRICS = {
    "differs": "flag",
    "differs_anywhere": "flag",
    "change": "nonnegative",
    "loss_change": "nonnegative",
    "met_zero": "flag",
    "met_rounding_zero": "flag",
    "exact_zeros": "share",
    "looked_at": "count",
    "final_loss": "nonnegative",
    "loss_left": "nonnegative",
    "runs_to_end": "flag",
}
COMPARED = ["differs", "differs_anywhere", "change", "loss_change"]  # with ReLU'(0) = 0
LEARNED = [name for name in METRICS if name not in ("looked_at", "runs_to_end")]
COLUMNS = ["seed", *METRICS, "status"]
Tables = tuple[pd.DataFrame, pd.DataFrame]


def measure(settings: Snippet, seeds: Sequence[int], history: History) -> Tables:
    """Return runs, one row a seed with `METRICS`, and curves, one row a seed and logged step.

    Metrics, NaN where a line raised (status `crashed`) or the engine does not tell, and, but for
    `looked_at` and `runs_to_end`, where training diverged. What compares with ReLU'(0) = 0 is NaN
    for sigmoid units, too.

        differs: 0/1, the first layer's final weights are not those of ReLU'(0) = 0.
        differs_anywhere: 0/1, some layer's weights, or a logged loss, are not.
        change: Euclidean norm of the first layer's difference, relative to ReLU'(0) = 0.
        loss_change: distance of the final loss to that of ReLU'(0) = 0, as a share of the loss
            before training.
        met_zero: 0/1, some hidden unit's input was exactly zero.
        met_rounding_zero: 0/1, one was that is not zero in more exact arithmetic.
        exact_zeros: share of the hidden units' inputs that were exactly zero.
        looked_at: number of inputs that this is a share of.
        final_loss: sum of squared errors before the last step.
        loss_left: the same as a share of the loss before training.
        runs_to_end: 0/1, no line raised.
    """
    if isinstance(history, Attempts):
        runs, curves = _tell_attempts(seeds, history)
    elif isinstance(history, Rebuilt):
        runs, curves = _compare_rebuilt(settings, history)
    else:
        runs, curves = _compare(settings, seeds, history)
    return runs.reindex(columns=COLUMNS), curves


def measure_scans(settings: MnistMlp, seeds: Sequence[int], history: Sequence[Scan]) -> Tables:
    """Return runs and curves of random MNIST networks, one row a seed each.

    Metrics are those of `measure`, but for:

        differs: 0/1, in a minibatch the first layer's weight gradient is not that of ReLU'(0) = 0.
        differs_anywhere: 0/1, some layer's weight or bias gradient is not.
        change: of the first layer's gradient, largest over the minibatches.
        final_loss, loss_left, loss_change: NaN, since nothing is trained.
    """
    scanned = pd.DataFrame([vars(scan) for scan in history])
    share = scanned.zeros / scanned.preactivations
    runs = pd.DataFrame(
        {
            "seed": list(seeds),
            "differs": scanned.differs.astype(int),
            "differs_anywhere": scanned.differs_anywhere.astype(int),
            "change": scanned.change,
            "met_zero": (scanned.zeros > 0).astype(int),
            "met_rounding_zero": (scanned.rounding_zeros > 0).astype(int),
            "exact_zeros": share,
            "looked_at": scanned.preactivations,
            "runs_to_end": 1,
            "status": "ok",
        }
    )
    curves = {"seed": list(seeds), "step": scanned.minibatches, "exact_zeros": share}
    return runs.reindex(columns=COLUMNS), pd.DataFrame(curves)


def _tell_attempts(seeds: Sequence[int], history: Attempts) -> Tables:
    rows = []
    for seed, loss in zip(seeds, history.losses, strict=True):
        row = {"final_loss": np.nan, "runs_to_end": 0, "status": "crashed"}
        if loss is not None:
            row = {"final_loss": loss, "runs_to_end": 1, "status": "ok"}
        rows.append({"seed": seed} | dict.fromkeys(METRICS, np.nan) | row)
    return pd.DataFrame(rows), pd.DataFrame({"seed": [], "step": [], "loss": []})


def _compare(settings: Snippet, seeds: Sequence[int], history: Compiled) -> Tables:
    ours, zero = history
    differs = _rows_differ(ours.w1, zero.w1)
    others_differ = _rows_differ(ours.w2, zero.w2) | _rows_differ(ours.losses, zero.losses)
    zeros, losses = ours.zeros, ours.losses.astype(float)
    first, final = losses[:, 0], losses[:, -1]
    logged = settings.logged
    shares = zeros / (logged * N * H)
    finite = np.isfinite(final) & np.isfinite(ours.w1).all((1, 2))
    runs = pd.DataFrame(
        {
            "seed": list(seeds),
            "differs": differs.astype(int),
            "differs_anywhere": (differs | others_differ).astype(int),
            "change": [relative_change(a, b) for a, b in zip(ours.w1, zero.w1, strict=True)],
            "loss_change": np.abs(final - zero.losses[:, -1]) / first,
            "met_zero": (zeros[:, -1] > 0).astype(int),
            "met_rounding_zero": (ours.rounding_zeros[:, -1] > 0).astype(int),
            "exact_zeros": shares[:, -1],
            "looked_at": int(logged[-1]) * N * H,
            "final_loss": final,
            "loss_left": final / first,
            "runs_to_end": 1,
            "status": np.where(finite, "ok", "diverged"),
        }
    )
    runs[LEARNED] = runs[LEARNED].where(pd.Series(finite), axis=0)
    if settings.activation == "sigmoid":
        runs[COMPARED] = np.nan
    curves = [
        pd.DataFrame({"seed": runs.seed, "step": step, "loss": loss, "exact_zeros": share})
        for step, loss, share in zip(logged, losses.T, shares.T, strict=True)
    ]
    return runs, pd.concat(curves).sort_values(["seed", "step"], ignore_index=True)


def _rows_differ(ours: NDArray[Any], zero: NDArray[Any]) -> NDArray[np.bool_]:
    equal = (ours == zero) | (np.isnan(ours) & np.isnan(zero))
    return ~equal.reshape(len(ours), -1).all(axis=1)


def _compare_rebuilt(settings: Snippet, history: Rebuilt) -> Tables:
    change, second = (
        [
            relative_change(a[layer], b[layer])
            for a, b in zip(history.ours, history.zero, strict=True)
        ]
        for layer in (0, 1)
    )
    losses, logged = history.losses, settings.logged
    final = losses[logged[-1]].to_numpy(float)
    runs = pd.DataFrame(
        {
            "seed": losses.index,
            "differs": np.sign(change),  # NaN where a weight is not finite
            "differs_anywhere": np.sign(np.add(change, second)),
            "change": change,
            "final_loss": final,
            "loss_left": final / losses[logged[0]].to_numpy(float),
            "runs_to_end": 1,
            "status": np.where(np.isfinite(final), "ok", "diverged"),
        }
    )
    curves = losses[logged].melt(var_name="step", value_name="loss", ignore_index=False)
    return runs, curves.reset_index()
