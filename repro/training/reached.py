"""Find the variables and optimizers that objects of the user's own hold, however deep."""

from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType, MethodType
from typing import Any

import keras
import tensorflow as tf
from keras.src.optimizers.base_optimizer import BaseOptimizer

from repro.training.shared_state import is_library

Reached = Iterator[tuple[str, Any]]
ENDS = (keras.Variable, tf.Variable, BaseOptimizer)
CLOSED = (type, FunctionType, MethodType)


def reached_from(owners: Sequence[Any]) -> Reached:
    """Yield the variables and optimizers that attributes of the owners lead to, each once.

    The way leads through lists, dicts, layers and objects of the user's own classes. Other objects
    of a library are not entered but for those that are owners themselves.

    Args:
        owners: layers and the like.
    """
    met: set[int] = set()
    for owner in owners:
        yield from _in_attributes(getattr(owner, "name", type(owner).__name__), owner, met)


def _in_attributes(name: str, thing: Any, met: set[int]) -> Reached:
    if id(thing) not in met:
        met.add(id(thing))
        attributes = getattr(thing, "__dict__", {})
        for attribute in sorted(attributes, key=lambda name: name.startswith("_")):
            value = attributes[attribute]
            yield from _in_value(f"{name}.{attribute}", value, met)


def _in_value(name: str, value: Any, met: set[int]) -> Reached:
    if isinstance(value, ENDS):
        if id(value) not in met:
            met.add(id(value))
            yield name, value
    elif isinstance(value, Mapping | list | tuple):
        if id(value) not in met:
            met.add(id(value))
            pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
            for key, below in list(pairs):
                yield from _in_value(f"{name}[{key!r:.40}]", below, met)
    elif isinstance(value, keras.layers.Layer) or _is_own(value):
        yield from _in_attributes(name, value, met)


def _is_own(value: Any) -> bool:
    """Return whether an object is of a class of the user's own."""
    return not isinstance(value, CLOSED) and not is_library(type(value))
