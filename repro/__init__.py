"""Question-and-answer threads that ask why ReLU does worse than sigmoid, rerun over many seeds.

For your own network:

- `fit_seeds(build, x, y, seeds=8, ...)`: `keras.Model.fit` for many seeds at once.
- `SeedsFit`: what it returns: the histories, the models, `summary()`, `plot()`.
- `fit_grid(build, x, y, grid={...}, seeds=8, ...)`: the same for every combination of settings.
- `GridFit`: what it returns: one frame with a column a setting, and the models.
- `load_fit(path, build)`: a `SeedsFit` that was saved.
- `data_order(seed, epoch, n)`: the order in which a seed sees the rows.
- `diagnose(build, x, y, ...)`: why a network fails, and the change that makes it work.
- `gradient_audit(step, parameters, x, y, ...)`: whether a hand-written training step is right.
- `callbacks.ReluHealth()`: logs dead units and the length of updates while your model trains.

`help(repro.fit_seeds)` has arguments and an example, as for each of these. A thread's experiment is
a function, too: `from repro.mnist_relu import experiment`; `python -m repro` lists the threads.

The public names are loaded on first use, so that `import repro` does not import TensorFlow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from repro import startup as startup  # TensorFlow is quiet if this comes first

if TYPE_CHECKING:  # for editors and type checkers
    from repro import callbacks as callbacks
    from repro.instruments.diagnose import diagnose as diagnose
    from repro.instruments.gradient_audit import gradient_audit as gradient_audit
    from repro.training.fit import SeedsFit as SeedsFit
    from repro.training.fit import fit_seeds as fit_seeds
    from repro.training.fit import load_fit as load_fit
    from repro.training.grid.fit import GridFit as GridFit
    from repro.training.grid.fit import fit_grid as fit_grid
    from repro.training.order import data_order as data_order

__version__ = "0.1.0"

_HOME = {
    "GridFit": "repro.training.grid.fit",
    "SeedsFit": "repro.training.fit",
    "data_order": "repro.training.order",
    "diagnose": "repro.instruments.diagnose",
    "fit_grid": "repro.training.grid.fit",
    "fit_seeds": "repro.training.fit",
    "load_fit": "repro.training.fit",
    "gradient_audit": "repro.instruments.gradient_audit",
}

__all__ = [
    "GridFit",
    "SeedsFit",
    "callbacks",
    "data_order",
    "diagnose",
    "fit_grid",
    "fit_seeds",
    "gradient_audit",
    "load_fit",
]


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'repro' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
