"""The loss as a function of the parameters, by a model or by a forward function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from repro.instruments.gradient_audit import reference as truth
from repro.instruments.gradient_audit.parameters import (
    Array,
    Parameter,
    Parameters,
    describe,
    describe_with_model,
)

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The parameters as the reference names them, and the loss as a function of them.

    Attributes:
        parameters: one entry an array.
        x: the inputs.
        objective: the loss at any parameters.
        measure: the loss of predictions.
        model: the model in float64, if there is one.
    """

    parameters: list[Parameter]
    x: Array
    objective: truth.Objective
    measure: truth.Measure
    model: "keras.Model | None" = None

    @property
    def values(self) -> list[Array]:
        """The parameters in the reference's layout."""
        return [parameter.value for parameter in self.parameters]

    @property
    def names(self) -> list[str]:
        """The parameters' names."""
        return [parameter.name for parameter in self.parameters]


def pose(
    parameters: Parameters,
    x: Array,
    y: Array,
    *,
    model: "keras.Model | None",
    forward: Callable[[Any, Any], Any] | None,
    loss: Any,
    transposed: bool | None,
) -> Problem:
    """Make the loss a function of the parameters; see `gradient_audit` for the arguments."""
    _check_reference(model, forward)
    measure = truth.measure_loss(getattr(model, "loss", None) if loss is None else loss, y)
    if forward is None:
        if x.shape[:1] != y.shape[:1]:
            raise ValueError(f"x and y need one row an example, got {x.shape} and {y.shape}")
        twin = truth.in_float64(model, x.shape)
        described = describe_with_model(parameters, twin, transposed)
        objective = truth.model_objective(twin, x, measure)
        return Problem(parameters=described, x=x, objective=objective, measure=measure, model=twin)
    names = list(parameters) if isinstance(parameters, Mapping) else None
    objective = truth.function_objective(forward, names, x, measure)
    return Problem(parameters=describe(parameters), x=x, objective=objective, measure=measure)


def _check_reference(model: Any, forward: Any) -> None:
    import keras

    if (model is None) == (forward is None):
        raise ValueError("pass either model= or forward=, so that TensorFlow can derive the truth")
    if model is not None and not isinstance(model, keras.Model):
        kind = type(model).__name__
        raise ValueError(f"model must be a keras.Model, such as model=build(), got a {kind}")
