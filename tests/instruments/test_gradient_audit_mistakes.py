"""The audit names each mistake of a step, one at a time."""

import keras
import numpy as np
import pytest

from repro.instruments.gradient_audit import explanations, gradient_audit

from .audited_steps import (
    EVERYWHERE,
    NOT_X3,
    RATE,
    TRUTH_TABLE,
    audit_classes,
    dense,
    half_squared_error,
    sigmoid,
    softmax_step,
    tanh_slope,
)

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
