"""Steps that fail, arguments that are refused, and what the audit shows."""

import re
import runpy
import subprocess
import sys

import keras
import numpy as np
import pytest

from repro.instruments.gradient_audit import gradient_audit
from repro.instruments.gradient_audit.comparison import ALIKE, GRADIENTS

from .audited_steps import (
    DOCS,
    EVERYWHERE,
    RATE,
    TRUTH_TABLE,
    audit_classes,
    audit_forward,
    causes,
    dense,
    forward,
    softmax_step,
)


@pytest.mark.long
@pytest.mark.parametrize(
    ("step", "statuses"),
    [
        (lambda p, x, y: [q * np.nan for q in p], ["not finite"] * 4),
        (lambda p, x, y: [q[..., None] for q in p], ["shape changed"] * 4),
        (lambda p, x, y: p[:2], ["ok", "ok", "missing", "missing"]),
        (lambda p, x, y: p + p, ["ok"] * 4),
        (lambda p, x, y: 3.0, ["missing"] * 4),
        (lambda p, x, y: {"W1": p[0]}, ["missing"] * 4),
        (lambda p, x, y: ["?", [[1], [1, 2]], p[2] * 1j, p[3]], ["not numeric"] * 3 + ["ok"]),
        (lambda p, x, y: [p[0] / 0, *p[1:]], ["not finite", "ok", "ok", "ok"]),
    ],
)
def test_bad_steps_are_reported(step, statuses, classes, classifier):
    audit = audit_classes(step, classes, classifier)
    assert list(audit.table["status"]) == statuses
    compared = audit.table["missing_factor"] != "not compared"
    assert list(compared) == [status == "ok" for status in statuses]
    assert not audit.is_right
    assert audit.notes
    assert all(note in " ".join(str(audit).split()) for note in audit.notes)


def test_a_step_that_forgets_to_return_is_told_so(classes, classifier):
    audit = audit_classes(lambda p, x, y: None, classes, classifier)
    assert "does it return the new ones?" in str(audit)


def test_it_is_shown_in_a_few_lines_and_as_a_table(classes, classifier):
    audit = audit_classes(lambda p, x, y: [p[0] / 0, *p[1:]], classes, classifier)
    (first, second) = repr(audit).splitlines()
    assert first == "<Audit: not compared (W1); factor 0 (b1, W2, b2)"
    assert len(second) < 80
    shown = audit._repr_html_()
    assert shown.count("<tr") == 5
    assert "<th>missing factor</th>" in shown
    assert shown.endswith("</p>")


def test_good_rows_are_compared_beside_bad_ones(classes, classifier):
    def step(parameters, x, y):
        W1, b1, W2, b2 = softmax_step()(parameters, x, y)
        return [W1, b1 * np.nan, W2, b2]

    factors = causes(audit_classes(step, classes, classifier))
    assert factors == {"W1": "none", "b1": "not compared", "W2": "none", "b2": "none"}


def test_step_that_does_nothing_has_factor_0(classes, classifier):
    audit = audit_classes(lambda p, x, y: None, classes, classifier)
    assert audit.causes == {"factor 0": EVERYWHERE}


def test_update_that_rounding_swallows_is_not_judged(classes, classifier):
    audit = gradient_audit(
        lambda p, x, y: p, *classes, model=classifier, learning_rate=1e-15, checks=0
    )
    assert set(audit.table["status"]) == {"lost in rounding"}


def test_step_that_raises_raises(classes, classifier):
    with pytest.raises(ZeroDivisionError):
        audit_classes(lambda p, x, y: 1 // 0, classes, classifier)


def test_nothing_of_the_caller_is_changed(classes, classifier):
    def step(parameters, x, y):
        for array in (*parameters, x, y):
            array[...] = 0

    arrays = [*classes[0], classes[1], classes[2]]
    before = [array.copy() for array in arrays]
    weights = classifier.get_weights()
    audit_classes(step, classes, classifier)
    for array, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, old)
    for array, old in zip(classifier.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(array, old)


@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf, "0.1", None, True])
def test_bad_learning_rate(rate, classes, classifier):
    with pytest.raises(ValueError, match="learning_rate must be"):
        gradient_audit(softmax_step(), *classes, model=classifier, learning_rate=rate)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.full((7, 3), np.nan)}, "x holds NaN"),
        ({"y": "labels"}, "y must be an array of numbers"),
        ({"x": np.ones((7, 2))}, "shape"),
        ({"y": np.eye(4)}, "one row an example"),
        ({"parameters": []}, "at least one array"),
        ({"parameters": 3}, "list or a dict"),
        ({"parameters": [np.ones((3, 5))]}, "model.trainable_variables"),
        ({"parameters": [np.full((3, 5), np.inf)] * 4}, "0 holds NaN or infinity"),
        ({"parameters": ["W"] * 4}, "must hold numbers"),
        ({"loss": "no such loss"}, "no such loss"),
        ({"loss": 3}, "pass loss="),
        ({"loss": lambda y, p: y / 0 * p}, "one finite number"),
        ({"model": None, "loss": "mse"}, "either model= or forward="),
        ({"forward": forward}, "either model= or forward="),
        ({"model": dense}, r"model must be a keras.Model, such as model=build\(\), got a function"),
        ({"checks": -1}, "checks"),
    ],
)
def test_bad_arguments(changes, message, classes, classifier):
    parameters, x, y = classes
    arguments = {"parameters": parameters, "x": x, "y": y, "model": classifier, **changes}
    with pytest.raises(ValueError, match=message):
        gradient_audit(softmax_step(), learning_rate=RATE, **arguments)


def test_a_rate_or_loss_that_is_not_the_stated_one_is_asked_for(classes, classifier):
    _, x, y = classes
    right = audit_classes(softmax_step(), classes, classifier)
    assert not right.notes
    arguments = {"parameters": classes[0], "x": x, "y": y, "model": classifier}
    other = gradient_audit(softmax_step(), learning_rate=RATE / 10, **arguments)
    assert other.notes == (ALIKE,)


def test_a_step_that_returns_the_gradient_is_told_so(classes, classifier):
    def gradient(parameters, x, y):
        old = [array.copy() for array in parameters]
        new = softmax_step()(parameters, x, y)
        return [(a - b) / RATE for a, b in zip(old, new, strict=True)]

    assert audit_classes(gradient, classes, classifier).notes == (GRADIENTS,)


def test_model_without_loss_or_with_random_layers(classes):
    layers = [keras.Input((3,)), keras.layers.Dense(5), keras.layers.Dense(4)]
    with pytest.raises(ValueError, match="no loss"):
        audit_classes(softmax_step(), classes, keras.Sequential(layers))
    dropping = keras.Sequential([*layers, keras.layers.Dropout(0.5)])
    with pytest.raises(ValueError, match="random"):
        audit_classes(softmax_step(), classes, dropping, loss="mse")


def test_function_that_leaves_tensorflow():
    with pytest.raises(ValueError, match="no way from parameter 'kernel1'"):
        audit_forward(lambda p, x: np.tanh(x @ p["kernel1"]) @ p["kernel2"] + p["b2"])


def test_square_weights_need_a_word():
    def step(weights, x, y):
        delta = 2 * (weights[0] @ x.T - y.T) / y.size
        return [weights[0] - RATE * delta @ x]

    x = TRUTH_TABLE[:, :2] + 1
    arguments = {"model": dense((2, 2), ("linear",), bias=False), "learning_rate": RATE}
    weights = [np.array([[1.0, 2.0], [3.0, 4.0]])]
    with pytest.raises(ValueError, match="transposed=True"):
        gradient_audit(step, weights, x, x, **arguments)
    assert gradient_audit(step, weights, x, x, transposed=True, **arguments).is_right
    assert not gradient_audit(step, weights, x, x, transposed=False, **arguments).is_right


def test_documented_code_prints_what_is_documented(tmp_path, capsys):
    blocks = re.findall(r"```(python|text)\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "documented.py"
    script.write_text("".join(text for kind, text in blocks if kind == "python"), encoding="utf-8")
    runpy.run_path(str(script))
    printed = capsys.readouterr().out.split()
    assert printed == " ".join(text for kind, text in blocks if kind == "text").split()


def test_importing_the_audit_does_not_import_tensorflow():
    code = "import sys, repro.instruments.gradient_audit; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
