"""Measure thread 002: accuracy, dead units, and the hidden layer before training."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.mnist_relu.pixels import eigenvalue_of, prepare
from repro.mnist_relu.rebuilt import build_model
from repro.mnist_relu.settings import Settings

METRICS = (
    "test_accuracy",
    "test_loss",
    "train_accuracy",
    "train_loss",
    "first_epoch_loss",
    "generalization_gap",
    "dead_fraction",
    "always_on_fraction",
    "switching_at_birth",
    "active_at_birth",
    "largest_initial_weight",
    "largest_eigenvalue",
)
KINDS = {
    "test_accuracy": "share",
    "test_loss": "nonnegative",
    "train_accuracy": "share",
    "train_loss": "nonnegative",
    "first_epoch_loss": "nonnegative",
    "generalization_gap": "difference",
    "dead_fraction": "share",
    "always_on_fraction": "share",
    "switching_at_birth": "share",
    "active_at_birth": "share",
    "largest_initial_weight": "nonnegative",
    "largest_eigenvalue": "nonnegative",
}
CURVES = {
    "accuracy": "train_accuracy",
    "loss": "train_loss",
    "val_accuracy": "test_accuracy",
    "val_loss": "test_loss",
    "val_dead_fraction": "dead_fraction",
    "val_always_on_fraction": "always_on_fraction",
}


def measure(
    settings: Settings, seeds: Sequence[int], history: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs, one row a seed with `METRICS`, and curves, one row a seed and epoch.

    Metrics are those of the last epoch, and: first_epoch_loss, on the training images;
    generalization_gap, train accuracy less test accuracy; largest_eigenvalue of the inputs; and
    those of `at_birth`.
    """
    curves = history[["seed", "epoch", *CURVES]].rename(columns=CURVES)
    _, (x_test, _) = prepare(settings.pixels)
    births = pd.DataFrame([at_birth(settings, seed, x_test) for seed in seeds])
    runs = summarize(curves).merge(births, on="seed")
    return runs.assign(largest_eigenvalue=eigenvalue_of(settings.pixels)), curves


def at_birth(settings: Settings, seed: int, x_test: NDArray[np.float32]) -> dict[str, float]:
    """Measure a seed's untrained hidden layer on the test images (n, 784).

    Returns:
        switching_at_birth: share of units that are above zero for some images and not for others.
        active_at_birth: share of positive weighted sums.
        largest_initial_weight: the largest magnitude of a weight.
    """
    import keras

    keras.utils.set_random_seed(seed)
    kernel, _ = build_model(settings).get_layer("hidden").get_weights()
    positive = x_test @ kernel > 0  # biases start at zero; (images, units)
    share = positive.mean(axis=0)
    return {
        "seed": seed,
        "switching_at_birth": float(np.mean((share > 0) & (share < 1))),
        "active_at_birth": float(share.mean()),
        "largest_initial_weight": float(np.abs(kernel).max()),
    }


def summarize(curves: pd.DataFrame) -> pd.DataFrame:
    """Return one row a seed from its curve: the last epoch, the first epoch's loss, the status."""
    last = curves.groupby("seed").last().drop(columns="epoch")
    losses = curves.set_index("seed")[["train_loss", "test_loss"]]
    finite = np.isfinite(losses).all(axis=1).groupby("seed").all()
    return last.assign(
        first_epoch_loss=curves.groupby("seed").train_loss.first(),
        generalization_gap=last.train_accuracy - last.test_accuracy,
        status=np.where(finite, "ok", "diverged"),
    ).reset_index()
