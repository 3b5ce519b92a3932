"""Make TensorFlow start quietly; imported with `repro`."""

from repro import early as early  # isort: skip  # before all that takes time
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

TRAINS = "REPRO_TRAINS"  # an environment variable: set, this process does nothing but train studies
EXTRAS = ("matplotlib", "sklearn")


@contextmanager
def quiet_start() -> Iterator[None]:
    """Hold back what is written to standard error; write it after all if an error is raised."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if sys.stderr is not None:  # a closed one, as Python has it
        sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:  # no Ctrl-C, whatever has been noted until then
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


@contextmanager
def without_extras() -> Iterator[None]:
    """Let `EXTRAS` look as if they were not installed, where a process only trains a study.

    Keras imports them for wrappers and pictures of its own, which takes a third of the time that
    TensorFlow needs to start. Who imports them after it gets them.
    """
    absent = [name for name in EXTRAS if name not in sys.modules] if TRAINS in os.environ else []
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: not to be imported
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


class _Quiet(Loader):
    """Loads TensorFlow and lets it compute once, since it has notes on both."""

    def __init__(self, loader: Loader):
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what its own loader makes."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Import it, quietly."""
        with quiet_start(), without_extras():
            self._loader.exec_module(module)
            module.constant(0)


class QuietTensorFlow(MetaPathFinder):
    """Finds TensorFlow, once, and gives it a loader that is quiet."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return its spec; None for every other module."""
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Quiet(spec.loader)
        return spec


import_module("repro.callbacks")  # light, and so `repro.callbacks` needs no import of its own

if "tensorflow" not in sys.modules:
    sys.meta_path.insert(0, QuietTensorFlow())
