"""Hand-written numpy training steps under the same command: their gradient is audited."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from repro.instruments.diagnose.setup.errors import DiagnoseError, one_line
from repro.instruments.diagnose.setup.loading import load_object

if TYPE_CHECKING:
    from repro.instruments.gradient_audit import Audit

ROWS = 256


def is_step(function: Any) -> bool:
    """Tell a training step, which needs (parameters, x, y), from a build function.

    Raises:
        DiagnoseError: if it needs other arguments, or is no function.
    """
    if hasattr(function, "compile"):
        return False  # a model; what is wrong with that is said where it is built
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise DiagnoseError("NAME in FILE.py:NAME must be a function") from error
    needed = [
        p
        for p in parameters
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if len(needed) not in (0, 3):
        names = ", ".join(p.name for p in needed)
        raise DiagnoseError(
            f"a build function takes no arguments, a step (parameters, x, y); this takes ({names})"
        )
    return len(needed) == 3


def audit_step(
    step: Callable[..., Any],
    data: dict[str, Any],
    *,
    model: str | None,
    parameters: str | None,
    rate: float | None,
) -> "Audit":
    """Audit one step on the first rows of the data; see `repro.gradient_audit`.

    Args:
        step: `step(parameters, x, y)`.
        data: `x` and `y`.
        model: `FILE.py:NAME` of a function that returns the same network as a Keras model.
        parameters: `FILE.py:NAME` of the step's parameters, or of a function that makes them.
        rate: the learning rate that the step uses.

    Raises:
        DiagnoseError: if one of them is missing or doesn't fit.
    """
    from repro.instruments.gradient_audit import gradient_audit

    if model is None or parameters is None or rate is None:
        raise DiagnoseError(
            "a step(parameters, x, y) needs --model my_model.py:build (the same network in Keras), "
            "--parameters my_step.py:parameters and --rate 0.1"
        )
    start, build = load_object(parameters), load_object(model)
    try:
        return gradient_audit(
            _named(step, "the step"),
            _named(start, parameters)() if callable(start) else start,
            x=data["x"][:ROWS],
            y=data["y"][:ROWS],
            learning_rate=rate,
            model=_named(build, model)(),
        )
    except DiagnoseError:
        raise
    except ValueError as error:
        raise DiagnoseError(f"the step can't be audited: {error}") from error


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a user's function whose errors are told by its name, whatever it raises."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as error:
            raise DiagnoseError(f"{name} raised {one_line(error)}") from error

    return call
