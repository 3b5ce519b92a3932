"""Compare a hand-written training step with the gradient that TensorFlow derives for its loss.

A right step of gradient descent moves each parameter by -rate x gradient. So whatever the code
does inside, (old - new) / rate is the gradient that it implies, and can be compared with the true
one, array by array: where they part, and which single mistake explains the difference.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.instruments.gradient_audit import reference as truth
from repro.instruments.gradient_audit.audit import Audit
from repro.instruments.gradient_audit.comparison import (
    NOTES,
    comparison_status,
    remarks,
    tabulate,
)
from repro.instruments.gradient_audit.parameters import Array, Parameters
from repro.instruments.gradient_audit.problem import Problem, pose
from repro.instruments.gradient_audit.stack import dense_stack
from repro.instruments.gradient_audit.update import Step, Update, run_step
from repro.training.checks import names_checked

if TYPE_CHECKING:
    import keras


@names_checked
def gradient_audit(
    step: Step,
    parameters: Parameters,
    x: Any,
    y: Any,
    *,
    learning_rate: float,
    model: "keras.Model | None" = None,
    forward: Callable[[Any, Any], Any] | None = None,
    loss: Any = None,
    transposed: bool | None = None,
    checks: int = 8,
) -> Audit:
    """Audit one hand-written update against the true gradient of the loss at these parameters.

    Args:
        step: `step(parameters, x, y)` returns the new parameters, or None if it wrote into the
            ones that it got. It gets copies, in the same kind of container, and must make a single
            plain update: old - learning_rate * gradient.
        parameters: list or dict of arrays, as the step keeps them. With `model`, in the order of
            `model.trainable_variables`; weights may be transposed and biases may be columns.
        x: inputs, one row an example, as the model takes them; passed to the step as they are.
        y: targets, one row an example, as the loss takes them.
        learning_rate: the rate that the step uses.
        model: Keras model of the same network. Its own weights don't matter and aren't changed. A
            chain of Dense layers lets the audit name mistakes in backpropagation.
        forward: instead of a model, `forward(parameters, x)` returns the predictions, written
            with keras.ops or TensorFlow. Then only factors and bias decay are named.
        loss: name or object of a Keras loss, or `loss(y, predictions)`, averaged if not a scalar;
            the loss that the model was compiled with if not given.
        transposed: whether square weights are kept as (outputs, inputs), if no others show it.
        checks: central differences per array that confirm the reference; 0 for none.

    Returns:
        The audit. A step that returns bad arrays is reported in it; one that raises, raises.

    Raises:
        ValueError: an argument can't be used; the message names it.

    Examples:
        Least squares by hand, with a factor missing: the gradient of a mean of squares has a 2.

        >>> import keras, numpy as np
        >>> from repro import gradient_audit
        >>> def step(parameters, x, y):
        ...     errors = x @ parameters["W"] - y
        ...     return {"W": parameters["W"] - 0.1 * x.T @ errors / len(x)}
        >>> x = np.random.default_rng(0).normal(size=(20, 3))
        >>> y, parameters = x.sum(axis=1, keepdims=True), {"W": np.zeros((3, 1))}
        >>> audit = gradient_audit(
        ...     step,
        ...     parameters,
        ...     x,
        ...     y,
        ...     learning_rate=0.1,
        ...     forward=lambda p, x: keras.ops.matmul(x, p["W"]),
        ...     loss="mse",
        ... )
        >>> audit.is_right, audit.causes
        (False, {'factor 1/2': ['W']})
    """
    rate = _positive(learning_rate)
    if checks < 0:
        raise ValueError(f"checks must be 0 or more, got {checks}")
    problem = pose(
        parameters,
        _finite("x", x),
        _finite("y", y),
        model=model,
        forward=forward,
        loss=loss,
        transposed=transposed,
    )
    reference = truth.differentiate(problem.objective, problem.values, problem.names)
    confirmed = list(truth.confirm(problem.objective, problem.values, reference, checks))
    updates, notes = run_step(step, parameters, problem.parameters, x=x, y=y, rate=rate)
    return _compare(problem, reference, confirmed, updates=updates, notes=notes)


def _compare(
    problem: Problem,
    reference: truth.Reference,
    confirmed: Sequence[tuple[float, str]],
    *,
    updates: Sequence[Update],
    notes: Sequence[str],
) -> Audit:
    outcomes = zip(updates, reference.gradients, confirmed, strict=True)
    statuses = [comparison_status(update, true, outcome) for update, true, (_, outcome) in outcomes]
    table = tabulate(
        problem.parameters,
        reference.gradients,
        updates,
        statuses=statuses,
        stack=dense_stack(problem.model, problem.values, problem.x, problem.measure),
        rows=len(problem.x),
    )
    table.insert(len(table.columns) - 1, "reference_error", [error for error, _ in confirmed])
    named = zip(problem.names, statuses, strict=True)
    obstacles = [f"{name}: {NOTES[status]}" for name, status in named if status in NOTES]
    obstacles += remarks(table, updates, reference.gradients)
    return Audit(table, reference.loss, (*notes, *obstacles))


def _positive(learning_rate: float) -> float:
    if not np.isscalar(learning_rate) or isinstance(learning_rate, bool | str):
        raise ValueError(f"learning_rate must be a number, got {learning_rate!r}")
    if not (np.isreal(learning_rate) and 0 < learning_rate < np.inf):
        raise ValueError(f"learning_rate must be positive and finite, got {learning_rate!r}")
    return float(learning_rate)


def _finite(name: str, data: Any) -> Array:
    try:
        array = np.asarray(data).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be an array of numbers, got {type(data).__name__}"
        ) from error
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity")
    return array
