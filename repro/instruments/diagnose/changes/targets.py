"""Changes of labels and targets."""

from collections.abc import Callable
from typing import Any

import numpy as np

from repro.instruments.diagnose.changes.change import Change, Pair
from repro.instruments.diagnose.changes.inputs import Changes
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import Array, table
from repro.instruments.diagnose.symptoms.definitions import Symptom


def of_labels(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    """Count or move the labels."""
    y = table(case.train[1])
    if "labels_shifted" in keys:
        rows = int(keys["labels_shifted"].value)
        yield Change(
            "move_labels", f"move the labels by {rows:+d} rows", 1,
            f"y = np.roll(y, {rows}, axis=0)", ("labels_shifted",), "labels",
            data=_on_targets(lambda a: np.roll(a, rows, axis=0)),
        )  # fmt: skip
    values = np.unique(y)
    odd = y.shape[1] == 1 and case.task.classes > 0 and not np.array_equal(
        values, np.arange(len(values))
    )  # fmt: skip
    if odd and ("labels_range" in keys or "labels_encoding" in keys or "unreachable" in keys):
        yield Change(
            "count_labels", f"count the labels from 0 to {len(values) - 1}", 1,
            "y = np.unique(y, return_inverse=True)[1]", ("labels_encoding", "unreachable"),
            "labels", data=_on_targets(lambda a: np.searchsorted(values, a)), counted=True,
        )  # fmt: skip


def _on_targets(function: Callable[[Array], Any]) -> Callable[[Pair, Pair], tuple[Pair, Pair]]:
    def data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        return (train[0], function(train[1])), (test[0], function(test[1]))

    return data


def of_targets(case: Case, seen: Examination, keys: dict[str, Symptom]) -> Changes:
    """Standardize the targets of a regression."""
    if case.task.kind != "regression":
        return
    y = table(case.train[1])
    mean, deviation = float(y.mean()), float(y.std())
    if deviation > 0 and (np.sqrt((y**2).mean()) > 3 or deviation < 0.1):
        yield Change(
            "standardize_targets", "standardize the targets", 1,
            f"y = (y - {mean:.6g}) / {deviation:.6g}  # and predictions * {deviation:.6g} + "
            f"{mean:.6g}", ("target_scale", "rate_high", "rate_low", "unreachable"), "targets",
            data=_on_targets(lambda a: ((a - mean) / deviation).astype("float32")), unit=deviation,
        )  # fmt: skip
