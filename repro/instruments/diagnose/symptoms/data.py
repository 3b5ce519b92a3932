"""Symptoms of the data: labels, inputs, validation."""

from collections.abc import Sequence

import numpy as np

from repro.findings.wording import counted, plural
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.measurements.inputs import Inputs
from repro.instruments.diagnose.measurements.relation import Relation
from repro.instruments.diagnose.setup.arrays import Array, leaves
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.skill import commonest_share
from repro.instruments.diagnose.setup.task import HALF
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS
from repro.instruments.diagnose.symptoms.symptom import Symptoms, detect, percent

MOST_NAMED = 5  # that are named
MOSTLY = 0.5  # share of the mean in the largest eigenvalue, from which on the text tells it


def label_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Compare labels with the loss, the output and the rows that they stand beside."""
    y, loss, sparse = setup.targets, setup.compiled.loss, "sparse" in setup.compiled.loss
    yield from _width_symptoms(setup, y)
    if sparse and y.shape[1] == 1 and (y != np.rint(y)).any():
        text = f"loss {loss} wants whole numbers, y runs from {y.min():.3g} to {y.max():.3g} in "
        text += f"{len(np.unique(y))} values"
        yield from detect("labels_encoding", float(np.mean(y != np.rint(y))), text)
    elif sparse and y.shape[1] == 1:
        units = int(setup.output_shape[-1] or 1)
        outside = float(np.mean((y < 0) | (y >= units)))
        text = f"labels run from {y.min():g} to {y.max():g}, {units} output units stand for 0 to "
        text += f"{units - 1}: {percent(outside)} of the labels name no unit"
        yield from detect("labels_range", outside, text)
    if setup.task.classes:
        share = commonest_share(setup.task, setup.train[1])
        things = "steps or pixels" if setup.task.per_step else "rows"
        yield from detect("imbalance", share, f"{percent(share)} of the {things} are of one class")
    elif setup.task.several and setup.task.factors:
        share = float((y > HALF).mean())
        text = f"{percent(max(share, 1 - share))} of the labels are {round(share)}"
        yield from detect("imbalance", max(share, 1 - share), text)
    if (missed := examination.missed) is not None:
        text = f"class {missed.label:g} has {percent(missed.share)} of the {setup.tested_on}, and "
        text += f"{percent(missed.missed)} of these are taken for others"
        yield from detect("missed_class", missed.missed, text)
    text = "near validation rows don't have labels alike, as near training rows do "
    text += f"(p = {examination.validation:.2g})"
    yield from detect("validation_unrelated", examination.validation, text)
    lost = examination.lost_between
    text = f"ridge regression reaches {lost:.2f} more within training and within validation rows "
    yield from detect("rules_apart", lost, f"{text}than from the one to the other")
    text = f"a step's last channel goes on in the next step's first (r = {examination.mixed:.2f})"
    yield from detect("mixed_axes", examination.mixed, f"{text}, more than in its own")
    if examination.unmixed is not None:
        text = "near rows don't have labels alike, but do once a reshape is undone"
        yield from detect("mixed_rows", 1, text)
    elif examination.relation is not None:
        yield from _relation_symptoms(examination.relation)


def _width_symptoms(setup: Setup, y: Array) -> Symptoms:
    units, loss, columns = int(setup.output_shape[-1] or 1), setup.compiled.loss, y.shape[1]
    if loss.startswith("categorical") and columns == 1 and units > 1:
        text = f"loss {loss} wants one column a class ({units}), y has one column of "
        yield from detect("labels_encoding", 1, f"{text}{len(np.unique(y))} values")
    elif "sparse" in loss and columns > 1:
        text = f"loss {loss} wants one column of integers, y has {columns} columns"
        yield from detect("labels_encoding", columns, text)
    elif "sparse" not in loss and len(setup.output_shape) == 2 and setup.task.place is None:
        text = f"the output has {units} units, y {counted(columns, 'column')}"
        yield from detect("target_shape", abs(columns - units), text)


def _relation_symptoms(relation: Relation) -> Symptoms:
    if not DEFINITIONS["labels_unrelated"].is_met(relation.p_value):
        return
    text = f"near rows don't have labels alike (p = {relation.p_value:.2g})"
    order = f"moved by {relation.best_shift:+d} rows"
    order = "read from the last to the first" if relation.is_reversed else order
    moved = f"{text}, but they do once the labels are {order} "
    moved += f"(p = {relation.shifted_p_value:.2g})"
    shifted = list(detect("labels_shifted", relation.shifted_p_value, moved))
    yield from shifted or detect("labels_unrelated", relation.p_value, text)
    text = f"{percent(relation.full)} of the rows of tokens are full, without any padding"
    yield from detect("full_rows", relation.full, text)


def input_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Compare the inputs with the rate and with the validation inputs."""
    gaps = [~np.isfinite(a).reshape(len(a), -1).all(axis=1) for a in leaves(setup.train[0])]
    share = float(np.logical_or.reduce(gaps).mean())
    yield from detect("missing_inputs", share, f"{percent(share)} of the rows have NaN or infinity")
    if examination.leaks:
        text = f"{_features(examination.leaks)} (counted from 0): the targets can be told by that "
        text += "in training, and not in the validation data"
        yield from detect("leaks", len(examination.leaks), text)
    text = f"ridge regression gains {examination.reordered:.2f} on the validation data once their "
    yield from detect("columns_reordered", examination.reordered, f"{text}columns change places")
    if (order := examination.turning) is not None:
        text = f"baselines gain {examination.by_turning:.2f} by {order.title}"
        yield from detect("axes_turned", examination.by_turning, text)
    yield from _column_symptoms(examination)
    numbers = ", ".join(str(1 + place) for place in examination.shifted)
    text = f"embedding {numbers}: row 0 is no token's and holds a vector, the last row is empty"
    yield from detect("shifted_rows", len(examination.shifted), text)
    inputs = examination.inputs
    if inputs is None:
        return
    if not setup.preprocessing.normalizes:
        yield from _scale_symptoms(inputs)
        yield from _limit_symptoms(inputs, setup.compiled.rate)
    ratio = max(inputs.validation_ratio, 1 / max(inputs.validation_ratio, 1e-12))
    text = f"the validation inputs' deviation is {inputs.validation_ratio:.3g} times that of the "
    text += f"training inputs, their mean {inputs.validation_shift:.2g} deviations away"
    differs = list(detect("validation_differs", ratio, text))
    shifted = differs or list(detect("validation_shifted", inputs.validation_shift, text))
    text = (
        f"the mean of a feature lies {inputs.shifted_feature:.2g} deviations from that in training"
    )
    yield from shifted or detect("feature_shifted", inputs.shifted_feature, text)


def _column_symptoms(examination: Examination) -> Symptoms:
    """Look for values far out, for categories by their number, for what was rounded away."""
    text = f"a value lies {examination.outlier:,.0f} times as far from the quartiles of its feature"
    yield from detect("outliers", examination.outlier, f"{text} as these from one another")
    text = f"{_features(examination.codes)} (counted from 0): more is told by categories than by "
    text += f"numbers, ridge regression gains {examination.as_codes:.2f}"
    yield from detect("codes", examination.as_codes, text)
    if (scale := examination.row_scale) is not None:
        text = f"{scale.kind} comes first, and baselines lose {scale.lost:.2f} by what it leaves"
        yield from detect("row_scale", scale.lost, text)
    if (unseen := examination.unseen) is not None:
        text = f"no path leads from {percent(unseen.share)} of a row's inputs to the output, and "
        text += f"baselines lose {unseen.lost:.2f} without these"
        yield from detect("unseen_inputs", unseen.lost, text)
    text = (
        f"{percent(examination.sized_rows)} of the rows have one size, each by itself: mean 0 and "
    )
    text += "deviation 1, length 1, or from 0 to 1"
    yield from detect("sized_rows", examination.sized_rows, text)
    text = "a row's inputs are one number, written in many places: rows lie on a line"
    yield from detect("on_a_line", examination.off_a_line, text)
    text = f"{percent(examination.coarse)} of the inputs are 0, and all others 1"
    yield from detect("coarse_inputs", examination.coarse, text)


def _features(places: Sequence[int]) -> str:
    """Name some features, and say how many more there are."""
    named, others = ", ".join(map(str, places[:MOST_NAMED])), len(places) - MOST_NAMED
    rest = f" and {others} more" if others > 0 else ""
    return f"{plural('feature', len(places))} {named}{rest}"


def _scale_symptoms(inputs: Inputs) -> Symptoms:
    if inputs.constant == 1:
        text = "all features are the same in all rows, as a cast or a division of whole numbers may"
        yield from detect("nothing_varies", inputs.constant, f"{text} leave them")
        return
    text = f"the inputs' root mean square is {inputs.rms:.3g}, not 1"
    yield from detect("input_scale", inputs.rms, text)
    text = f"the largest feature is {inputs.ratio_of_scales:,.0f} times the smallest"
    yield from detect("input_uneven", inputs.ratio_of_scales, text)
    text = f"{percent(inputs.constant)} of the features are the same in all rows"
    yield from detect("constant_inputs", inputs.constant, text)
    text = f"the inputs' root mean square is {inputs.rms:.2g}"
    yield from detect("input_tiny", inputs.rms, text)


def _limit_symptoms(inputs: Inputs, rate: float) -> Symptoms:
    excess = rate / inputs.limit
    text = f"input's largest eigenvalue {inputs.largest_eigenvalue:.2g}, so rate {rate:g} is "
    text += f"{excess:,.3g} times the limit {inputs.limit:.2g}"
    if inputs.share_of_mean > MOSTLY:
        text += f" ({percent(inputs.share_of_mean)} of it is the mean)"
    yield from detect("over_limit", excess, text)
