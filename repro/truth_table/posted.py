"""Thread 000 as posted: a 3-4-1 network on six rows, in numpy.

The snippet trains on all rows at once for 500,000 iterations, without a bias or a learning rate,
and draws its weights after `numpy.random.seed(1)`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Function = Callable[..., Any]

X = np.array([[0, 0, 1], [0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 0, 0], [0, 1, 0]], float)
Y = np.array([[0], [1], [0], [0], [1], [1]], float)  # not x3
UNITS = 4


class Weights(NamedTuple):
    """The parameters of one network, or of many with a leading seed axis."""

    syn0: Floats  # (3, 4)
    b0: Floats  # (4,)
    syn1: Floats  # (4, 1)
    b1: Floats  # (1,)


def draw(generator: Any) -> Weights:
    """Draw the thread's weights; the biases, which it has not, are zero.

    `generator` is numpy's legacy one: a `RandomState` or the module `numpy.random`.
    """
    syn0 = 2 * generator.random_sample((3, UNITS)) - 1
    syn1 = 2 * generator.random_sample((UNITS, 1)) - 1
    return Weights(syn0, np.zeros(UNITS), syn1, np.zeros(1))


def nonlin(x: Floats, deriv: bool = False) -> Floats:
    """Sigmoid as posted; `deriv` expects the sigmoid's value."""
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))


def relu(x: Floats, deriv: bool = False) -> Floats:
    """ReLU as posted; either branch writes into its argument, and returns it."""
    if deriv:
        for i in range(len(x)):
            for k in range(len(x[i])):
                if x[i][k] > 0:
                    x[i][k] = 1
                else:
                    x[i][k] = 0
        return x
    for i in range(len(x)):
        for k in range(len(x[i])):
            if x[i][k] > 0:
                pass
            else:
                x[i][k] = 0
    return x


def answer_relu(x: Floats, deriv: bool = False) -> Floats | None:
    """ReLU as the answer has it, vectorized; returns nothing for `deriv`."""
    if deriv:
        mask = x > 0
        x[mask] = 1
        x[~mask] = 0
        return None
    else:
        return np.maximum(0, x)


def answer_relu_returned(x: Floats, deriv: bool = False) -> Floats:
    """The answer's ReLU with the return that it lacks."""
    value = answer_relu(x, deriv)
    return x if value is None else value


def train_posted(
    weights: Weights,
    hidden: Function,
    output: Function,
    *,
    iterations: int,
    learning_rate: float = 1.0,
    bias: bool = False,
) -> float:
    """Train one network in place as the thread does; return its "Final Error".

    The thread's loop, but for the name `syn0` where it has `syn0Performing`, and for what it leaves
    out and we vary: rate and biases (which stay zero without `bias`).

    Args:
        weights: initial weights; they are trained.
        hidden: where the thread has `nonlin` for `l1`.
        output: where the thread has `nonlin` for `l2`.
        iterations: passes over the six rows; at least one.
        learning_rate: factor on every update.
        bias: train the biases too.

    Returns:
        The mean absolute error of the last iteration, before its update.
    """
    syn0, b0, syn1, b1 = weights
    for _ in range(iterations):
        l0 = X
        l1 = hidden(np.dot(l0, syn0) + b0)
        l2 = output(np.dot(l1, syn1) + b1)
        l2_error = Y - l2
        l2_delta = l2_error * output(l2, deriv=True)
        l1_error = l2_delta.dot(syn1.T)
        l1_delta = l1_error * hidden(l1, deriv=True)
        syn1 += learning_rate * l1.T.dot(l2_delta)  # a posted relu has made a mask of l1 by now
        syn0 += learning_rate * l0.T.dot(l1_delta)
        if bias:
            b1 += learning_rate * l2_delta.sum(axis=0)
            b0 += learning_rate * l1_delta.sum(axis=0)
    return float(np.mean(np.abs(l2_error)))


def verbatim_l1(l0: Floats, syn0: Floats) -> Floats:
    """The loop's second line as it was posted: the name in it is bound nowhere."""
    return nonlin(np.dot(l0, syn0Performing))  # type: ignore[name-defined]  # noqa: F821


def posted_functions(
    hidden: str, output: str, backpropagation: str = "posted"
) -> tuple[Function, Function]:
    """Return the thread's function for each layer, or the answer's in place of `relu`.

    Args:
        hidden: `sigmoid` or `relu`.
        output: likewise.
        backpropagation: `answer` or `answer_returned` for the answer's ReLU.
    """
    relus = {"answer": answer_relu, "answer_returned": answer_relu_returned}
    functions = {"sigmoid": nonlin, "relu": relus.get(backpropagation, relu)}
    return functions[hidden], functions[output]


def runs_as_written(backpropagation: str, hidden: str, output: str) -> bool:
    """Return whether an iteration of the code runs; not so if it raises NameError or TypeError."""
    weights = draw(np.random.RandomState(1))
    try:
        if backpropagation == "verbatim":
            verbatim_l1(X, weights.syn0)
        elif backpropagation in ("answer", "answer_returned"):
            functions = posted_functions(hidden, output, backpropagation)
            train_posted(weights, *functions, iterations=1)
    except (NameError, TypeError):
        return False
    return True
