"""Tell whether the callbacks of several seeds change something that they share.

In a `fit` for each seed, one seed's callbacks have done all their work loads the next one's begin.
Seeds that train at once take turns, epoch by epoch: what they share would change in another order.
The code alone is read, which does not tell all; in doubt, something is changed.
"""

import dis
import io
import random
from collections import Counter
from collections.abc import (
    Iterable,
    Iterator,
    MutableMapping,
    MutableSequence,
    MutableSet,
    Sequence,
)
from itertools import chain
from types import CodeType, FunctionType, ModuleType
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

Callback: TypeAlias = keras.callbacks.Callback
Named = dict[str, Any]
Write = tuple[str, str]  # its kind, and the name of what is written to

CHANGED_BY_USE = (
    Iterator,
    np.random.Generator,
    np.random.RandomState,
    random.Random,
    keras.random.SeedGenerator,
    tf.random.Generator,
)
CONTAINERS = (MutableMapping, MutableSequence, MutableSet, keras.Variable, tf.Variable)
CHANGING = frozenset(
    [
        *("append", "appendleft", "extend", "insert", "add", "update", "setdefault"),
        *("pop", "popleft", "popitem", "remove", "discard", "clear", "sort", "reverse"),
        *("assign", "assign_add", "assign_sub"),
    ]
)
GENERATORS = (random, np.random, tf.random)  # modules
STATELESS = ("stateless", "Generator", "default_rng", "RandomState", "SeedSequence")
LIBRARIES = ("keras", "builtins", "tensorflow", "numpy")
ITEM, ATTRIBUTE, NAME = "item", "attribute", "name"  # kinds of writes
UNKNOWN, CLASS = "?", "__class__"  # to what, where the code does not tell at a glance; to its class
LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_ATTR", "LOAD_METHOD")


def what_is_shared(lists: Sequence[Sequence[Callback]]) -> str | None:
    """Name what callbacks of several seeds share and change; None if nothing.

    Args:
        lists: each seed's callbacks.
    """
    if len(lists) < 2:
        return None
    functions = [[(c, f, _named(f, c)) for c in own for f in functions_of(c)] for own in lists]
    seeds = Counter(chain(*({id(v) for f in own for v in f[2].values()} for own in functions)))
    for callback, function, named in chain(*functions):
        shared = {name: value for name, value in named.items() if seeds[id(value)] > 1}
        if name := _changed(function, shared):
            return f"callback {type(callback).__name__} changes {name}, which seeds share"
    return None


def functions_of(callback: Callback) -> list[FunctionType]:
    """Return a callback's own functions, and those that these name; none of a library."""
    own = [kind for kind in type(callback).__mro__ if not is_library(kind)]
    return _with_those_named(chain(*(vars(owner).values() for owner in (callback, *own))))


def _with_those_named(things: Iterable[Any]) -> list[FunctionType]:
    """Return the functions among things, and those that these name; none of a library."""
    values = list(things)
    functions: dict[FunctionType, None] = {}
    while values:
        function = values.pop()
        function = getattr(function, "__func__", function)
        is_new = isinstance(function, FunctionType) and function not in functions
        if is_new and not is_library(function):
            functions[function] = None
            values += outside_of(function).values()
    return list(functions)


def names_in(function: FunctionType) -> set[str]:
    """Return the names in a function's code and in the functions within it."""
    return set(chain(*(code.co_names for code in _codes(function.__code__))))


def draws_globally(functions: Iterable[Any]) -> bool:
    """Return whether code names a generator that a seed sets for the process.

    That is `random`, `numpy.random` or `tf.random`, by whatever name they are imported; but not
    their functions without a state.

    Args:
        functions: looked at with those that they name.
    """
    return any(map(_names_a_generator, _with_those_named(functions)))


def _names_a_generator(function: FunctionType) -> bool:
    for code in _codes(function.__code__):
        steps = list(dis.get_instructions(code))
        for step, second, third in zip(steps, steps[1:], steps[2:], strict=False):
            if step.opname in LOADS[:2] and step.argval in function.__globals__:
                value, attribute = function.__globals__[step.argval], str(second.argval)
                if _is_generator(value) and not attribute.startswith(STATELESS):
                    return True
                is_of_attribute = isinstance(value, ModuleType) and _is_generator(
                    getattr(value, attribute, None)
                )
                if is_of_attribute and not str(third.argval).startswith(STATELESS):
                    return True
    return False


def _is_generator(value: Any) -> bool:
    return any(value is generator for generator in GENERATORS)


def is_library(thing: Any) -> bool:
    """Return whether a function or class is of Keras, TensorFlow, NumPy or Python itself."""
    return _package(thing) in LIBRARIES


def _package(thing: Any) -> str:
    return (getattr(thing, "__module__", None) or "").split(".")[0]


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _named(function: FunctionType, callback: Callback) -> Named:
    """Return the values that a function can change, by the names that it has for them."""
    outside = outside_of(function)
    kinds = [kind for kind in reversed(type(callback).__mro__) if not is_library(kind)]
    owners = [*kinds, callback]
    owners += [v for o in owners for v in vars(o).values() if _is_users(v, function)]
    owners += [v for v in outside.values() if _is_users(v, function)]
    names = names_in(function)
    return {n: v for owner in owners for n, v in vars(owner).items() if n in names} | outside


def outside_of(function: FunctionType) -> Named:
    """Return a function's globals, what it closes over and the defaults of its arguments."""
    code, names = function.__code__, names_in(function)
    cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    arguments = code.co_varnames[: code.co_argcount]
    defaults = zip(reversed(arguments), reversed(function.__defaults__ or ()), strict=False)
    return {
        **{name: value for name, value in function.__globals__.items() if name in names},
        **{f"nonlocal {name}": cell for name, cell in cells.items()},
        **{name: _content(cell) for name, cell in cells.items()},
        **dict(defaults),
        **(function.__kwdefaults__ or {}),
    }


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing has been assigned to it
        return None


def _is_users(value: Any, function: FunctionType) -> bool:
    """Return whether something is an object of a class of the user's own, as the function is."""
    is_object = hasattr(value, "__dict__") and not isinstance(value, type | FunctionType)
    return is_object and _package(type(value)) == _package(function)


def _changed(function: FunctionType, shared: Named) -> str | None:
    """Name which of the things that seeds share a function changes; None if none."""
    writes = set(chain(*map(_writes, _codes(function.__code__))))
    if (ATTRIBUTE, CLASS) in writes:
        return "an attribute of its class"
    for kind, name in sorted(writes):
        if kind == NAME and (name in shared or not name.startswith("nonlocal ")):
            return name
    named = {name for name, value in shared.items() if _is_changed(function, name, value, writes)}
    return min(named, default=None)


def _is_changed(function: FunctionType, name: str, value: Any, writes: set[Write]) -> bool:
    if isinstance(value, CHANGED_BY_USE):
        return not isinstance(value, io.IOBase)  # a log, written to
    if isinstance(value, CONTAINERS):
        return bool(writes & {(ITEM, name), (ITEM, UNKNOWN)})
    if isinstance(value, type | ModuleType):
        return (ATTRIBUTE, name) in writes
    if _is_users(value, function):
        return (ATTRIBUTE, name) in writes or any(map(_changes_self, vars(type(value)).items()))
    return False


def _changes_self(method: tuple[str, Any]) -> bool:
    name, function = method
    runs = not name.startswith("__") or name == "__call__"
    return runs and isinstance(function, FunctionType) and bool(set(_writes(function.__code__)))


def _writes(code: CodeType) -> Iterator[Write]:
    """Yield what a function writes to."""
    instructions = list(dis.get_instructions(code))
    for place, instruction in enumerate(instructions):
        name, loads = instruction.opname, instructions[:place]
        if name == "STORE_GLOBAL":
            yield NAME, instruction.argval
        elif name == "STORE_DEREF" and instruction.argval in code.co_freevars:
            yield NAME, f"nonlocal {instruction.argval}"
        elif name in ("STORE_SUBSCR", "DELETE_SUBSCR"):
            yield ITEM, _name_of(_owner_of_item(loads), code)
        elif name in ("LOAD_METHOD", "LOAD_ATTR") and instruction.argval in CHANGING:
            yield ITEM, _name_of(loads[-1], code)
        elif name == "STORE_ATTR":
            yield ATTRIBUTE, _name_of(_owner_of_attribute(loads), code)


def _name_of(load: dis.Instruction | None, code: CodeType) -> str:
    """Return the name that an instruction loads: of an argument, a global or an attribute."""
    if load is None:
        return UNKNOWN
    name = load.argval[-1] if isinstance(load.argval, tuple) else load.argval
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if load.opname in LOADS or (load.opname.startswith("LOAD_FAST") and name in arguments):
        return str(name)
    return CLASS if "CALL" in load.opname and "type" in code.co_names else UNKNOWN


def _owner_of_item(loads: Sequence[dis.Instruction]) -> dis.Instruction | None:
    """Return what loads the container that an item is stored in; None if that can't be told."""
    depth = 0
    for place in range(len(loads) - 1, 0, -1):  # back to where the key begins
        if loads[place].opname == "SWAP":  # as of +=
            return None
        depth += dis.stack_effect(loads[place].opcode, loads[place].arg, jump=False)
        if depth == 1:
            return loads[place - 1]
    return None


def _owner_of_attribute(loads: Sequence[dis.Instruction]) -> dis.Instruction | None:
    """Return what loads the object that an attribute is stored in; None if that can't be told."""
    if loads[-1].opname != "SWAP":
        return loads[-1]
    copies = [place for place, own in enumerate(loads) if own.opname == "COPY" and own.arg == 1]
    return loads[copies[-1] - 1] if copies else None
