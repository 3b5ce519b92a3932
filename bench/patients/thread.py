"""Where a thread's rebuild lives: in its experiment, or in a room for rebuilds and posted code."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any


def part_of(thread: str, name: str) -> Any:
    """Return what a thread's modules call `name`."""
    for room in ("repro.rebuilt", "repro.posted", "repro"):
        if find_spec(room) and find_spec(f"{room}.{thread}"):
            module = import_module(f"{room}.{thread}")
            if hasattr(module, name):
                return getattr(module, name)
    raise ImportError(f"no module of {thread} has {name}")
