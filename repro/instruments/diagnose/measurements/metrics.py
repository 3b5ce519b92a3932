"""Measure whether metrics of the user's own tell right predictions from wrong ones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from repro.instruments.diagnose.measurements.loss import right_predictions
from repro.instruments.diagnose.setup.arrays import Array
from repro.instruments.diagnose.setup.compiled import compile_arguments
from repro.instruments.diagnose.setup.setup import Setup

EQUAL = 1e-6


@dataclass(frozen=True)
class BlindMetric:
    """A metric that is the same for right and for wrong predictions: its name, and its value."""

    name: str
    value: float


def find_blind_metric(setup: Setup) -> BlindMetric | None:
    """Return the first metric of the user's own that right predictions don't change, if any."""
    if setup.output is None or len(setup.output_shape) != 2:
        return None
    right = right_predictions(setup)
    if right is None:
        return None
    y, metrics = setup.train[1][: len(right)], compile_arguments(setup.build())["metrics"]
    wrong = [np.roll(right, shift, axis=0) for shift in (1, 2, 3)]
    values = {
        metric: _values(metric, y, [right, *wrong]) for metric in filter(_is_own, _flat(metrics))
    }
    blind = [(m, v[0]) for m, v in values.items() if np.ptp(v) < EQUAL * max(abs(v[0]), 1.0)]
    return BlindMetric(blind[0][0].__name__, blind[0][1]) if blind else None


def _flat(metrics: Any) -> list[Any]:
    import keras

    return [metric for metric in keras.tree.flatten(metrics) if metric is not None]


def _is_own(metric: Any) -> bool:
    """Tell whether a metric is a function of the user's own; Keras' are known to be right."""
    is_function = callable(metric) and hasattr(metric, "__name__")
    return is_function and not str(metric.__module__).startswith("keras")


def _values(metric: Callable[..., Any], y: Array, predictions: list[Array]) -> list[float]:
    """Return the metric of each of the predictions; NaN where it can't take them."""
    import keras

    values = []
    for predicted in predictions:
        mean = keras.metrics.MeanMetricWrapper(fn=metric)
        try:
            mean.update_state(y, predicted)
        except Exception:  # whatever a function of the user's raises on such predictions
            return [np.nan]
        values.append(float(mean.result()))
    return values
