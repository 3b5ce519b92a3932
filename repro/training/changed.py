"""Tell what a training changed in a model besides its variables, which nobody else's model has.

A callback, or a step that runs in Python, may set an attribute: the weight of a loss, the rate of a
dropout. A fit keeps variables alone. What `build` makes anew of them then need not be the model
that was trained.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from repro.training.building import Blueprint, State, is_kerass, values_of
from repro.training.feeding.structures import Triple
from repro.training.model_settings import Settings, are_numbers, metrics_of, settings_to_evaluate

ROUNDING = 1e-5  # of the largest number


@dataclass(frozen=True)
class Changed:
    """A setting that a training changed.

    Attributes:
        name: of the first one.
        in_predictions: whether a model made anew predicts otherwise.
        in_losses: whether its losses are others, or its predictions.
    """

    name: str
    in_predictions: bool
    in_losses: bool


def settings_now(model: keras.Model) -> Settings | None:
    """Return what a training may change; None if it can't be told."""
    with suppress(Exception):
        return settings_to_evaluate(model)
    return None


def what_changed(
    model: keras.Model, begun: Settings | None, *, blueprint: Blueprint, seed: int, state: State
) -> Changed | None:
    """Name what a training changed in a model; None if nothing.

    Args:
        model: trained.
        begun: the settings before it.
        blueprint: what makes that seed's model anew.
        seed: the model's.
        state: of the trained model.
    """
    if begun is None or (ended := settings_now(model)) in (None, begun):
        return None
    anew = blueprint.model(seed, state)
    first, last = dict(settings_now(anew) or []), dict(ended or [])
    name = next((n for n in {**first, **last} if first.get(n) != last.get(n)), None)
    if name is None:  # as where the training has built layers
        return None
    ours, repeated, theirs = (_outcome(m, blueprint.sample) for m in (model, model, anew))
    if not all(map(_are_alike, ours, repeated)):  # it predicts at random, or by what it counts
        counts = are_numbers(first.get(name), last.get(name))
        return Changed(name, in_predictions=counts, in_losses=counts)
    in_predictions = not _are_alike(ours[0], theirs[0])
    return Changed(name, in_predictions, in_predictions or not _are_alike(ours[1], theirs[1]))


def check_metrics_begin_anew(model: keras.Model, blueprint: Blueprint) -> None:
    """Raise ValueError if a metric of the user's own goes on where a training has left it.

    Args:
        model: of the blueprint; its metrics are of no use afterwards.
        blueprint: the model's.
    """
    if all(is_kerass(metric, "reset_state") for metric in metrics_of(model)):
        return
    blueprint.make_metrics(model)
    variables = model.metrics_variables
    begun = []
    for step in (1, 2):  # from two states that are none of its first
        for v in variables:
            v.assign(step == 1 if v.dtype == "bool" else v + step)
        model.reset_metrics()
        begun.append(values_of(variables))
    for v, one, other in zip(variables, *begun, strict=True):
        if not np.array_equal(one, other, equal_nan=v.dtype.startswith("float")):
            raise ValueError(
                f"metric variable {v.path} is not reset by reset_state, so what it holds goes on "
                "from one training or evaluation to the next, and a fit does not keep it"
            )


def _outcome(model: keras.Model, sample: Triple) -> tuple[list[Any], list[Any]]:
    """Return outputs, and losses, on a few rows; none that only a graph can tell."""
    x, y, weight = sample
    training: dict[str, Any] = {"training": False} if model._call_has_training_arg else {}
    outputs: list[Any] = []
    losses: list[Any] = []
    with suppress(Exception):
        y_pred = model(x, **training)
        outputs += map(_numbers, keras.tree.flatten(y_pred))
        batch = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": weight}
        losses.append(_numbers(model._compute_loss(**batch, training=False)))
    return outputs, losses


def _numbers(a: Any) -> Any:
    return np.asarray(a, "float64")


def _are_alike(ours: list[Any], theirs: list[Any]) -> bool:
    return len(ours) == len(theirs) and all(map(_are_near, ours, theirs))


def _are_near(a: Any, b: Any) -> bool:
    if a.shape != b.shape:
        return False
    rounding = ROUNDING * np.abs(b).max(initial=0)
    return np.allclose(a, b, rtol=ROUNDING, atol=rounding, equal_nan=True)
