"""Symptoms of the network as it is written: output, loss, layers, settings."""

from collections.abc import Iterator

import numpy as np

from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import CLIPPED, PROBABILITIES, REACH
from repro.instruments.diagnose.setup.setup import Case
from repro.instruments.diagnose.setup.task import table
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS, Symptom, percent

Found = Iterator[Symptom]


def of_output(case: Case, seen: Examination) -> Found:
    """Look at output and loss, beside the targets."""
    output, loss, task = case.output, case.compiled.loss, case.task
    y = table(case.train[1])
    entropy = "crossentropy" in loss
    if task.kind == "regression" and case.compiled.wants_accuracy:
        yield Symptom("accuracy_metric", 1, "accuracy is asked for, the targets are numbers")
    if task.kind == "regression" and entropy and (y.min() < 0 or y.max() > 1):
        yield Symptom(
            "loss_task",
            1,
            f"loss {loss} is for classes, y runs from {y.min():.3g} to {y.max():.3g}",
        )
    if task.kind == "regression":
        rms = float(np.sqrt((y**2).mean()))
        if rms > DEFINITIONS["target_scale"].threshold:
            yield Symptom("target_scale", rms, f"the targets' root mean square is {rms:.3g}")
    if output is None:
        return
    name, units = output.activation, int(case.output_shape[-1] or 1)
    if name == "softmax" and units == 1:
        yield Symptom("softmax_one_unit", 1, f"{output.label}: softmax over one unit is always 1")
    yield from _of_loss(name, case, entropy)
    low, high = REACH.get(name, (-np.inf, np.inf))
    outside = float(np.mean((y < low) | (y > high)))
    comparable = "sparse" not in loss and y.shape[1] == units
    if comparable and outside > DEFINITIONS["unreachable"].threshold:
        yield Symptom(
            "unreachable", outside,
            f"{output.label}: {percent(outside)} of the targets ({y.min():.3g} to {y.max():.3g}) "
            f"lie outside of what {name} can put out ({low:g} to {high:g})", output.label,
        )  # fmt: skip
    if name in CLIPPED:
        yield Symptom("relu_output", 1, f"{output.label}: the output is a {name}", output.label)


def _of_loss(name: str, case: Case, entropy: bool) -> Found:
    loss, logits = case.compiled.loss, case.compiled.from_logits
    output = case.output.label if case.output else ""
    if entropy and not logits and name not in PROBABILITIES:
        yield Symptom(
            "loss_output", 1, f"{output}: {loss} takes probabilities, {name} puts out none", output
        )
    if entropy and logits and name != "linear":
        yield Symptom(
            "loss_output", 1, f"{output}: {loss} from logits, but the output is a {name}", output
        )
    one_of = name == "softmax" or loss.startswith("categorical")
    if one_of and case.task.several and len(case.output_shape) == 2:
        counts = table(case.train[1]).sum(axis=1)
        yield Symptom(
            "loss_output", float(np.mean(counts != 1)),
            f"{output}: {name} with {loss} is for one class a row, {percent(np.mean(counts != 1))} "
            "of the rows have none or several", output,
        )  # fmt: skip
    elif loss.startswith("categorical") and name == "sigmoid":
        yield Symptom(
            "loss_output", 1, f"{output}: {loss} wants probabilities that sum to 1, not sigmoids",
            output,
        )  # fmt: skip
    values = case.task.labels
    if entropy and loss.startswith("binary") and values and len(values) > 2:
        yield Symptom(
            "loss_task", len(values), f"{loss} tells two classes, y has {len(values)}", output
        )
    elif entropy and "binary" in loss and values and not set(values) <= {0.0, 1.0}:
        shown = ", ".join(f"{v:g}" for v in values)
        yield Symptom("labels_encoding", 1, f"{loss} wants labels 0 and 1, y has {shown}")


def of_network(case: Case, seen: Examination) -> Found:
    """Look at hidden layers and settings."""
    hidden = case.hidden
    linear = [site.label for site in hidden if site.activation == "linear"]
    if hidden and len(linear) == len(hidden):
        yield Symptom("linear_stack", len(linear), f"no activation on {', '.join(linear)}")
    classes = case.task.classes
    least = max(2, int(np.ceil(np.log2(classes))) if classes > 1 else 2)
    dense = [site for site in hidden if site.kind == "Dense"]
    if dense:
        thin = min(dense, key=lambda site: site.units)
        if thin.units < least or thin.units * 3 <= classes:
            yield Symptom(
                "narrow", thin.units,
                f"{thin.label} has {thin.units} unit{'s' * (thin.units > 1)} for "
                f"{f'{classes} classes' if classes else 'a regression'}", thin.label,
            )  # fmt: skip
    rows = len(case.train[1])
    if case.batch_size > 0.5 * rows and rows > 64:
        yield Symptom(
            "large_batch", case.batch_size / rows,
            f"batches of {case.batch_size} of {rows} rows: {case.steps} steps in "
            f"{case.epochs} epochs",
        )  # fmt: skip
    yield from _of_settings(case)


def _of_settings(case: Case) -> Found:
    import keras

    model = case.build()
    layers = list(model._flatten_layers(include_self=False))
    rates = [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)]
    if rates and max(rates) >= DEFINITIONS["dropout"].threshold:
        yield Symptom("dropout", max(rates), f"dropout of {percent(max(rates))}")
    dense = [layer for layer in layers if hasattr(layer, "use_bias")]
    if dense and not any(layer.use_bias for layer in dense):
        empty = float((case.inputs == 0).all(axis=1).mean())
        yield Symptom(
            "no_bias", empty, f"no layer has a bias; {percent(empty)} of the rows are all zero"
        )
