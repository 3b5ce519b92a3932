"""Run a hand-written step on copies, and read the gradient that its update implies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from repro.instruments.gradient_audit.parameters import Array, Parameter, Parameters

# (parameters, x, y) -> new parameters, or None if it wrote into the ones that it got
Step = Callable[[Any, Any, Any], Any]
Fault = Literal["ok", "missing", "not numeric", "shape changed", "not finite"]


@dataclass(frozen=True)
class Update:
    """The update of one parameter by a step, in the reference's layout.

    `implied` is (old - new) / rate, None if it can't be had. `noise` is the norm of what rounding
    of `new` makes of it, and `epsilon` the machine epsilon of the step's arithmetic.
    """

    status: Fault
    updated: Array | None = None
    implied: Array | None = None
    noise: float = 0.0
    epsilon: float = 0.0


def run_step(
    step: Step,
    parameters: Parameters,
    described: Sequence[Parameter],
    *,
    x: Any,
    y: Any,
    rate: float,
) -> tuple[list[Update], list[str]]:
    """Run a step on copies; return one update a parameter, and notes on what it returned."""
    arrays = [parameter.array.copy() for parameter in described]
    is_mapping = isinstance(parameters, Mapping)
    copies: Any = dict(zip(parameters, arrays, strict=True)) if is_mapping else arrays
    with np.errstate(all="ignore"):  # what comes of it is reported
        result = step(copies, np.array(x), np.array(y))
    keys: list[Any] = list(parameters) if is_mapping else list(range(len(arrays)))
    returned, notes = _in_order(copies if result is None else result, keys)
    updates = [_read(p, new, rate) for p, new in zip(described, returned, strict=True)]
    return updates, notes


def _in_order(result: Any, keys: list[Any]) -> tuple[list[Any], list[str]]:
    """Line up what a step returned with its parameters, None for what is missing."""
    count = len(keys)
    if isinstance(result, Mapping):
        extra = [str(name) for name in result if name not in keys]
        notes = [f"the step also returned {', '.join(extra)}"] if extra else []
        return [result.get(name) for name in keys], notes
    if isinstance(result, np.ndarray) and count == 1:
        return [result], []
    if not isinstance(result, list | tuple):
        kind = type(result).__name__
        return [None] * count, [f"the step returned {kind}, expected {count} arrays"]
    wrong = len(result) != count
    notes = [f"the step returned {len(result)} arrays, expected {count}"] if wrong else []
    return [*result, *[None] * count][:count], notes


def _read(parameter: Parameter, returned: Any, rate: float) -> Update:
    """Check one returned array, and read from it the gradient that it implies."""
    if returned is None:
        return Update("missing")
    new = _as_numbers(returned)
    if new is None:
        return Update("not numeric")
    if new.shape != parameter.array.shape:
        return Update("shape changed")
    updated = parameter.arrange(new)
    with np.errstate(all="ignore"):
        implied = (parameter.value - updated) / rate
    if not np.isfinite(implied).all():
        return Update("not finite")
    epsilon = max(_epsilon(parameter.array), _epsilon(new))
    noise = epsilon * float(np.linalg.norm(updated)) / rate
    return Update("ok", updated, implied, noise=noise, epsilon=epsilon)


def _as_numbers(returned: Any) -> NDArray[Any] | None:
    try:
        array = np.asarray(returned)
    except (TypeError, ValueError):
        return None
    return array if array.dtype.kind in "fiu" else None


def _epsilon(array: NDArray[Any]) -> float:
    return float(np.finfo(array.dtype if array.dtype.kind == "f" else np.float64).eps)
