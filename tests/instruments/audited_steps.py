"""Steps and models that are audited in more than one test module."""

from pathlib import Path

import keras
import numpy as np

from repro.instruments.gradient_audit import gradient_audit

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


def sigmoid(x, deriv=False):
    return x * (1 - x) if deriv else 1 / (1 + np.exp(-x))


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


def audit_classes(step, classes, model, **settings):
    return gradient_audit(step, *classes, model=model, learning_rate=RATE, **settings)


EVERYWHERE = ["W1", "b1", "W2", "b2"]


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
