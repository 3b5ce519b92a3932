"""Tell what objects and functions of the user's own hold, which is in no config.

A graph takes it for a constant. It need not show in a model's outputs or its loss: a gradient, an
update or a constraint may be made of it alone.
"""

import hashlib
import re
import sys
import threading
from argparse import Namespace
from collections import deque
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import cache, partial
from types import (
    BuiltinMethodType,
    CodeType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from repro.training.shared_state import is_library, names_in, outside_of

Held = Iterator[tuple[str, Any]]

PLAIN = (bool, int, float, complex, str, bytes, type(None))
OTHERS = frozenset(  # whose objects have much to themselves, and may count or log
    [
        *("pandas", "scipy", "sklearn", "matplotlib", "torch", "jax", "absl", "tensorboard"),
        *("wandb", "mlflow", "comet_ml", "neptune", "optuna", "ray", "tqdm", "rich", "loguru"),
    ]
)
OF_A_SEED = ("seed", "name", "built")  # names begin so that tell one seed's objects from another's
SETTLED = (  # a model's variables, or nothing that its training asks for
    keras.layers.Layer,
    keras.Variable,
    keras.initializers.Initializer,
    keras.KerasTensor,
    tf.Variable,
    tf.Module,
)
SPACES = (Namespace, SimpleNamespace, threading.local)  # of settings
SPENT = (GeneratorType, *map(type, (iter([]), iter(()), iter({}), map(abs, []), zip())))
"""Iterators, which can't be looked at without taking from them."""
CONFIGURED = (
    keras.regularizers.Regularizer,
    keras.constraints.Constraint,
    keras.losses.Loss,
    keras.optimizers.schedules.LearningRateSchedule,
)


class Untold:
    """An object that can't be looked into: it is equal to itself alone."""

    def __init__(self, value: Any):
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Untold) and other._value is self._value

    def __hash__(self) -> int:
        return id(self._value)

    def __str__(self) -> str:
        return f"a {type(self._value).__name__} of its own"


def held_by(part: Any, name: str) -> Held:
    """Yield what a part of a model holds besides its config: names, and values in words.

    Args:
        part: a layer, loss, metric, optimizer or the like; or a function in its place.
        name: what it is called.
    """
    yield from _Walk().describe_part(name, part)


def digest(array: Any) -> str:
    """Return an array's first numbers, and what tells all of them."""
    array = np.asarray(array)
    content = array.tobytes() if array.dtype != object else repr(array.tolist()).encode()
    return f"{array.ravel()[:3]} of digest {hashlib.sha256(content).hexdigest()[:8]}"


class _Walk:
    """Go over what a part holds, to each object and function once."""

    def __init__(self) -> None:
        self._met: set[int] = set()

    def describe_part(self, name: str, part: Any) -> Held:
        if isinstance(part, FunctionType | MethodType | partial) or not hasattr(part, "__dict__"):
            yield from self.describe(name, part)
            return
        self._met.add(id(part))
        for attribute, value in _own_attributes(part):
            if callable(value) or not is_library(type(part)):  # the rest is in its config
                yield from self.describe(f"{name}.{attribute}", value)
        yield from self._describe_class(name, type(part))

    def describe(self, name: str, value: Any) -> Held:
        if isinstance(value, PLAIN):
            yield name, repr(value)
        elif isinstance(value, np.ndarray | np.generic) or _is_eager(value):
            yield name, digest(value)
        elif isinstance(value, SPENT):
            yield name, Untold(value)
        elif isinstance(value, AbstractSet):
            yield name, str(sorted(repr(v) if is_plain(v) else type(v).__name__ for v in value))
        elif id(value) not in self._met:
            yield from self._describe_new(name, value)

    def _describe_new(self, name: str, value: Any) -> Held:
        if isinstance(value, Mapping | list | tuple | deque):
            with self._in_progress(value):
                pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
                for key, below in list(pairs):
                    yield from self.describe(f"{name}[{key!r:.40}]", below)
        elif inner := _inner(value):
            for place, below in inner.items():
                yield from self.describe(f"{name}{place}", below)
        elif isinstance(value, type):
            self._met.add(id(value))
            yield from self._describe_class(name, value)
        elif isinstance(value, ModuleType):
            if value.__name__ not in sys.modules:  # one that is made by hand
                yield from self.describe(name, _public(vars(value)))
        elif _is_of_python(value):
            yield name, re.sub(r" at 0x[0-9a-f]+", "", _shown(value))
        elif not isinstance(value, SETTLED):
            self._met.add(id(value))
            describe = (
                self._describe_function
                if isinstance(value, FunctionType)
                else self._describe_object
            )
            yield from describe(name, value)

    @contextmanager
    def _in_progress(self, container: Any) -> Iterator[None]:
        # not for good: another may be made in its place, and have its number
        self._met.add(id(container))
        yield
        self._met.discard(id(container))

    def _describe_object(self, name: str, value: Any) -> Held:
        if isinstance(value, CONFIGURED) and is_library(type(value)):
            yield from self.describe(name, value.get_config())
        elif isinstance(value, SPACES) or not _is_others(type(value)):
            for attribute, below in _own_attributes(value):
                yield from self.describe(f"{name}.{attribute}", below)
            yield from self._describe_class(name, type(value))

    def _describe_function(self, name: str, function: FunctionType) -> Held:
        if _is_others(function):
            return
        yield name, f"{function.__name__} of digest {_digest_of_code(function.__code__)}"
        for variable, value in sorted(outside_of(function).items(), key=_first):
            if not variable.startswith(("nonlocal ", *OF_A_SEED)):
                yield from self.describe(f"{name}.{variable}", value)

    def _describe_class(self, name: str, kind: type) -> Held:
        """Go over the user's own classes: one that `build` defines may be another for each seed."""
        for base in kind.__mro__:
            # sorted, since another process may make the class of its parts in another order
            for attribute, value in (
                [] if _is_others(base) else sorted(vars(base).items(), key=_first)
            ):
                function = getattr(value, "fget", None) or getattr(value, "__func__", None) or value
                is_slot = isinstance(value, MemberDescriptorType)
                if isinstance(function, FunctionType) or not (attribute.startswith("_") or is_slot):
                    yield from self.describe(f"{name}.{attribute}", function)


def _own_attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of an object but for those that Keras gives it."""
    known = _names_of_library(type(thing).__mro__)
    attributes = {**getattr(thing, "__dict__", {}), **dict(_in_slots(thing))}
    for attribute, value in sorted(attributes.items(), key=_first):
        is_of_seed = attribute.lstrip("_").startswith(OF_A_SEED) or "initializer" in attribute
        is_set_by_user = not attribute.startswith("_") and (callable(value) or is_plain(value))
        if not is_of_seed and (attribute not in known or is_set_by_user):
            yield attribute, value


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _in_slots(thing: Any) -> list[tuple[str, Any]]:
    slots = [vars(kind).get("__slots__", ()) for kind in type(thing).__mro__]
    names = [name for own in slots for name in ([own] if isinstance(own, str) else own)]
    return [(name, getattr(thing, name)) for name in names if hasattr(thing, name)]


def _public(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if not name.startswith("__")}


def _is_of_python(value: Any) -> bool:
    """Return whether an object is of Python's own library, which shows what it holds."""
    kind = type(value)
    package = (kind.__module__ or "").split(".")[0]
    return (
        package in sys.stdlib_module_names
        and package != "__main__"
        and not isinstance(value, (*SPACES, partial, FunctionType, MethodType, type))
    )


def _shown(value: Any) -> str:
    return repr(bytes(value)) if isinstance(value, memoryview) else repr(value)


@cache
def _names_of_library(kinds: tuple[type, ...]) -> frozenset[str]:
    """Return the names in the code of those classes that are a library's."""
    members = [v for kind in kinds if is_library(kind) for v in vars(kind).values()]
    functions = [getattr(member, "fget", None) or member for member in members]
    own = [f for f in functions if isinstance(f, FunctionType)]
    return frozenset(name for function in own for name in names_in(function))


def _inner(value: Any) -> dict[str, Any]:
    """Return what a wrapper of functions, such as `tf.custom_gradient`, is made of."""
    if isinstance(value, partial):
        return {"": value.func, ".args": value.args, ".keywords": value.keywords}
    if isinstance(value, MethodType):
        return {"": value.__func__, ".self": value.__self__}
    if isinstance(value, BuiltinMethodType | MethodWrapperType):
        return {".self": value.__self__}
    for wrapped in ("__wrapped__", "python_function"):
        if callable(function := getattr(value, wrapped, None)):
            return {"": function}
    return {}


def _digest_of_code(code: CodeType) -> str:
    below = [_digest_of_code(c) for c in code.co_consts if isinstance(c, CodeType)]
    others = [c for c in code.co_consts if not isinstance(c, CodeType)]
    # sets are in another order in another process
    constants = [sorted(map(repr, c)) if isinstance(c, frozenset) else c for c in others]
    text = repr((code.co_code, code.co_names, constants, below))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _is_others(thing: Any) -> bool:
    """Return whether a class or function is of a library, whose objects have settings of theirs."""
    package = (getattr(thing, "__module__", None) or "").split(".")[0]
    return is_library(thing) or package in OTHERS or package in sys.stdlib_module_names


def is_plain(value: Any) -> bool:
    """Return whether a value, or all in a structure, is a number, a text or an array."""
    if isinstance(value, Mapping | list | tuple):
        return all(map(is_plain, value.values() if isinstance(value, Mapping) else value))
    return isinstance(value, (*PLAIN, np.ndarray, np.generic))


def _is_eager(value: Any) -> bool:
    return isinstance(value, tf.Tensor) and not tf.is_symbolic_tensor(value)
