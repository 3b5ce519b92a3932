"""Steps in the manner of the threads, right ones, and each mistake that the audit can name."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from repro.instruments.gradient_audit import explanations, gradient_audit

DOCS = Path(__file__).parents[2] / "docs" / "gradient-audit.md"
TRUTH_TABLE = np.array([[0, 0, 1], [0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 0, 0], [0, 1, 0]], float)
NOT_X3 = np.array([[0], [1], [0], [0], [1], [1]], float)
RATE = 0.1


def dense(widths, activations, *, bias=True, dtype="float32", loss="mse"):
    layers = [
        keras.layers.Dense(width, activation=activation, use_bias=bias, dtype=dtype)
        for width, activation in zip(widths[1:], activations, strict=True)
    ]
    model = keras.Sequential([keras.Input((widths[0],), dtype=dtype), *layers])
    model.compile(loss=loss)
    return model


def half_squared_error(y, predictions):
    return keras.ops.sum((y - predictions) ** 2) / 2


def causes(audit):
    return dict(zip(audit.table["parameter"], audit.table["missing_factor"], strict=True))


# ---------------------------------------------------------------- in the manner of the threads


def sigmoid(x, deriv=False):
    return x * (1 - x) if deriv else 1 / (1 + np.exp(-x))


def relu_in_place(x, deriv=False):
    if deriv:
        x[x > 0] = 1
        x[x <= 0] = 0
        return x
    return np.maximum(x, 0)


def truth_table_step(nonlin):
    def step(weights, x, y):
        syn0, syn1 = weights
        l1 = nonlin(x @ syn0)
        l2 = nonlin(l1 @ syn1)
        l2_error = y - l2
        l2_delta = l2_error * nonlin(l2, deriv=True)
        l1_error = l2_delta @ syn1.T
        l1_delta = l1_error * nonlin(l1, deriv=True)
        syn1 += l1.T @ l2_delta
        syn0 += x.T @ l1_delta

    return step


def truth_table_weights(seed=3):
    random = np.random.RandomState(seed)
    return [2 * random.random_sample((3, 4)) - 1, np.abs(2 * random.random_sample((4, 1)) - 1)]


def test_derivative_written_in_place_is_a_mask():
    model = dense((3, 4, 1), ("relu", "relu"), bias=False)
    audit = gradient_audit(
        truth_table_step(relu_in_place),
        truth_table_weights(),
        TRUTH_TABLE,
        NOT_X3,
        model=model,
        loss=half_squared_error,
        learning_rate=1.0,
    )
    assert causes(audit) == {"W1": "none", "W2": "a 0/1 mask in place of the activation"}
    assert audit.causes == {"a 0/1 mask in place of the activation": ["W2"]}


def test_sigmoid_of_the_same_code_is_right():
    model = dense((3, 4, 1), ("sigmoid", "sigmoid"), bias=False)
    audit = gradient_audit(
        truth_table_step(sigmoid),
        truth_table_weights(),
        TRUTH_TABLE,
        NOT_X3,
        model=model,
        loss=half_squared_error,
        learning_rate=1.0,
    )
    assert audit.is_right
    assert (audit.table["cosine"] > 1 - 1e-12).all()
    assert (audit.table["relative_error"] < 1e-12).all()


def test_cause_and_constant_factor_are_told_apart():
    audit = gradient_audit(
        truth_table_step(relu_in_place),
        truth_table_weights(),
        TRUTH_TABLE,
        NOT_X3,
        model=dense((3, 4, 1), ("relu", "relu"), bias=False),  # mse: a mean over six rows
        learning_rate=1.0,
    )
    mask = "a 0/1 mask in place of the activation, factor 3"
    assert causes(audit) == {"W1": "factor 3", "W2": mask}


def add_numbers_step(parameters, x, y, *, bias_decay=True, update_first=True):
    """Columns, (outputs, inputs); each layer updates before it passes the error back."""
    signal, seen, inputs = x.T, [], []
    for weights, biases in zip(parameters[::2], parameters[1::2], strict=True):
        seen.append(signal)
        inputs.append(weights @ signal + biases)
        signal = np.maximum(0, inputs[-1])
    error = 2 * (signal - y.T)
    for layer in (2, 1, 0):
        weights, biases = parameters[2 * layer], parameters[2 * layer + 1]
        error = error * np.where(inputs[layer] > 0, 1, 0)
        passed = weights.T @ error
        weights -= RATE * error @ seen[layer].T
        biases -= RATE * (biases if bias_decay else error)
        error = weights.T @ error if update_first else passed
    return parameters


def add_numbers_parameters():
    random = np.random.RandomState(1)
    shapes = [(4, 2), (4, 1), (4, 4), (4, 1), (1, 4), (1, 1)]
    return [abs(random.randn(*shape)) for shape in shapes]


def audit_add_numbers(**settings):
    return gradient_audit(
        lambda p, x, y: add_numbers_step(p, x, y, **settings),
        add_numbers_parameters(),
        np.array([[0.1, 0.2]]),
        np.array([[0.3]]),
        model=dense((2, 4, 4, 1), ("relu", "relu", "relu")),
        learning_rate=RATE,
    )


def test_bias_decay_and_updated_weights_are_found_beside_each_other():
    decay = "error replaced by the bias (weight decay)"
    updated = "errors passed back through the updated weights"
    expected = {"W1": updated, "b1": decay, "W2": updated, "b2": decay, "W3": "none", "b3": decay}
    assert causes(audit_add_numbers()) == expected


def test_bias_decay_alone():
    found = audit_add_numbers(update_first=False).causes
    assert found == {"error replaced by the bias (weight decay)": ["b1", "b2", "b3"]}


def test_same_step_without_its_mistakes_is_right():
    assert audit_add_numbers(bias_decay=False, update_first=False).is_right


def four_layers_step(activation, derivative, *, passed_back):
    def step(p, x, y):
        inputs, targets = x.T, y.T
        hidden_inputs = p["wih"] @ inputs
        hidden = activation(hidden_inputs)
        hidden_inputs2 = p["wh1h2"] @ hidden
        hidden2 = activation(hidden_inputs2)
        final_inputs = p["wh2o"] @ hidden2
        errors = targets - activation(final_inputs)
        errors2 = p["wh2o"].T @ (errors * derivative(final_inputs) if passed_back else errors)
        slope2 = derivative(hidden_inputs2)
        errors1 = p["wh1h2"].T @ (errors2 * slope2 if passed_back else errors2)
        p["wh2o"] += RATE * (errors * derivative(final_inputs)) @ hidden2.T
        p["wh1h2"] += RATE * (errors2 * slope2) @ hidden.T
        p["wih"] += RATE * (errors1 * derivative(hidden_inputs)) @ inputs.T
        return p

    return step


def audit_four_layers(name, passed_back, rows):
    functions = {
        "relu": (lambda z: np.maximum(z, 0), lambda z: np.heaviside(z, 0.0)),
        "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    }
    digits = load_digits()
    random = np.random.default_rng(0)
    shapes = {"wih": (20, 64), "wh1h2": (15, 20), "wh2o": (10, 15)}
    return gradient_audit(
        four_layers_step(*functions[name], passed_back=passed_back),
        {key: random.normal(0, n**-0.5, (n, m)) for key, (n, m) in shapes.items()},
        digits.data[:rows] / 16,
        np.eye(10)[digits.target[:rows]],
        model=dense((64, 20, 15, 10), [name] * 3, bias=False),
        loss=half_squared_error,
        learning_rate=RATE,
    )


@pytest.mark.parametrize("passed_back", [False, True])
@pytest.mark.parametrize("name", ["relu", "sigmoid"])
def test_errors_passed_back_without_derivatives(name, passed_back):
    audit = audit_four_layers(name, passed_back, rows=8)
    cause = "activation derivative of layers 2 and 3 in the errors passed back"
    assert audit.causes == ({} if passed_back else {cause: ["wih", "wh1h2"]})
    assert list(audit.table["layer"]) == [1, 2, 3]


def test_what_one_row_cannot_tell_apart_is_said():
    # Outputs that are off here are right, 0: no error reaches the derivative that is missing.
    table = audit_four_layers("relu", passed_back=False, rows=1).table.set_index("parameter")
    cause = "activation derivative of {} in the errors passed back"
    assert table.loc["wih", "missing_factor"] == cause.format("layer 2")
    assert table.loc["wih", "also_fits"] == cause.format("layers 2 and 3")


# ---------------------------------------------------------------- one mistake at a time


def softmax(z):
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def tanh_slope(z):
    return 1 - np.tanh(z) ** 2


def softmax_step(
    *,
    slope=tanh_slope,
    own_slope=None,
    signal=np.tanh,
    output_slope=lambda a: 1.0,
    scale=1.0,
    penalty=0.0,
    dtype=float,
):
    """Rows, (inputs, outputs), tanh and softmax under cross-entropy; each argument can spoil it."""

    def step(parameters, x, y):
        x, y = x.astype(dtype), y.astype(dtype)
        W1, b1, W2, b2 = (np.asarray(p, dtype) for p in parameters)
        z = x @ W1 + b1
        outputs = softmax(np.tanh(z) @ W2 + b2)
        delta2 = (outputs - y) * output_slope(outputs) * dtype(scale / len(x))
        delta1 = (delta2 @ W2.T) * slope(z)
        gradients = (
            x.T @ delta1 + dtype(2 * penalty) * W1,
            delta1.sum(axis=0),
            signal(z).T @ delta2,
            delta2.sum(axis=0),
        )
        return [p - dtype(RATE) * g for p, g in zip((W1, b1, W2, b2), gradients, strict=True)]

    return step


@pytest.fixture
def classes():
    random = np.random.default_rng(5)
    parameters = [random.normal(size=shape) for shape in ((3, 5), (5,), (5, 4), (4,))]
    return parameters, random.normal(size=(7, 3)), np.eye(4)[random.integers(0, 4, 7)]


@pytest.fixture(scope="module")
def classifier():
    return dense((3, 5, 4), ("tanh", "softmax"), loss="categorical_crossentropy")


def audit_classes(step, classes, model, **settings):
    return gradient_audit(step, *classes, model=model, learning_rate=RATE, **settings)


EVERYWHERE = ["W1", "b1", "W2", "b2"]
MISTAKES = [
    ({}, {}),
    ({"scale": 2.0}, {"factor 2": EVERYWHERE}),
    ({"scale": -1.0}, {"factor -1": EVERYWHERE}),
    ({"scale": 7.0}, {"factor 7: a sum in place of a mean over 7 rows": EVERYWHERE}),
    ({"scale": 0.3721}, {"factor 0.3721": EVERYWHERE}),
    ({"slope": np.ones_like}, {"activation derivative of layer 1": ["W1", "b1"]}),
    (
        {"output_slope": lambda a: a * (1 - a)},
        {"activation derivative of layer 2 twice": EVERYWHERE},
    ),
    (
        {"slope": lambda z: tanh_slope(z) ** 2},
        {"activation derivative of layer 1 twice": ["W1", "b1"]},
    ),
    (
        {"slope": lambda z: tanh_slope(np.tanh(z))},
        {"activation derivative of layer 1 taken at the output": ["W1", "b1"]},
    ),
    (
        {"slope": lambda z: 1 - z**2},
        {
            "activation derivative of layer 1, its formula for the output taken at the input": [
                "W1",
                "b1",
            ]
        },
    ),
    ({"signal": lambda z: z}, {"the pre-activation in place of the activation": ["W2"]}),
    (
        {"signal": lambda z: np.heaviside(z, 0)},
        {"a 0/1 mask in place of the activation": ["W2"]},
    ),
    ({"slope": np.cos}, {"unexplained": ["W1", "b1"]}),
    (  # two mistakes at once in W1 and b1
        {"slope": lambda z: 1 / np.cosh(z), "output_slope": lambda a: a * (1 - a)},
        {"unexplained": ["W1", "b1"], "activation derivative of layer 2 twice": ["W2", "b2"]},
    ),
]


@pytest.mark.parametrize(("mistake", "expected"), MISTAKES)
def test_each_mistake_is_named(mistake, expected, classes, classifier):
    audit = audit_classes(softmax_step(**mistake), classes, classifier)
    assert audit.causes == expected
    assert audit.is_right == (not expected)


def test_derivative_missing_in_the_update_alone(classes):
    def step(parameters, x, y):
        W1, b1, W2, b2 = parameters
        hidden = sigmoid(x @ W1 + b1)
        outputs = sigmoid(hidden @ W2 + b2)
        error = outputs - y
        delta1 = ((error * outputs * (1 - outputs)) @ W2.T) * hidden * (1 - hidden)
        gradients = (x.T @ delta1, delta1.sum(axis=0), hidden.T @ error, error.sum(axis=0))
        return [p - RATE * g for p, g in zip(parameters, gradients, strict=True)]

    model = dense((3, 5, 4), ("sigmoid", "sigmoid"))
    audit = audit_classes(step, classes, model, loss=half_squared_error)
    assert audit.causes == {"activation derivative of layer 2 in the update alone": ["W2", "b2"]}


@pytest.mark.parametrize(("dtype", "model_dtype"), [(np.float32, "float64"), (float, "float32")])
def test_right_step_is_right_in_either_precision(dtype, model_dtype, classes):
    model = dense(
        (3, 5, 4), ("tanh", "softmax"), dtype=model_dtype, loss="categorical_crossentropy"
    )
    assert audit_classes(softmax_step(dtype=dtype), classes, model).is_right


def test_rounding_of_single_precision_is_no_mistake(classes, classifier):
    audit = audit_classes(softmax_step(scale=1000.0, dtype=np.float32), classes, classifier)
    assert audit.causes == {"factor 1000": EVERYWHERE}


def test_saturated_outputs_are_judged_by_their_logits(classes, classifier):
    parameters, x, y = classes
    large = [*parameters[:2], 30 * parameters[2], parameters[3]]
    audit = audit_classes(softmax_step(slope=np.ones_like), (large, x, y), classifier)
    assert audit.causes == {"activation derivative of layer 1": ["W1", "b1"]}


@pytest.mark.long
@pytest.mark.parametrize("slope", [tanh_slope, np.ones_like])
def test_penalties_belong_to_the_loss(slope, classes):
    penalized = keras.layers.Dense(5, "tanh", kernel_regularizer=keras.regularizers.L2(0.01))
    model = keras.Sequential([keras.Input((3,)), penalized, keras.layers.Dense(4, "softmax")])
    model.compile(loss="categorical_crossentropy")
    audit = audit_classes(softmax_step(slope=slope, penalty=0.01), classes, model)
    right = slope is tanh_slope
    assert audit.causes == ({} if right else {"activation derivative of layer 1": ["W1", "b1"]})


def functional():
    inputs = keras.Input((3,))
    hidden = keras.layers.Activation("tanh")(keras.layers.Dense(5)(inputs))
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(hidden))


def unbuilt():
    layers = keras.layers
    return keras.Sequential(
        [layers.Dense(5), layers.Activation("tanh"), layers.Dense(4), layers.Softmax()]
    )


@pytest.mark.parametrize("build", [functional, unbuilt])
def test_chains_of_dense_layers_in_other_forms(build, classes):
    model = build()
    model.compile(loss=keras.losses.CategoricalCrossentropy(reduction="sum"))
    audit = audit_classes(softmax_step(slope=np.ones_like, scale=7.0), classes, model)
    assert audit.causes == {"activation derivative of layer 1": ["W1", "b1"]}


def test_model_that_is_no_chain_names_factors_and_bias_decay():
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(3, activation="tanh")(inputs)
    outputs = keras.layers.Dense(1)(keras.layers.Add()([inputs, hidden]))
    model = keras.Model(inputs, outputs)
    model.compile(loss="mse")

    def step(parameters, x, y):
        W1, b1, W2, b2 = parameters
        hidden = np.tanh(x @ W1 + b1)
        delta = (x + hidden) @ W2 + b2 - y
        delta1 = delta @ W2.T * (1 - hidden**2)
        gradients = (x.T @ delta1, b1, (x + hidden).T @ delta, delta.sum(axis=0))
        return [p - RATE * g for p, g in zip(parameters, gradients, strict=True)]

    random = np.random.default_rng(0)
    parameters = [random.normal(size=shape) for shape in ((3, 3), (3,), (3, 1), (1,))]
    audit = gradient_audit(
        step, parameters, TRUTH_TABLE, NOT_X3, model=model, learning_rate=RATE, transposed=False
    )
    decay = "error replaced by the bias (weight decay)"
    assert audit.causes == {"factor 3": ["W1", "W2", "b2"], decay: ["b1"]}


def test_integer_labels(classes, classifier):
    parameters, x, y = classes
    step = softmax_step()
    audit = gradient_audit(
        lambda p, x, labels: step(p, x, np.eye(4)[labels]),
        parameters,
        x,
        y.argmax(axis=1),
        model=classifier,
        loss="sparse_categorical_crossentropy",
        learning_rate=RATE,
    )
    assert audit.is_right


# ---------------------------------------------------------------- a dead end, a kink


def relu_step(slope_at_zero):
    def step(parameters, x, y):
        W1, b1, W2, b2 = parameters
        z = x @ W1 + b1
        hidden = np.maximum(z, 0)
        delta = 2 * (hidden @ W2 + b2 - y) / y.size
        delta1 = delta @ W2.T * np.heaviside(z, slope_at_zero)
        gradients = (x.T @ delta1, delta1.sum(axis=0), hidden.T @ delta, delta.sum(axis=0))
        return [p - RATE * g for p, g in zip(parameters, gradients, strict=True)]

    return step


@pytest.mark.parametrize(("slope", "words"), [(0, "none"), (1, "ReLU'(0) = 1"), (0.5, "1/2")])
def test_zero_row_without_bias_is_a_kink(slope, words):
    random = np.random.default_rng(2)
    parameters = [random.normal(size=(3, 4)), np.zeros(4), random.normal(size=(4, 1)), np.zeros(1)]
    audit = gradient_audit(
        relu_step(slope),
        parameters,
        TRUTH_TABLE,
        NOT_X3,
        model=dense((3, 4, 1), ("relu", "linear")),
        learning_rate=RATE,
    )
    table = audit.table.set_index("parameter")
    assert list(table["status"]) == ["ok", "kink", "ok", "ok"]
    assert table.loc["b1", "reference_error"] > 0.01
    assert words in table.loc["b1", "missing_factor"]
    assert set(table["missing_factor"].drop("b1")) == {"none"}
    assert any("kink" in note for note in audit.notes)


def test_dead_layer_that_stays_put_is_right():
    parameters = [np.full((3, 4), -1.0), np.full(4, -1.0), np.ones((4, 1)), np.ones(1)]
    audit = gradient_audit(
        relu_step(0),
        parameters,
        TRUTH_TABLE,
        NOT_X3,
        model=dense((3, 4, 1), ("relu", "linear")),
        loss=lambda y, predictions: 3 * (y - predictions) ** 2,
        learning_rate=RATE,
    )
    assert audit.causes == {"factor 1/3": ["b2"]}
    assert list(audit.table["cosine"].isna()) == [True, True, True, False]
    assert list(audit.table["relative_error"][:3]) == [0, 0, 0]


# ---------------------------------------------------------------- the reference


def forward(p, x):
    return keras.ops.tanh(x @ p["kernel1"]) @ p["kernel2"] + p["b2"]


def named_step(p, x, y, *, decay=False, scale=1.0):
    hidden = np.tanh(x @ p["kernel1"])
    delta = 2 * scale * (hidden @ p["kernel2"] + p["b2"] - y) / y.size
    delta1 = delta @ p["kernel2"].T * (1 - hidden**2)
    p["kernel1"] -= RATE * x.T @ delta1
    p["kernel2"] -= RATE * hidden.T @ delta
    p["b2"] -= RATE * (p["b2"] if decay else delta.sum(axis=0))


def named_parameters():
    random = np.random.default_rng(0)
    shapes = {"kernel1": (3, 4), "kernel2": (4, 1), "b2": (1,)}
    return {name: random.normal(size=shape) for name, shape in shapes.items()}


def audit_forward(function=forward, step=named_step, **settings):
    return gradient_audit(
        step,
        named_parameters(),
        TRUTH_TABLE,
        NOT_X3,
        forward=function,
        loss="mse",
        learning_rate=RATE,
        **settings,
    )


def test_function_in_place_of_a_model():
    audit = audit_forward()
    assert audit.is_right
    assert list(audit.table["layer"]) == [1, 2, 2]
    assert list(audit.table["kind"]) == ["weights", "weights", "bias"]


def test_function_names_factor_and_bias_decay():
    found = audit_forward(step=lambda p, x, y: named_step(p, x, y, decay=True, scale=0.5)).causes
    decay = "error replaced by the bias (weight decay)"
    assert found == {"factor 1/2": ["kernel1", "kernel2"], decay: ["b2"]}


def test_a_single_number_is_not_explained_by_any_factor():
    def step(p, x, y):
        named_step(p, x, y)
        p["b2"] -= 0.0123

    assert audit_forward(step=step).causes == {"unexplained": ["b2"]}


def test_central_differences_confirm_the_reference():
    assert (audit_forward().table["reference_error"] < 1e-8).all()
    assert "Central differences confirm" in str(audit_forward())


def test_central_differences_refuse_a_wrong_reference():
    def stopped(p, x):
        return forward({**p, "kernel2": 2 * p["kernel2"] - tf.stop_gradient(p["kernel2"])}, x)

    audit = audit_forward(stopped)
    table = audit.table.set_index("parameter")
    assert list(table["status"]) == ["ok", "unconfirmed", "ok"]
    assert table.loc["kernel2", "missing_factor"] == "not compared"
    assert table.loc["kernel2", "reference_error"] == pytest.approx(0.5, rel=0.2)
    assert not audit.is_right
    assert "Central differences confirm" not in str(audit)


def test_without_checks_nothing_is_claimed_of_the_reference():
    audit = audit_forward(checks=0)
    assert audit.table["reference_error"].isna().all()
    assert "Central differences confirm" not in str(audit)


# ---------------------------------------------------------------- steps that go wrong


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


# ---------------------------------------------------------------- what is asked of the caller


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
        ({"checks": -1}, "checks"),
    ],
)
def test_bad_arguments(changes, message, classes, classifier):
    parameters, x, y = classes
    arguments = {"parameters": parameters, "x": x, "y": y, "model": classifier, **changes}
    with pytest.raises(ValueError, match=message):
        gradient_audit(softmax_step(), learning_rate=RATE, **arguments)


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


# ---------------------------------------------------------------- the house


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


# ---------------------------------------------------------------- arrays taken for others


def square_step(*, back=None, taken=None, bias=None, scale=1.0):
    """A right step of a 4-4-4 sigmoid chain under half the squared error, but for what is given."""

    def step(p, x, y):
        W1, b1, W2, b2 = p
        hidden = sigmoid(x @ W1 + b1)
        outputs = sigmoid(hidden @ W2 + b2)
        delta2 = scale * (outputs - y) * outputs * (1 - outputs)
        delta1 = delta2 @ (W2.T if back is None else back(W2)) * hidden * (1 - hidden)
        gradient2 = hidden.T @ delta2 if taken is None else taken(x, hidden, W2, delta2)
        add_up = (lambda delta: delta.sum(axis=0)) if bias is None else bias
        gradients = (x.T @ delta1, add_up(delta1), gradient2, add_up(delta2))
        return [a - RATE * g for a, g in zip(p, gradients, strict=True)]

    return step


@pytest.mark.long
@pytest.mark.parametrize(
    ("mistake", "expected"),
    [
        ({}, {}),
        ({"back": lambda W: W}, {"W2 in place of W2.T": ["W1", "b1"]}),
        (
            {"taken": lambda x, hidden, W, delta: x.T @ delta},
            {"x in place of the input of layer 2": ["W2"]},
        ),
        (
            {"taken": lambda x, hidden, W, delta: W * delta.sum(axis=0)},
            {"W2 in place of the input of layer 2": ["W2"]},
        ),
        (
            {"bias": lambda delta: delta[0]},
            {"errors of the first row alone in the biases": ["b1", "b2"]},
        ),
        (
            {"bias": lambda delta: delta[-1]},
            {"errors of the last row alone in the biases": ["b1", "b2"]},
        ),
    ],
)
def test_arrays_that_are_taken_for_others_are_named(mistake, expected):
    random = np.random.default_rng(4)
    parameters = [random.normal(size=shape) for shape in ((4, 4), (4,), (4, 4), (4,))]
    x, y = random.normal(size=(9, 4)), random.uniform(size=(9, 4))
    audit = gradient_audit(
        square_step(**mistake),
        parameters,
        x,
        y,
        model=dense((4, 4, 4), ("sigmoid", "sigmoid")),
        loss=half_squared_error,
        learning_rate=RATE,
        transposed=False,
    )
    assert audit.causes == expected


def test_a_sum_in_place_of_a_mean_is_named_by_its_rows():
    random = np.random.default_rng(5)
    parameters = [random.normal(size=shape) for shape in ((4, 4), (4,), (4, 4), (4,))]
    x, y = random.normal(size=(9, 4)), random.uniform(size=(9, 4))
    audit = gradient_audit(
        square_step(),
        parameters,
        x,
        y,
        model=dense((4, 4, 4), ("sigmoid", "sigmoid")),
        loss=lambda y, predictions: half_squared_error(y, predictions) / len(x),
        learning_rate=RATE,
        transposed=False,
    )
    words = "factor 9: a sum in place of a mean over 9 rows"
    assert audit.causes == {words: ["W1", "b1", "W2", "b2"]}


@pytest.mark.parametrize("value", [5e-324, -1e-310, np.inf, -np.inf, np.nan])
def test_a_factor_that_overflowed_is_no_simple_fraction(value):
    assert explanations._simple_fraction(value, 1e-6) is None
