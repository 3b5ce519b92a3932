"""Compare models by their settings: what they compute, but for the values of their variables."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np
import tensorflow as tf
from keras.src.optimizers.base_optimizer import BaseOptimizer

from repro.training.held import OF_A_SEED, digest, held_by, is_plain
from repro.training.shared_state import is_library
from repro.training.step import parts_of

Settings = list[tuple[str, Any]]

KNOWN: WeakKeyDictionary[keras.Model, Settings] = WeakKeyDictionary()
SET_BY_FIT = re.compile(  # attributes and shapes, which are none of a model's settings
    r"[.](train_function|test_function|predict_function|_eval_epoch_iterator|history|stop_training"
    r"|\w*(batch|input)_shape\[\d+\])$"
)
NUMBER = re.compile(r"-?\d+([.]\d*)?(e[+-]?\d+)?$")
DIFFERENT = "build() returns models of different settings for different seeds"


def settings_differ(models: Sequence[keras.Model], first: keras.Model) -> str | None:
    """Name a setting in which models differ from the first, their learning rates apart."""
    expected = settings_of(first)
    for model in models:
        settings = settings_of(model)
        if settings != expected:
            name, value, other = _first_difference(settings, expected)
            return (
                f"{DIFFERENT}: {name} is {_in_line(value)}, and {_in_line(other)} for another seed"
            )
    return None


def settings_of(model: keras.Model) -> Settings:
    """Return a model's settings, as they were when they were first asked for.

    Layers of the user's own may count their calls, and globals that they look at may be set by the
    next call of `build`.
    """
    if model not in KNOWN:
        KNOWN[model] = list(_settings(model))
    return KNOWN[model]


def counted_in_python(model: keras.Model) -> str | None:
    """Name a number of a model's parts that has changed since its settings were first asked for.

    It counts the graphs that are made of it, of which `fit` makes others.
    """
    own, later = dict(settings_of(model)), dict(_settings(model))
    changed = [n for n, value in own.items() if later.get(n, value) != value]
    return next((n for n in changed if are_numbers(own[n], later[n])), None)


def are_numbers(*settings: Any) -> bool:
    """Return whether the values of settings are numbers."""
    return all(NUMBER.match(str(setting)) for setting in settings)


def _in_line(value: Any) -> str:
    return f"{' '.join(str(value).split()):.60}"  # an array has lines


def _first_difference(settings: Settings, expected: Settings) -> tuple[str, Any, Any]:
    own, other = dict(settings), dict(expected)
    names = [name for name in other | own if own.get(name) != other.get(name)]
    if names:
        return names[0], *(s.get(names[0], "nothing") for s in (own, other))
    pairs = zip(settings, expected, strict=False)  # of names that several layers have
    return next((a[0], a[1], b[1]) for a, b in pairs if a != b)


def settings_to_evaluate(model: keras.Model) -> Settings:
    """Return the settings, as they are now, of what predicts and evaluates."""
    return [(n, v) for n, v in _evaluated(model) if not SET_BY_FIT.search(n)]


def _settings(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Yield all settings of a model, its losses, metrics and optimizer, by name."""
    for kind in ("trainable_variables", "non_trainable_variables"):
        for place, v in enumerate(getattr(model, kind)):
            yield f"{kind}[{place}]", (tuple(v.shape), v.dtype, v.trainable)
    yield from _evaluated(model)
    for name, thing in _parts_of_steps(model):
        yield from _settings_of_part(name, thing)
    for optimizer in parts_of(model.optimizer):
        yield from _optimizer_settings(optimizer, model.trainable_variables)


def _evaluated(model: keras.Model) -> Iterator[tuple[str, Any]]:
    for layer in model._flatten_layers():
        yield from _flat(layer.name, _config(layer))
        yield from _constants(layer)
    yield from _flat("compile", _compiled(model))
    for name, thing in _parts_evaluated(model):
        yield from _settings_of_part(name, thing)


def _settings_of_part(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    yield name, _named(type(thing))
    yield from held_by(thing, name)
    if _is_of_keras(type(thing)) and isinstance(
        thing, keras.regularizers.Regularizer | keras.constraints.Constraint
    ):
        yield from _flat(name, _config(thing))  # the layer's tells what it was built with
    if (arguments := getattr(thing, "_fn_kwargs", None)) is not None:
        yield from _flat(f"{name}.arguments", arguments)  # which the config of Huber leaves out


def _optimizer_settings(
    optimizer: Any, variables: Sequence[keras.Variable]
) -> Iterator[tuple[str, Any]]:
    config = _config(optimizer)
    if isinstance(config, dict) and isinstance(config.get("learning_rate"), float):
        del config["learning_rate"]  # a variable: each seed may have its own
    yield from _flat(optimizer.name, config)
    yield "optimizer", _named(type(optimizer))
    if isinstance(optimizer, BaseOptimizer):
        for v in variables:
            yield f"weight decay of {v.path}", optimizer._use_weight_decay(v.value)


def _constants(layer: keras.layers.Layer) -> Iterator[tuple[str, str]]:
    """Yield what a layer has computed and keeps, such as the means that it was adapted to.

    Graphs take it for a constant; it is no variable, and in no config.
    """
    for name, value in vars(layer).items():
        is_eager = isinstance(value, tf.Tensor) and not tf.is_symbolic_tensor(value)
        if is_eager or isinstance(value, np.ndarray):
            yield f"{layer.name}.{name}", digest(value)


def _parts(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Yield what a model is made of besides its variables, by name."""
    yield from _parts_evaluated(model)
    yield from _parts_of_steps(model)


def _parts_evaluated(model: keras.Model) -> Iterator[tuple[str, Any]]:
    for layer in model._flatten_layers():
        yield f"{layer.name}", layer
    for place, loss in enumerate(keras.tree.flatten(model.loss)):
        yield f"loss[{place}]", loss
    for place, metric in enumerate(metrics_of(model)):
        yield f"metrics[{place}]", metric


def _parts_of_steps(model: keras.Model) -> Iterator[tuple[str, Any]]:
    for v in model.trainable_variables:
        for kind in ("constraint", "regularizer"):
            if getattr(v, kind, None) is not None:
                yield f"{v.path}.{kind}", getattr(v, kind)
    for optimizer in parts_of(model.optimizer):
        yield optimizer.name, optimizer
        yield f"{optimizer.name}.learning_rate", optimizer._learning_rate


def metrics_of(model: keras.Model) -> list[Any]:
    """Return the metrics of layers and of `compile`, which hides them until it has seen data.

    The means of several outputs' losses are none: Keras makes them when it has seen data.
    """
    named = model._compile_metrics
    users = [named._user_metrics, named._user_weighted_metrics] if named else []
    things = [*model.metrics, *keras.tree.flatten(users)]
    losses = {id(metric) for metric in getattr(model._compile_loss, "metrics", ())}
    kept = [thing for thing in things if id(thing) not in losses]
    return [thing for thing in kept if isinstance(thing, keras.metrics.Metric) or callable(thing)]


def _named(kind: type) -> str:
    # a class that `build` defines is another one for each call
    return f"{kind.__module__}.{kind.__qualname__}"


def _is_of_keras(kind: Any) -> bool:
    return (getattr(kind, "__module__", None) or "").split(".")[0] in ("keras", "builtins")


def _config(thing: Any) -> Any:
    try:
        with _without_warnings():
            return dict(thing.get_config())
    except Exception:  # it has none, or one that fails: its plain attributes tell what they can
        return _attributes(thing)


@contextmanager
def _without_warnings() -> Iterator[None]:
    # of lambdas, which nobody is about to save
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _attributes(thing: Any) -> dict[str, Any]:
    own = getattr(thing, "__dict__", {}).items()
    hidden = ("_", *OF_A_SEED)  # Keras' own, or numbered
    return {n: v for n, v in own if is_plain(v) and not n.startswith(hidden)}


def _compiled(model: keras.Model) -> Any:
    try:
        with _without_warnings():
            config = dict(model.get_compile_config() or {})
    except Exception:  # a loss or metric that can't be serialized
        config = {name: repr(getattr(model, name, None)) for name in ("loss", "metrics")}
    config.pop("optimizer", None)
    return config


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _flat(f"{name}.{key}", below)
    elif isinstance(value, list | tuple):
        for place, below in enumerate(value):
            yield from _flat(f"{name}[{place}]", below)
    else:
        yield name, re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def settings_tell_all(model: keras.Model) -> bool:
    """Return whether all layers and losses are Keras' own, so that their settings tell all."""
    parts = [part for _, part in _parts(model)]
    if not all(_is_of_keras(type(part)) for part in parts) or any(map(_is_patched, parts)):
        return False
    if any(map(_is_own_callable, parts)):
        return False
    if any(isinstance(part, keras.layers.Lambda) or _has_own_function(part) for part in parts):
        return False
    return not re.search(r"\bfunction\b|__lambda__", repr(settings_of(model)))


def _has_own_function(part: Any) -> bool:
    kept = getattr(part, "__dict__", {}).values()
    return any(map(_is_own_callable, kept))


def _is_own_callable(value: Any) -> bool:
    """Return whether a value is a function of the user's, a method, or an object to call."""
    if isinstance(value, type) or not callable(value):
        return False
    if isinstance(value, MethodType):
        value = value.__self__
    if isinstance(value, FunctionType):
        return not _is_of_keras(value)
    return not is_library(type(value))


def _is_patched(part: Any) -> bool:
    """Return whether a method has been replaced by somebody's function, on the instance."""
    own = getattr(part, "__dict__", {}).items()
    return any(
        hasattr(type(part), name) and callable(value) and not _is_of_keras(value)
        for name, value in own
    )
