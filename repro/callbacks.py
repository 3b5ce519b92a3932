"""Keras callbacks for a reader's own `fit`; loaded on first use, since they need Keras."""

from importlib import import_module
from typing import Any

_NAMES = ["ReluHealth"]


def __dir__() -> list[str]:
    return _NAMES


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'repro.callbacks' has no attribute {name!r}")
    return getattr(import_module("repro.instruments.relu_health"), name)
