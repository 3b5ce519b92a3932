"""Compare a hand-written training step with the gradient that TensorFlow derives for its loss.

A right step of gradient descent moves each parameter by -rate x gradient. So whatever the code
does inside, (old - new) / rate is the gradient that it implies, and can be compared with the true
one, array by array: where they part, and which single mistake explains the difference.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from repro.instruments.gradient_audit import reference as truth
from repro.instruments.gradient_audit.explanations import NONE, candidates_of, explain
from repro.instruments.gradient_audit.parameters import (
    Array,
    Parameter,
    Parameters,
    describe,
    describe_with_model,
)
from repro.instruments.gradient_audit.stack import DenseStack, dense_stack
from repro.instruments.gradient_audit.update import Step, Update, run_step

if TYPE_CHECKING:
    import keras
    from rich.console import Console, ConsoleOptions, RenderResult

_READABLE = 0.01
"""Largest share of an update that rounding may be, for the update to be compared."""
_COMPARED = {"ok", "kink"}
_NOTES = {
    "kink": "the loss has a kink here (ReLU at 0); TensorFlow takes one of its slopes",
    "unconfirmed": "central differences contradict TensorFlow, so nothing is compared with it",
    "lost in rounding": "the update is too small beside the parameter to be read back",
    "missing": "the step returned no such array",
    "not numeric": "the step returned something else than an array of real numbers",
    "shape changed": "the step returned another shape",
    "not finite": "the step returned NaN or infinity",
}


@dataclass(frozen=True)
class Audit:
    """What a step implies beside the truth: one row of `table` per parameter array.

    Columns of `table`:
        layer, parameter, kind: which array; layers count from 1; kind is "weights" or "bias".
        cosine: of the angle between implied and true gradient; NaN if either is zero.
        relative_error: |implied - true| / |true|, Euclidean norms.
        norm_ratio: |implied| / |true|.
        missing_factor: the single cause that explains the difference to rounding; "none" if there
            is no difference, "unexplained", or "not compared" (`status` says why).
        also_fits: other causes that give the same numbers on these data, joined by "; ".
        reference_error: largest difference between the true gradient and central differences,
            relative to its largest entry; NaN if not checked.
        status: "ok", or one of the words that `notes` explain: kink, unconfirmed, lost in rounding,
            missing, not numeric, shape changed, not finite.

    `loss` is the loss at the parameters, before the step.
    """

    table: pd.DataFrame
    loss: float
    notes: tuple[str, ...] = field(default=())

    @property
    def is_right(self) -> bool:
        """Whether every array moves along the true gradient, to rounding."""
        return bool((self.table["missing_factor"] == NONE).all())

    @property
    def causes(self) -> dict[str, list[str]]:
        """Each cause of a difference -> the names of the parameters that it explains."""
        wrong = self.table[self.table["missing_factor"] != NONE]
        groups = wrong.groupby("missing_factor", sort=False)["parameter"]
        return {str(cause): list(names) for cause, names in groups}

    def __str__(self) -> str:
        from rich.console import Console

        out = io.StringIO()
        Console(file=out, width=100, no_color=True).print(self)
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines())

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        from rich import box
        from rich.table import Table
        from rich.text import Text

        shown = Table("parameter", box=box.SIMPLE_HEAD)
        for heading in ("cosine", "relative error", "norm ratio"):
            shown.add_column(heading, justify="right", no_wrap=True)
        shown.add_column("missing factor")
        for row in self.table.to_dict("records"):
            style = "green" if row["missing_factor"] == NONE else "red"
            numbers = (_shorten(row[c]) for c in ("cosine", "relative_error", "norm_ratio"))
            shown.add_row(row["parameter"], *numbers, Text(row["missing_factor"], style=style))
        yield shown
        if (self.table["reference_error"] <= truth.AGREEMENT).all():
            yield Text("Central differences confirm TensorFlow's gradient.")
        yield from (Text(note) for note in self.notes)


def _shorten(number: float) -> str:
    """Three digits; what rounding leaves of a zero is no number to read."""
    if np.isnan(number):
        return "-"
    return "< 1e-12" if 0 < abs(number) < 1e-12 else f"{number:.3g}"


@dataclass(frozen=True)
class _Problem:
    """The parameters as the reference names them, and the loss as a function of them."""

    parameters: list[Parameter]
    objective: truth.Objective
    measure: truth.Measure
    model: "keras.Model | None" = None

    @property
    def values(self) -> list[Array]:
        return [parameter.value for parameter in self.parameters]

    @property
    def names(self) -> list[str]:
        return [parameter.name for parameter in self.parameters]


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
    """
    rate = _positive(learning_rate)
    if checks < 0:
        raise ValueError(f"checks must be 0 or more, got {checks}")
    inputs, targets = _finite("x", x), _finite("y", y)
    problem = _pose(parameters, inputs, targets, model, forward, loss, transposed)
    reference = truth.differentiate(problem.objective, problem.values, problem.names)
    confirmed = list(truth.confirm(problem.objective, problem.values, reference, checks))
    updates, notes = run_step(step, parameters, problem.parameters, x, y, rate)
    statuses = [
        _status(update, gradient, outcome)
        for update, gradient, (_, outcome) in zip(
            updates, reference.gradients, confirmed, strict=True
        )
    ]
    stack = dense_stack(problem.model, problem.values, inputs, problem.measure)
    table = _tabulate(problem.parameters, reference.gradients, updates, statuses, stack)
    table.insert(len(table.columns) - 1, "reference_error", [error for error, _ in confirmed])
    said = zip(problem.names, statuses, strict=True)
    notes += [f"{name}: {_NOTES[status]}" for name, status in said if status in _NOTES]
    return Audit(table, reference.loss, tuple(notes))


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


def _pose(
    parameters: Parameters,
    x: Array,
    y: Array,
    model: "keras.Model | None",
    forward: Callable[[Any, Any], Any] | None,
    loss: Any,
    transposed: bool | None,
) -> _Problem:
    """Make the loss a function of the parameters, by a model or by a forward function."""
    measure = truth.measure_of(getattr(model, "loss", None) if loss is None else loss, y)
    if model is not None and forward is None:
        if x.shape[:1] != y.shape[:1]:
            raise ValueError(f"x and y need one row an example, got {x.shape} and {y.shape}")
        twin = truth.in_float64(model, x.shape)
        described = describe_with_model(parameters, twin, transposed)
        return _Problem(described, truth.objective_of_model(twin, x, measure), measure, twin)
    if forward is not None and model is None:
        names = list(parameters) if isinstance(parameters, Mapping) else None
        objective = truth.objective_of_function(forward, names, x, measure)
        return _Problem(describe(parameters), objective, measure)
    raise ValueError("pass either model= or forward=, so that TensorFlow can derive the truth")


def _status(update: Update, true: Array, confirmation: str) -> str:
    """Say whether an update can be compared with the true gradient."""
    if update.implied is None or confirmation == "unconfirmed":
        return confirmation if update.implied is not None else update.status
    size = max(np.linalg.norm(update.implied), np.linalg.norm(true))
    return "lost in rounding" if update.noise > _READABLE * size > 0 else confirmation


def _tabulate(
    parameters: Sequence[Parameter],
    reference: Sequence[Array],
    updates: Sequence[Update],
    statuses: Sequence[str],
    stack: DenseStack | None,
) -> pd.DataFrame:
    """Compare what can be compared, and explain the differences: one row per parameter array."""
    implied = [
        update.implied if status in _COMPARED else None
        for update, status in zip(updates, statuses, strict=True)
    ]
    candidates = candidates_of(parameters, reference, stack, [u.updated for u in updates])
    # Half of the digits of the step's arithmetic: what rounding in sums of products leaves.
    tolerance = float(np.sqrt(max(update.epsilon for update in updates)))
    explained = explain(implied, candidates, [update.noise for update in updates], tolerance)
    columns = zip(parameters, implied, reference, explained, statuses, strict=True)
    return pd.DataFrame(
        {
            "layer": parameter.layer,
            "parameter": parameter.name,
            "kind": parameter.kind,
            **_compare(gradient, true),
            "missing_factor": explanation.factor,
            "also_fits": "; ".join(explanation.also_fits),
            "status": status,
        }
        for parameter, gradient, true, explanation, status in columns
    )


def _compare(implied: Array | None, true: Array) -> dict[str, float]:
    """Cosine, relative error and ratio of norms; NaN where there is nothing to compare."""
    if implied is None:
        return dict.fromkeys(("cosine", "relative_error", "norm_ratio"), float("nan"))
    length, error = float(np.linalg.norm(implied)), float(np.linalg.norm(implied - true))
    true_length = float(np.linalg.norm(true))
    directed = length > 0 and true_length > 0
    cosine = float((implied / length * (true / true_length)).sum()) if directed else float("nan")
    if true_length == 0:  # a dead layer: right if it isn't moved
        return {
            "cosine": cosine,
            "relative_error": float("inf") if length else 0.0,
            "norm_ratio": float("inf") if length else float("nan"),
        }
    return {
        "cosine": cosine,
        "relative_error": error / true_length,
        "norm_ratio": length / true_length,
    }
