"""Checks of settings that several experiments share, and words for what is wrong."""

from typing import Any


def check_positive(**values: float) -> None:
    """Raise ValueError, naming it, for a value that is not above zero."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")


def in_line(value: Any, longest: int = 60) -> str:
    """Return the beginning of a value's representation, which may have lines, in one."""
    return f"{' '.join(repr(value).split()):.{longest}}"
