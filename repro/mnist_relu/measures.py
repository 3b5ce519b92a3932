"""Measure thread 002: accuracy, units, images that no unit sees, and the start of training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.mnist_relu.curvature import gauss_newton
from repro.mnist_relu.pixels import eigenvalue_of, prepare
from repro.mnist_relu.rebuilt import build_model
from repro.mnist_relu.settings import Pixels, Settings

if TYPE_CHECKING:
    import keras

    from repro.training.fit import SeedsFit

METRICS = {
    "test_accuracy": "share",
    "test_loss": "nonnegative",
    "train_accuracy": "share",
    "train_loss": "nonnegative",
    "first_epoch_loss": "nonnegative",
    "generalization_gap": "difference",
    "late_slope": "difference",
    "beats_guess": "flag",
    "silent_images": "share",
    "accuracy_on_silent": "share",
    "accuracy_on_seen": "share",
    "stuck_images": "share",
    "stuck_errors": "share",
    "dead_fraction": "share",
    "always_on_fraction": "share",
    "switching_fraction": "share",
    "active_fraction": "share",
    "typical_sum": "nonnegative",
    "active_at_birth": "share",
    "typical_sum_at_birth": "nonnegative",
    "largest_initial_weight": "nonnegative",
    "first_layer_shift": "nonnegative",
    "largest_curvature": "nonnegative",
    "largest_eigenvalue": "nonnegative",
}
CURVES = {
    "accuracy": "train_accuracy",
    "loss": "train_loss",
    "val_accuracy": "test_accuracy",
    "val_loss": "test_loss",
    "val_dead_fraction": "dead_fraction",
    "val_always_on_fraction": "always_on_fraction",
    "val_silent_images": "silent_images",
    "val_silent_correct": "silent_correct",
    "val_stuck_images": "stuck_images",
}
LOSSES = ["train_loss", "test_loss"]
LATE = 5  # epochs of which the slope is taken
GUESS = 0.12  # the most frequent digit is 11.35 % of the test images
SAMPLE = 1000  # training images, of which the curvature is taken


def measure(
    settings: Settings, seeds: Sequence[int], fit: "SeedsFit"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs, one row a seed with `METRICS`, and curves, one row a seed and epoch.

    Metrics are those of `trace` at the last epoch, of `summarize`, `at_birth` and `sums_after`,
    first_layer_shift and largest_eigenvalue of the inputs. A diverged run has those of its start
    alone.
    """
    curves = trace(fit.frame)
    births, deaths = [], []
    for seed in seeds:
        model = born_model(settings, seed)
        births.append({"seed": seed, **at_birth(settings, model)})
        drawn = first_weights(model)
        give_weights(model, fit.trained[seed].state)
        shift = first_layer_shift(drawn, first_weights(model))
        deaths.append({"seed": seed, **sums_after(settings.pixels, model), **shift})
    births, deaths = pd.DataFrame(births), pd.DataFrame(deaths)
    runs = summarize(curves).merge(deaths, on="seed")
    diverged = runs.status == "diverged"
    ends = runs.columns.difference(["seed", "status", "beats_guess", "first_epoch_loss"])
    runs[ends] = runs[ends].mask(diverged)
    runs = runs.merge(births, on="seed")
    return runs.assign(largest_eigenvalue=eigenvalue_of(settings.pixels)), curves


def trace(history: pd.DataFrame) -> pd.DataFrame:
    """Return the curves of Keras' history; a row whose losses are not finite has no shares.

    - silent_images: share of test images for which all hidden units are exactly zero;
    - accuracy_on_silent, accuracy_on_seen: test accuracy on these and on the others, empty where
      there are none;
    - stuck_images: share of test images that are called wrong and whose loss has no gradient;
    - stuck_errors: share of stuck images among those that are called wrong;
    - dead_fraction, always_on_fraction: shares of hidden units that are above zero for no test
      image, and for every one.
    """
    curves = history[["seed", "epoch", *CURVES]].rename(columns=CURVES)
    silent, correct = curves.silent_images, curves.pop("silent_correct")
    curves["accuracy_on_silent"] = correct / silent.where(silent > 0)
    curves["accuracy_on_seen"] = (curves.test_accuracy - correct) / (1 - silent.where(silent < 1))
    wrong = 1 - curves.test_accuracy
    curves["stuck_errors"] = (curves.stuck_images / wrong.where(wrong > 0)).clip(upper=1.0)
    shares = curves.columns.difference(["seed", "epoch", *LOSSES])
    finite = np.isfinite(curves[LOSSES]).all(axis=1)
    return curves.assign(**curves[shares].where(finite, axis=0))


def summarize(curves: pd.DataFrame) -> pd.DataFrame:
    """Return one row a seed from its curve: the last epoch, the status, and these.

    - first_epoch_loss: on the training images;
    - generalization_gap: train accuracy less test accuracy;
    - late_slope: slope of train accuracy over the last epochs, an epoch's gain;
    - beats_guess: 1 if test accuracy exceeded 12 % after some epoch whose losses were finite;
    - switching_fraction: share of hidden units that are above zero for some test images only.
    """
    by_seed = curves.set_index("seed").groupby("seed")
    last = by_seed.last(skipna=False).drop(columns="epoch")
    finite = np.isfinite(curves.set_index("seed")[LOSSES]).all(axis=1).groupby("seed").all()
    return last.assign(
        first_epoch_loss=by_seed.train_loss.first(),
        generalization_gap=last.train_accuracy - last.test_accuracy,
        late_slope=by_seed.train_accuracy.apply(late_slope),
        beats_guess=(by_seed.test_accuracy.max() > GUESS).astype(int),
        switching_fraction=1 - last.dead_fraction - last.always_on_fraction,
        status=np.where(finite, "ok", "diverged"),
    ).reset_index()


def late_slope(accuracy: pd.Series) -> float:
    """Return the slope an epoch of the least-squares line over the last epochs; 0 of one alone."""
    late = accuracy.to_numpy()[-LATE:]
    epochs = np.arange(len(late)) - (len(late) - 1) / 2
    return float(epochs @ late / max(epochs @ epochs, 1.0))


def born_model(settings: Settings, seed: int) -> "keras.Model":
    """Return a seed's untrained network."""
    import keras

    keras.utils.set_random_seed(seed)
    return build_model(settings)


def at_birth(settings: Settings, model: "keras.Model") -> dict[str, float]:
    """Measure an untrained network.

    Returns:
        active_at_birth: share of positive sums of the hidden units, over all test images.
        typical_sum_at_birth: median magnitude of these sums.
        largest_initial_weight: the largest magnitude of a weight of the hidden layer.
        largest_curvature: largest eigenvalue of the Gauss-Newton matrix of the loss over the first
            training images; empty with batch normalization or an output that is not softmax.
    """
    _, (x_test, _) = prepare(settings.pixels)
    kernel = first_weights(model)
    active, typical = _sums(model, x_test)
    return {
        "active_at_birth": active,
        "typical_sum_at_birth": typical,
        "largest_initial_weight": float(np.abs(kernel).max()),
        "largest_curvature": curvature(settings, model),
    }


def give_weights(model: "keras.Model", state: Sequence[NDArray[Any]]) -> None:
    """Give a network what a training of the watched one ended with, its optimizer's state apart."""
    variables = model.trainable_variables + model.non_trainable_variables
    for variable, value in zip(variables, state, strict=False):
        variable.assign(value)


def first_weights(model: "keras.Model") -> NDArray[Any]:
    """Return the hidden layer's weights (784, units)."""
    kernel: NDArray[Any] = model.get_layer("hidden").get_weights()[0]
    return kernel


def first_layer_shift(drawn: NDArray[Any], learned: NDArray[Any]) -> dict[str, float]:
    """Return first_layer_shift: how far training moved the hidden layer's weights, by their length.

    0.01 is a hundredth of the length that all of them together had at the start.
    """
    drawn, learned = drawn.astype(float), learned.astype(float)
    return {"first_layer_shift": float(np.linalg.norm(learned - drawn) / np.linalg.norm(drawn))}


def sums_after(pixels: Pixels, model: "keras.Model") -> dict[str, float]:
    """Measure a trained network's hidden sums over all test images.

    Returns:
        active_fraction: share of positive sums.
        typical_sum: median magnitude of the sums.
    """
    _, (x_test, _) = prepare(pixels)
    active, typical = _sums(model, x_test)
    return {"active_fraction": active, "typical_sum": typical}


def curvature(settings: Settings, model: "keras.Model", images: int = SAMPLE) -> float:
    """Return largest_curvature, see `at_birth`.

    Args:
        settings: of the network.
        model: the network.
        images: so many of the first training images.
    """
    if settings.batch_normalization or settings.output_activation != "softmax":
        return np.nan
    (x, _), _ = prepare(settings.pixels)
    matrix = gauss_newton(
        x[:images] * np.float32(np.sqrt(settings.first_layer_rate)),
        model.get_weights()[:4],
        activation=settings.hidden_activation,
        leaky_slope=settings.leaky_slope,
        gain=float(np.sqrt(settings.second_layer_rate)),
    )
    return matrix.largest_eigenvalue()


def _sums(model: "keras.Model", x: NDArray[np.float32]) -> tuple[float, float]:
    """Return the share of positive sums of the hidden units, and the sums' median magnitude."""
    import keras

    sums = keras.Model(model.inputs[0], model.get_layer("activation").input)(x).numpy()
    return float((sums > 0).mean()), float(np.median(np.abs(sums)))
