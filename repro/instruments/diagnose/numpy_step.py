"""Hand-written numpy training steps under the same command: their gradient is audited."""

from typing import TYPE_CHECKING, Any

from repro.instruments.diagnose.setup.arrays import DiagnoseError
from repro.instruments.diagnose.setup.loading import load_object

if TYPE_CHECKING:
    from repro.instruments.gradient_audit import Audit

ROWS = 256


def audit_step(
    step: Any, data: dict[str, Any], *, model: str | None, parameters: str | None,
    rate: float | None,
) -> "Audit":  # fmt: skip
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
            step, start() if callable(start) else start, data["x"][:ROWS], data["y"][:ROWS],
            learning_rate=rate, model=build(),
        )  # fmt: skip
    except ValueError as error:
        raise DiagnoseError(f"the step can't be audited: {error}") from error
