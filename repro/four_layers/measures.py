"""Measure thread 004: accuracy, dead units, and the means of what was observed while it learned."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from repro.four_layers.digits import Digits, digits_of
from repro.four_layers.engine import History
from repro.four_layers.observation import classify
from repro.four_layers.settings import Settings

METRICS = {
    "test_accuracy": "share",
    "test_error": "nonnegative",
    "online_accuracy": "share",
    "learned": "flag",
    "missing_digits": "count",
    "died": "flag",
    "lost": "flag",
    "dead_fraction_first": "share",
    "dead_fraction_second": "share",
    "dead_fraction_output": "share",
    "cosine_first": "number",
    "cosine_second": "number",
    "length_ratio_first": "nonnegative",
    "length_ratio_second": "nonnegative",
    "overshoot_at_start": "share",
    "signal_ratio_at_start": "nonnegative",
    "signal_ratio": "nonnegative",
    "twin_distance": "nonnegative",
    "twin_disagreement": "share",
}
OVER_TIME = (
    "cosine_first",
    "cosine_second",
    "length_ratio_first",
    "length_ratio_second",
    "signal_ratio",
)
RECOGNIZED = 0.05  # of a digit's test images; below that the digit is missing


def measure(
    settings: Settings, seeds: Sequence[int], history: Sequence[History]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs, one row a seed with `METRICS`, and curves, one row a seed and logged step.

    Metrics, as shares unless stated otherwise:

        test_accuracy: of the data set's test images.
        test_error: mean squared error of an output on them, of targets 0.01 and 0.99.
        online_accuracy: of the images learned, each classified just before it was learned.
        learned: 0/1, test accuracy above `learned_above`.
        missing_digits: number of digits of which less than `RECOGNIZED` is classified right.
        died: 0/1, in some layer no unit has a slope for any test image, so that errors end there.
        lost: 0/1, died or diverged.
        dead_fraction_first, _second, _output: units of that layer without a slope for any test
            image.
        cosine_first, _second; length_ratio_first, _second; signal_ratio: as of `observe`, means
            over the time of training, as far as there is such a number.
        overshoot_at_start, signal_ratio_at_start: as of `observe`, before training.
        twin_distance: between the weights of the network and its twin, as a share of their length.
        twin_disagreement: test images that one of the two classifies right and the other wrong.

    A run is `diverged` if an output is not finite; from then on it learns nothing and classifies
    nothing right online. It has not learned, and has no accuracy, error, missing digits, dead units
    and twin.
    """
    digits = digits_of(settings.data)
    trained = list(zip(seeds, history, strict=True))
    rows = [
        {"seed": seed} | _measure_network(settings, digits, network) for seed, network in trained
    ]
    curves = [network.curve.assign(seed=seed) for seed, network in trained]
    runs = pd.DataFrame(rows, columns=["seed", *METRICS, "status"])
    return runs, pd.concat(curves, ignore_index=True)


def _measure_network(
    settings: Settings, digits: Digits, history: History
) -> dict[str, float | str]:
    at_end: dict[str, float] = {"learned": 0, "lost": 1}
    if not history.diverged:
        at_end = _measure_end(settings, digits, history)
    return {
        **at_end,
        "online_accuracy": history.online_accuracy,
        **{name: mean_over_time(history.curve.step, history.curve[name]) for name in OVER_TIME},
        "overshoot_at_start": history.curve.overshoot[0],
        "signal_ratio_at_start": history.curve.signal_ratio[0],
        "status": "diverged" if history.diverged else "ok",
    }


def _measure_end(settings: Settings, digits: Digits, history: History) -> dict[str, float]:
    correct, dead, error = classify(settings, digits.test, history.layers)
    accuracy = float(correct.mean())
    recognized = pd.Series(correct).groupby(digits.test.label).mean()
    return {
        "test_accuracy": accuracy,
        "test_error": error,
        "learned": int(accuracy > settings.learned_above),
        "missing_digits": int((recognized < RECOGNIZED).sum()),
        "died": int(max(dead) == 1),
        "lost": int(max(dead) == 1),
        "dead_fraction_first": dead[0],
        "dead_fraction_second": dead[1],
        "dead_fraction_output": dead[2],
        **_compare_twin(settings, digits, history, correct),
    }


def _compare_twin(
    settings: Settings, digits: Digits, history: History, correct: NDArray[np.bool_]
) -> dict[str, float]:
    if history.twin is None:
        return {}
    twins, _, _ = classify(settings, digits.test, history.twin)
    return {
        "twin_distance": float(history.curve.twin_distance.iloc[-1]),
        "twin_disagreement": float(np.mean(correct != twins)),
    }


def mean_over_time(steps: pd.Series, values: pd.Series) -> float:
    """Return the mean of values at rising steps, each for the time around it; NaN are left out.

    A value's time reaches half the way to the steps before and after it.
    """
    time = np.diff(steps, prepend=steps.iloc[0], append=steps.iloc[-1])
    weights = (time[:-1] + time[1:]) / 2
    is_known = np.isfinite(values.to_numpy())
    if not weights[is_known].any():
        return np.nan
    return float(np.average(values[is_known], weights=weights[is_known]))
