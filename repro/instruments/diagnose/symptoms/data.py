"""Symptoms of the data: labels, inputs, validation."""

from collections.abc import Iterator

import numpy as np

from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.measurements.inputs import Inputs
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import best_constant, table
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS, Symptom, percent

Found = Iterator[Symptom]


def of_labels(case: Case, seen: Examination) -> Found:
    """Look at labels, beside the loss and the rows."""
    y, units, loss = table(case.train[1]), int(case.output_shape[-1] or 1), case.compiled.loss
    sparse, categorical = "sparse" in loss, loss.startswith("categorical")
    if categorical and y.shape[1] == 1 and units > 1:
        yield Symptom(
            "labels_encoding", 1,
            f"loss {loss} wants one column a class ({units}), y has one column of "
            f"{len(np.unique(y))} values",
        )  # fmt: skip
    elif sparse and y.shape[1] > 1:
        yield Symptom(
            "labels_encoding", y.shape[1],
            f"loss {loss} wants one column of integers, y has {y.shape[1]} columns",
        )  # fmt: skip
    elif not sparse and y.shape[1] != units and len(case.output_shape) == 2:
        what = f"the output has {units} units, y {y.shape[1]} column" + "s" * (y.shape[1] > 1)
        yield Symptom("target_shape", abs(y.shape[1] - units), what)
    if sparse and y.shape[1] == 1 and (y != np.rint(y)).any():
        yield Symptom(
            "labels_encoding", float(np.mean(y != np.rint(y))),
            f"loss {loss} wants whole numbers, y runs from {y.min():.3g} to {y.max():.3g} in "
            f"{len(np.unique(y))} values",
        )  # fmt: skip
    elif sparse and y.shape[1] == 1:
        outside = float(np.mean((y < 0) | (y >= units)))
        if outside > 0:
            yield Symptom(
                "labels_range", outside,
                f"labels run from {y.min():g} to {y.max():g}, {units} output units stand for 0 to "
                f"{units - 1}: {percent(outside)} of the labels name no unit",
            )  # fmt: skip
    if case.task.classes:
        share = best_constant(case.task, case.train[1])
        if share > DEFINITIONS["imbalance"].threshold:
            yield Symptom("imbalance", share, f"{percent(share)} of the rows are of one class")
    yield from _of_relation(seen)


def _of_relation(seen: Examination) -> Found:
    relation = seen.relation
    if relation is None or relation.p_value <= DEFINITIONS["labels_unrelated"].threshold:
        return
    p = f"p = {relation.p_value:.2g}"
    if relation.best_shift and relation.shifted_p_value <= 0.01:
        yield Symptom(
            "labels_shifted", relation.best_shift,
            f"near rows don't have labels alike ({p}), but they do once the labels are moved by "
            f"{relation.best_shift:+d} rows (p = {relation.shifted_p_value:.2g})",
        )  # fmt: skip
    else:
        yield Symptom(
            "labels_unrelated", relation.p_value, f"near rows don't have labels alike ({p})"
        )


def of_inputs(case: Case, seen: Examination) -> Found:
    """Look at the inputs, beside the rate and the validation inputs."""
    inputs = seen.inputs
    if inputs is None:
        return
    if not case.preprocessing.normalizes:
        yield from _of_scale(case, inputs)
    ratio = max(inputs.validation_ratio, 1 / max(inputs.validation_ratio, 1e-12))
    if ratio > DEFINITIONS["validation_differs"].threshold or inputs.validation_shift > 2:
        yield Symptom(
            "validation_differs", ratio,
            f"the validation inputs' deviation is {inputs.validation_ratio:.3g} times that of the "
            f"training inputs, their mean {inputs.validation_shift:.2g} deviations away",
        )  # fmt: skip


def _of_scale(case: Case, inputs: Inputs) -> Found:
    rate = case.compiled.rate
    if inputs.rms > DEFINITIONS["input_scale"].threshold:
        yield Symptom(
            "input_scale", inputs.rms, f"the inputs' root mean square is {inputs.rms:.3g}, not 1"
        )
    elif inputs.ratio_of_scales > 100 and inputs.rms > 3:
        yield Symptom(
            "input_scale", inputs.ratio_of_scales,
            f"the largest feature is {inputs.ratio_of_scales:,.0f} times the smallest",
        )  # fmt: skip
    if inputs.rms < DEFINITIONS["input_tiny"].threshold:
        yield Symptom("input_tiny", inputs.rms, f"the inputs' root mean square is {inputs.rms:.2g}")
    if rate > inputs.limit:
        yield Symptom(
            "over_limit", rate / inputs.limit,
            f"input's largest eigenvalue {inputs.largest_eigenvalue:.2g}, so rate {rate:g} is "
            f"{rate / inputs.limit:,.3g} times the limit {inputs.limit:.2g}"
            + (f" ({percent(inputs.share_of_mean)} of it is the mean)"
               if inputs.share_of_mean > 0.5 else ""),
        )  # fmt: skip
