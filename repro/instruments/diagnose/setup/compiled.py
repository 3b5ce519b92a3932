"""The arguments that a Keras model was compiled with: optimizer, loss and metrics."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


SCHEDULED_STEPS = 10_000  # within which a schedule comes to its highest rate
LOOKED_AT = 60  # of these steps, the first ones close together


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """The arguments of `compile`; `momentum` is 0 where there is none.

    `rate` is the highest that a schedule comes to, which may begin with a warm-up from 0.
    `settings` are the numbers that a loss of Keras' was made with, such as its `delta`.
    """

    optimizer: str
    rate: float
    momentum: float
    loss: str
    from_logits: bool
    own_loss: bool
    settings: dict[str, float]
    summed: bool
    loss_weight: float
    wants_accuracy: bool
    metrics: tuple[str, ...]
    exact_metrics: tuple[str, ...]


def read_compiled(model: "keras.Model") -> Compiled:
    """Read what a compiled model was compiled with."""
    optimizer = model.optimizer
    return Compiled(
        optimizer=type(optimizer).__name__,
        rate=as_written(highest_rate(optimizer)),
        momentum=float(getattr(optimizer, "momentum", 0.0) or 0.0),
        loss=loss_name(model.loss),
        from_logits=bool(getattr(model.loss, "from_logits", False) or _keeps_logits(model.loss)),
        own_loss=is_own_loss(model.loss),
        settings=_numbers(getattr(model.loss, "_fn_kwargs", {})),
        summed=getattr(model.loss, "reduction", None) == "sum",
        loss_weight=_loss_weight(compile_arguments(model)["loss_weights"]),
        wants_accuracy="acc" in repr(compile_arguments(model)["metrics"]).lower(),
        metrics=_metric_names(compile_arguments(model)["metrics"]),
        exact_metrics=_exact_metrics(compile_arguments(model)["metrics"]),
    )


def _numbers(arguments: dict[str, Any]) -> dict[str, float]:
    return {k: float(v) for k, v in arguments.items() if isinstance(v, int | float)}


def _metric_names(metrics: Any) -> tuple[str, ...]:
    """Return the names of metrics, however they are nested, in snake case."""
    import keras

    flat = [m for m in keras.tree.flatten(metrics) if m is not None]
    return tuple(m if isinstance(m, str) else str(getattr(m, "name", "")) for m in flat)


def _exact_metrics(metrics: Any) -> tuple[str, ...]:
    """Return the classes of metrics that compare whole numbers, and no probabilities."""
    import keras

    kinds = (keras.metrics.Accuracy, keras.metrics.IoU)
    flat = [m for m in keras.tree.flatten(metrics) if type(m).__module__.startswith("keras.")]
    exact = [m for m in flat if isinstance(m, kinds) and _reads_classes(m)]
    return tuple(type(m).__name__ for m in exact)


def _reads_classes(metric: Any) -> bool:
    """Tell whether a metric reads predicted classes as they are, without `argmax` or threshold."""
    return bool(getattr(metric, "sparse_y_pred", True)) and not hasattr(metric, "threshold")


def _loss_weight(weights: Any) -> float:
    """Return the weight of the only output's loss; 1 if there is none, or more than one."""
    values = list(weights.values()) if isinstance(weights, dict) else weights
    if isinstance(values, list | tuple):
        return float(values[0]) if len(values) == 1 else 1.0
    return 1.0 if values is None else float(values)


def is_own_loss(loss: Any) -> bool:
    """Tell whether a loss is a function or class of the user's own."""
    if loss is None or isinstance(loss, str | dict | list | tuple):
        return False
    kind = loss if hasattr(loss, "__name__") else type(loss)
    return not str(kind.__module__).startswith("keras")


def as_written(number: float) -> float:
    """Return a number that went through float32 as its author wrote it: 1e-5, not 9.99999975e-6.

    Examples:
        >>> as_written(float(np.float32(1e-5)))
        1e-05
    """
    return float(f"{number:.6g}")


def schedule_of(optimizer: Any) -> Callable[[int], Any] | None:
    """Return the schedule of an optimizer's rate; None if the rate stays as it is."""
    rate = getattr(optimizer, "_learning_rate", None)
    return rate if callable(rate) and hasattr(rate, "get_config") else None


def highest_rate(optimizer: Any, steps: int = SCHEDULED_STEPS) -> float:
    """Return the rate, of a schedule the highest within these steps."""
    schedule = schedule_of(optimizer)
    if schedule is None:
        return float(np.asarray(optimizer.learning_rate))
    looked_at = np.unique(np.geomspace(1, steps + 1, LOOKED_AT).astype(int)) - 1
    return max(float(np.asarray(schedule(int(step)))) for step in looked_at)


def share_of_rate_left(optimizer: Any, steps: int) -> float:
    """Return the rate halfway through training over the highest until then; 1 of a fixed rate."""
    schedule, half = schedule_of(optimizer), steps // 2
    if schedule is None:
        return 1.0
    highest = highest_rate(optimizer, half)
    return float(np.asarray(schedule(half))) / highest if highest > 0 else np.inf


def share_of_rate_reached(optimizer: Any, steps: int) -> float:
    """Return the highest rate of the training over the highest that its schedule comes to."""
    highest = highest_rate(optimizer)
    return highest_rate(optimizer, steps - 1) / highest if highest > 0 else np.inf


def loss_name(loss: Any) -> str:
    """Return a loss's name in snake case; several losses' names joined by commas."""
    import keras

    if isinstance(loss, dict | list | tuple):
        values = loss.values() if isinstance(loss, dict) else loss
        return ",".join(map(loss_name, values))
    if loss is None:
        return "none"
    try:
        loss = keras.losses.get(loss) if isinstance(loss, str) else loss
    except ValueError:
        return str(loss)
    name = getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__)
    return {"mse": "mean_squared_error", "mae": "mean_absolute_error"}.get(str(name), str(name))


def _keeps_logits(loss: Any) -> bool:
    return bool(getattr(loss, "_fn_kwargs", {}).get("from_logits", False))


def compile_arguments(model: "keras.Model") -> dict[str, Any]:
    """Return the very objects that `compile` got; Keras' public config holds only copies."""
    kept = getattr(model, "_compile_config", None)
    arguments = dict(getattr(kept, "config", {}))
    return {"loss": model.loss, "loss_weights": None, "metrics": None} | arguments
