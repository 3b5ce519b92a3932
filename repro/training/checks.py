"""Checks of settings that several experiments share, and words for what is wrong."""

import inspect
import sys
import warnings
from collections.abc import Callable
from difflib import get_close_matches
from functools import wraps
from types import FrameType
from typing import Any, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def check_positive(**values: float) -> None:
    """Raise ValueError, naming it, for a value that is not above zero."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")


def in_line(value: Any, longest: int = 60) -> str:
    """Return the beginning of a value's representation, which may have lines, in one."""
    return f"{' '.join(repr(value).split()):.{longest}}"


def warn(message: str) -> None:
    """Warn at the line outside of this package that has called it."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _package(frame) == __name__.partition(".")[0]:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def names_checked(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let a function name the nearest argument where it is given one that it does not have."""
    known = list(inspect.signature(function).parameters)

    @wraps(function)
    def checked(*args: Arguments.args, **named: Arguments.kwargs) -> Result:
        for name in named:
            if name not in known:
                raise TypeError(f"{function.__name__}() has no {name!r}; {meant(name, known)}")
        return function(*args, **named)

    return checked


def meant(name: str, known: list[str]) -> str:
    """Return a clause on the nearest of the known names, or on all of them."""
    nearest = get_close_matches(name, known, n=1)
    return f"did you mean {nearest[0]!r}?" if nearest else f"it has {', '.join(known)}"
