"""What objects and functions of the user's own hold, which no config tells.

A graph takes it for a constant. It need not show in a model's outputs or its loss: a gradient, an
update or a constraint may be made of it alone.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cache, partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from repro.training.shared_state import content_of, is_library, names_in

Held = Iterator[tuple[str, str]]

DEEPEST = 8  # objects within objects
PLAIN = (bool, int, float, complex, str, bytes, type(None))
OTHERS = frozenset(["pandas", "scipy", "sklearn", "matplotlib", "torch", "jax", "absl"])
OF_A_SEED = ("seed", "name", "built")  # names begin so that tell one seed's objects from another's
SETTLED = (  # a model's variables, or nothing that its training asks for
    keras.layers.Layer,
    keras.Variable,
    keras.initializers.Initializer,
    keras.KerasTensor,
    tf.Variable,
    tf.Module,
)
CONFIGURED = (
    keras.regularizers.Regularizer,
    keras.constraints.Constraint,
    keras.losses.Loss,
    keras.optimizers.schedules.LearningRateSchedule,
)


def held_by(part: Any, name: str) -> Held:
    """Yield what a part of a model holds besides its config: names, and values in words.

    Args:
        part: a layer, loss, metric, optimizer or the like; or a function in its place.
        name: what it is called.
    """
    if isinstance(part, FunctionType) or not hasattr(part, "__dict__"):
        yield from _described(name, part, ())
        return
    known = _names_of_library(type(part).__mro__)
    for attribute, value in list(vars(part).items()):
        if _is_own(attribute, value, known) and (not is_library(type(part)) or callable(value)):
            yield from _described(f"{name}.{attribute}", value, (part,))
    yield from _of_class(name, type(part), (part,))


def digest(array: Any) -> str:
    """Return an array's first numbers, and what tells all of them."""
    array = np.asarray(array)
    content = array.tobytes() if array.dtype != object else repr(array.tolist()).encode()
    return f"{array.ravel()[:3]} of digest {hashlib.sha256(content).hexdigest()[:8]}"


def _is_own(attribute: str, value: Any, known: frozenset[str]) -> bool:
    is_of_seed = attribute.lstrip("_").startswith(OF_A_SEED) or "initializer" in attribute
    is_librarys = attribute in known and (attribute.startswith("_") or not callable(value))
    return not is_of_seed and not is_librarys


@cache
def _names_of_library(kinds: tuple[type, ...]) -> frozenset[str]:
    """Return the names in the code of those classes that are a library's."""
    members = [v for kind in kinds if is_library(kind) for v in vars(kind).values()]
    functions = [getattr(member, "fget", None) or member for member in members]
    own = [f for f in functions if isinstance(f, FunctionType)]
    return frozenset(name for function in own for name in names_in(function))


def _described(name: str, value: Any, within: tuple[Any, ...]) -> Held:
    """Yield what a value holds; `within` are the objects that it was reached by."""
    if any(value is owner for owner in within) or len(within) > DEEPEST:
        return
    within = (*within, value)
    if isinstance(value, PLAIN):
        yield name, repr(value)
    elif isinstance(value, np.ndarray | np.generic) or _is_eager(value):
        yield name, digest(value)
    elif isinstance(value, Mapping | list | tuple):
        pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, below in list(pairs):
            yield from _described(f"{name}[{key!r:.40}]", below, within)
    elif isinstance(value, AbstractSet):
        yield name, repr(sorted(map(repr, value)))
    else:
        yield from _of_object(name, value, within)


def _of_object(name: str, value: Any, within: tuple[Any, ...]) -> Held:
    if inner := _inner(value):
        for place, below in inner.items():
            yield from _described(f"{name}{place}", below, within)
    elif isinstance(value, FunctionType):
        yield from _of_function(name, value, within)
    elif isinstance(value, CONFIGURED) and is_library(type(value)):
        yield from _described(name, value.get_config(), within)
    elif not (isinstance(value, (type, *SETTLED)) or _is_others(type(value))):
        for attribute, below in list(getattr(value, "__dict__", {}).items()):
            if _is_own(attribute, below, _names_of_library(type(value).__mro__)):
                yield from _described(f"{name}.{attribute}", below, within)
        yield from _of_class(name, type(value), within)


def _inner(value: Any) -> dict[str, Any]:
    """Return what a wrapper of functions, such as `tf.custom_gradient`, is made of."""
    if isinstance(value, partial):
        return {"": value.func, ".args": value.args, ".keywords": value.keywords}
    if isinstance(value, MethodType):
        return {"": value.__func__, ".self": value.__self__}
    for wrapped in ("__wrapped__", "python_function"):
        if callable(function := getattr(value, wrapped, None)):
            return {"": function}
    return {}


def _of_function(name: str, function: FunctionType, within: tuple[Any, ...]) -> Held:
    if _is_others(function):
        return
    yield name, f"{function.__name__} of digest {_digest_of_code(function.__code__)}"
    defaults = (function.__defaults__, function.__kwdefaults__)
    yield from _described(f"{name}.defaults", defaults, within)
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    for variable, cell in cells:
        if not variable.startswith(OF_A_SEED):
            yield from _described(f"{name}.{variable}", content_of(cell), within)


def _digest_of_code(code: CodeType) -> str:
    below = [_digest_of_code(c) for c in code.co_consts if isinstance(c, CodeType)]
    constants = [c for c in code.co_consts if not isinstance(c, CodeType)]
    text = repr((code.co_code, code.co_names, constants, below))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _of_class(name: str, kind: type, within: tuple[Any, ...]) -> Held:
    """Yield what the user's own classes hold: one that `build` defines may differ by seed."""
    for base in kind.__mro__:
        for attribute, value in {} if _is_others(base) else vars(base).items():
            function = getattr(value, "fget", None) or getattr(value, "__func__", None) or value
            if isinstance(function, FunctionType) or not attribute.startswith("_"):
                yield from _described(f"{name}.{attribute}", function, (*within, base))


def _is_others(thing: Any) -> bool:
    """Return whether a class or function is of a library, whose objects have settings of theirs."""
    package = (getattr(thing, "__module__", None) or "").split(".")[0]
    return is_library(thing) or package in OTHERS or package in sys.stdlib_module_names


def _is_eager(value: Any) -> bool:
    return isinstance(value, tf.Tensor) and not tf.is_symbolic_tensor(value)
