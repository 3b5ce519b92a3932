"""Measure thread 004: accuracy, dead units, and the means of what was observed while it learned."""

from collections.abc import Sequence

import pandas as pd

from repro.four_layers.digits import Digits, digits_of
from repro.four_layers.engine import History
from repro.four_layers.observation import classify
from repro.four_layers.settings import Settings

METRICS = (
    "test_accuracy",
    "online_accuracy",
    "learned",
    "missing_digits",
    "died",
    "dead_fraction_first",
    "dead_fraction_second",
    "dead_fraction_output",
    "cosine_first",
    "cosine_second",
    "length_ratio_first",
    "length_ratio_second",
    "overshoot_at_start",
    "signal_ratio_at_start",
)
RECOGNIZED = 0.05  # of a digit's test images; below that the digit is missing


def measure(
    settings: Settings, seeds: Sequence[int], history: Sequence[History]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return runs, one row a seed with `METRICS`, and curves, one row a seed and logged step.

    Metrics, as shares unless stated otherwise:

        test_accuracy: of the data set's test images.
        online_accuracy: of the images learned, each classified just before it was learned.
        learned: 0/1, test accuracy above `learned_above`.
        missing_digits: number of digits of which less than `RECOGNIZED` is classified right.
        died: 0/1, in some layer no unit has a slope for any test image, so that errors end there.
        dead_fraction_first, _second, _output: units of that layer without a slope for any test
            image.
        cosine_first, _second; length_ratio_first, _second: as of `observe`, means over logged
            steps.
        overshoot_at_start, signal_ratio_at_start: as of `observe`, before training.

    A run is `diverged` if an output is not finite; from then on it learns nothing and classifies
    nothing right online. Its test accuracy is what `numpy.argmax` makes of its outputs.
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
    correct, dead = classify(settings, digits.test, history.layers)
    accuracy = float(correct.mean())
    recognized = pd.Series(correct).groupby(digits.test.label).mean()
    names = ("cosine_first", "cosine_second", "length_ratio_first", "length_ratio_second")
    return {
        "test_accuracy": accuracy,
        "online_accuracy": history.online_accuracy,
        "learned": int(accuracy > settings.learned_above),
        "missing_digits": int((recognized < RECOGNIZED).sum()),
        "died": int(max(dead) == 1),
        "dead_fraction_first": dead[0],
        "dead_fraction_second": dead[1],
        "dead_fraction_output": dead[2],
        **{name: history.curve[name].mean() for name in names},
        "overshoot_at_start": history.curve.overshoot[0],
        "signal_ratio_at_start": history.curve.signal_ratio[0],
        "status": "diverged" if history.diverged else "ok",
    }
