"""Question-and-answer threads that ask why ReLU does worse than sigmoid, rerun over many seeds.

For your own network:

- `fit_seeds(build, x, y, seeds=8, ...)`: `keras.Model.fit` for many seeds at once.
- `load_fit(path, build)`: a `SeedsFit` that was saved.
- `SeedsFit`: what both return: the histories, the models, a summary, curves.
- `gradient_audit(step, ...)`: hold a hand-written training step against automatic differentiation.
- `diagnose(build, data, ...)`: why a network fails, and the change that makes it work.
- `data_order(seed, ...)`: the order in which `fit` sees the rows.

`help(repro.fit_seeds)` has arguments and an example, as for each of these. The threads' experiments
are `repro.mnist_relu.experiment` and so on; `python -m repro` lists them.

The public names are loaded on first use, so that `import repro` does not import TensorFlow.
"""

from importlib import import_module
from typing import Any

from repro import startup as startup  # TensorFlow is quiet if this comes first

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


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'repro' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
