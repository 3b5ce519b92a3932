"""What is measured of thread 001: where a run with one ReLU'(0) differs from that with 0."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.relu_at_zero.posted import Floats, H, N
from repro.relu_at_zero.random_mlp import Scan, relative_change

if TYPE_CHECKING:
    from repro.relu_at_zero.loop import Trained


def compare(
    seeds: Sequence[int], ours: "Trained", zero: "Trained", logged: NDArray[np.int64]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare trained networks with those of ReLU'(0) = 0; return runs and curves.

    Args:
        seeds: of the networks.
        ours: what the compiled loop left, with some ReLU'(0).
        zero: likewise, with 0.
        logged: the steps at which both kept loss and zeros; the last is the last step.
    """
    differ = {
        name: _rows_differ(getattr(ours, name), getattr(zero, name))
        for name in ("w1", "w2", "losses")
    }
    zeros, losses = ours.zeros, ours.losses.astype(float)
    shares = zeros / (logged * N * H)
    finite = np.isfinite(losses[:, -1]) & np.isfinite(ours.w1).all((1, 2))
    runs = pd.DataFrame(
        {
            "seed": list(seeds),
            "differs": differ["w1"].astype(int),
            "differs_anywhere": np.logical_or.reduce(list(differ.values())).astype(int),
            "change": [relative_change(a, b) for a, b in zip(ours.w1, zero.w1, strict=True)],
            "met_zero": (zeros[:, -1] > 0).astype(int),
            "met_rounding_zero": (ours.rounding_zeros[:, -1] > 0).astype(int),
            "exact_zeros": shares[:, -1],
            "looked_at": int(logged[-1]) * N * H,
            "final_loss": losses[:, -1],
            "runs_to_end": 1,
            "status": np.where(finite, "ok", "diverged"),
        }
    )
    curves = [
        pd.DataFrame({"seed": runs.seed, "step": step, "loss": loss, "exact_zeros": share})
        for step, loss, share in zip(logged, losses.T, shares.T, strict=True)
    ]
    return runs, pd.concat(curves).sort_values(["seed", "step"], ignore_index=True)


def _rows_differ(ours: NDArray[Any], zero: NDArray[Any]) -> NDArray[np.bool_]:
    same = (ours == zero) | (np.isnan(ours) & np.isnan(zero))
    return ~same.reshape(len(ours), -1).all(axis=1)


def compare_rebuilt(
    losses: pd.DataFrame,
    ours: Sequence[list[Floats]],
    zero: Sequence[list[Floats]],
    logged: NDArray[np.int64],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare trained Keras models with those of ReLU'(0) = 0; return runs and curves.

    Args:
        losses: ours, one row a seed and one column a step.
        ours: each seed's weights of both layers.
        zero: likewise, with ReLU'(0) = 0.
        logged: the steps that the curves keep; the last is the last step.
    """
    change, second = (
        [relative_change(a[layer], b[layer]) for a, b in zip(ours, zero, strict=True)]
        for layer in (0, 1)
    )
    final = losses[logged[-1]].to_numpy(float)
    runs = pd.DataFrame(
        {
            "seed": losses.index,
            "differs": np.sign(change).astype(int),
            "differs_anywhere": np.sign(np.add(change, second)).astype(int),
            "change": change,
            "final_loss": final,
            "runs_to_end": 1,
            "status": np.where(np.isfinite(final), "ok", "diverged"),
        }
    )
    curves = losses[logged].melt(var_name="step", value_name="loss", ignore_index=False)
    return runs, curves.reset_index()


def describe(seeds: Sequence[int], scans: list[Scan]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs and curves of random MNIST networks, from what was met in each."""
    scanned = pd.DataFrame([vars(scan) for scan in scans])
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
    return runs, pd.DataFrame(curves)
