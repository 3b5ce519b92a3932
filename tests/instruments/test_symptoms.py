"""A symptom is decided by the threshold of its definition, and by no other number."""

import ast
import inspect
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from repro.instruments.diagnose import symptoms
from repro.instruments.diagnose.measurements.relation import Relation
from repro.instruments.diagnose.symptoms.causes import CAUSES
from repro.instruments.diagnose.symptoms.data import label_symptoms
from repro.instruments.diagnose.symptoms.definition import Criterion
from repro.instruments.diagnose.symptoms.definitions import DEFINITIONS, FAILURES
from repro.instruments.diagnose.symptoms.layers import depth_symptoms, layer_symptoms
from repro.instruments.diagnose.symptoms.network import hidden_symptoms, settings_symptoms
from repro.instruments.diagnose.symptoms.symptom import Symptom, detect
from repro.instruments.diagnose.symptoms.training import _loss_symptoms

MODULES = sorted(Path(symptoms.__path__[0]).glob("*.py"))
MEASURED = [key for key, definition in DEFINITIONS.items() if definition.counts]


def keys(found):
    return {symptom.key for symptom in found}


def move(monkeypatch, key, threshold):
    definition = DEFINITIONS[key]
    moved = replace(definition, counts=Criterion(definition.counts.comparison, threshold))
    monkeypatch.setitem(DEFINITIONS, key, moved)


# The definitions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("key", MEASURED)
def test_a_symptom_comes_and_goes_with_its_threshold(monkeypatch, key):
    criterion = DEFINITIONS[key].counts
    outwards = np.inf if criterion.comparison in ">≥" else -np.inf
    beyond = np.nextafter(criterion.threshold, outwards)
    short = np.nextafter(criterion.threshold, -outwards)
    assert keys(detect(key, beyond, "text")) == {key}
    assert not keys(detect(key, short, "text"))
    assert bool(keys(detect(key, criterion.threshold, "text"))) == (criterion.comparison in "≥≤")
    assert not keys(detect(key, np.nan, "text"))
    move(monkeypatch, key, beyond + np.sign(outwards))
    assert not keys(detect(key, beyond, "text"))


def test_symptoms_are_made_by_detect_alone():
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == Symptom.__name__:
                assert path == Path(inspect.getfile(detect)), f"{path}:{node.lineno}"


def is_rank(node):
    """`len(shape) == 2` asks for a kind of data, not for an amount."""
    asks_length = getattr(getattr(node.left, "func", None), "id", "") == "len"
    return asks_length and all(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)


def test_no_symptom_is_decided_by_a_number_in_the_code():
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and not is_rank(node):
                literals = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
                numbers = {v for v in literals if isinstance(v, int | float)}
                assert numbers <= {0, 1}, f"{path}:{node.lineno} compares with {numbers}"


def test_causes_point_at_symptoms_that_are_defined():
    named = {key for cause in CAUSES.values() for key in (*cause.signs, *cause.unless)}
    assert named | {*FAILURES} <= set(DEFINITIONS)


# The looks, each with its threshold moved ---------------------------------------------------------


def a_setup(rows=100, batch_size=51, classes=0, units=2):
    task = SimpleNamespace(classes=classes, several=False, place=None)
    compiled = SimpleNamespace(loss="mean_squared_error")
    site = {"label": "Dense 1", "kind": "Dense", "units": units, "activation": "relu"}
    hidden = [SimpleNamespace(**site, is_plain=True, has_units=True, position=0)]
    build = SimpleNamespace(_flatten_layers=lambda include_self: [])
    return SimpleNamespace(
        task=task,
        compiled=compiled,
        hidden=hidden,
        sites=[],
        operations=[],
        bypassed=frozenset(),
        train=(np.zeros((rows, 1)), np.linspace(0, 1, rows)),
        targets=np.linspace(0, 1, rows)[:, None],
        output=None,
        output_shape=(None, 1),
        batch_size=batch_size,
        steps=4,
        epochs=2,
        build=lambda: build,
    )


def test_moved_labels_are_told_from_unrelated_ones(monkeypatch):
    rest = {"unmixed": None, "mixed": 0.0, "missed": None, "validation": np.nan}
    rest |= {"lost_between": 0.0}
    unsure = SimpleNamespace(relation=Relation(0.5, -1, 0.03), **rest)
    sure = SimpleNamespace(relation=Relation(0.5, -1, 0.005), **rest)
    assert keys(label_symptoms(a_setup(), sure)) == {"labels_shifted"}
    assert keys(label_symptoms(a_setup(), unsure)) == {"labels_unrelated"}
    move(monkeypatch, "labels_shifted", 0.04)
    assert keys(label_symptoms(a_setup(), unsure)) == {"labels_shifted"}
    move(monkeypatch, "labels_unrelated", 0.6)
    assert not keys(label_symptoms(a_setup(), unsure))


def test_a_batch_is_large_from_its_share_of_the_rows_on(monkeypatch):
    assert keys(settings_symptoms(a_setup(), None)) == {"large_batch"}
    assert not keys(settings_symptoms(a_setup(batch_size=50), None))
    assert not keys(settings_symptoms(a_setup(rows=64), None))
    move(monkeypatch, "large_batch", 0.6)
    assert not keys(settings_symptoms(a_setup(), None))


@pytest.mark.parametrize(
    ("units", "classes", "narrow"),
    [(1, 0, True), (2, 0, False), (2, 4, False), (2, 5, True), (7, 20, False), (7, 21, True)],
)
def test_a_bottleneck_depends_on_the_classes(units, classes, narrow):
    # two bits tell four classes; seven units are a third of 21
    setup = a_setup(classes=classes, units=units)
    assert ("narrow" in keys(hidden_symptoms(setup, None))) == narrow


def layer_table(**columns):
    steps = {"label": "Dense 1", "step": [0, 32], "seed": 0, "ratio": 0.01}
    return pd.DataFrame(steps | {"dead": np.nan, "saturated": np.nan, "alike": 0.0} | columns)


@pytest.mark.parametrize(
    ("key", "columns"),
    [
        ("born_dead", {"dead": [0.6, 0.6]}),
        ("killed", {"dead": [0.1, 0.4]}),
        ("saturated_at_birth", {"saturated": [0.6, 0.1]}),
        ("saturated", {"saturated": [0.1, 0.9]}),
        ("alike", {"alike": [1.0, 1.0]}),
    ],
)
def test_layers_are_judged_by_their_thresholds(monkeypatch, key, columns):
    site = SimpleNamespace(label="Dense 1", units=4, activation="relu", is_output=False)
    setup, examination = (
        SimpleNamespace(sites=[site]),
        SimpleNamespace(layers=layer_table(**columns)),
    )
    assert keys(layer_symptoms(setup, examination)) == {key}
    move(monkeypatch, key, 1.1)
    assert not keys(layer_symptoms(setup, examination))


def test_depth_is_judged_from_the_first_to_the_last_hidden_layer(monkeypatch):
    labels = ["Dense 1", "Dense 2", "Dense 3"]
    hidden = [SimpleNamespace(label=label, activation="relu") for label in labels]
    table = pd.DataFrame(
        {"label": labels, "step": 0, "signal": [1.0, 0.1, 1e-4], "gradient": [2e3, 1.0, 1.0]}
    )
    setup, examination = SimpleNamespace(hidden=hidden), SimpleNamespace(layers=table)
    both = {"vanishing_signal", "exploding_gradient"}
    assert keys(depth_symptoms(setup, examination)) == both
    move(monkeypatch, "vanishing_signal", 1e-5)
    assert keys(depth_symptoms(setup, examination)) == {"exploding_gradient"}
    short = SimpleNamespace(hidden=hidden[:2])
    assert not keys(depth_symptoms(short, examination))


def test_a_rise_of_the_loss_is_told_by_the_seeds_in_which_it_rises():
    loss = pd.DataFrame([[9.0, 2.0], [9.0, 2.0], [9.0, 30.0], [9.0, 30.0]])
    outputs = pd.DataFrame({"seed": range(4), "step": 0, "loss": 8.0})
    first, last = list(_loss_symptoms(loss, outputs)), list(_loss_symptoms(loss.iloc[:2], outputs))
    assert [symptom.key for symptom in first] == ["diverges"]
    assert "(their median 30 after 8) in 50 % of 4 seeds" in first[0].says
    assert not last
