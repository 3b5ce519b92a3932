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
    for metric in filter(_is_own, _flat(metrics)):
        try:
            values = [_value(metric, y, predictions) for predictions in (right, *wrong)]
        except Exception:  # whatever a function of the user's raises on such predictions
            continue
        if np.ptp(values) < EQUAL * max(abs(values[0]), 1.0):
            return BlindMetric(getattr(metric, "__name__", type(metric).__name__), values[0])
    return None


def _flat(metrics: Any) -> list[Any]:
    import keras

    return [metric for metric in keras.tree.flatten(metrics) if metric is not None]


def _is_own(metric: Any) -> bool:
    """Tell whether a metric is a function of the user's own; Keras' are known to be right."""
    is_function = callable(metric) and hasattr(metric, "__name__")
    return is_function and not str(metric.__module__).startswith("keras")


def _value(metric: Callable[..., Any], y: Array, predictions: Array) -> float:
    import keras

    mean = keras.metrics.MeanMetricWrapper(fn=metric)
    mean.update_state(y, predictions)
    return float(mean.result())
