"""Symptoms of the rows: their order, their split, their weights, their tokens and padding."""

import numpy as np

from repro.findings.wording import counted
from repro.instruments.diagnose.measurements.examination import Examination
from repro.instruments.diagnose.measurements.leaks import shared_rows
from repro.instruments.diagnose.setup.arrays import Array, leaves
from repro.instruments.diagnose.setup.sequences import (
    are_padded,
    at_the_end,
    embeddings,
    last_state_layers,
    masked_between,
    padded_share,
    padding_value,
    single_input,
)
from repro.instruments.diagnose.setup.setup import Setup
from repro.instruments.diagnose.setup.task import class_numbers, class_places, target_table
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS, MEMORY
from repro.instruments.diagnose.symptoms.symptom import Symptoms, detect, percent

MOST_OF_WEIGHT = 0.9


def row_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look for classes missing in training, rows in order of their class, noise, and weights."""
    if setup.task.classes:
        # of all rows, not only those that the budget pays for
        all_targets = target_table(setup.task, setup.whole[0][1])
        train, test = class_numbers(all_targets, setup.test_targets)
        unseen = float((~np.isin(test, train)).mean())
        text = f"{percent(unseen)} of the {setup.tested_on} are of classes that no training row has"
        yield from detect("unseen_classes", unseen, text)
        if not unseen and setup.tested_on == "validation data":
            yield from _share_symptoms(train, test)
    if not setup.shuffle:
        yield from _order_symptoms(setup)
    share = shared_rows(setup)
    text = f"{percent(share)} of the validation rows are training rows, inputs and targets alike"
    yield from detect("shared_rows", share, text)
    if setup.task.classes:  # counts and several labels a row differ from their neighbours' anyway
        yield from _noise_symptoms(setup, examination)
    if setup.weights is not None:
        share = _share_of_rows(setup.weights)
        text = f"{percent(share)} of the rows hold nine tenths of the sample or class weights"
        yield from detect("weighted", share, text)
        yield from _class_weight_symptoms(setup, setup.weights)


def _share_symptoms(train: Array, test: Array) -> Symptoms:
    """Compare the shares that classes have in training and validation."""
    labels = np.unique(train)
    trained, asked = ((classes[:, None] == labels).mean(axis=0) for classes in (train, test))
    gaps = asked - trained
    text = f"{percent(float(gaps.max()))} more of the validation rows than of the training rows "
    text += "are of one class"
    yield from detect("class_shares", float(np.maximum(gaps, 0).sum()), text)


def _order_symptoms(setup: Setup) -> Symptoms:
    """Compare every row's target with that of the row before."""
    if setup.task.classes:
        train, _ = class_numbers(setup.targets, setup.test_targets)
        share = percent(float((train[1:] == train[:-1]).mean()))
        text = f"rows aren't shuffled, and {share} have the class of the row before"
        yield from detect("sorted_rows", _excess_of_repeats(train), text)
    elif setup.task.kind == "regression":
        correlation = _correlation_with_row_before(setup.targets)
        text = "rows aren't shuffled, and targets correlate with those of the row before by "
        yield from detect("sorted_rows", correlation, f"{text}{correlation:.2f}")


def _correlation_with_row_before(y: Array) -> float:
    """Return the correlation of targets with those one row before; of columns, the largest."""
    y = y[:, np.ptp(y, axis=0) > 0].astype(float)
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    return float((y[1:] * y[:-1]).mean(axis=0).max(initial=0.0))


def _class_weight_symptoms(setup: Setup, weights: Array) -> Symptoms:
    """Compare the weight that all rows of a class have together."""
    if not setup.task.classes or setup.task.per_step:
        return
    places = class_places(setup.task, setup.train[1])
    totals = np.bincount(places, weights, minlength=setup.task.classes)
    shares = totals / totals.sum()
    low, high = (int(place) for place in (shares.argmin(), shares.argmax()))
    names = setup.task.labels or range(setup.task.classes)
    text = f"the rows of class {names[low]:g} have {percent(shares[low])} of all weight, those of "
    text += f"class {names[high]:g} {percent(shares[high])}"
    ratio = float(shares[high] / max(shares[low], 1e-12))
    yield from detect("weighted_classes", ratio, text)


def _noise_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look for labels unlike their neighbours', of which no line may get more right than can be.

    Among many features near rows lie far away, and may well be of another class.
    """
    relation = examination.relation
    if relation is None or np.isnan(relation.noise):
        return
    if DEFINITIONS["labels_unrelated"].is_met(relation.p_value):
        return
    text = f"{percent(relation.noise)} of the rows have another class than most of the rows nearest"
    errors = (1 - examination.linear) * (1 - 1 / max(setup.task.classes, 2))
    yield from detect("label_noise", float(np.fmin(relation.noise, errors)), text)


def _excess_of_repeats(classes: Array) -> float:
    """Return how much more often than by chance a class repeats: 0 by chance, 1 always."""
    shares = np.unique(classes, return_counts=True)[1] / len(classes)
    chance = float((shares**2).sum())
    repeats = float((classes[1:] == classes[:-1]).mean())
    return (repeats - chance) / max(1 - chance, 1e-9)


def _share_of_rows(weights: Array) -> float:
    ordered = np.sort(weights)[::-1].cumsum()
    return float((ordered < MOST_OF_WEIGHT * ordered[-1]).sum() + 1) / len(weights)


def token_symptoms(setup: Setup, examination: Examination) -> Symptoms:
    """Look at tokens, at padding and at the number of steps."""
    x = single_input(setup)
    if x is None:
        return
    yield from _memory_symptoms(setup, x)
    if (past := examination.past) is not None:
        text = f"{past.kind} reads one step, and ridge regression gains {past.gained:.2f} by the "
        text += f"{counted(past.steps - 1, 'row')} before"
        yield from detect("single_steps", past.gained, text)
    cut = float((x != np.rint(x)).mean())
    for layer in embeddings(setup):
        text = f"{percent(cut)} of the tokens are no whole numbers, and are cut to such"
        yield from detect("cut_tokens", cut, text)
        outside = float(((x < 0) | (x >= layer.input_dim)).mean())
        text = f"tokens run from {x.min():g} to {x.max():g}, the embedding has rows for 0 to "
        yield from detect("index_range", outside * (not cut), f"{text}{layer.input_dim - 1}")
    yield from _side_symptoms(setup, x)
    share = masked_between(setup, x)
    text = f"{percent(share)} of the masked steps stand between steps that are read"
    yield from detect("masked_data", share, text)
    share = padded_share(setup, x)
    text = f"{percent(share)} of the steps are {padding_value(x):g} at the end, which nothing masks"
    yield from detect("unmasked", share, text)


def _side_symptoms(setup: Setup, x: Array) -> Symptoms:
    """Compare the ends at which training and validation sequences are padded."""
    if setup.tested_on == "validation data" and are_padded(setup, x):
        trained, asked = (float(at_the_end(a).mean()) for a in (x, leaves(setup.test[0])[0]))
        text = f"{percent(trained)} of the training steps are padding at the end, and "
        text += f"{percent(asked)} of those of the validation data"
        yield from detect("padding_differs", abs(trained - asked), text)


def _memory_symptoms(setup: Setup, x: Array) -> Symptoms:
    """Look for recurrent layers that have to remember more steps than they easily learn to."""
    for position, layer in last_state_layers(setup):
        shape = setup.shapes[position - 1] if position else x.shape
        kind, steps = type(layer).__name__, int(shape[1] or x.shape[1])
        text = f"{kind} reads {steps} steps, one after the other, before it puts out its state"
        yield from detect("many_steps", steps / MEMORY[kind], text)
