"""Changes of labels and targets."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from repro.instruments.diagnose.changes.change import Change, ChangeData, Changes
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.measurements.relation import SURELY, relate
from repro.instruments.diagnose.measurements.tails import log_offset
from repro.instruments.diagnose.setup.arrays import Array, fences
from repro.instruments.diagnose.setup.setup import Setup, cut
from repro.instruments.diagnose.setup.splitting import Pair, split_rows

LARGE_TARGETS = 3.0  # root mean square from which on standardized targets are offered
LEAST_TARGET = 1e-12  # of which a logarithm is taken: validation data may have others
SMALL_DEVIATION = 0.1  # deviation below which they are, too
CLIPPING = """\
low, high = np.quantile(y, (0.25, 0.75), axis=0)  # of the training targets; better: correct them
spread = np.where(high > low, high - low, np.inf)
y = np.clip(y, low - 3 * spread, high + 3 * spread)"""
MATCHING = """\
# scale y_val by the very numbers by which y was; if these are lost, by the quartiles:
(low, high), (a, b) = (np.quantile(targets, (0.25, 0.75), axis=0) for targets in (y, y_val))
y_val = low + (y_val - a) * (high - low) / (b - a)"""
MISREAD = {"labels_range", "labels_encoding", "unreachable"}


def label_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Count or move the labels."""
    relation = examination.relation
    if "labels_shifted" in symptoms and relation is not None:
        yield _reversing(setup) if relation.is_reversed else _moving(setup, relation.best_shift)
    if "labels_renamed" in symptoms:
        yield _renaming(examination.names)
    y = setup.targets
    labels = np.unique(y)
    if y.shape[1] > 1 or not setup.task.classes or not symptoms & MISREAD:
        return
    if not np.array_equal(labels, np.arange(len(labels))):
        yield _counting(labels)


def _moving(setup: Setup, rows: int) -> Change:
    return Change(
        key="move_labels",
        title=f"move the labels by {rows:+d} rows",
        size=1,
        code=f"y = np.roll(y, {rows}, axis=0)",
        removes=("labels_shifted",),
        group="labels",
        rows=_aligned(setup, lambda y: np.roll(y, rows, axis=0)),
    )


def _reversing(setup: Setup) -> Change:
    return Change(
        key="reverse_labels",
        title="the labels from the last to the first",
        size=1,
        code="y = y[::-1]",
        removes=("labels_shifted",),
        group="labels",
        rows=_aligned(setup, lambda y: y[::-1]),
    )


def _aligned(setup: Setup, align: Callable[[Array], Array]) -> ChangeData:
    def aligned(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        """Move them before any row is held out: beside a gap, a label would move too far."""
        (x, y), validation = setup.whole
        if validation is not None and not _go_together(setup):
            validation = validation[0], align(validation[1])
        split = split_rows(x, align(y), validation)
        return cut(split.train, len(train[1])), split.test

    return aligned


def _go_together(setup: Setup) -> bool:
    """Tell whether the validation labels stand beside their own rows."""
    related = relate(setup.test_inputs, setup.test[1])
    return related is not None and related.p_value <= SURELY


def _renaming(names: Sequence[int]) -> Change:
    def renamed(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        x, y = test
        if y.ndim > 1 and y.shape[1] > 1:
            return train, (x, y[:, np.argsort(names)])
        labels = np.unique(train[1])
        places = np.searchsorted(labels, y).clip(0, len(names) - 1)
        return train, (x, labels[np.array(names)[places]])

    return Change(
        key="rename_labels",
        title="the validation labels counted as those of training are",
        size=1,
        code=(
            "# fit one encoder on the training labels, and use it for both; what was found:\n"
            f"names = np.array({list(names)})  # y_val = names[y_val]"
        ),
        removes=("labels_renamed",),
        treats=("overfits", "validation"),
        group="validation",
        rows=renamed,
    )


def _counting(labels: Array) -> Change:
    return Change(
        key="count_labels",
        title=f"count the labels from 0 to {len(labels) - 1}",
        size=1,
        code="y = np.unique(y, return_inverse=True)[1]",
        removes=("labels_encoding",),
        treats=("unreachable", "output_loss"),
        group="labels",
        data=_on_targets(lambda a: np.searchsorted(labels, a)),
        labels_from_0=True,
    )


def _on_targets(function: Callable[[Array], Any]) -> ChangeData:
    def data(train: Pair, test: Pair) -> tuple[Pair, Pair]:
        return (train[0], function(train[1])), (test[0], function(test[1]))

    return data


def target_changes(setup: Setup, examination: Examination, symptoms: frozenset[str]) -> Changes:
    """Clip or standardize the targets of a regression."""
    if "long_tail" in symptoms:
        yield _logarithm(setup.targets)
    if "target_outliers" in symptoms:
        yield _clipping()
    if symptoms & {"targets_differ", "targets_apart"}:
        yield _matching()
    y = setup.targets
    if "labels_encoding" in symptoms and setup.task.kind == "regression" and np.ptp(y) > 0:
        yield _as_shares(float(y.min()), float(y.max()))
    if setup.task.spreads:
        yield _standardizing_each(y)
        return
    mean, deviation = float(y.mean()), float(y.std())
    is_large = np.sqrt((y**2).mean()) > LARGE_TARGETS
    if setup.task.kind != "regression" or not deviation > 0:
        return
    if is_large or deviation < SMALL_DEVIATION:
        scaled = f"y = (y - {mean:.6g}) / {deviation:.6g}"
        yield Change(
            key="standardize_targets",
            title="standardize the targets",
            size=1,
            code=f"{scaled}  # and predictions * {deviation:.6g} + {mean:.6g}",
            removes=("target_scale",),
            treats=("rate_high", "rate_low", "unreachable", "loss_choice"),
            group="targets",
            data=_on_targets(lambda a: ((a - mean) / deviation).astype("float32")),
            unit=deviation,
        )


def _as_shares(low: float, high: float) -> Change:
    unit = high - low
    moved = f"(y - {low:g})" if low else "y"
    return Change(
        key="targets_as_shares",
        title="targets from 0 to 1",
        size=1,
        code=f"y = {moved} / {unit:g}",
        removes=("labels_encoding",),
        treats=("target_scale", "unreachable", "output_loss"),
        group="targets",
        data=_on_targets(lambda a: ((a - low) / unit).astype("float32")),
        unit=unit,
    )


def _logarithm(y: Array) -> Change:
    """Learn the standardized logarithm; it is scored as predictions are used: by their exp."""
    offset = log_offset(y)
    logarithm = np.log(np.asarray(y, float) + offset)
    mean, deviation = float(logarithm.mean()), float(logarithm.std())
    inner, back = ("y + 1", " - 1") if offset else ("y", "")

    def undo(values: Any) -> Any:
        from keras import ops

        return ops.exp(values * deviation + mean) - offset

    return Change(
        key="log_targets",
        title="the logarithm of the targets, standardized",
        size=1,
        code=(
            f"y = (np.log({inner}) - {mean:.6g}) / {deviation:.6g}"
            f"  # and np.exp(predictions * {deviation:.6g} + {mean:.6g}){back}"
        ),
        removes=("long_tail", "target_scale"),
        treats=("target_outliers", "rate_high", "rate_low", "unreachable", "loss_choice"),
        group="targets",
        data=_on_targets(
            lambda a: ((np.log(np.maximum(a + offset, LEAST_TARGET)) - mean) / deviation).astype(
                "float32"
            )
        ),
        undo=undo,
    )


def _clipping() -> Change:
    return Change(
        key="clip_targets",
        title="training targets far out clipped",
        size=1,
        code=CLIPPING,
        removes=("target_outliers",),
        treats=("target_scale", "rate_high"),
        group="target_rows",
        rows=lambda train, test: ((train[0], np.clip(train[1], *fences(train[1]))), test),
    )


def _matching() -> Change:
    return Change(
        key="match_targets",
        title="the validation targets in the units of the training targets",
        size=1,
        code=MATCHING,
        removes=("validation_targets",),
        treats=("overfits",),
        group="target_rows",
        rows=lambda train, test: (train, (test[0], _matched(test[1], train[1]))),
    )


def _matched(y_test: Array, y: Array) -> Array:
    """Return targets with the quartiles of others."""
    (low, high), (low_test, high_test) = (np.quantile(a, (0.25, 0.75), axis=0) for a in (y, y_test))
    spread = np.where(high_test > low_test, high_test - low_test, 1)
    return np.asarray((low + (y_test - low_test) * (high - low) / spread).astype("float32"))


def _standardizing_each(y: Array) -> Change:
    means, deviations = y.mean(axis=0), y.std(axis=0)
    listed = (", ".join(f"{value:.6g}" for value in values) for values in (means, deviations))
    return Change(
        key="standardize_each_target",
        title="standardize every target column",
        size=1,
        code=(
            "means, deviations = np.array([{}]), np.array([{}])\n"
            "y = (y - means) / deviations  # and predictions * deviations + means"
        ).format(*listed),
        removes=("target_sizes", "target_scale", "target_tiny"),
        treats=("rate_high", "rate_low", "unreachable", "loss_choice"),
        group="targets",
        data=_on_targets(lambda a: ((a - means) / deviations).astype("float32")),
    )
