"""Question-and-answer threads that ask why ReLU does worse than sigmoid, rerun over many seeds.

The public names are loaded on first use, so that `import repro` does not import TensorFlow.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "SeedsFit": "repro.training.fit",
    "data_order": "repro.training.order",
    "diagnose": "repro.instruments.diagnose",
    "fit_seeds": "repro.training.fit",
    "load_fit": "repro.training.fit",
    "gradient_audit": "repro.instruments.gradient_audit",
}

__all__ = ["SeedsFit", "data_order", "diagnose", "fit_seeds", "gradient_audit", "load_fit"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'repro' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
