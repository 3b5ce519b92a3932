"""The audit tells the mistakes in the threads' own steps, and those alone."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from repro.instruments.gradient_audit import gradient_audit

from .audited_steps import NOT_X3, RATE, TRUTH_TABLE, causes, dense, half_squared_error, sigmoid


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


def truth_table_audit(activation, posted):
    return gradient_audit(
        truth_table_step(posted),
        truth_table_weights(),
        TRUTH_TABLE,
        NOT_X3,
        model=dense((3, 4, 1), (activation, activation), bias=False),
        loss=half_squared_error,
        learning_rate=1.0,
    )


def test_derivative_written_in_place_is_a_mask():
    audit = truth_table_audit("relu", relu_in_place)
    assert causes(audit) == {"W1": "none", "W2": "a 0/1 mask in place of the activation"}
    assert audit.causes == {"a 0/1 mask in place of the activation": ["W2"]}


def test_sigmoid_of_the_same_code_is_right():
    audit = truth_table_audit("sigmoid", sigmoid)
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
