"""Symptoms of the network as it is written: output, loss, layers, settings."""

import math

import numpy as np

from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.setup.anatomy import CLIPPED, PROBABILITIES, REACH, Site
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.task import as_table
from repro.instruments.diagnose.symptoms.definitions import FEW_ROWS
from repro.instruments.diagnose.symptoms.symptom import Symptoms, detect, percent

BINARY = {0.0, 1.0}


def target_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Compare loss and metrics with the targets of a regression."""
    if setup.task.kind != "regression":
        return
    y, loss = as_table(setup.train[1]), setup.compiled.loss
    if setup.compiled.wants_accuracy:
        text = "accuracy is asked for, the targets are numbers"
        yield from detect("accuracy_metric", 1, text)
    if "crossentropy" in loss and (y.min() < 0 or y.max() > 1):
        text = f"loss {loss} is for classes, y runs from {y.min():.3g} to {y.max():.3g}"
        yield from detect("loss_task", 1, text)
    rms = float(np.sqrt((y**2).mean()))
    yield from detect("target_scale", rms, f"the targets' root mean square is {rms:.3g}")


def output_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Compare the output's activation with the loss and the targets."""
    output = setup.output
    if output is None:
        return
    name, units = output.activation, int(setup.output_shape[-1] or 1)
    if name == "softmax":
        text = f"{output.label}: softmax over one unit is always 1"
        yield from detect("softmax_one_unit", units, text)
    if "crossentropy" in setup.compiled.loss:
        yield from _entropy_symptoms(setup, output)
    yield from _class_symptoms(setup, output)
    yield from _reach_symptoms(setup, output, units)
    if name in CLIPPED:
        text = f"{output.label}: the output is a {name}"
        yield from detect("relu_output", 1, text, output.label)


def _entropy_symptoms(setup: Setup, output: Site) -> Symptoms:
    """Compare a cross-entropy with the output and with how the labels are written."""
    loss, logits, name = setup.compiled.loss, setup.compiled.from_logits, output.activation
    if not logits and name not in PROBABILITIES:
        text = f"{output.label}: {loss} takes probabilities, {name} puts out none"
        yield from detect("loss_output", 1, text, output.label)
    if logits and name != "linear":
        text = f"{output.label}: {loss} from logits, but the output is a {name}"
        yield from detect("loss_output", 1, text, output.label)
    labels = setup.task.labels
    if loss.startswith("binary") and len(labels) > len(BINARY):
        text = f"{loss} tells two classes, y has {len(labels)}"
        yield from detect("loss_task", len(labels), text, output.label)
    elif "binary" in loss and labels and not set(labels) <= BINARY:
        text = f"{loss} wants labels 0 and 1, y has {', '.join(f'{v:g}' for v in labels)}"
        yield from detect("labels_encoding", 1, text)


def _class_symptoms(setup: Setup, output: Site) -> Symptoms:
    """Compare an output or a loss for one class a row with labels and output."""
    loss, name = setup.compiled.loss, output.activation
    one_class = name == "softmax" or loss.startswith("categorical")
    if one_class and setup.task.several and len(setup.output_shape) == 2:
        share = float(np.mean(as_table(setup.train[1]).sum(axis=1) != 1))
        text = f"{output.label}: {name} with {loss} is for one class a row, {percent(share)} "
        yield from detect(
            "loss_output", share, f"{text}of the rows have none or several", output.label
        )
    elif loss.startswith("categorical") and name == "sigmoid":
        text = f"{output.label}: {loss} wants probabilities that sum to 1, not sigmoids"
        yield from detect("loss_output", 1, text, output.label)


def _reach_symptoms(setup: Setup, output: Site, units: int) -> Symptoms:
    y, name = as_table(setup.train[1]), output.activation
    if "sparse" in setup.compiled.loss or y.shape[1] != units:
        return
    low, high = REACH.get(name, (-np.inf, np.inf))
    outside = float(np.mean((y < low) | (y > high)))
    text = f"{output.label}: {percent(outside)} of the targets ({y.min():.3g} to {y.max():.3g}) "
    text += f"lie outside of what {name} can put out ({low:g} to {high:g})"
    yield from detect("unreachable", outside, text, output.label)


def hidden_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look for hidden layers without activations, and for a bottleneck."""
    linear = [site.label for site in setup.hidden if site.activation == "linear"]
    if len(linear) == len(setup.hidden):
        text = f"no activation on {', '.join(linear)}"
        yield from detect("linear_stack", len(linear), text)
    dense = [site for site in setup.hidden if site.kind == "Dense"]
    if dense:
        thin, classes = min(dense, key=lambda site: site.units), setup.task.classes
        text = f"{thin.label} has {thin.units} unit{'s' * (thin.units > 1)} for "
        text += f"{classes} classes" if classes else "a regression"
        yield from detect("narrow", thin.units / _units_needed(classes), text, thin.label)


def _units_needed(classes: int) -> int:
    return max(2, math.ceil(math.log2(max(classes, 1))), classes // 3 + 1)


def settings_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look at batch size, dropout and biases."""
    import keras

    rows = len(setup.train[1])
    if rows > FEW_ROWS:
        text = f"batches of {setup.batch_size} of {rows} rows: {setup.steps} steps in "
        text += f"{setup.epochs} epochs"
        yield from detect("large_batch", setup.batch_size / rows, text)
    layers = list(setup.build()._flatten_layers(include_self=False))
    rates = [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)]
    if rates:
        yield from detect("dropout", max(rates), f"dropout of {percent(max(rates))}")
    with_choice = [layer for layer in layers if hasattr(layer, "use_bias")]
    if with_choice and not any(layer.use_bias for layer in with_choice):
        empty = float((setup.inputs == 0).all(axis=1).mean())
        text = f"no layer has a bias; {percent(empty)} of the rows are all zero"
        yield from detect("no_bias", empty, text)
